"""Target reaching: the pelvis is to come to a goal on the plane and be there, standing, at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinesis_bench.tasks.goal import GoalRows

STEPS = 150
"""Control steps of a trial, 5 s (KINESIS's code)."""


@dataclass(frozen=True)
class TargetTrial:
    """One trial; the pelvis begins above the plane's origin.

    Attributes:
        heading_rad: where it looks, counter-clockwise from world +x.
        goal_x_m, goal_y_m: the goal, world axes [m].
    """

    heading_rad: float
    goal_x_m: float
    goal_y_m: float

    @property
    def goal_ahead_left_m(self) -> tuple[float, float]:
        """The goal as the standing body sees it: how far ahead, and how far to its left [m]."""
        c, s = np.cos(self.heading_rad), np.sin(self.heading_rad)
        x, y = self.goal_x_m, self.goal_y_m
        return float(c * x + s * y), float(c * y - s * x)


class Target(GoalRows):
    """Rows that reach for goals drawn evenly from a square around the pelvis; args as ``MakeTask``.

    Attributes:
        reach_m: half the square's side [m].
    """

    steps = STEPS
    reach_m = 1.0
    """The paper's 2 x 2 m."""

    def draw(self, rng: np.random.Generator) -> TargetTrial:
        """A facing and a goal."""
        heading, x, y = rng.uniform(-1, 1, 3)
        return TargetTrial(float(np.pi * heading), float(self.reach_m * x), float(self.reach_m * y))

    def start(self, rows: Any, trials: Sequence[TargetTrial], *, push_m_s: Any = None) -> None:
        """Begin trials, one a row."""
        goal = np.array([(trial.goal_x_m, trial.goal_y_m) for trial in trials])
        self.stand(rows, np.array([trial.heading_rad for trial in trials]), goal, push_m_s)


class TargetFar(Target):
    """The same with a square of 4 x 4 m, as in KINESIS's code."""

    reach_m = 2.0
