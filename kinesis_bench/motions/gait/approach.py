"""From standing to standing elsewhere: turn towards a place and walk there, or turn from it and back up.

What demonstrates the task of target reaching: it sets off at once, takes the way that turns less, and stands
at the end for as long as is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from kinesis_bench.motions.gait.cycle import Bank
from kinesis_bench.motions.gait.path import (
    DT_S,
    MARGIN_S,
    WAKE_S,
    Path,
    double_support,
    integral,
    pulse,
    rise,
    softplus,
)

SETS_OFF_S = 0.2
"""When the turn begins [s]; feet wake so long before, at the clip's beginning."""

BACKWARD_FROM_RAD = np.radians(95.0)
"""Who would have to turn by more to face the place backs up to it instead."""

TURN_RATE_RAD_S = 1.25
TURN_EDGES_S = 0.5
"""A turn lasts angle / rate + edges; the rate is that of the built-in set's turns in place."""

LEAST_TURN_S = 1.0
"""Even a slight turn takes so long [s]."""

STRAIGHT_RAD = 0.05
"""A turn by less makes nobody wait before walking off."""

OVERLAP = 0.45
"""Part of the turn's time after which the body walks off."""

FASTEST_M_S = {False: 0.75, True: 0.6}
"""At most so fast, forward and backward [m/s], unless it would not be there in time."""

SLOWEST_M_S = 0.3
SHORT_S = 1.2
"""A short way is gone at the speed that needs so long for it [s], or at SLOWEST_M_S."""

RAMP_S = 0.9
"""From no speed to full speed, and back [s]."""

LEAST_WALK_S = 1.5

TOO_FAST_M_S = 1.4
"""Nobody who has to start and to stop is asked for more [m/s]."""

STANDS_S = 0.8
"""It stands at least so long at the end [s]."""

STEP_RATE_M_S = 0.55
"""Feet step at least as fast as those of somebody who walks at this speed."""


@dataclass(frozen=True)
class Approach:
    """A way from standing to standing elsewhere.

    Attributes:
        ahead_m, left_m: where the place is, as seen by the body at the beginning [m].
        duration_s: of the clip.
    """

    ahead_m: float
    left_m: float
    duration_s: float

    @property
    def distance_m(self) -> float:
        """How far away the place is."""
        return float(np.hypot(self.ahead_m, self.left_m))

    @property
    def backward(self) -> bool:
        """Whether it backs up to the place."""
        return bool(abs(self._bearing_rad) > BACKWARD_FROM_RAD)

    @property
    def turn_rad(self) -> float:
        """By how much it must turn to have the place straight ahead, or straight behind; left positive."""
        return float(self._bearing_rad - np.sign(self._bearing_rad) * np.pi * self.backward)

    @property
    def turn_s(self) -> float:
        """How long the turn takes."""
        return (
            abs(self.turn_rad) / TURN_RATE_RAD_S + TURN_EDGES_S if abs(self.turn_rad) > STRAIGHT_RAD else 0.0
        )

    @property
    def walks_from_s(self) -> float:
        """When it walks off."""
        return SETS_OFF_S + OVERLAP * self.turn_s

    @property
    def speed(self) -> float:
        """Mean speed between the ramps [m/s].

        Raises:
            ValueError: the place is too far to be reached in time.
        """
        left_s = self.duration_s - STANDS_S - self.walks_from_s - RAMP_S
        if left_s <= 0 or self.distance_m / left_s > TOO_FAST_M_S:
            raise ValueError(f"{self.distance_m:.2f} m are too far for {self.duration_s:g} s")
        easy = min(FASTEST_M_S[self.backward], max(SLOWEST_M_S, self.distance_m / SHORT_S))
        return max(easy, self.distance_m / left_s)

    @property
    def stands_from_s(self) -> float:
        """When it has come to stand."""
        return self.walks_from_s + max(self.distance_m / self.speed + RAMP_S, LEAST_WALK_S)

    @property
    def _bearing_rad(self) -> float:
        return float(np.arctan2(self.left_m, self.ahead_m))


def approach(way: Approach, bank: Bank) -> Path:
    """Go a way with the step rate of ``bank``; one that goes backward is told from its end to its beginning.

    Raises:
        ValueError: the place is too far to be reached in time.
    """
    time = np.arange(-MARGIN_S, way.duration_s + MARGIN_S + DT_S / 2, DT_S)
    turning = pulse(time, SETS_OFF_S, SETS_OFF_S + max(way.turn_s, LEAST_TURN_S))
    walking = rise((time - way.walks_from_s) / RAMP_S) * rise((way.stands_from_s - time) / RAMP_S)
    walking /= walking.sum() * DT_S
    onward = -1.0 if way.backward else 1.0

    def course(turn_rad: float, distance_m: float) -> tuple[np.ndarray, np.ndarray]:
        heading = turn_rad * integral(turning)
        forward = np.stack([np.cos(heading), np.sin(heading)], axis=1)
        speed = onward * distance_m * walking
        return heading, np.stack([integral(speed * forward[:, axis]) for axis in (0, 1)], axis=1)

    def missed(guess: np.ndarray) -> np.ndarray:
        return course(*guess)[1][-1] - [way.ahead_m, way.left_m]

    turn_rad, distance_m = least_squares(missed, [way.turn_rad, way.distance_m]).x
    heading, position = course(turn_rad, distance_m)
    speed = distance_m * walking
    rate = bank.scalar("stride_hz", STEP_RATE_M_S + softplus(speed - STEP_RATE_M_S, 0.03))
    rate *= rise((time - SETS_OFF_S + 0.2) / WAKE_S)
    rate *= rise((max(way.stands_from_s, SETS_OFF_S + way.turn_s) + 0.1 - time) / WAKE_S)
    strides = integral(rate)[-1]
    rate *= max(np.round(strides * 2) / 2, 1.0) / strides
    if way.backward:
        time = way.duration_s - time[::-1]
        speed, heading, position, rate = speed[::-1], heading[::-1], position[::-1], rate[::-1]
    phase = integral(rate) + double_support(bank) + (0.0 if turn_rad < 0 else 0.5)
    return Path(time, speed, heading, position, integral(speed), phase, standing=rate < 1e-9)
