"""The documentation builds without a warning, holds what it should, and asks no other host for anything."""

from __future__ import annotations

import functools
import html
import http.server
import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kinesis_bench.metrics.emg import EmgScore

CHECKOUT = Path(__file__).resolve().parents[2]

MODULES = ("mkdocs", "material", "mkdocstrings", "latex2mathml")

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in MODULES),
    reason="the site needs mkdocs: pip install 'kinesis-bench[docs]'",
)

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Tags for which a browser fetches something, and the attribute that names it."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=CHECKOUT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder


class Fetches(HTMLParser):
    """Addresses that a page lets a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(FETCHED.get(tag, ""))
        if address is not None:
            self.found.append(address)


def test_no_page_fetches_from_another_host(site):
    for page in site.rglob("*.html"):
        fetches = Fetches()
        fetches.feed(page.read_text(encoding="utf-8"))
        assert fetches.found, page
        assert not [url for url in fetches.found if "//" in url], page
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(url\(\s*['\"]?|@import\s+['\"])(https?:)?//", text), sheet


def test_every_card_is_a_page_that_can_be_reached(site):
    start = (site / "index.html").read_text(encoding="utf-8")
    folders = ("datasets", "baselines", "reference_policies")
    cards = [card for folder in folders for card in CHECKOUT.glob(f"{folder}/*/README.md")]
    assert len(cards) > 12
    for card in cards:
        page = f"{card.parent.relative_to(CHECKOUT).as_posix()}.html"
        assert (site / page).is_file()
        assert f'href="{page}"' in start, page


def test_every_metric_is_in_the_reference_and_has_its_page(site):
    reference = (site / "api" / "metrics.html").read_text(encoding="utf-8")
    page = (CHECKOUT / "docs" / "metrics.md").read_text(encoding="utf-8")
    helpers = {"reasons", "emg_agreement"}
    for module in (CHECKOUT / "kinesis_bench" / "metrics").glob("[!_]*.py"):
        name = f"kinesis_bench.metrics.{module.stem}"
        assert f'id="{name}"' in reference, name
        assert name in page or module.stem in helpers, name


def test_the_fields_of_emg_are_those_of_the_result():
    page = (CHECKOUT / "docs" / "metrics.md").read_text(encoding="utf-8")
    table = page.partition("| figure | field | definition |")[2].partition("\n\n")[0]
    fields = re.findall(r"`(\w+)`", "".join(row.split("|")[2] for row in table.splitlines()[2:]))
    assert len(fields) > 8
    assert set(fields) <= set(EmgScore.__dataclass_fields__)


def test_equations_are_mathml(site):
    page = (site / "metrics.html").read_text(encoding="utf-8")
    assert page.count("<math ") > 40
    assert page.count('display="block"') > 10
    assert not re.search(r'class="arithmatex"|\\(frac|sum|text|left)\b', page)


def test_examples_are_shown_as_they_are(site):
    shown = html.unescape(re.sub(r"<[^>]+>", "", (site / "policies.html").read_text(encoding="utf-8")))
    for example in (CHECKOUT / "examples").glob("*.py"):
        assert example.read_text(encoding="utf-8").strip() in shown, example.name


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site as it is served."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *message: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=site)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(("name", "width"), [("index", 1280), ("metrics", 390), ("policies", 390)])
def test_a_browser_asks_nobody_else(browser, address, tmp_path, name, width):
    blank = tmp_path / "blank.html"
    blank.write_text(f'<script>location = "{address}{name}.html"</script>')
    page = browser.open(blank, width=width)
    page.evaluate("new Promise(done => setTimeout(done, 500))")
    assert page.evaluate("location.href") == f"{address}{name}.html"
    asked = [url for url in page.requests if not url.startswith((address, f"blob:{address}"))]
    assert (asked, page.errors, page.console) == ([], [], [])
    assert page.requests, "it has scripts and styles of its own"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
