"""How the feet bear the body over the gait cycle: vertical force, stance, double support, flight.

A foot bears load above 5 % of body weight, as for heel strikes. Shares are times of the cycle, so that a foot
that bounces once more does not need its events told apart. In steady walking they equal the usual ones:
stance from contact to foot off, and double support both times that both feet stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.metrics.curves import SAMPLES
from kinesis_bench.metrics.cycles import GaitCycle
from kinesis_bench.metrics.gait_events import FORCE_BODY_WEIGHTS, GRAVITY_M_S2

FINE = 10
"""Each sample of a curve is split into so many, so that shares are told to a thousandth of the cycle."""

ROUNDING = 1e-9
"""A cycle begins just where the force passes the threshold, and there it counts as above."""

HUMP_BW = 0.02
"""Two peaks are told apart where the force between them falls by more than this [body weights]."""


@dataclass(frozen=True)
class Humps:
    """The two peaks of walking's vertical force and the valley between them.

    Attributes:
        first_bw, valley_bw, second_bw: force [body weights].
        first_pct, valley_pct, second_pct: when, in per cent of the cycle.
    """

    first_bw: float
    valley_bw: float
    second_bw: float
    first_pct: int
    valley_pct: int
    second_pct: int


@dataclass(frozen=True)
class GroundContact:
    """Means over steady cycles of the compared foot; feet in the order compared, other.

    Attributes:
        force_bw, force_sd_bw: (2, 100) vertical force [body weights], sample i at phase i/100, mean and
            population SD over cycles.
        loaded: (2, 100) share of the cycles in which the foot bears load.
        stance_pct, stance_sd_pct: part of the cycle in which each foot bears load, mean and population SD.
        double_support_pct, flight_pct: in which both do, and neither does.
        humps: of the compared foot's mean curve; None where it has one peak or none.
        cycles: how many.
        cycle_s, speed_m_s: their mean duration [s] and mean speed [m/s].
        sample_s: sampling period of the force [s]; stance is told no better than that.
    """

    force_bw: np.ndarray
    force_sd_bw: np.ndarray
    loaded: np.ndarray
    stance_pct: tuple[float, float]
    stance_sd_pct: tuple[float, float]
    double_support_pct: float
    flight_pct: float
    humps: Humps | None
    cycles: int
    cycle_s: float
    speed_m_s: float
    sample_s: float


def ground_contact(
    cycles: Sequence[GaitCycle],
    force: Callable[[int], tuple[np.ndarray, float, float]],
    body_mass_kg: float,
) -> GroundContact:
    """Vertical force and contact over the cycle.

    Args:
        cycles: at least one.
        force: gives, for the clip of that index, the (T, 2) vertical force under the compared and the other
            foot [N], its sampling period [s] and the time of its first row [s].
        body_mass_kg: [kg].
    """
    curves = np.stack([_over_cycle(cycle, *force(cycle.walk)) for cycle in cycles])
    curves = curves / (body_mass_kg * GRAVITY_M_S2)
    loaded = curves >= FORCE_BODY_WEIGHTS * (1.0 - ROUNDING)
    stance = 100.0 * loaded.mean(axis=2)
    coarse = curves[..., ::FINE]
    mean = coarse.mean(axis=0)
    return GroundContact(
        force_bw=mean,
        force_sd_bw=coarse.std(axis=0),
        loaded=loaded[..., ::FINE].mean(axis=0),
        stance_pct=(float(stance[:, 0].mean()), float(stance[:, 1].mean())),
        stance_sd_pct=(float(stance[:, 0].std()), float(stance[:, 1].std())),
        double_support_pct=100.0 * float(loaded.all(axis=1).mean()),
        flight_pct=100.0 * float((~loaded).all(axis=1).mean()),
        humps=humps(mean[0]),
        cycles=len(cycles),
        cycle_s=float(np.mean([cycle.duration_s for cycle in cycles])),
        speed_m_s=float(np.mean([cycle.speed_m_s for cycle in cycles])),
        sample_s=force(cycles[0].walk)[1],
    )


def humps(force_bw: np.ndarray) -> Humps | None:
    """The highest force in the first and in the second half of stance, and the lowest between them.

    Args:
        force_bw: (100,) of a foot whose contact begins the cycle [body weights].

    Returns:
        None where the foot bears no load, or the force between the two does not fall below both.
    """
    loaded = force_bw > FORCE_BODY_WEIGHTS
    unloaded = np.flatnonzero(~loaded)
    after = unloaded[unloaded > int(np.argmax(loaded))]
    end = int(after[0]) if len(after) else len(force_bw)
    middle = end // 2
    if middle < 2 or not loaded.any():
        return None
    first = int(np.argmax(force_bw[:middle]))
    second = middle + int(np.argmax(force_bw[middle:end]))
    valley = first + int(np.argmin(force_bw[first : second + 1]))
    high, low, again = (float(force_bw[place]) for place in (first, valley, second))
    return Humps(high, low, again, first, valley, second) if low < min(high, again) - HUMP_BW else None


def _over_cycle(cycle: GaitCycle, force_n: np.ndarray, dt_s: float, first_s: float) -> np.ndarray:
    """(2, 1000) force at phases 0, 0.001 … 0.999, by linear interpolation."""
    phase = np.arange(SAMPLES * FINE) / (SAMPLES * FINE)
    wanted = cycle.start_s + cycle.duration_s * phase
    times = first_s + dt_s * np.arange(len(force_n))
    return np.stack([np.interp(wanted, times, np.asarray(foot, dtype=float)) for foot in force_n.T])
