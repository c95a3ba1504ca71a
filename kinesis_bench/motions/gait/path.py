"""Where the body goes and when it steps: speed, heading, position and gait phase of a clip over time.

A clip is cut out of a longer walk, so that footholds before its first and after its last frame exist. The
phase counts strides of the right leg from its foot contact; the left leg is half a stride behind.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from kinesis_bench.motions.gait.cycle import Bank

DT_S = 0.005
MARGIN_S = 3.0
"""Time walked before and after the clip [s]."""

WAKE_S = 0.35
"""From standing to full step rate [s]."""

START_S = 1.3
STOP_S = 1.2


@dataclass(frozen=True)
class Course:
    """What is asked of a clip's path.

    Attributes:
        duration_s: of the clip.
        speed: along the path, steady part [m/s].
        start_s: when the body sets off from standing [s], or None where it is walking already.
        stop_s: when it has come to stand [s] (moved a little so that it ends in double support), or None.
        radius_m: of the arc it walks, infinite for straight.
        side: +1 turns left, -1 right.
        turn_rad: angle of a turn in place, zero for none.
        turn_from_s, turn_to_s: when that turn begins and ends.
        cadence: factor on the table's step rate.
        first_foot: +1 where the right foot is ahead at first, -1 for the left.
        phase: of the right leg at the beginning of a clip that is under way.
    """

    duration_s: float
    speed: float
    start_s: float | None = None
    stop_s: float | None = None
    radius_m: float = np.inf
    side: float = 1.0
    turn_rad: float = 0.0
    turn_from_s: float = 0.0
    turn_to_s: float = 0.0
    cadence: float = 1.0
    first_foot: float = 1.0
    phase: float = 0.0


@dataclass(frozen=True)
class Path:
    """A walked course, every ``DT_S`` and with ``MARGIN_S`` before and after the clip (until ``at``).

    Attributes:
        time: (N,) [s], zero at the clip's first frame.
        speed: (N,) [m/s].
        heading: (N,) [rad], left positive.
        position: (N, 2) [m].
        distance: (N,) gone so far [m].
        phase: (N,) strides of the right leg.
        standing: (N,) whether the body stands and no foot moves.
    """

    time: np.ndarray
    speed: np.ndarray
    heading: np.ndarray
    position: np.ndarray
    distance: np.ndarray
    phase: np.ndarray
    standing: np.ndarray

    def at(self, frames: np.ndarray) -> Path:
        """The path at some of its moments."""
        return Path(**{item.name: getattr(self, item.name)[frames] for item in fields(self)})


def walk(course: Course, bank: Bank) -> Path:
    """Walk a course with the step rate of ``bank``."""
    time = np.arange(-MARGIN_S, course.duration_s + MARGIN_S + DT_S / 2, DT_S)
    begin, end = course.start_s, course.stop_s
    rest = double_support(bank) + (0.5 if course.first_foot < 0 else 0.0)
    if end is not None and begin is not None:
        for _ in range(4):
            phase = _phase(course, bank, time, begin, end)
            travelled = phase[-1] - phase[0]
            stride_s = 1 / (course.cadence * float(bank.scalar("stride_hz", course.speed)[0]))
            end += float(np.round(travelled * 2) / 2 - travelled) * stride_s
    phase = _phase(course, bank, time, begin, end)
    if begin is not None:
        phase += rest - phase[0]
    elif end is not None:
        phase += rest - phase[-1]
    else:
        phase += course.phase - phase[np.searchsorted(time, 0.0)]
    speed = _speed(course, time, begin, end)
    turning = np.zeros_like(time)
    if np.isfinite(course.radius_m):
        turning += course.side * speed / course.radius_m
    if course.turn_rad:
        turning += course.side * course.turn_rad * pulse(time, course.turn_from_s, course.turn_to_s)
    heading = integral(turning)
    heading -= heading[np.searchsorted(time, 0.0)]
    position = np.stack([integral(speed * np.cos(heading)), integral(speed * np.sin(heading))], axis=1)
    position -= position[np.searchsorted(time, 0.0)]
    standing = np.gradient(phase, DT_S) < 1e-9
    return Path(time, speed, heading, position, integral(speed), phase, standing)


def _speed(course: Course, time: np.ndarray, begin: float | None, end: float | None) -> np.ndarray:
    speed = np.full_like(time, course.speed)
    if begin is not None:
        speed *= rise((time - begin) / START_S)
    if end is not None:
        speed *= rise((end - time) / STOP_S)
    if course.turn_rad:
        slow = 0.12 / course.speed
        dip = rise((time - course.turn_from_s + 0.9) / 1.2) * rise((course.turn_to_s + 0.9 - time) / 1.2)
        speed *= 1.0 - (1.0 - slow) * dip
    return speed


def _phase(
    course: Course, bank: Bank, time: np.ndarray, begin: float | None, end: float | None
) -> np.ndarray:
    """Strides since the first moment; steps stay brisk while the body sets off, stops or turns."""
    speed = _speed(course, time, begin, end)
    brisk = min(0.7 * course.speed, 0.9) if not course.turn_rad else min(course.speed, 0.95)
    paced = brisk + softplus(speed - brisk, 0.03) if _varies(course) else speed
    rate = course.cadence * bank.scalar("stride_hz", np.minimum(paced, max(course.speed, brisk)))
    if begin is not None:
        rate *= rise((time - begin + 0.2) / WAKE_S)
    if end is not None:
        rate *= rise((end + 0.2 - time) / WAKE_S)
    return integral(rate)


def _varies(course: Course) -> bool:
    return course.start_s is not None or course.stop_s is not None or bool(course.turn_rad)


def double_support(bank: Bank) -> float:
    """The right leg's phase amid the double support before its foot leaves the floor, standing."""
    return float(0.25 + bank.scalar("duty", 0.0)[0] / 2)


def rise(part: np.ndarray) -> np.ndarray:
    """From 0 to 1 with two continuous derivatives."""
    x = np.clip(part, 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x**2)


def pulse(time: np.ndarray, begin: float, end: float) -> np.ndarray:
    """A rate of unit integral between two times, flat in the middle, smooth at its ends."""
    edge = min(0.7, (end - begin) / 2)
    shape = rise((time - begin) / edge) * rise((end - time) / edge)
    return shape / (shape.sum() * DT_S)


def softplus(value: np.ndarray, width: float) -> np.ndarray:
    """The larger of the value and zero, rounded off over ``width``."""
    return width * np.logaddexp(0.0, value / width)


def integral(rate: np.ndarray) -> np.ndarray:
    """Of a rate (N,) given every ``DT_S``, zero at first."""
    return np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2) * DT_S])
