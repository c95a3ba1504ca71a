"""Somebody who stands goes to a place around and stands there: demonstrations of target reaching.

All are by one person and without chance, so that the same place is always reached the same way: who learns
from them sees the place alone.
"""

from __future__ import annotations

import numpy as np

from kinesis_bench.motions.gait.approach import Approach
from kinesis_bench.motions.gait.feet import Steps
from kinesis_bench.motions.gait.plan import Cell, ClipPlan
from kinesis_bench.motions.gait.pose import Style
from kinesis_bench.motions.gait.speeds import STEP_WIDTH_M

DATASET = "normative-gait-goals-v1"

CLIPS = 400

DURATION_S = 5.0
"""As long as a trial of ``tasks.target``."""

REACH_M = 1.05
"""Places are drawn evenly from a square of half this side, a little more than a trial's goals [m]."""

STEP_WIDTH = STEP_WIDTH_M + 0.03
"""As in the built-in set's turns in place [m]."""


def goal_plans() -> tuple[ClipPlan, ...]:
    """The demonstrations; the same at every call."""
    places = np.random.default_rng(0).uniform(-REACH_M, REACH_M, (CLIPS, 2))
    return tuple(goal_plan(f"goal/{number:03d}", *place) for number, place in enumerate(places.tolist()))


def goal_plan(key: str, ahead_m: float, left_m: float) -> ClipPlan:
    """The demonstration of one place.

    Args:
        key: of the clip.
        ahead_m, left_m: the place as the standing body sees it [m].
    """
    way = Approach(ahead_m, left_m, DURATION_S)
    aside = "left" if left_m > 0 else "right"
    along = "behind" if ahead_m < 0 else "ahead"
    return ClipPlan(
        key=key,
        cell=Cell("backward" if way.backward else "walk", round(way.speed, 1), "start-stop"),
        split="",
        side=1.0 if way.turn_rad >= 0 else -1.0,
        course=way,
        style=Style(Steps(width_m=STEP_WIDTH), arms=0.2),
        people=(1 / 3, 1 / 3, 1 / 3),
        texts=(
            f"a person goes to a place {abs(ahead_m):.2f} m {along} and {abs(left_m):.2f} m to the {aside}",
        ),
    )
