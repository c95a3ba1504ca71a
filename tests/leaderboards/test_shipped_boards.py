"""The boards that ship: their two pages are made from their submissions, and these verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kinesis_bench.cli.score import HUMAN
from kinesis_bench.files import content_dir
from kinesis_bench.human.sources import human_sources
from kinesis_bench.leaderboard.folder import find_submissions
from kinesis_bench.leaderboard.tables import read_all, tables
from kinesis_bench.leaderboard.verify import verify
from kinesis_bench.report.board.files import MARKDOWN, PAGE
from kinesis_bench.report.board.markdown import markdown
from kinesis_bench.report.board.page import page
from kinesis_bench.report.board.sheets import sheets

if TYPE_CHECKING:
    from browser import Browser


def test_the_pages_are_those_of_the_submissions() -> None:
    root = content_dir("leaderboards")
    shown = sheets(tables(read_all(root)))
    remedy = "run `kinesis-bench leaderboard build`"
    assert (root / MARKDOWN).read_text(encoding="utf-8") == markdown(shown), remedy
    assert (root / PAGE).read_text(encoding="utf-8") == page(shown), remedy


@pytest.mark.parametrize("name", ["mean-human", pytest.param("*", marks=pytest.mark.slow)])
def test_they_verify(name: str) -> None:
    """All of them take half a minute, and the built-in motions."""
    root = content_dir("leaderboards")
    folders = [
        folder for folder in find_submissions(root) if name in ("*", folder.name[len("2026-01-01_") :])
    ]
    assert folders
    for folder in folders:
        assert verify(folder, human_sources(HUMAN)).wrong == (), folder


def test_all_columns_fit_on_a_small_laptop(browser: Browser) -> None:
    opened = browser.open(content_dir("leaderboards") / PAGE, width=1280)
    widths = opened.evaluate(
        "[...document.querySelectorAll('.scroll')].map(e => [e.scrollWidth, e.clientWidth])"
    )
    opened.close()
    assert widths
    assert all(needs <= has for needs, has in widths), widths
