"""Figures of a trial that also follow from its other columns in ``trials.csv``, so that both must agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinesis_bench.evaluation.tasks.figures import SUCCESS
from kinesis_bench.evaluation.tasks.penalty_kick import FLAGS
from kinesis_bench.evaluation.tasks.target import ARRIVED_M
from kinesis_bench.evaluation.tasks.trial_table import TrialTable
from kinesis_bench.tasks.direction import COMMAND_STEPS


def derived(module: str, table: TrialTable) -> dict[str, np.ndarray]:
    """Name of a figure to the (N,) numbers of the trials, 0 and 1 where it is counted.

    Args:
        module: of ``TaskInfo``.
        table: the trials.

    Raises:
        InputError: the table lacks a column, or has a cell that is no number.
    """
    return {"excitation": table.numbers("mean_excitation"), **OF_TASK[module](table)}


def _target(table: TrialTable) -> dict[str, np.ndarray]:
    steps, end_m = table.steps, table.numbers("last_distance_m")
    held = table.whole_steps - steps
    return {
        SUCCESS: table.whole & (end_m < ARRIVED_M),
        "fell": ~table.whole,
        "start_distance_m": np.hypot(table.numbers("goal_x_m"), table.numbers("goal_y_m")),
        "end_distance_m": end_m,
        "mean_distance_m": (steps * table.numbers("mean_distance_m") + held * end_m) / table.whole_steps,
        "standing_s": table.dt_s * steps,
    }


def _direction(table: TrialTable) -> dict[str, np.ndarray]:
    return {
        "fell": ~table.whole,
        "fell_before_the_first_switch": table.steps <= COMMAND_STEPS,
        "velocity_along_command_m_s": table.numbers("last_progress_m") / (table.dt_s * table.whole_steps),
        "standing_s": table.dt_s * table.steps,
    }


def _penalty_kick(table: TrialTable) -> dict[str, np.ndarray]:
    flags = {SUCCESS: "goal", **FLAGS}
    counted = {name: table.numbers(f"last_{flag}") > 0 for name, flag in flags.items()}
    return {**counted, "trial_s": table.dt_s * table.steps}


OF_TASK: dict[str, Callable[[TrialTable], dict[str, np.ndarray]]] = {
    "target": _target,
    "direction": _direction,
    "penalty_kick": _penalty_kick,
}
"""By the task's module."""
