"""How tables look in a terminal: light rules, numbers to the right, nothing taken for markup."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def table(title: str, *columns: str) -> Table:
    """An empty table; its first column holds names and stays whole, the others hold numbers.

    Args:
        title: above the table, "" for none.
        columns: headers; a line break in one is kept.
    """
    made = Table(
        title=Text(title) if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for place, column in enumerate(columns):
        made.add_column(Text(column), justify="right" if place else "left", no_wrap=place == 0)
    return made


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is."""
    return Console(stderr=stderr, markup=False, highlight=False)
