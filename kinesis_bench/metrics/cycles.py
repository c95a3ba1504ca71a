"""Which gait cycles count, and their mean curve (protocol ``kinesis-bench-1``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.metrics.curves import resample_cycle

MAX_HEADING_CHANGE_DEG = 15.0
"""The pelvis's heading at a cycle's end and start differ by less than this."""

SPEED_TOLERANCE_M_S = 0.25
"""A cycle's speed lies within this of the human condition's."""

MIN_CYCLES = 3
"""Fewer cycles than this give no mean curve."""

DURATION_SDS = 2.0
"""Cycles farther than this many population SDs from the mean duration are dropped."""


@dataclass(frozen=True)
class Walk:
    """What cycle selection needs of one clip; T rows, row i at (i + 1)·dt_s.

    Attributes:
        key: the clip (and run).
        dt_s: control period [s].
        strikes_s: (strikes,) times at which the compared foot strikes the ground [s].
        covered: rows before the clip's failure.
        pelvis_position: (T, 3) or (T, 2) [m].
        pelvis_heading: (T,) yaw, unwrapped [rad].
    """

    key: str
    dt_s: float
    strikes_s: np.ndarray
    covered: int
    pelvis_position: np.ndarray
    pelvis_heading: np.ndarray


@dataclass(frozen=True)
class GaitCycle:
    """One cycle, from a strike of the compared foot to the next.

    Attributes:
        walk: index of the clip in the sequence given to ``steady_cycles``.
        start_s, end_s: [s] after the clip's start.
        speed_m_s: forward speed, along the pelvis's mean heading [m/s].
        heading_change_deg: of the pelvis, from the start to the end [deg].
    """

    walk: int
    start_s: float
    end_s: float
    speed_m_s: float
    heading_change_deg: float

    @property
    def duration_s(self) -> float:
        """Length of the cycle [s]."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class SteadyCycles:
    """The cycles that count, and how many were left out by each rule, applied in this order.

    Attributes:
        cycles: those kept.
        found: all cycles between two strikes.
        first_of_clip, not_covered, turning, other_speed, odd_duration: left out, by rule.
    """

    cycles: tuple[GaitCycle, ...]
    found: int
    first_of_clip: int
    not_covered: int
    turning: int
    other_speed: int
    odd_duration: int

    @property
    def enough(self) -> bool:
        """Whether there are at least ``MIN_CYCLES``."""
        return len(self.cycles) >= MIN_CYCLES

    @property
    def mean_duration_s(self) -> float | None:
        """Mean length of the kept cycles [s], None if there are none."""
        if not self.cycles:
            return None
        return float(np.mean([cycle.duration_s for cycle in self.cycles]))

    @property
    def reason(self) -> str:
        """Why there is no mean curve, "" if there is one."""
        if self.enough:
            return ""
        if not self.found:
            return f"no gait cycle was completed, {MIN_CYCLES} steady ones are needed"
        rules = {
            "first of a clip": self.first_of_clip,
            "not covered": self.not_covered,
            "turning": self.turning,
            "at another speed": self.other_speed,
            "of odd duration": self.odd_duration,
        }
        left_out = ", ".join(f"{count} {rule}" for rule, count in rules.items() if count)
        many = "" if len(self.cycles) == 1 else "s"
        return (
            f"{len(self.cycles)} steady gait cycle{many}, {MIN_CYCLES} are needed "
            f"(of {self.found}, left out: {left_out or 'none'})"
        )


def steady_cycles(walks: Sequence[Walk], speed_m_s: float) -> SteadyCycles:
    """Choose the cycles of steady gait at a given speed, pooled over clips.

    Not a clip's first; wholly in covered frames; the pelvis's heading changes by less than 15° from start
    to end; forward speed within ±0.25 m/s; duration within mean ± 2 SD of those left.

    Args:
        walks: the clips.
        speed_m_s: speed of the human condition [m/s], negative for walking backwards.
    """
    kept: list[GaitCycle] = []
    found = first = uncovered = turning = other_speed = 0
    for index, walk in enumerate(walks):
        for number, (start, end) in enumerate(zip(walk.strikes_s[:-1], walk.strikes_s[1:], strict=True)):
            found += 1
            if number == 0:
                first += 1
                continue
            if end > walk.covered * walk.dt_s + 1e-9:
                uncovered += 1
                continue
            cycle = _cycle(walk, index, float(start), float(end))
            if not cycle.heading_change_deg < MAX_HEADING_CHANGE_DEG:
                turning += 1
            elif not abs(cycle.speed_m_s - speed_m_s) <= SPEED_TOLERANCE_M_S:
                other_speed += 1
            else:
                kept.append(cycle)
    typical = usual_length([cycle.duration_s for cycle in kept])
    chosen = tuple(cycle for cycle, usual in zip(kept, typical, strict=True) if usual)
    return SteadyCycles(chosen, found, first, uncovered, turning, other_speed, len(kept) - len(chosen))


def usual_length(lengths: Sequence[float]) -> np.ndarray:
    """(n,) whether each length lies within mean ± 2 population SD of all."""
    values = np.asarray(lengths, dtype=float)
    if values.size == 0:
        return np.zeros(0, dtype=bool)
    return np.abs(values - values.mean()) <= DURATION_SDS * values.std() + 1e-9


def mean_curve(
    steady: SteadyCycles,
    walks: Sequence[Walk],
    signal: Callable[[int], np.ndarray],
    *,
    mean_over_step: bool,
) -> np.ndarray | None:
    """Mean over cycles of signals put on 100 samples a cycle.

    Args:
        steady: the chosen cycles.
        walks: the same sequence that they were chosen from.
        signal: gives the (T, channels) rows of the clip with that index.
        mean_over_step: whether a row is the mean over its control step (excitation), and so belongs to the
            step's middle, (i + ½)·dt_s, or is the state at its end (activation, joint angles), (i +
            1)·dt_s.

    Returns:
        (channels, 100), or None with fewer than three cycles (``steady.reason`` says why).
    """
    if not steady.enough:
        return None
    curves = []
    for cycle in steady.cycles:
        dt_s = walks[cycle.walk].dt_s
        first = 0.5 * dt_s if mean_over_step else dt_s
        curves.append(resample_cycle(signal(cycle.walk), cycle.start_s, cycle.end_s, dt_s, first))
    return np.mean(curves, axis=0)


def _cycle(walk: Walk, index: int, start_s: float, end_s: float) -> GaitCycle:
    clock = (np.arange(len(walk.pelvis_heading)) + 1) * walk.dt_s
    ends = np.array([start_s, end_s])
    heading = np.interp(ends, clock, walk.pelvis_heading)
    x, y = (np.interp(ends, clock, walk.pelvis_position[:, axis]) for axis in (0, 1))
    inside = (clock >= start_s) & (clock <= end_s)
    facing = float(walk.pelvis_heading[inside].mean())
    forward = (x[1] - x[0]) * np.cos(facing) + (y[1] - y[0]) * np.sin(facing)
    return GaitCycle(
        walk=index,
        start_s=start_s,
        end_s=end_s,
        speed_m_s=float(forward / (end_s - start_s)),
        heading_change_deg=float(np.degrees(abs(heading[1] - heading[0]))),
    )
