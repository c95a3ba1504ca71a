"""The tables of the downstream tasks: one a task (with its options), protocol and body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.compare import SEED
from kinesis_bench.evaluation.comparison import Difference
from kinesis_bench.leaderboard.folder import SubmittedTask, place_of
from kinesis_bench.leaderboard.ranks import beyond_chance, ranks
from kinesis_bench.leaderboard.table import TASK, TASK_RANKED, Cell, Row, Table
from kinesis_bench.leaderboard.tasks.by_trial import figure_of, value_of
from kinesis_bench.metrics.paired import paired_interval, paired_test
from kinesis_bench.metrics.statistics import resample


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
    result, figures = first.result, TASK[first.info.module]
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
    drawn = [one.scored.trials.drawn for one in group]
    for one, cells in zip(group, drawn, strict=True):
        if cells != drawn[0]:
            problem = f"its trials did not draw what those of {place_of(group[0])} did"
            raise InputError(one.folder, problem, "verify both, and leave out the one that is refused")


def _rows(figures: Sequence[str], group: Sequence[SubmittedTask]) -> tuple[Row, ...]:
    cells = [{name: _cell(one, name) for name in figures} for one in group]
    for figure in (figure for figure in figures if figure in TASK_RANKED):
        if all(figure in one.scored.by_trial for one in group):
            for own, rank in zip(cells, _ranks(figure, group), strict=True):
                own[figure] = replace(own[figure], rank=rank)
    sign = TASK_RANKED[figures[0]]

    def order(row: Row) -> tuple[float, str]:
        value = row.cells[figures[0]].value
        return np.inf if value is None else -sign * value, place_of(row.submitted)

    return tuple(sorted((Row(one, own) for one, own in zip(group, cells, strict=True)), key=order))


def _cell(one: SubmittedTask, name: str) -> Cell:
    figure = figure_of(one.scored.result.figures, name)
    return Cell(value_of(figure), None if figure is None else figure.ci95)


def _ranks(figure: str, group: Sequence[SubmittedTask]) -> list[int]:
    """Ranks by what follows from the trials, each of which all have run."""
    sums = [one.scored.by_trial[figure] for one in group]
    trials, sign = len(sums[0].numerator), TASK_RANKED[figure]
    resampling = resample(np.zeros(trials), np.random.default_rng(SEED))
    values = [float(own.figure(np.ones((1, trials)))[0]) for own in sums]
    beats = np.zeros((len(group), len(group)), dtype=bool)
    for i, other in enumerate(sums):
        for j, one in enumerate(sums[:i]):
            ci95 = paired_interval(one, other, resampling)
            test = paired_test(one, other, np.random.default_rng(SEED))
            difference = values[i] - values[j]
            found = Difference(
                figure,
                values[j],
                values[i],
                difference,
                ci95,
                test.p,
                test.p,
                test.exact,
                "trials",
                trials,
                {},
            )
            if difference and beyond_chance(found):
                beats[(i, j) if sign * difference > 0 else (j, i)] = True
    return ranks([sign * value for value in values], beats)
