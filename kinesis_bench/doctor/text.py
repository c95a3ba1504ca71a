"""Checks as lines of a terminal, plain enough to be pasted into a report of a bug."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.text import Text

from kinesis_bench.doctor.check import Check

STYLES = {"ok": "green", "missing": "yellow", "broken": "bold red"}

INDENT = 9
"""Columns of the mark."""

NARROWEST = 30
"""Lines are not broken shorter than this."""


def lines(check: Check, width: int) -> Iterator[Text]:
    """The mark and what was found, folded at blanks; then the next command on a line of its own.

    A command is never folded, so that it can be copied.

    Args:
        check: what was found.
        width: of the terminal [columns].
    """
    found = f"{check.name}: {check.says}"
    room = max(width, NARROWEST) - INDENT
    folded = textwrap.wrap(found, room, break_long_words=False, break_on_hyphens=False)
    for place, row in enumerate(folded):
        mark = check.mark if place == 0 else ""
        yield Text.assemble((f"{mark:<{INDENT}}", STYLES[check.mark]), row)
    if check.remedy:
        yield Text(f"{'':<{INDENT}}-> {check.remedy}")
