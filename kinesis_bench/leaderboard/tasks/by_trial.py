"""The figures of a task that follow from ``trials.csv`` alone, and what each trial adds to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinesis_bench.evaluation.tasks.penalty_kick import FLAGS
from kinesis_bench.evaluation.tasks.schema import Mean, Proportion, TaskFigures
from kinesis_bench.evaluation.tasks.target import ARRIVED_M
from kinesis_bench.leaderboard.tasks.trial_table import TrialTable
from kinesis_bench.metrics.paired import Sums
from kinesis_bench.tasks.direction import COMMAND_STEPS

SUCCESS = "success_pct"
"""Name of the headline."""


def figures_by_trial(module: str, table: TrialTable) -> dict[str, Sums]:
    """Each figure's parts, N trials in one run, by its name in the result; a proportion's ends in ``_pct``.

    Args:
        module: of ``TaskInfo``.
        table: the trials.

    Raises:
        ValueError: the table lacks a column, or has a cell that is no number.
    """
    return OF_TASK[module](table)


def figure_of(figures: TaskFigures, name: str) -> Proportion | Mean | None:
    """A figure of a result by such a name; None where it has none."""
    short = name.removesuffix("_pct")
    proportions = {"success": figures.success, **figures.proportions}
    return proportions[short] if short != name and short in proportions else figures.means.get(name)


def value_of(figure: Proportion | Mean | None) -> float | None:
    """Its number."""
    if figure is None:
        return None
    return figure.pct if isinstance(figure, Proportion) else figure.mean


def _target(table: TrialTable) -> dict[str, Sums]:
    steps, end_m = table.steps, table.numbers("last_distance_m")
    held = table.whole_steps - steps
    return {
        SUCCESS: _share(table.whole & (end_m < ARRIVED_M)),
        "fell_pct": _share(~table.whole),
        "start_distance_m": _mean(np.hypot(table.numbers("goal_x_m"), table.numbers("goal_y_m"))),
        "end_distance_m": _mean(end_m),
        "mean_distance_m": _mean(
            (steps * table.numbers("mean_distance_m") + held * end_m) / table.whole_steps
        ),
        "standing_s": _mean(table.dt_s * steps),
        "excitation": _mean(table.numbers("mean_excitation")),
    }


def _direction(table: TrialTable) -> dict[str, Sums]:
    """Success, which takes the whole path, is not among them."""
    standing_s, progress_m = table.dt_s * table.steps, table.numbers("last_progress_m")
    return {
        "velocity_along_command_while_standing_m_s": Sums(progress_m[:, None], standing_s[:, None]),
        "velocity_along_command_m_s": _mean(progress_m / (table.dt_s * table.whole_steps)),
        "fell_pct": _share(~table.whole),
        "fell_before_the_first_switch_pct": _share(table.steps <= COMMAND_STEPS),
        "standing_s": _mean(standing_s),
        "excitation": _mean(table.numbers("mean_excitation")),
    }


def _penalty_kick(table: TrialTable) -> dict[str, Sums]:
    flags = {"success": "goal", **FLAGS}
    return {f"{name}_pct": _share(table.numbers(f"last_{flag}") > 0) for name, flag in flags.items()} | {
        "trial_s": _mean(table.dt_s * table.steps),
        "excitation": _mean(table.numbers("mean_excitation")),
    }


OF_TASK: dict[str, Callable[[TrialTable], dict[str, Sums]]] = {
    "target": _target,
    "direction": _direction,
    "penalty_kick": _penalty_kick,
}
"""By the task's module."""


def _share(holds: np.ndarray) -> Sums:
    return _mean(100.0 * holds)


def _mean(values: np.ndarray) -> Sums:
    return Sums(values[:, None], np.ones((len(values), 1)))
