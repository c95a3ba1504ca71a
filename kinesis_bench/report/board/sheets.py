"""The tables of the leaderboards in words: what stands in each cell, for Markdown and HTML alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kinesis_bench.evaluation.schema import Result
from kinesis_bench.evaluation.tasks.schema import TaskResult
from kinesis_bench.human.references import LEGS
from kinesis_bench.leaderboard.folder import Submitted, SubmittedTask, place_of
from kinesis_bench.leaderboard.submission import STATUSES, Status, code_link
from kinesis_bench.leaderboard.table import Cell, Kind, Reference, Row, Table
from kinesis_bench.leaderboard.tasks.statements import broken_off
from kinesis_bench.report.board.words import ABOUT, COLUMNS, COSTS, OF_TRIALS
from kinesis_bench.report.comparison import DASH, condition
from kinesis_bench.report.tables import FEW_CLIPS
from kinesis_bench.report.task_words import Shown, meaning
from kinesis_bench.report.task_words import shown as shown_of_trials

SIZES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
"""Prefixes of large counts."""


@dataclass(frozen=True)
class Head:
    """Head of a column.

    Attributes:
        label: with its unit.
        about: what it is; "" where the label says it.
        first: order at the first click, ``ascending`` or ``descending``: the better ones first.
        number: whether it holds numbers.
    """

    label: str
    about: str = ""
    first: str = "ascending"
    number: bool = True


@dataclass(frozen=True)
class Text:
    """What stands in a cell.

    Attributes:
        text: the figure or word.
        sort: to order by; None where there is none.
        small: what stands under it: interval and rank.
    """

    text: str
    sort: float | str | None
    small: tuple[str, ...] = ()


@dataclass(frozen=True)
class Name:
    """What stands in the cell of a submission's name.

    Attributes:
        name: of the submission or reference.
        card, code: links; "" where there is none.
        marks: what a reader must not overlook.
        small: authors, date and the like.
    """

    name: str
    card: str
    code: str
    marks: tuple[str, ...]
    small: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A row: a name, and a cell for every other column."""

    name: Name
    cells: tuple[Text, ...]


@dataclass(frozen=True)
class Sheet:
    """A table in words.

    Attributes:
        kind, body: what it is of.
        title, anchor: of its section; the anchor is unique among all sheets.
        facts: what its figures are of.
        heads: of the columns; the second is the name's.
        lines, references: rows, and those to read them against.
        notes: under the table.
    """

    kind: Kind
    body: str
    title: str
    anchor: str
    facts: tuple[str, ...]
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    references: tuple[Line, ...]
    notes: tuple[str, ...]


def sheets(tables: Sequence[Table]) -> tuple[Sheet, ...]:
    """All tables in words, in their order."""
    taken: dict[str, int] = {}
    made = []
    for table in tables:
        words = " ".join((table.kind, table.data, table.split, table.body)).lower()
        anchor = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
        taken[anchor] = taken.get(anchor, 0) + 1
        made.append(_sheet(table, anchor if taken[anchor] == 1 else f"{anchor}-{taken[anchor]}"))
    return tuple(made)


def _sheet(table: Table, anchor: str) -> Sheet:
    of = {"imitation": f"{table.data}, {table.split}", "task": table.data}.get(table.kind)
    of = condition(table.data) if of is None else of
    return Sheet(
        kind=table.kind,
        body=table.body,
        title=f"{table.body or 'unknown body'}: {of}",
        anchor=anchor,
        facts=_facts(table),
        heads=(
            Head("rank"),
            Head("submission", number=False),
            *(_head(figure, table) for figure in table.figures),
            Head("status", number=False),
            *(_head(cost, table) for cost in COSTS),
        ),
        lines=tuple(_line(table, row) for row in table.rows),
        references=tuple(_reference(row, table.figures) for row in table.references),
        notes=tuple(_notes(table)),
    )


def _facts(table: Table) -> tuple[str, ...]:
    hashes = {"body": table.body_sha256, "data": table.data_sha256}
    units = {"imitation": f"{table.units} clips", "task": f"{table.units:,} trials"}.get(table.kind)
    clips = (units,) if units and table.units else ()
    source = (table.source,) if table.source else ()
    digests = (f"{name} {sha256[:12]}" for name, sha256 in hashes.items() if sha256)
    return (f"protocol {table.protocol}", *clips, *source, *digests)


def _shown(figure: str) -> Shown:
    return COLUMNS.get(figure) or shown_of_trials(figure)


def _head(figure: str, table: Table) -> Head:
    shown = _shown(figure)
    unit = f" [{shown.unit}]" if shown.unit else ""
    about = ABOUT.get(figure, "")
    if table.kind == "task" and figure in table.figures:
        about = meaning(table.data.partition(",")[0], figure.removesuffix("_pct"))
    return Head(shown.label + unit, about, "ascending" if shown.better == "less" else "descending")


def _line(table: Table, row: Row) -> Line:
    headline = table.figures[0]
    rank = row.cells[headline].rank
    costs = row.submitted.submission.costs
    status = _status(row.submitted)
    verified = row.submitted.verification
    runs = _runs(row.submitted)
    part: tuple[str, ...] = ()
    if verified is not None and verified.runs < runs:
        if isinstance(row.submitted, SubmittedTask):
            part = (f"{verified.status}:", f"{verified.runs} of {runs:,} trials")
        else:
            part = (f"{verified.status}: {verified.runs} of {runs} runs",)
    return Line(
        _name(table, row.submitted),
        (
            Text(DASH, None) if rank is None else Text(str(rank), rank),
            *(_figure(figure, row.cells[figure], headline) for figure in table.figures),
            Text(status, STATUSES[::-1].index(status), part),
            *(_cost(name, getattr(costs, name)) for name in COSTS),
        ),
    )


def _reference(reference: Reference, figures: Sequence[str]) -> Line:
    own = reference.submitted
    name = Name(
        reference.name,
        "" if own is None else f"{place_of(own)}/card.md",
        "" if own is None else code_link(own.submission, up=1),
        (),
        (reference.note,),
    )
    nothing = Text("", None)
    cells = (_figure(figure, reference.cells.get(figure, Cell(None)), figures[0]) for figure in figures)
    status = Text(reference.kind if own is None else _status(own), None)
    return Line(name, (nothing, *cells, status, *(nothing for _ in COSTS)))


def _runs(submitted: Submitted | SubmittedTask) -> int:
    """Runs of a policy, or trials, that figures are over."""
    result = submitted.scored.result
    return result.runs if isinstance(result, Result) else result.trials


def _status(submitted: Submitted | SubmittedTask) -> Status:
    """What is known of the figures that are shown, which are over all runs."""
    verified = submitted.verification
    if verified is None or verified.runs < _runs(submitted):
        return STATUSES[0]
    return verified.status


def _figure(figure: str, cell: Cell, headline: str) -> Text:
    if cell.value is None:
        return Text(DASH, None)
    digits = _shown(figure).digits
    small = []
    if cell.ci95 is not None:
        low, high = (_number(end, digits) for end in cell.ci95)
        small.append(f"[{low}, {high}]")
    if cell.sem is not None:
        small.append(f"± {_number(cell.sem, digits + 1)}")
    if cell.rank is not None and figure != headline:
        small.append(f"rank {cell.rank}")
    return Text(_number(cell.value, digits), cell.value, tuple(small))


def _number(value: float, digits: int) -> str:
    """To so many digits, never as -0."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _cost(name: str, value: float | None) -> Text:
    if value is None:
        return Text(DASH, None)
    if name in ("parameters", "training_steps"):
        for size, prefix in SIZES:
            if value >= size:
                return Text(f"{value / size:.3g} {prefix}", value)
    return Text(_number(value, COLUMNS[name].digits), value)


def _name(table: Table, submitted: Submitted | SubmittedTask) -> Name:
    submission, result = submitted.submission, submitted.scored.result
    small = [", ".join(submission.authors), submission.date]
    if isinstance(result, TaskResult):
        if result.policy_task not in ("", result.task):
            small.append(f"zero-shot, learned {result.policy_task}")
    elif table.kind == "emg":
        small.append(f"{result.motions.id} {result.motions.split}".strip() or "no reference motion")
    if isinstance(result, Result) and result.runs > 1:
        small.append(f"{result.runs} runs")
    card = f"{place_of(submitted)}/card.md"
    return Name(submission.name, card, code_link(submission, up=1), _marks(result), tuple(small))


def _marks(result: Result | TaskResult) -> tuple[str, ...]:
    marks = ["prescribed"] if result.policy.control == "prescribed" else []
    if result.policy.privileged:
        needs = ", ".join(result.policy.needs)
        marks.append(f"privileged ({needs})" if needs else "privileged")
    if isinstance(result, TaskResult):
        broken, what = broken_off(result), "trial"
    else:
        broken, what = len(result.failed_runs), "run"
    if broken:
        marks.append(f"{broken} {what}{'s' * (broken != 1)} broken off")
    return tuple(marks)


def _notes(table: Table) -> list[str]:
    notes = [] if table.rows else ["No submission yet."]
    if table.kind == "imitation":
        if 0 < table.units < FEW_CLIPS:
            notes.append(
                f"{table.units} clips are few: 95 % intervals are too narrow (at 12 clips they may hold the "
                "truth in only 76 %), which is why a rank needs the paired test too."
            )
        return notes
    results = [row.submitted.scored.result for row in table.rows if isinstance(row.submitted, Submitted)]
    if table.kind == "task":
        return [*notes, OF_TRIALS]
    notes.append(f"People's cycle begins: {table.cycle_zero}.")
    notes += [f"The {LEGS[side]} leg." for side in sorted({result.emg.human_side for result in results})]
    events = sorted({result.emg.notes.get("cycles", "") for result in results} - {""})
    if len(events) > 1:
        notes.append(
            "The models' cycles do not all begin by the same event, which shifts r at zero lag: "
            f"{'; '.join(events)}."
        )
    if any(row.cells[table.figures[0]].rank is None for row in table.rows):
        notes.append(
            f"{DASH} for a rank: scored against group figures of the people, which leave nothing to test; "
            "score with each person's files (--human wang2023=DIR)."
        )
    return notes
