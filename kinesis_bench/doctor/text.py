"""Checks as lines of text, plain enough to be pasted into a report of a bug."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from kinesis_bench.doctor.check import Check

INDENT = 9
"""Columns of the mark."""

NARROWEST = 30
"""Lines are not broken shorter than this."""


def lines(check: Check, width: int) -> Iterator[str]:
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
        yield f"{check.mark if place == 0 else '':<{INDENT}}{row}"
    if check.remedy:
        yield f"{'':<{INDENT}}-> {check.remedy}"
