"""The two files in which the leaderboards are shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kinesis_bench.files import write_text
from kinesis_bench.leaderboard.table import Table
from kinesis_bench.report.board.markdown import markdown
from kinesis_bench.report.board.page import page
from kinesis_bench.report.board.sheets import sheets

MARKDOWN, PAGE = "README.md", "index.html"


def write_board(root: Path, tables: Sequence[Table]) -> None:
    """Write ``README.md`` and ``index.html`` into ``leaderboards``; the same tables give the same bytes."""
    shown = sheets(tables)
    texts = {MARKDOWN: markdown(shown), PAGE: page(shown)}
    for name, text in texts.items():
        write_text(root / name, text)
