"""The leaderboards in Markdown against a golden file, and as a page in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from made_boards import submitted
from scored_folders import GROUP, POLICY, recording

from kinesis_bench.leaderboard.submission import Costs
from kinesis_bench.leaderboard.table import EMG, IMITATION, Cell, Row, Table
from kinesis_bench.leaderboard.tables import read_all, tables
from kinesis_bench.report.board.files import MARKDOWN, PAGE, write_board
from kinesis_bench.report.board.markdown import markdown
from kinesis_bench.report.board.page import page
from kinesis_bench.report.board.sheets import sheets

if TYPE_CHECKING:
    from browser import Browser, Page

A4_ACROSS_PX = 1032
"""Width of an A4 sheet on its side, without margins of 12 mm."""

GOLDEN = Path(__file__).with_name("golden.md")

EVIL = "Mallory <script>alert(1)</script> | *x* [y](javascript:alert(2)) @team"


def cells(figures: tuple[str, ...], *values: Cell | float | None) -> dict[str, Cell]:
    return {
        name: value if isinstance(value, Cell) else Cell(value)
        for name, value in zip(figures, values, strict=True)
    }


SHOWN = {
    "quick-one": {
        "imitation": (
            Cell(98.25, (94.86, 100.0), rank=1),
            Cell(95.45, (86.4, 100.0), rank=1),
            Cell(81.8, (60.6, 94.7), rank=2),
            Cell(37.53, (34.6, 40.4)),
            0.1,
        ),
        "emg": (
            Cell(0.428, (0.382, 0.474), rank=1),
            67.07,
            Cell(0.586, (0.53, 0.66)),
            Cell(0.303, rank=2),
            0.22,
        ),
    },
    "teacher": {
        "imitation": (
            Cell(98.0, (94.0, 100.0), rank=1),
            Cell(95.45, (86.4, 100.0), rank=1),
            Cell(90.9, rank=1),
            36.0,
            None,
        ),
        "emg": (Cell(0.424, (0.38, 0.46), rank=1), 0.0, 0.58, Cell(-0.0002, rank=1), None),
    },
    "fallen": {
        "imitation": (Cell(8.0, (7.0, 9.0), rank=3), Cell(0.0, rank=3), Cell(0.0, rank=3), 240.0, 0.44)
    },
}
"""Figures by hand, so that what is shown does not hang on how they are computed."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Table, ...]:
    root = tmp_path_factory.mktemp("boards") / "leaderboards"
    costs = Costs(412_752, 6_561_792, 2.04, "2 CPU cores", 55.7)
    url = "https://example.org/a(b)_c|d*?x=1&y='2'"
    submitted(
        root, "quick-one", recording(), status="re-simulated", costs=costs, code_url=url.replace("|", "")
    )
    teacher = replace(POLICY, privileged=True, needs=("state", "reference"))
    submitted(root, "teacher", recording(told={"policy": teacher}))
    fallen = recording(fails=(0, 1, 2, 3, 4, 5), fails_at=20, runs=2, told={"runs": 2})
    submitted(root, "fallen", fallen, status="recomputed")
    mean = replace(
        POLICY, name="mean-human", source="baselines/mean-human", control="prescribed", privileged=True
    )
    submitted(
        root, "mean-human", recording(noise=0.1, told={"policy": mean}), code_url="baselines/mean-human"
    )
    found = tables(read_all(root))
    return tuple(by_hand(table) for table in found)


def by_hand(table: Table) -> Table:
    figures = {"imitation": IMITATION, "emg": EMG}[table.kind]
    rows = [
        Row(row.submitted, cells(figures, *SHOWN[name][table.kind]))
        for row in table.rows
        if (name := row.submitted.submission.name) in SHOWN
    ]
    rows.sort(key=lambda row: -row.cells[figures[0]].value)
    references = [
        replace(one, cells={name: Cell(0.75) for name in one.cells}) if one.kind == "people" else one
        for one in table.references
    ]
    return replace(table, rows=tuple(rows), references=tuple(references))


def test_markdown_is_the_golden_file(shown: tuple[Table, ...]) -> None:
    assert markdown(sheets(shown)) == GOLDEN.read_text(encoding="utf-8")


def with_author(shown: tuple[Table, ...], author: str) -> tuple[Table, ...]:
    def told(row: Row) -> Row:
        submission = replace(row.submitted.submission, authors=(author,))
        return replace(row, submitted=replace(row.submitted, submission=submission))

    return tuple(replace(table, rows=tuple(told(row) for row in table.rows)) for table in shown)


def test_what_others_wrote_stays_text(shown: tuple[Table, ...]) -> None:
    found = sheets(with_author(shown, EVIL))
    text = markdown(found)
    assert "Mallory &lt;script&gt;alert(1)&lt;/script&gt; \\| \\*x\\* \\[y\\](javascript" in text
    assert {line.count(" | ") for line in text.splitlines() if "Mallory" in line} == {11}
    html = page(found)
    assert "<script>alert" not in html
    assert "Mallory &lt;script&gt;alert(1)&lt;/script&gt; | *x*" in html


def test_runs_that_were_broken_off_are_marked(tmp_path: Path) -> None:
    """What came after counts in no figure, so whoever breaks off chooses what does."""
    whole = recording()
    tired = replace(whole.clips[0], failure="policy tired")
    submitted(tmp_path / "leaderboards", "tired", replace(whole, clips=(tired, *whole.clips[1:])))
    assert "**1 run broken off**" in markdown(sheets(tables(read_all(tmp_path / "leaderboards"))))


def test_links_lead_to_card_and_code(shown: tuple[Table, ...]) -> None:
    card = "imitation_some-motions_some-test/2026-11-26_quick-one/card.md"
    text, html = markdown(sheets(shown)), page(sheets(shown))
    assert f"[quick-one]({card}) ([code](https://example.org/a%28b%29%5Fcd%2A?x=1&y='2'))" in text
    assert f'href="{card}"' in html
    assert 'href="https://example.org/a(b)_cd*?x=1&amp;y=&#39;2&#39;"' in html


def test_the_same_submissions_give_the_same_bytes(tmp_path: Path) -> None:
    root = tmp_path / "leaderboards"
    for name, human in (("one", GROUP), ("two", GROUP)):
        submitted(root, name, recording(noise=0.2), human=human)
    files = (root / MARKDOWN, root / PAGE)
    write_board(root, tables(read_all(root)))
    first = [path.read_bytes() for path in files]
    write_board(root, tables(read_all(root)))
    assert [path.read_bytes() for path in files] == first
    for place in (tmp_path, Path(__file__).parents[3]):
        assert str(place).encode() not in b"".join(first)


def test_boards_without_a_submission_are_a_page_too(tmp_path: Path) -> None:
    write_board(tmp_path, tables([]))
    text = (tmp_path / MARKDOWN).read_text()
    assert text.count("- No submission yet.") == 3
    assert "## EMG" not in text


@pytest.fixture(scope="module")
def written(shown: tuple[Table, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / PAGE
    path.write_text(page(sheets(shown)), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Browser, written: Path) -> Iterator[Page]:
    opened = browser.open(written)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "look",
    [
        {},
        {"dark": True},
        {"width": 390},
        {"width": 390, "dark": True},
        {"media": "print", "width": A4_ACROSS_PX},
    ],
)
def test_the_page_is_sound(browser: Browser, written: Path, look: dict[str, object]) -> None:
    opened = browser.open(written, **look)
    assert opened.faults() == []
    opened.close()


NAMES = "[...document.querySelector('.board').tBodies[0].rows].map(e => e.querySelector('.name').innerText)"

SORTED = "[...document.querySelectorAll('[aria-sort]')].map(e => [e.innerText.trim(), e.ariaSort])"


def head(label: str) -> str:
    """JavaScript for the first table's head of that label."""
    heads = "[...document.querySelector('.board').tHead.rows[0].cells]"
    return f"{heads}.find(e => e.innerText.includes('{label}'))"


def test_heads_sort_by_click(opened: Page) -> None:
    assert opened.evaluate(NAMES) == ["quick-one", "teacher", "fallen"]
    assert opened.evaluate(SORTED)[0] == ["rank", "ascending"]

    def click(label: str) -> list[str]:
        opened.evaluate(f"{head(label)}.querySelector('button').click()")
        return opened.evaluate(NAMES)

    assert click("MPJPE") == ["teacher", "quick-one", "fallen"]  # fewer millimetres are better
    assert click("MPJPE") == ["fallen", "quick-one", "teacher"]
    assert click("strict") == ["teacher", "quick-one", "fallen"]  # more per cent are better
    assert opened.evaluate(SORTED)[0] == ["strict success [%]", "descending"]
    assert (
        opened.evaluate("document.getElementById('said').innerText")
        == "sorted by strict success [%], descending"
    )
    assert click("parameters") == ["quick-one", "teacher", "fallen"]  # those without stay last, as they were
    assert click("parameters") == ["quick-one", "teacher", "fallen"]
    assert click("submission") == ["fallen", "quick-one", "teacher"]
    assert click("status") == ["quick-one", "teacher", "fallen"]  # the most verified first
    assert click("rank") == ["quick-one", "teacher", "fallen"]
    references = "document.querySelectorAll('.board .references')[0].rows.length"
    assert opened.evaluate(references) > 0
    assert opened.faults() == []


def test_heads_sort_by_keyboard(opened: Page) -> None:
    opened.evaluate(f"{head('MPJPE')}.querySelector('button').focus()")
    for kind in ("keyDown", "keyUp"):
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        opened.call("Input.dispatchKeyEvent", {"type": kind, **key})
    assert opened.evaluate(NAMES) == ["teacher", "quick-one", "fallen"]


def test_a_body_is_shown_alone(opened: Page) -> None:
    visible = (
        "[...document.querySelectorAll('section h3')].filter(e => e.checkVisibility()).map(e => e.innerText)"
    )
    every = opened.evaluate(visible)
    choose = "document.getElementById('body').value = 'legs_abs'"
    opened.evaluate(f"{choose}, document.getElementById('body').dispatchEvent(new Event('change'))")
    assert opened.evaluate(visible) == [title for title in every if title.startswith("legs_abs:")]
    assert len(every) == 5
    assert opened.faults() == []


def test_the_page_is_whole_without_a_script(browser: Browser, written: Path, tmp_path: Path) -> None:
    still = tmp_path / PAGE
    still.write_text(re.sub("<script>.*?</script>", "", written.read_text(), flags=re.DOTALL))
    opened = browser.open(still)
    assert opened.evaluate(NAMES) == ["quick-one", "teacher", "fallen"]
    assert opened.evaluate("document.querySelectorAll('button').length") == 0
    assert not opened.evaluate("document.getElementById('body').checkVisibility()")
    assert opened.faults() == []
    opened.close()


def test_only_our_script_may_run(browser: Browser, written: Path, tmp_path: Path) -> None:
    other = tmp_path / PAGE
    other.write_text(
        written.read_text().replace("</main>", "<script>document.title = 'taken'</script></main>")
    )
    opened = browser.open(other)
    assert opened.evaluate("document.title") == "Leaderboards of kinesis-bench"
    assert any("Content Security Policy" in fault for fault in opened.faults())
    opened.close()
