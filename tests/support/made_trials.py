"""Trials of target reaching whose figures are known by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.evaluation.tasks.run import Trial, TrialRun
from kinesis_bench.tasks.target import TargetTrial

STEPS, DT_S = 5, 1 / 30


def trial(number: int, distance_m: Sequence[float], ending: str = "", **start: float) -> Trial:
    """A trial with these distances after each step, and an excitation of 0.1 throughout."""
    begun = TargetTrial(**{"heading_rad": 0.0, "goal_x_m": 0.3, "goal_y_m": 0.1, **start})
    measured = {"distance_m": np.array(distance_m), "excitation": np.full(len(distance_m), 0.1)}
    return Trial(number, begun, ending, measured)


def made_run() -> TrialRun:
    """One that arrives and stays, one that arrives and goes on, one that falls at the goal, one far off."""
    fell = "the body fell"
    trials = (
        trial(0, (0.3, 0.2, 0.09, 0.05, 0.05)),
        trial(1, (0.3, 0.09, 0.05, 0.2, 0.3), goal_x_m=-0.3),
        trial(2, (0.2, 0.08), fell, heading_rad=np.pi / 2),
        trial(3, (0.9,), fell, goal_x_m=0.9, goal_y_m=-0.7),
    )
    return TrialRun(trials, DT_S, STEPS)
