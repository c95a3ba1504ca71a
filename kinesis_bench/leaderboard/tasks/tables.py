"""The tables of the downstream tasks: one a task (with its options), protocol and body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.differences import trial_differences
from kinesis_bench.evaluation.tasks.figures import named_figures
from kinesis_bench.leaderboard.folder import SubmittedTask, place_of
from kinesis_bench.leaderboard.ranks import beyond_chance, ranks
from kinesis_bench.leaderboard.table import TASK, TASK_RANKED, Cell, Row, Table
from kinesis_bench.tasks.registry import TASKS


def task_tables(submissions: Sequence[SubmittedTask]) -> list[Table]:
    """The tables of tasks.

    Raises:
        InputError: two submissions say that they are of one thing but did not draw the same trials.
    """
    groups: dict[tuple[object, ...], list[SubmittedTask]] = {}
    for one in submissions:
        result = one.scored.result
        of = (one.submission.board, result.protocol, result.body.name, result.body.model_sha256, result.seed)
        groups.setdefault((*of, result.trials), []).append(one)
    return [_table(group) for group in groups.values()]


def _table(group: Sequence[SubmittedTask]) -> Table:
    _refuse_other_trials(group)
    first = group[0].scored
    result = first.result
    figures = TASK[TASKS[result.task].module]
    options = "".join(f", {name} {value}" for name, value in sorted(result.options.items()))
    return Table(
        kind="task",
        protocol=result.protocol,
        body=result.body.name,
        body_sha256=result.body.model_sha256,
        data=result.task + options,
        split="",
        data_sha256="",
        source="",
        cycle_zero="",
        units=result.trials,
        figures=figures,
        rows=_rows(figures, group),
        references=(),
    )


def _refuse_other_trials(group: Sequence[SubmittedTask]) -> None:
    drawn = [one.scored.table.drawn for one in group]
    for one, cells in zip(group, drawn, strict=True):
        if cells != drawn[0]:
            problem = f"its trials did not draw what those of {place_of(group[0])} did"
            raise InputError(one.folder, problem, "verify both, and leave out the one that is refused")


def _rows(figures: Sequence[str], group: Sequence[SubmittedTask]) -> tuple[Row, ...]:
    known = [named_figures(one.scored.result.figures) for one in group]
    cells = [{name: Cell(own[name].value, own[name].ci95) for name in figures} for own in known]
    for figure in (figure for figure in figures if figure in TASK_RANKED):
        for own, rank in zip(cells, _ranks(figure, group), strict=True):
            own[figure] = replace(own[figure], rank=rank)
    sign = TASK_RANKED[figures[0]]

    def order(row: Row) -> tuple[float, str]:
        value = row.cells[figures[0]].value
        return np.inf if value is None else -sign * value, place_of(row.submitted)

    return tuple(sorted((Row(one, own) for one, own in zip(group, cells, strict=True)), key=order))


def _ranks(figure: str, group: Sequence[SubmittedTask]) -> list[int]:
    sign = TASK_RANKED[figure]
    beats = np.zeros((len(group), len(group)), dtype=bool)
    for i, other in enumerate(group):
        for j, one in enumerate(group[:i]):
            both = (one.scored.result.figures, other.scored.result.figures)
            (found,) = trial_differences((figure,), both, (one.scored.parts, other.scored.parts))
            if found.difference and beyond_chance(found):
                beats[(i, j) if sign * found.difference > 0 else (j, i)] = True
    values = (named_figures(one.scored.result.figures)[figure].value for one in group)
    return ranks([sign * (value or 0.0) for value in values], beats)
