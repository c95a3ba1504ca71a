"""Whether a task's figures are those of its trials, and its trials those that were drawn and simulated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kinesis_bench.evaluation.tasks.compare import ScoredTrials
from kinesis_bench.evaluation.tasks.evaluate import WHOLE_WORD
from kinesis_bench.evaluation.tasks.figures import SUCCESS, proportion
from kinesis_bench.evaluation.tasks.result import FIGURE
from kinesis_bench.evaluation.tasks.schema import Mean, TaskResult
from kinesis_bench.evaluation.tasks.trial_table import ENDING, TrialTable
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.leaderboard.figures import Difference, row_differences, value_differences
from kinesis_bench.leaderboard.tasks.derived import derived
from kinesis_bench.metrics.paired import Sums
from kinesis_bench.metrics.statistics import Interval, resample

RESTARTED = 2e-3
"""How far a cell of a trial may be from the one computed anew, where the trial came out by its single seconds
only [m, rad, s]: twice what keypoints of such seconds differ by."""

ENDS = 0.2
"""How far an end of a mean's interval may be from the one that is found anew by resampling, in parts of its
width. Measured: bootstraps of 1,000 trials, of twelve seeds, differ by up to 0.10."""

FEW = 30
"""Intervals over fewer trials are not compared: their ends jump."""

CHANCE = 1e-6
"""Recorded trials are drawn as all others are. Where they differ from the others by more than this chance,
the others are refused."""


def trial_differences(told: TrialTable, found: TrialTable, same: frozenset[int]) -> list[Difference]:
    """All cells of the recorded trials that differ at all.

    Args:
        told: as submitted.
        found: as simulated, its first ones.
        same: trials that came out whole.
    """
    different = []
    for trial in range(found.trials):
        cells = row_differences(told.row(trial), found.row(trial), f"trial {trial}")
        if trial not in same:
            cells = [replace(one, refused=not one.size <= RESTARTED) for one in cells]
        different += cells
    return different


def draw_differences(told: TrialTable, drawn: Sequence[dict[str, Any]]) -> list[Difference]:
    """All cells of what trials drew that differ from what the seed draws.

    Args:
        told: as submitted.
        drawn: of every trial, column to cell.
    """
    different = []
    for trial, cells in enumerate(drawn):
        shown = {name: str(value) for name, value in cells.items()}
        stated = {name: value for name, value in told.row(trial).items() if name in shown}
        different += row_differences(stated, shown, f"trial {trial}")
    return different


def derived_differences(module: str, table: TrialTable) -> list[Difference]:
    """Cells of figures that do not follow from the others of their trial.

    Args:
        module: of ``TaskInfo``.
        table: as submitted.

    Raises:
        InputError: the table lacks a column, or has a cell that is no number.
    """
    different = []
    for name, values in derived(module, table).items():
        told = table.numbers(f"{FIGURE}{name}")
        for trial in np.flatnonzero(told != values):
            where = f"trial {trial}: {FIGURE}{name}"
            different += value_differences(float(told[trial]), float(values[trial]), where)
    return different


def result_differences(scored: ScoredTrials, table: TrialTable) -> list[Difference]:
    """All figures of a result that differ from those that follow from its trials.

    Args:
        scored: as submitted.
        table: its trials.
    """
    result, figures = scored.result, scored.result.figures
    different = _counts(result, table)
    for name, share in {SUCCESS: figures.success, **figures.proportions}.items():
        anew = proportion(scored.parts[f"{name}_pct"].numerator[:, 0] > 0)
        different += value_differences(to_json(share), to_json(anew), f"figures.{name}")
    for name, mean in figures.means.items():
        if name in scored.parts:
            different += _mean(mean, scored.parts[name], f"figures.{name}")
    return different


def recorded_differences(parts: Mapping[str, Sums], recorded: int) -> list[str]:
    """Where the trials that were not recorded cannot be of the same kind as those that were, a line each.

    Trials are drawn independently, so which ones are recorded is no choice. Numbers of each trial are
    compared by the test of Kolmogorov and Smirnov, which is cautious where many are equal.

    Args:
        parts: of the figures, trial by trial.
        recorded: how many of the first are.
    """
    from scipy import stats

    wrong = []
    for name, sums in parts.items():
        top, bottom = sums.numerator[:, 0], sums.denominator[:, 0]
        values = np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), -1.0)
        if recorded == len(values):
            continue
        p = float(stats.ks_2samp(values[:recorded], values[recorded:]).pvalue)
        if p < CHANCE:
            wrong.append(
                f"trials.csv: {name} of the trials without a record is not that of the {recorded} recorded "
                f"ones (chance {p:.1e})"
            )
    return wrong


def _counts(result: TaskResult, table: TrialTable) -> list[Difference]:
    endings: dict[str, int] = {}
    for ending in table.columns[ENDING]:
        word = ending or WHOLE_WORD
        endings[word] = endings.get(word, 0) + 1
    return [
        *value_differences(result.endings, endings, "endings"),
        *value_differences(result.control_steps, int(table.steps.sum()), "control_steps"),
    ]


def _mean(told: Mean, sums: Sums, where: str) -> list[Difference]:
    """What differs of a mean, or of a ratio of sums, whose denominators are not 0 and 1."""
    top, bottom = sums.numerator, sums.denominator
    plain = bool(np.isin(bottom, (0, 1)).all())
    if plain:
        top, bottom = top[bottom[:, 0] > 0], bottom[bottom[:, 0] > 0]
    found = int((bottom > 0).sum())
    different = value_differences(told.trials, found, f"{where}.trials")
    if not found:
        return different + value_differences((told.mean, told.sd, told.ci95), (None,) * 3, where)
    resampling = resample(np.zeros(len(top)), np.random.default_rng(0))
    samples = Sums(top, bottom).figure(resampling.weights)
    different += value_differences(told.mean, float(samples[0]), f"{where}.mean")
    if plain:
        sd = float(top[:, 0].std(ddof=1)) if found > 1 else None
        different += value_differences(told.sd, sd, f"{where}.sd")
    anew = resampling.interval(samples)
    if found >= FEW and not _alike(told.ci95, anew):
        different.append(Difference(f"{where}.ci95", told.ci95, anew, math.inf, "", True))
    return different


def _alike(told: Interval | None, found: Interval | None) -> bool:
    """Whether two bootstraps of the same numbers can have given these."""
    if told is None or found is None:
        return told is found
    width = found[1] - found[0]
    return all(abs(a - b) <= ENDS * width for a, b in zip(told, found, strict=True))
