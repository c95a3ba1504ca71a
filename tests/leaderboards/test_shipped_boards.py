"""The boards that ship: their two pages are made from their submissions."""

from __future__ import annotations

from kinesis_bench.files import content_dir
from kinesis_bench.leaderboard.tables import read_all, tables
from kinesis_bench.report.board.files import MARKDOWN, PAGE
from kinesis_bench.report.board.markdown import markdown
from kinesis_bench.report.board.page import page
from kinesis_bench.report.board.sheets import sheets


def test_the_pages_are_those_of_the_submissions() -> None:
    root = content_dir("leaderboards")
    shown = sheets(tables(read_all(root)))
    remedy = "run `kinesis-bench leaderboard build`"
    assert (root / MARKDOWN).read_text(encoding="utf-8") == markdown(shown), remedy
    assert (root / PAGE).read_text(encoding="utf-8") == page(shown), remedy
