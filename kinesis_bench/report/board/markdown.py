"""The leaderboards as Markdown that GitHub shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kinesis_bench.report.board.sheets import Line, Name, Sheet, Text
from kinesis_bench.report.board.words import EXPLANATIONS, HEADINGS, LEAD, TITLE, WAY_IN

FOLDERS = """## What a submission is

One folder, `<board>/<YYYY-MM-DD>_<name>/`, with all that is needed to recompute its figures. Boards are
`imitation_<data set>_<split>`, for what followed no motions `emg`, and the tasks of trials, such as `target`.

| file | holds |
|---|---|
| `submission.json` | who, where the code is, what it cost, on what it was scored, digest of the recording |
| `result.json`, `clips.csv` or `trials.csv` | the figures, as `kinesis-bench score` wrote them |
| `record.npz` | applied actions, and the state once a second (unsimulated: excitations and movement) |
| `card.md` | the headline for readers, and how to reproduce it |
| `SHA256SUMS` | digests of the files above; `sha256sum -c SHA256SUMS` checks them |
| `verification.json` | what the last `verify` found; not evidence by itself |

## Verify, and add yours

```
kinesis-bench leaderboard verify --all    # check everything on these boards yourself

kinesis-bench score --policy mine.onnx --out results/mine
kinesis-bench leaderboard submit results/mine --name mine --authors "A. Author" --code https://example.org/mine
kinesis-bench leaderboard verify leaderboards/<board>/<date>_mine
kinesis-bench leaderboard build
```

Then open a pull request with the folder and the two pages. Nothing is uploaded by the program.
"""
"""The last part of the page."""


def markdown(sheets: Sequence[Sheet]) -> str:
    """The text of ``README.md``."""
    made_by = "Made by `kinesis-bench leaderboard build`: do not edit. [The same, sortable](index.html)."
    parts = [f"# {TITLE}", f"{LEAD} {WAY_IN}", made_by]
    for kind, heading in HEADINGS.items():
        own = [sheet for sheet in sheets if sheet.kind == kind]
        parts += [f"## {heading}"] if own else []
        parts += [part for sheet in own for part in _section(sheet)]
    parts.append("## How to read them")
    for one in EXPLANATIONS:
        parts += [f"### {one.heading}", *map(_escaped, one.paragraphs)]
    return "\n\n".join([*parts, FOLDERS])


def _section(sheet: Sheet) -> list[str]:
    rows = [[_escaped(head.label) for head in sheet.heads]]
    rows.append(["--:" if head.number else ":--" for head in sheet.heads])
    rows += [_row(line, reference=False) for line in sheet.lines]
    rows += [_row(line, reference=True) for line in sheet.references]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = "\n".join(f"- {_escaped(note)}" for note in sheet.notes)
    parts = (f"### {_escaped(sheet.title)}", _escaped(" · ".join(sheet.facts)), table, notes)
    return [part for part in parts if part]


def _row(line: Line, *, reference: bool) -> list[str]:
    rank, *others = (_cell(cell) for cell in line.cells)
    return [rank, _name(line.name, reference), *others]


def _cell(cell: Text) -> str:
    return _escaped(cell.text) + "".join(f"<br><sub>{_escaped(line)}</sub>" for line in cell.small)


def _name(name: Name, reference: bool) -> str:
    shown = _escaped(name.name)
    shown = f"[{shown}]({name.card})" if name.card else shown
    code = f" ([code]({_link(name.code)}))" if name.code else ""
    marks = "".join(f"<br>**{_escaped(mark)}**" for mark in name.marks)
    return (
        (f"*{shown}*" if reference else shown)
        + code
        + marks
        + f"<br><sub>{_escaped(' · '.join(name.small))}</sub>"
    )


def _escaped(text: str) -> str:
    """As plain text in one line, whatever it holds."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#@])", r"\\\1", plain)


def _link(address: str) -> str:
    """An address without what ends a link or a cell."""
    return re.sub(r"[()|*_]", lambda found: f"%{ord(found[0]):02X}", address)
