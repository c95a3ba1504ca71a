"""The shared look in a real browser: what every page is made of, in both schemes and on a phone.

That the browser's checks find what they look for is tested here too, on a page that has every fault.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kinesis_bench.files import write_text

if TYPE_CHECKING:
    from browser import Browser

STYLE = (Path(__file__).parents[2] / "kinesis_bench" / "report" / "style.css").read_text(encoding="utf-8")

PARTS = """<a class="skip" href="#m">Skip to the content</a>
<header><h1>Title</h1><p class="sub">sub</p><nav><ul><li><a href="#m">there</a></li></ul></nav></header>
<main id="m"><p class="lead">lead</p><p class="warning">warning</p>
<p class="absent">absent <code>code</code></p>
<p class="note">note</p>
<dl class="figures"><div><dt>name</dt>
<dd><span class="value">9.5</span> <span class="interval">9–10</span></dd></div></dl>
<h2>Table</h2>
<div class="scroll" tabindex="0" role="region" aria-label="table"><table><caption>caption</caption>
<thead><tr><th scope="col">a</th>{heads}</tr></thead>
<tbody><tr class="total"><th scope="row">row</th>{cells}</tr></tbody></table></div>
<div class="plots"><figure><svg class="plot" viewBox="0 0 360 40" role="img" aria-labelledby="t d">
<title id="t">plot</title><desc id="d">what it says</desc>
<text x="5" y="12" font-size="12" fill="var(--ink)">ink</text>
<text x="40" y="12" font-size="12" fill="var(--quiet)">quiet</text>
<text x="80" y="12" font-size="12" fill="var(--model)">model</text>
<text x="140" y="12" font-size="12" fill="var(--people)">people</text>
<text x="5" y="32" font-size="12" fill="var(--third)">third</text>
<text x="40" y="32" font-size="12" fill="var(--warn)">warn</text>
<text x="80" y="32" font-size="12" fill="var(--bad)">bad</text>
<text x="120" y="32" font-size="12" fill="var(--good)">good</text></svg>
<figcaption>caption</figcaption></figure></div>
<details><summary>more</summary><pre>a long line {long}</pre></details></main><footer>foot</footer>""".format(
    heads='<th scope="col" class="number">number</th>' * 14,
    cells='<td class="number">123.4</td>' * 14,
    long="word " * 60,
)


def page(folder: Path, body: str, style: str = STYLE) -> Path:
    path = folder / "page.html"
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>t</title><style>{style}</style>"
    )
    write_text(path, f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>')
    return path


@pytest.mark.parametrize("dark", [False, True])
def test_every_part_is_legible(browser: Browser, tmp_path: Path, dark: bool) -> None:
    shown = browser.open(page(tmp_path, PARTS), width=390, dark=dark)
    assert shown.faults() == []
    paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
    scrolls = shown.evaluate("(e => e.scrollWidth > e.clientWidth)(document.querySelector('.scroll'))")
    assert scrolls
    shown.close()


def test_print_is_light_and_shows_what_was_folded(browser: Browser, tmp_path: Path) -> None:
    shown = browser.open(page(tmp_path, PARTS), dark=True, media="print")
    assert shown.faults() == []
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown.evaluate("document.querySelector('pre').getBoundingClientRect().height") > 20
    assert not shown.evaluate("document.querySelector('nav').checkVisibility()")
    shown.close()


def test_faults_are_found(browser: Browser, tmp_path: Path) -> None:
    body = """<h3>too deep</h3><p id="a" style="color: #999">grey</p><p id="a"><a href="#gone">link</a></p>
<img src="missing.png"><svg viewBox="0 0 1000 100" width="100%"><text font-size="12" y="20">small</text></svg>
<table><tr><th>cell</th></tr></table><div style="width: 900px">wide</div>
<script>console.error("said"); setTimeout(() => { throw Error("thrown") })</script>"""
    shown = browser.open(page(tmp_path, body, ""), width=390)
    found = shown.faults()
    shown.close()
    for words in (
        *("console: said", "thrown", "missing.png", "contrast 2.85 of 'grey'", "not one h1", "no main"),
        *(
            "heading skips",
            "id twice: a",
            "dead link",
            "no alternative text: <img",
            "no alternative text: <svg",
        ),
        *("th without scope or text", "wider than the window", "text of 4"),
    ):
        assert any(words in fault for fault in found), words
