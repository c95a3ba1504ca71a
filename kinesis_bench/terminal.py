"""How tables look in a terminal: light rules, numbers to the right, nothing taken for markup."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

ROOM = 10_000
"""A width that every table fits in, to find what it needs."""


class Figures(Table):
    """A table whose numbers are never cut.

    Where the terminal is too narrow the names fold, then the columns move together, then it sticks out.
    """

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row of strings, as rich does, and keep every column wide enough for it."""
        super().add_row(*cells, **options)
        for place, (column, cell) in enumerate(zip(self.columns, cells, strict=False)):
            parts = [str(cell)] if place else str(cell).split()
            column.min_width = max([column.min_width or 0, *map(cell_len, parts)])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render at least as wide as the numbers need."""
        if self._least_width(console, options) > options.max_width:
            self.padding, self.show_edge = 0, False
        width = max(options.max_width, self._least_width(console, options))
        yield from super().__rich_console__(console, options.update(max_width=width))

    def _least_width(self, console: Console, options: ConsoleOptions) -> int:
        return Measurement.get(console, options.update(max_width=ROOM), self).minimum


def table(title: str, *columns: str) -> Table:
    """An empty table; its first column holds names, which fold at need, the others hold numbers.

    Print it with ``crop=False``, so that a terminal narrower than its numbers does not cut them either.

    Args:
        title: above the table, "" for none.
        columns: headers; a line break in one is kept.
    """
    made = Figures(
        title=Text(title) if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for place, column in enumerate(columns):
        made.add_column(Text(column), justify="right" if place else "left", no_wrap=place > 0)
        parts = column.splitlines() if place else column.split()
        made.columns[-1].min_width = max(map(cell_len, parts), default=0)
    return made


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is."""
    return Console(stderr=stderr, markup=False, highlight=False)
