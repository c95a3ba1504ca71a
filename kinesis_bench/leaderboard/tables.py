"""The tables of the leaderboards: submissions that are of one thing beside one another, with ranks.

Imitation: one table a protocol, body (with the hash of its physics), data set (with the hash of its sources) and split.
EMG: one a protocol, body, and group of people with what they do; over all submissions that have EMG figures, whatever
motions they followed, and if they followed none. Nothing of two tables is ever ranked together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.comparable import unlike_clips, unlike_people
from kinesis_bench.evaluation.compare import differences, values
from kinesis_bench.evaluation.comparison import Difference
from kinesis_bench.evaluation.published import reported
from kinesis_bench.evaluation.schema import PROTOCOLS, Result
from kinesis_bench.evaluation.scored_folder import Scored
from kinesis_bench.leaderboard.ranks import ranks
from kinesis_bench.metrics.statistics import LEVEL, Interval

Kind = Literal["imitation", "emg"]

IMITATION = ("frame_coverage_pct", "success_pct", "strict_success_pct", "mpjpe_mm", "mean_excitation")
"""Figures of an imitation table, the headline first."""

EMG = ("emg_mean_r", "lag_ms", "emg_ratio", "emg_zero_lag_r", "chance_p95_r")
"""Figures of an EMG table, the headline first."""

RANKED: dict[Kind, tuple[str, ...]] = {
    "imitation": ("frame_coverage_pct", "success_pct", "strict_success_pct"),
    "emg": ("emg_mean_r", "emg_zero_lag_r"),
}
"""Figures that have ranks. MPJPE has none: it is over each policy's own covered frames, so that who falls early has
the easier ones. EMG r over that of people has that of EMG r."""

ERROR_RATE = 1.0 - LEVEL
"""Of a test that says that a difference is more than chance."""

MEAN_HUMAN = ("mean-human", "baselines/mean-human")
"""Name and source of the baseline that is people's own mean EMG: a reference, not a competitor."""

PAPER = ("kit-locomotion-v1", "kinesis-2026/test", "test")
"""Data set and split of the paper's figures, in our words and in the published table's."""

PAPERS = {
    "legs": ("Legs-Direct", "Legs-PD"),
    "legs_abs": ("Legs+Abs",),
    "legs_back": ("Legs+Back",),
}
"""Body to the names of its policies in the published table."""

RECORDING = ("KINESIS 2025 Legs", "legs", "walk 4.5 km/h", "walk-4.5")
"""Name in the published table, body, and condition in its words and ours, of KINESIS's own recording."""


@dataclass(frozen=True)
class Entry:
    """A submission, as the tables need it.

    Attributes:
        folder: below the leaderboards' folder, as ``emg/2026-11-26_mine``.
        name, authors, date, code: as submitted; the code's address may be "".
        status: ``self-reported``, ``recomputed`` or ``re-simulated``, verified for exactly these files.
        parameters, training_steps, device_hours: what the policy cost; None where it was not said.
        scored: result and clips.
    """

    folder: str
    name: str
    authors: str
    date: str
    code: str
    status: str
    parameters: int | None
    training_steps: int | None
    device_hours: float | None
    scored: Scored

    @property
    def result(self) -> Result:
        """Its result."""
        return self.scored.result


@dataclass(frozen=True)
class Cell:
    """A figure of a table.

    Attributes:
        value: None where it cannot be had.
        ci95: its 95 % interval.
        sem: standard error over runs, of published figures.
        rank: among the table's submissions; None where the figure has none.
    """

    value: float | None
    ci95: Interval | None = None
    sem: float | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Row:
    """A submission's figures by name."""

    entry: Entry
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Reference:
    """A row to read the others against; it takes no part in the ranking.

    Attributes:
        name, kind: what it is, ``people`` or ``published``.
        note: where it is from.
        entry: the submission that it is, where it is one.
        cells: figures by name; others are absent.
    """

    name: str
    kind: Literal["people", "published"]
    note: str
    cells: dict[str, Cell]
    entry: Entry | None = None


@dataclass(frozen=True)
class Table:
    """Submissions that are of one thing.

    Attributes:
        kind, protocol, body, body_sha256: of all of them.
        data, split: data set that was followed; for EMG the people's condition, and "".
        data_sha256: of its sources; "" for EMG.
        source: whose EMG it is; "" for imitation.
        cycle_zero: where the people's cycle begins; "" for imitation.
        over, units: what figures are compared over, ``clips`` or ``people``, and how many there are.
        rows: by rank of the headline figure, then by the figure, then by folder.
        references: below them.
    """

    kind: Kind
    protocol: str
    body: str
    body_sha256: str
    data: str
    split: str
    data_sha256: str
    source: str
    cycle_zero: str
    over: str
    units: int
    rows: tuple[Row, ...]
    references: tuple[Reference, ...]


def tables(entries: Sequence[Entry]) -> tuple[Table, ...]:
    """All tables, those that wait for submissions last, in an order that does not depend on that of the submissions.

    Raises:
        InputError: two submissions say that they are of one thing but are not of the same clips.
    """
    ordered = sorted(entries, key=lambda entry: entry.folder)
    imitation = _imitation_tables(ordered)
    taken = {table.body for table in imitation if (table.data, table.split) == PAPER[:2]}
    empty = [_of_the_paper(body) for body in PAPERS if body not in taken]
    made = [*imitation, *empty, *_emg_tables(ordered)]
    return tuple(sorted(made, key=lambda table: (table.kind != "imitation", not table.rows, _place(table))))


def _place(table: Table) -> tuple[str, ...]:
    return (table.data, table.split, table.body, table.protocol, table.body_sha256, table.data_sha256)


def _grouped(entries: Iterable[Entry], key: Callable[[Result], tuple[str, ...]]) -> list[list[Entry]]:
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry.result), []).append(entry)
    return [groups[name] for name in sorted(groups)]


def _imitation_tables(entries: Sequence[Entry]) -> list[Table]:
    def key(result: Result) -> tuple[str, ...]:
        motions, body = result.motions, result.body
        own = (motions.id, motions.split, motions.sources_sha256)
        return (result.protocol, body.name, body.model_sha256, *own)

    made = []
    for group in _grouped((one for one in entries if one.result.imitation is not None), key):
        _refuse_other_clips(group)
        result = group[0].result
        is_paper = (result.motions.id, result.motions.split) == PAPER[:2]
        papers = PAPERS.get(result.body.name, ()) if is_paper else ()
        made.append(
            Table(
                kind="imitation",
                protocol=result.protocol,
                body=result.body.name,
                body_sha256=result.body.model_sha256,
                data=result.motions.id,
                split=result.motions.split,
                data_sha256=result.motions.sources_sha256,
                source="",
                cycle_zero="",
                over="clips",
                units=result.motions.clips,
                rows=_rows("imitation", group),
                references=tuple(_published(policy) for policy in papers),
            )
        )
    return made


def _of_the_paper(body: str) -> Table:
    """A table that waits for submissions, with the paper's figures in it."""
    return Table(
        kind="imitation",
        protocol=PROTOCOLS[0],
        body=body,
        body_sha256="",
        data=PAPER[0],
        split=PAPER[1],
        data_sha256="",
        source="",
        cycle_zero="",
        over="clips",
        units=0,
        rows=(),
        references=tuple(_published(policy) for policy in PAPERS[body]),
    )


def _refuse_other_clips(group: Sequence[Entry]) -> None:
    first = group[0]
    assert first.scored.clips is not None
    for other in group[1:]:
        assert other.scored.clips is not None
        one, two = unlike_clips(first.scored.clips, other.scored.clips)
        if one != two:
            problem = f"its clips are not those of {first.folder}, though data set and split are: {two} against {one}"
            raise InputError(other.folder, problem, "verify both, and leave out the one that is refused")


def _emg_tables(entries: Sequence[Entry]) -> list[Table]:
    def key(result: Result) -> tuple[str, ...]:
        emg, body = result.emg, result.body
        people = (emg.human_condition, f"{emg.human_people:04d}", emg.human_side, *emg.per_muscle)
        return (result.protocol, body.name, body.model_sha256, *people)

    made = []
    for group in _grouped((one for one in entries if one.result.emg.mean_r is not None), key):
        for same in _of_same_people(group):
            told = next((one for one in same if _people(one)), same[0]).result
            competing = [one for one in same if not _is_mean_human(one.result)]
            made.append(
                Table(
                    kind="emg",
                    protocol=told.protocol,
                    body=told.body.name,
                    body_sha256=told.body.model_sha256,
                    data=told.emg.human_condition,
                    split="",
                    data_sha256="",
                    source=told.emg.human_source,
                    cycle_zero=told.emg.cycle_zero,
                    over="people",
                    units=told.emg.human_people,
                    rows=_rows("emg", competing),
                    references=tuple(_emg_references(told, same)),
                )
            )
    return made


def _of_same_people(group: Sequence[Entry]) -> list[list[Entry]]:
    """Parts of a group whose condition and muscles are alike, by whose EMG it is."""
    parts: list[list[Entry]] = []
    for entry in group:
        for part in parts:
            one, two = unlike_people(part[0].result, entry.result)
            if one == two:
                part.append(entry)
                break
        else:
            parts.append([entry])
    return parts


def _people(entry: Entry) -> bool:
    """Whether it was compared with single people, so that it can be tested against others."""
    return len(entry.result.emg.by_person or ()) > 1


def _is_mean_human(result: Result) -> bool:
    return (result.policy.name, result.policy.source) == MEAN_HUMAN


def _rows(kind: Kind, group: Sequence[Entry]) -> tuple[Row, ...]:
    """The group's rows in the order of their headline."""
    cells = [_cells(kind, entry.result) for entry in group]
    for figure in RANKED[kind]:
        known = [place for place, one in enumerate(cells) if one[figure].value is not None]
        if kind == "emg":
            known = [place for place in known if _people(group[place])]
        for place, rank in zip(known, _ranks(figure, [group[place] for place in known]), strict=True):
            cell = cells[place][figure]
            cells[place][figure] = Cell(cell.value, cell.ci95, cell.sem, rank)
    headline = RANKED[kind][0]

    def order(row: Row) -> tuple[float, str]:
        value = row.cells[headline].value
        return (-np.inf if value is None else value) * -1.0, row.entry.folder

    return tuple(sorted((Row(entry, own) for entry, own in zip(group, cells, strict=True)), key=order))


def _ranks(figure: str, group: Sequence[Entry]) -> list[int]:
    beats = np.zeros((len(group), len(group)), dtype=bool)
    for i, first in enumerate(group):
        for j, other in enumerate(group[:i]):
            (found,) = differences(other.scored, first.scored, other.folder, first.folder, (figure,))
            if found.difference and beyond_chance(found):
                beats[(i, j) if found.difference > 0 else (j, i)] = True
    return ranks([values(entry.result)[figure][0] or 0.0 for entry in group], beats)


def beyond_chance(found: Difference) -> bool:
    """Whether a difference is more than chance: nought lies outside its paired interval, and the paired test says so.

    The interval alone would find too many with few clips, for it is too narrow there; the test holds its rate of errors
    whatever their number (``metrics.paired``). Where resampling does not change the difference, as between all and
    none, there is no interval, and the test decides; where the protocol has no test, the interval does.
    """
    outside = found.ci95 is None or not found.ci95[0] <= 0.0 <= found.ci95[1]
    tested = found.p is None or found.p < ERROR_RATE
    return outside and tested and not (found.ci95 is None and found.p is None)


def _cells(kind: Kind, result: Result) -> dict[str, Cell]:
    found = {figure: value for figure, (value, _) in values(result).items()}
    if kind == "imitation":
        assert result.imitation is not None
        of_clips = {name: getattr(result.imitation, name).ci95 for name in IMITATION[:-1]}
        return {name: Cell(found[name], of_clips.get(name)) for name in IMITATION}
    emg = result.emg
    chance = None if emg.chance is None else emg.chance.circular_shift_p95_r
    return {
        "emg_mean_r": Cell(emg.mean_r, emg.ci95.mean_r),
        "lag_ms": Cell(emg.lag_ms),
        "emg_ratio": Cell(emg.ratio, emg.ci95.ratio),
        "emg_zero_lag_r": Cell(emg.zero_lag_r),
        "chance_p95_r": Cell(chance),
    }


def _emg_references(told: Result, group: Sequence[Entry]) -> Iterable[Reference]:
    emg = told.emg
    pairs = emg.human_pairs_r
    if pairs is not None:
        r = Cell(pairs, emg.ci95.human_pairs_r)
        cells = {"emg_mean_r": r, "emg_ratio": Cell(1.0), "emg_zero_lag_r": r}
        yield Reference("people against people, pairs", "people", "no lag between people", cells)
    if emg.leave_one_out_r is not None:
        r = Cell(emg.leave_one_out_r)
        cells = {"emg_mean_r": r, "emg_zero_lag_r": r}
        if pairs:
            cells["emg_ratio"] = Cell(emg.leave_one_out_r / pairs)
        note = "a person against the mean of the others"
        yield Reference("one person against the others", "people", note, cells)
    for entry in group:
        if _is_mean_human(entry.result):
            note = "their mean, scored like a policy"
            yield Reference(entry.name, "people", note, _cells("emg", entry.result), entry)
    policy, body, theirs, ours = RECORDING
    if (told.body.name, emg.human_condition) == (body, ours):
        for row in reported():
            if (row["policy"], row["metric"], row["dataset"]) == (policy, "emg_r_mean", theirs):
                cells = {"emg_zero_lag_r": Cell(float(row["value"]))}
                note = "by the definitions of its code: protocol kinesis-2025, not this table's"
                yield Reference("KINESIS's own recording of 2025", "published", note, cells)


def _published(policy: str) -> Reference:
    """The paper's figures of one of its policies."""
    cells = {
        row["metric"]: Cell(float(row["value"]), sem=float(row["sem_or_note"]))
        for row in reported()
        if (row["policy"], row["dataset"]) == (policy, PAPER[2])
    }
    return Reference(f"KINESIS {policy}", "published", "Table I of the paper", cells)
