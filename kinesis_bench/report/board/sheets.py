"""The leaderboards in words: what stands in each cell, and what the tables mean, for Markdown and HTML alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kinesis_bench.evaluation.schema import Result
from kinesis_bench.human.references import LEGS
from kinesis_bench.leaderboard.tables import EMG, IMITATION, RANKED, Cell, Entry, Reference, Row, Table
from kinesis_bench.report.comparison import DASH, SHOWN, Shown, condition
from kinesis_bench.report.tables import FEW_CLIPS

TITLE = "Leaderboards of kinesis-bench"

LEAD = "How well policies move muscle-driven bodies the way people move, by the protocol of kinesis-bench."

WAY_IN = (
    "Each row is a folder of this repository with its result, its clips, the actions that were applied and the digests "
    "of all of it, so that anyone can recompute what it claims.",
)

HEADINGS = {"imitation": "Imitation", "emg": "EMG"}

EXTRA = {
    "lag_ms": Shown("lag", "ms", 0, ""),
    "chance_p95_r": Shown("chance", "", 2, ""),
    "parameters": Shown("parameters", "", 0, "less"),
    "training_steps": Shown("training steps", "", 0, "less"),
    "device_hours": Shown("device hours", "", 1, "less"),
    "realtime_factor": Shown("times real time", "", 0, "more"),
}
"""Columns that are not among the figures of a comparison."""

COSTS = ("parameters", "training_steps", "device_hours", "realtime_factor")

ABOUT = {
    "frame_coverage_pct": "frames before a clip fails, of all frames; a clip fails when the mean keypoint error "
    "exceeds 0.5 m",
    "success_pct": "clips that never fail",
    "strict_success_pct": "clips with every keypoint always within 0.15 m",
    "mpjpe_mm": "mean keypoint error over the policy's own covered frames; unranked, as who falls early has the "
    "easier ones",
    "mean_excitation": "mean over muscles and covered frames, 0 to 1",
    "emg_mean_r": "correlation with people's EMG over the gait cycle at the best common lag of 0 to 120 ms",
    "lag_ms": "that lag: the model later than people's EMG",
    "emg_ratio": "EMG r over that of pairs of people, who have no lag",
    "emg_zero_lag_r": "the same correlation without a lag",
    "chance_p95_r": "r at the best lag that 5 % of random models exceed: each muscle's curve shifted at random. "
    "Without a lag chance is 0",
    "parameters": "of the policy, as submitted",
    "training_steps": "control steps, as submitted",
    "device_hours": "of training, as submitted",
    "realtime_factor": "simulated time over the time of simulation and policy, on the submitter's machine",
}
"""What each column is."""

STATUS = {
    "re-simulated": "its recorded actions were simulated again and gave its states; every figure of the first run was "
    "recomputed from that",
    "recomputed": "its figures were recomputed from what it recorded; nothing was simulated again",
    "self-reported": "as its authors say",
}
"""What each status says."""

GROUP_FIGURES = "scored against group figures"


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
        small: authors, date and the like.
        marks: what a reader must not overlook.
    """

    name: str
    card: str
    code: str
    small: tuple[str, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A row: a name and a cell for every other column."""

    name: Name
    cells: tuple[Text, ...]


@dataclass(frozen=True)
class Sheet:
    """A table in words.

    Attributes:
        kind, body: to order and filter by.
        title, anchor: of its section; the anchor is unique in the page.
        facts: what its figures are of.
        heads: of the columns; the second is the name's.
        lines, references: rows, and those to read them against.
        notes: under the table.
    """

    kind: str
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
        words = (table.kind, table.data, table.split.replace("/", " "), table.body)
        slug = re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")
        taken[slug] = taken.get(slug, 0) + 1
        made.append(_sheet(table, slug if taken[slug] == 1 else f"{slug}-{taken[slug]}"))
    return tuple(made)


def explained() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """How to read the tables: headings and their paragraphs."""
    return (
        (
            "Ranks",
            (
                "Two submissions differ by more than chance if the 95 % interval of their paired difference leaves out "
                "nought and the paired test by swapping gives p < 0.05 (not corrected for the number of pairs). Down "
                "the table by figure, a submission shares the rank above it unless one of those in that rank is "
                "better by more than chance; then it opens the next. A rank is 1 + the number of submissions before "
                "it.",
                "So whoever is better by more than chance stands before, whoever shares a rank is alike, and nobody "
                "stands behind a lower figure. Being alike is not transitive: neighbours of different rank may be "
                "alike too. A rank under a figure is the rank by that figure.",
            ),
        ),
        (
            "Intervals",
            (
                "95 %, in brackets. Of imitation: by resampling the clips within each skill, so they say how much "
                "other clips of the same kinds would change the figure. Of EMG: by resampling the people. Neither "
                "says what another training run, seed or machine would give.",
            ),
        ),
        (
            "Marks",
            (
                "Privileged: the policy sees more than its observation. Prescribed: nothing was simulated; the figures "
                "are of muscles that would make the recorded motion, so they say nothing of balance.",
            ),
        ),
        ("Status", tuple(f"{name}: {about}." for name, about in STATUS.items())),
        (
            "What is never mixed",
            (
                "A table is of one protocol, one body and one data set and split, each told by its hash; of EMG, of one "
                "protocol, one body and one group of people. The rows in italics below the submissions are "
                "references without a rank: people, and what KINESIS published by its own definitions "
                "(datasets/kinesis_reported says how these differ).",
            ),
        ),
    )


def _sheet(table: Table, anchor: str) -> Sheet:
    figures = IMITATION if table.kind == "imitation" else EMG
    return Sheet(
        kind=table.kind,
        body=table.body,
        title=_title(table),
        anchor=anchor,
        facts=_facts(table),
        heads=(
            Head("rank"),
            Head("submission", number=False),
            *(_head(figure) for figure in (*figures, *COSTS)),
            Head("status", number=False),
        ),
        lines=tuple(_line(table, row, figures) for row in table.rows),
        references=tuple(_reference(row, figures) for row in table.references),
        notes=tuple(_notes(table)),
    )


def _title(table: Table) -> str:
    if table.kind == "imitation":
        return f"{table.body}: {table.data}, {table.split}"
    return f"{table.body or 'body unknown'}: {condition(table.data)}"


def _facts(table: Table) -> tuple[str, ...]:
    facts = [f"protocol {table.protocol}"]
    if table.kind == "emg":
        facts += [table.source]
    elif table.units:
        facts += [f"{table.units} clips"]
    hashes = {"body": table.body_sha256, "data": table.data_sha256}
    facts += [f"{name} {sha256[:12]}" for name, sha256 in hashes.items() if sha256]
    return tuple(facts)


def _head(figure: str) -> Head:
    shown = _shown(figure)
    unit = f" [{shown.unit}]" if shown.unit else ""
    first = "ascending" if shown.better == "less" else "descending"
    return Head(shown.label + unit, ABOUT[figure], first)


def _shown(figure: str) -> Shown:
    return EXTRA.get(figure) or SHOWN[figure]


def _line(table: Table, row: Row, figures: Sequence[str]) -> Line:
    headline = RANKED[table.kind][0]
    rank = row.cells[headline].rank
    cells = [Text(DASH, None) if rank is None else Text(str(rank), rank)]
    cells += [_text(figure, row.cells[figure], headline) for figure in figures]
    entry = row.entry
    costs = (entry.parameters, entry.training_steps, entry.device_hours, entry.result.realtime_factor)
    cells += [_cost(figure, value) for figure, value in zip(COSTS, costs, strict=True)]
    return Line(_name(table, entry), (*cells, Text(entry.status, entry.status)))


def _reference(reference: Reference, figures: Sequence[str]) -> Line:
    cells = [Text("", None)]
    cells += [_text(figure, reference.cells.get(figure, Cell(None)), figure) for figure in figures]
    cells += [Text("", None)] * len(COSTS)
    entry = reference.entry
    card = "" if entry is None else f"{entry.folder}/card.md"
    code = "" if entry is None else web_address(entry.code)
    name = Name(reference.name, card, code, (reference.note,) if reference.note else (), ())
    return Line(name, (*cells, Text(reference.kind if entry is None else entry.status, None)))


def _text(figure: str, cell: Cell, headline: str) -> Text:
    if cell.value is None:
        return Text(DASH, None)
    digits = _shown(figure).digits
    small = []
    if cell.ci95 is not None:
        low, high = (_number(end, digits) for end in cell.ci95)
        small.append(f"[{low}, {high}]")
    if cell.sem is not None:
        small.append(f"± {cell.sem:.{digits}f}")
    if cell.rank is not None and figure != headline:
        small.append(f"rank {cell.rank}")
    return Text(_number(cell.value, digits), cell.value, tuple(small))


def _number(value: float, digits: int) -> str:
    """To so many digits, never as -0."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _cost(figure: str, value: float | None) -> Text:
    if value is None:
        return Text(DASH, None)
    if figure in ("parameters", "training_steps"):
        for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
            if value >= size:
                return Text(f"{value / size:.3g}{unit}", value)
    return Text(f"{value:.{_shown(figure).digits}f}", value)


def _name(table: Table, entry: Entry) -> Name:
    result = entry.result
    small = [entry.authors, entry.date]
    if table.kind == "emg":
        small.append(f"{result.motions.id} {result.motions.split}".strip() or "no reference motion")
    if result.runs > 1:
        small.append(f"{result.runs} runs")
    return Name(entry.name, f"{entry.folder}/card.md", web_address(entry.code), tuple(small), _marks(result))


def _marks(result: Result) -> tuple[str, ...]:
    marks = []
    if result.policy.control == "prescribed":
        marks.append("prescribed")
    if result.policy.privileged:
        needs = ", ".join(result.policy.needs)
        marks.append(f"privileged ({needs})" if needs else "privileged")
    return tuple(marks)


def web_address(text: str) -> str:
    """The text if it is an address on the web, else "": what others submitted becomes no other kind of link."""
    return text if re.fullmatch(r"https?://[^\s<>\"'`]+", text) else ""


def _notes(table: Table) -> list[str]:
    notes = []
    if not table.rows:
        notes.append("No submission yet.")
    if table.kind == "imitation":
        if 0 < table.units < FEW_CLIPS:
            notes.append(
                f"{table.units} clips are few: 95 % intervals are too narrow (at 12 clips they hold the truth in "
                "only 76 %), which is why a rank needs the paired test too."
            )
        return notes
    notes.append(f"People's cycle begins: {table.cycle_zero}.")
    results = [row.entry.result for row in table.rows]
    sides = {LEGS[result.emg.human_side] for result in results}
    notes += [f"The {side} leg of model and people." for side in sorted(sides)]
    events = sorted({result.emg.notes.get("cycles", "") for result in results} - {""})
    if len(events) > 1:
        notes.append(
            f"The models' cycles do not all begin by the same event, which shifts r at zero lag: {'; '.join(events)}."
        )
    if any(row.cells[RANKED["emg"][0]].rank is None for row in table.rows):
        notes.append(
            f"{DASH} for a rank: {GROUP_FIGURES}, which leave nothing to test; score with each person's files "
            "(--human wang2023=DIR)."
        )
    return notes
