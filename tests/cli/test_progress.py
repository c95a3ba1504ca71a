"""The bar of a score, as a terminal shows it."""

from __future__ import annotations

import io

from rich.console import Console

from kinesis_bench.cli.progress import Progress


def test_a_terminal_shows_what_is_done_from_the_first_picture_on() -> None:
    """Before anything is counted no total is known, and the bar is drawn all the same."""
    said = io.StringIO()
    console = Console(file=said, force_terminal=True, width=120)
    with Progress(console, "zero on legs [a]", "steps") as progress:
        assert "zero on legs [a]" in said.getvalue()
        progress.advance(3, 10)
        progress.advance(4, 10)
    assert "7/10 steps" in said.getvalue()


def test_a_file_shows_nothing() -> None:
    said = io.StringIO()
    with Progress(Console(file=said), "zero on legs", "steps") as progress:
        progress.advance(10, 10)
    assert not said.getvalue().strip()
