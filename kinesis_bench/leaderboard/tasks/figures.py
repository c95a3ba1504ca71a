"""Whether a task's figures are those of its trials, and its trials those that were drawn and simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kinesis_bench.evaluation.tasks.evaluate import WHOLE_WORD
from kinesis_bench.evaluation.tasks.figures import proportion
from kinesis_bench.evaluation.tasks.schema import Mean, Proportion, TaskFigures, TaskResult
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.leaderboard.figures import Difference, row_differences, value_differences
from kinesis_bench.leaderboard.tasks.by_trial import figure_of
from kinesis_bench.leaderboard.tasks.scored import ScoredTask
from kinesis_bench.leaderboard.tasks.trial_table import TrialTable
from kinesis_bench.metrics.paired import Sums
from kinesis_bench.metrics.statistics import Interval, resample

RESTARTED = 2e-3
"""How far a cell of a trial may be from the one computed anew, where the trial came out by its single seconds
only [m, rad, s]: twice what keypoints of such seconds differ by."""

ENDS = 0.2
"""How far an end of a mean's interval may be from the one that is found anew by resampling, in parts of its
width. Measured: bootstraps of 1,000 trials, of twelve seeds, differ by up to 0.10."""

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


def result_differences(scored: ScoredTask) -> list[Difference]:
    """All figures of a result that differ from those that follow from its trials, or from one another."""
    result, table = scored.result, scored.trials
    different = _counts(result, table)
    for name, sums in scored.by_trial.items():
        different += _figure(figure_of(result.figures, name), sums, f"figures.{name}")
    for name, share in {"success": result.figures.success, **result.figures.proportions}.items():
        different += _share(share, table.trials, f"figures.{name}")
    followed, whole = result.figures.success.count, int(table.whole.sum())
    if followed > whole and result.task != "penalty-kick":
        different.append(Difference("figures.success.count", followed, whole, math.inf, "", True))
    return different


def recorded_differences(scored: ScoredTask, recorded: TrialTable, figures: TaskFigures) -> list[str]:
    """Where the trials that were not recorded cannot be of the same kind as those that were, a line each.

    Trials are drawn independently, so which ones are recorded is no choice. Numbers of each trial are
    compared by the test of Kolmogorov and Smirnov, which is cautious where many are equal; and a count of
    all trials must be possible beside that of the recorded ones (Fisher's exact test).

    Args:
        scored: as submitted.
        recorded: the recorded trials.
        figures: of these alone.
    """
    from scipy import stats

    count, total = recorded.trials, scored.trials.trials
    if count == total:
        return []
    wrong = []
    for name, sums in scored.by_trial.items():
        values = sums.numerator[:, 0] / sums.denominator[:, 0]
        p = float(stats.ks_2samp(values[:count], values[count:]).pvalue)
        if p < CHANCE:
            wrong.append(
                f"trials.csv: {name} of the trials without a record is not that of the {count} recorded ones "
                f"(chance {p:.1e})"
            )
    shares = {"success": scored.result.figures.success, **scored.result.figures.proportions}
    own = {"success": figures.success, **figures.proportions}
    for name, share in shares.items():
        if name not in own:
            continue
        seen, others = own[name].count, share.count - own[name].count
        if not 0 <= others <= total - count:
            p = 0.0
        else:
            p = float(stats.fisher_exact([[seen, count - seen], [others, total - count - others]]).pvalue)
        if p < CHANCE:
            wrong.append(
                f"result.json: figures.{name} counts {share.count} of {total} trials, but of the {count} "
                f"simulated again {seen} (chance {p:.1e})"
            )
    return wrong


def _counts(result: TaskResult, table: TrialTable) -> list[Difference]:
    endings: dict[str, int] = {}
    for ending in table.columns["ending"]:
        word = ending or WHOLE_WORD
        endings[word] = endings.get(word, 0) + 1
    return [
        *value_differences(result.endings, endings, "endings"),
        *value_differences(result.control_steps, int(table.steps.sum()), "control_steps"),
    ]


def _share(share: Proportion, trials: int, where: str) -> list[Difference]:
    """Whether a proportion is of all trials, and its per cent and interval those of its count."""
    if not 0 <= share.count <= trials:
        return [Difference(f"{where}.count", share.count, f"at most {trials}", math.inf, "", True)]
    anew = proportion(np.arange(trials) < share.count)
    return value_differences(to_json(share), to_json(anew), where)


def _figure(told: Proportion | Mean | None, sums: Sums, where: str) -> list[Difference]:
    values, trials = sums.numerator[:, 0], len(sums.numerator)
    if isinstance(told, Proportion):
        return value_differences(told.count, int((values > 0).sum()), f"{where}.count")
    if told is None:
        return [Difference(where, None, "a figure", math.inf, "", True)]
    resampling = resample(np.zeros(trials), np.random.default_rng(0))
    samples = sums.figure(resampling.weights)
    different = value_differences(told.mean, float(samples[0]), f"{where}.mean")
    different += value_differences(told.trials, trials, f"{where}.trials")
    if (sums.denominator == 1).all():
        sd = float(values.std(ddof=1)) if trials > 1 else None
        different += value_differences(told.sd, sd, f"{where}.sd")
    if not _alike(told.ci95, anew := resampling.interval(samples)):
        different.append(Difference(f"{where}.ci95", told.ci95, anew, math.inf, "", True))
    return different


def _alike(told: Interval | None, found: Interval | None) -> bool:
    """Whether two bootstraps of the same numbers can have given these."""
    if told is None or found is None:
        return told is found
    width = found[1] - found[0]
    return all(abs(a - b) <= ENDS * width for a, b in zip(told, found, strict=True))
