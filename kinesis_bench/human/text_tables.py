"""Tables of numbers in text files whose exact layout is not known: whatever separates, with or without names.

Blanks, tabs, commas or semicolons separate. The data start at the first line of two or more numbers and go
on to the end; the last line before them, if there is one, names the columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file

_BETWEEN_NUMBERS = re.compile(r"[\s,;]+")
_QUOTES = "\"' "


@dataclass(frozen=True)
class TextTable:
    """A table as the file holds it.

    Attributes:
        names: of the C columns, () where the file does not name them.
        data: (R, C).
    """

    names: tuple[str, ...]
    data: np.ndarray


def read_text_table(path: Path) -> TextTable:
    """Read a table of numbers.

    Raises:
        InputError: the file is missing or unreadable, holds no numbers, its rows differ in length or hold
            something else than numbers, or there are not as many names as columns.
    """
    require_file(path)
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the file") from error
    lines = [line for line in text.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if len(_numbers(line) or ()) > 1), None)
    if first is None:
        raise InputError(path, "holds no rows of numbers", "download or export it again")
    rows = [_row(path, line, number) for number, line in enumerate(lines[first:], start=1)]
    width = len(rows[0])
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise InputError(
                f"{path}: row {number}",
                f"holds {len(row)} values where the first row holds {width}",
                "the file is cut off or damaged: download or export it again",
            )
    names = _names(lines[first - 1]) if first else ()
    if names and len(names) != width:
        raise InputError(
            path, f"names {len(names)} columns ({', '.join(names)}) but holds {width}", "mend its header line"
        )
    return TextTable(names, np.array(rows))


def _numbers(line: str) -> list[float] | None:
    try:
        return [float(field) for field in _BETWEEN_NUMBERS.split(line.strip(" \t,;"))]
    except ValueError:
        return None


def _row(path: Path, line: str, number: int) -> list[float]:
    row = _numbers(line)
    if row is None:
        raise InputError(
            f"{path}: row {number}", f"holds something that is no number: {line[:60]!r}", "export it again"
        )
    return row


def _names(line: str) -> tuple[str, ...]:
    separator = next((mark for mark in "\t;," if mark in line), None)
    return tuple(name.strip(_QUOTES) for name in line.strip().split(separator) if name.strip(_QUOTES))
