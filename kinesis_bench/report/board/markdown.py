"""The leaderboards as Markdown that GitHub shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kinesis_bench.report.board.sheets import HEADINGS, LEAD, TITLE, WAY_IN, Line, Name, Sheet, Text, explained

COMMANDS = """```
kinesis-bench leaderboard verify --all                       # check all of it yourself
kinesis-bench leaderboard submit RESULT_DIR --name … --authors … --code URL
kinesis-bench leaderboard build                              # makes this page again
```"""


def markdown(sheets: Sequence[Sheet]) -> str:
    """The text of ``README.md``."""
    parts = [f"# {TITLE}", LEAD, *WAY_IN, "[The same tables, sortable](index.html). Both are made by a command: do not edit."]
    for kind, heading in HEADINGS.items():
        own = [sheet for sheet in sheets if sheet.kind == kind]
        if own:
            parts.append(f"## {heading}")
            parts += [part for sheet in own for part in _section(sheet)]
    parts.append("## How to read them")
    for heading, paragraphs in explained():
        parts.append(f"### {heading}")
        parts += [_escaped(text) for text in paragraphs]
    parts += ["## Verify, and add yours", COMMANDS]
    return "\n\n".join(parts) + "\n"


def _section(sheet: Sheet) -> list[str]:
    rule = [":--" if not head.number else "--:" for head in sheet.heads]
    rows = [[_escaped(head.label) for head in sheet.heads], rule]
    rows += [_row(line, False) for line in sheet.lines]
    rows += [_row(line, True) for line in sheet.references]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = "\n".join(f"- {_escaped(note)}" for note in sheet.notes)
    return [f"### {_escaped(sheet.title)}", _escaped(" · ".join(sheet.facts)), table, *([notes] if notes else [])]


def _row(line: Line, reference: bool) -> list[str]:
    cells = [_cell(cell) for cell in line.cells]
    return [cells[0], _name(line.name, reference), *cells[1:]]


def _cell(cell: Text) -> str:
    return _lines(_escaped(cell.text), cell.small)


def _name(name: Name, reference: bool) -> str:
    shown = _escaped(name.name)
    shown = f"[{shown}]({name.card})" if name.card else shown
    code = f" ([code]({_address(name.code)}))" if name.code else ""
    marks = "".join(f"<br>**{_escaped(mark)}**" for mark in name.marks)
    return (f"*{shown}*" if reference else shown) + code + marks + _lines("", (" · ".join(name.small),))


def _lines(text: str, small: Sequence[str]) -> str:
    return text + "".join(f"<br><sub>{_escaped(line)}</sub>" for line in small if line)


def _escaped(text: str) -> str:
    """As plain text, whatever it holds, in one line."""
    plain = " ".join(text.split())
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        plain = plain.replace(sign, name)
    return re.sub(r"([\\`*_\[\]|~#@])", r"\\\1", plain)


def _address(address: str) -> str:
    return re.sub(r"[()|\\]", lambda found: f"%{ord(found[0]):02X}", address)
