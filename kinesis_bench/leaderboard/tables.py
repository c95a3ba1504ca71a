"""The tables of the leaderboards: submissions that are of one thing beside one another, with ranks.

Imitation: one table a protocol, body (with the hash of its physics), data set (with the hash of its sources)
and split. EMG: one a protocol, body, and group of people with what they do; over all submissions that have
figures of EMG, whatever motions they followed, if any. Tasks: ``leaderboard.tasks.tables``. Nothing of two
tables is ranked together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.comparable import unlike_clips, unlike_people
from kinesis_bench.evaluation.compare import differences, values
from kinesis_bench.evaluation.comparison import OF_PEOPLE
from kinesis_bench.evaluation.schema import PROTOCOLS, Result
from kinesis_bench.leaderboard.folder import (
    Submitted,
    SubmittedTask,
    find_submissions,
    misplaced,
    place_of,
    read_submitted,
    same_record,
    wrong_sums,
)
from kinesis_bench.leaderboard.ranks import beyond_chance, ranks
from kinesis_bench.leaderboard.references import (
    PAPER,
    PAPERS,
    is_mean_human,
    of_people,
    of_recording,
    of_the_paper,
)
from kinesis_bench.leaderboard.table import EMG, EMG_OF_MEAN, IMITATION, RANKED, Cell, Reference, Row, Table
from kinesis_bench.leaderboard.tasks.tables import task_tables


def read_all(root: Path) -> list[Submitted | SubmittedTask]:
    """All submissions below ``leaderboards``, each in its place and with the digests that it says.

    Raises:
        InputError: one cannot be read, has other files than its digests say, lies in the wrong folder, or has
            the name of another on its board, or its recording.
    """
    found = [read_submitted(folder) for folder in find_submissions(root)]
    for one in found:
        wrong = misplaced(one.folder, one.submission) + wrong_sums(one.folder)
        if wrong:
            remedy = "submit it anew, or leave it out; `kinesis-bench leaderboard verify` says more"
            raise InputError(one.folder, "; ".join(wrong), remedy)
    named: dict[tuple[str, str], Submitted | SubmittedTask] = {}
    for one in found:
        first = named.setdefault((one.submission.board, one.submission.name), one)
        if first is not one:
            problem = f"has the name of {place_of(first)}, so that nobody could tell them apart"
            raise InputError(one.folder, problem, "submit it anew under another name, or take one away")
    for place, one in enumerate(found):
        first_copy = same_record(one.folder, (other.folder for other in found[:place]))
        if first_copy:
            raise InputError(one.folder, f"has the recording of {first_copy}", "take one of them away")
    return found


def tables(submissions: Sequence[Submitted | SubmittedTask]) -> tuple[Table, ...]:
    """All tables, those that wait for submissions last, in an order that is not that of the input.

    Raises:
        InputError: two submissions say that they are of one thing but are not of the same clips or trials.
    """
    every = sorted(submissions, key=place_of)
    ordered = [one for one in every if isinstance(one, Submitted)]
    of_tasks = task_tables([one for one in every if isinstance(one, SubmittedTask)])
    imitation = _imitation_tables(ordered)
    taken = {table.body for table in imitation if (table.data, table.split) == PAPER}
    waiting = [_waiting(body) for body in PAPERS if body not in taken]

    def order(table: Table) -> tuple[object, ...]:
        of = (table.data, table.split, table.body, table.protocol, table.body_sha256, table.data_sha256)
        return (table.kind != "imitation", not table.rows, *of)

    return tuple(sorted([*imitation, *waiting, *_emg_tables(ordered), *of_tasks], key=order))


def _imitation_tables(submissions: Sequence[Submitted]) -> list[Table]:
    def key(result: Result) -> tuple[object, ...]:
        motions, body = result.motions, result.body
        own = (motions.id, motions.split, motions.sources_sha256, bool(motions.prompts))
        return (result.protocol, body.name, body.model_sha256, *own)

    made = []
    for group in _grouped((one for one in submissions if _followed_motions(one)), key):
        _refuse_other_clips(group)
        result = group[0].scored.result
        is_paper = (result.motions.id, result.motions.split) == PAPER
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
                units=result.motions.clips,
                figures=IMITATION,
                rows=_rows(IMITATION, group),
                references=of_the_paper(result.body.name) if is_paper else (),
            )
        )
    return made


def _waiting(body: str) -> Table:
    """The table of the paper's data, before there is a submission."""
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
        units=0,
        figures=IMITATION,
        rows=(),
        references=of_the_paper(body),
    )


def _emg_tables(submissions: Sequence[Submitted]) -> list[Table]:
    def key(result: Result) -> tuple[object, ...]:
        emg, body = result.emg, result.body
        figures = EMG_OF_MEAN if emg.mean_r is None else EMG
        people = (emg.human_condition, emg.human_people, emg.human_side, tuple(emg.per_muscle))
        return (result.protocol, body.name, body.model_sha256, figures, *people)

    made = []
    for group in _grouped((one for one in submissions if _has_emg(one)), key):
        for same in _of_same_people(group):
            result = next((one for one in same if _has_people(one)), same[0]).scored.result
            figures = EMG_OF_MEAN if result.emg.mean_r is None else EMG
            made.append(
                Table(
                    kind="emg",
                    protocol=result.protocol,
                    body=result.body.name,
                    body_sha256=result.body.model_sha256,
                    data=result.emg.human_condition,
                    split="",
                    data_sha256="",
                    source=result.emg.human_source,
                    cycle_zero=result.emg.cycle_zero,
                    units=result.emg.human_people,
                    figures=figures,
                    rows=_rows(figures, [one for one in same if not is_mean_human(one)]),
                    references=_emg_references(result, figures, same),
                )
            )
    return made


def _emg_references(
    result: Result, figures: Sequence[str], group: Sequence[Submitted]
) -> tuple[Reference, ...]:
    mean_human = [
        Reference(
            one.submission.name,
            "people",
            "their mean, scored like a policy",
            _cells(figures, one.scored.result),
            one,
        )
        for one in group
        if is_mean_human(one)
    ]
    if figures == EMG_OF_MEAN:
        return tuple(mean_human)
    return (*of_people(result), *mean_human, *of_recording(result))


def _grouped(
    submissions: Iterable[Submitted], key: Callable[[Result], tuple[object, ...]]
) -> list[list[Submitted]]:
    groups: dict[tuple[object, ...], list[Submitted]] = {}
    for one in submissions:
        groups.setdefault(key(one.scored.result), []).append(one)
    return list(groups.values())


def _refuse_other_clips(group: Sequence[Submitted]) -> None:
    first = group[0].scored.clips
    assert first is not None
    for other in group[1:]:
        assert other.scored.clips is not None
        one, two = unlike_clips(first, other.scored.clips)
        if one != two:
            problem = f"its clips are not those of {place_of(group[0])}, of the same data: {two}, not {one}"
            raise InputError(other.folder, problem, "verify both, and leave out the one that is refused")


def _of_same_people(group: Sequence[Submitted]) -> list[list[Submitted]]:
    """Parts of a group of one condition and the same muscles, by whose EMG it is."""
    parts: list[list[Submitted]] = []
    for submitted in group:
        for part in parts:
            one, two = unlike_people(part[0].scored.result, submitted.scored.result)
            if one == two:
                part.append(submitted)
                break
        else:
            parts.append([submitted])
    return parts


def _followed_motions(submitted: Submitted) -> bool:
    """Whether it followed a data set's motions, and not a reference of its own that no other has."""
    return submitted.scored.clips is not None and bool(submitted.scored.result.motions.id)


def _has_emg(submitted: Submitted) -> bool:
    emg = submitted.scored.result.emg
    return emg.mean_r is not None or emg.group_mean_r is not None


def _has_people(submitted: Submitted) -> bool:
    """Whether it was compared with single people, so that it can be tested against others."""
    return len(submitted.scored.result.emg.by_person or ()) > 1


def _rows(figures: Sequence[str], group: Sequence[Submitted]) -> tuple[Row, ...]:
    """The group's rows, ranked, in the order of their headline."""
    cells = [_cells(figures, one.scored.result) for one in group]
    for figure in (figure for figure in figures if figure in RANKED):
        known = [
            place
            for place, one in enumerate(group)
            if cells[place][figure].value is not None and (figure not in OF_PEOPLE or _has_people(one))
        ]
        for place, rank in zip(known, _ranks(figure, [group[place] for place in known]), strict=True):
            cells[place][figure] = replace(cells[place][figure], rank=rank)

    def order(row: Row) -> tuple[float, str]:
        value = row.cells[figures[0]].value
        return -(-np.inf if value is None else value), place_of(row.submitted)

    return tuple(sorted((Row(one, own) for one, own in zip(group, cells, strict=True)), key=order))


def _ranks(figure: str, group: Sequence[Submitted]) -> list[int]:
    beats = np.zeros((len(group), len(group)), dtype=bool)
    for i, other in enumerate(group):
        for j, one in enumerate(group[:i]):
            (found,) = differences(one.scored, other.scored, place_of(one), place_of(other), (figure,))
            if found.difference and beyond_chance(found):
                beats[(i, j) if found.difference > 0 else (j, i)] = True
    return ranks([values(one.scored.result)[figure][0] or 0.0 for one in group], beats)


def _cells(figures: Sequence[str], result: Result) -> dict[str, Cell]:
    imitation, emg = result.imitation, result.emg
    found = {name: Cell(value) for name, (value, _) in values(result).items()} | {
        "emg_mean_r": Cell(emg.mean_r, emg.ci95.mean_r),
        "emg_ratio": Cell(emg.ratio, emg.ci95.ratio),
        "lag_ms": Cell(emg.lag_ms),
        "chance_p95_r": Cell(None if emg.chance is None else emg.chance.circular_shift_p95_r),
        "group_mean_r": Cell(emg.group_mean_r),
        "group_mean_lag_ms": Cell(emg.group_mean_lag_ms),
    }
    if imitation is not None:
        of_clips = ("frame_coverage_pct", "success_pct", "strict_success_pct", "mpjpe_mm")
        found |= {name: replace(found[name], ci95=getattr(imitation, name).ci95) for name in of_clips}
    return {name: found[name] for name in figures}
