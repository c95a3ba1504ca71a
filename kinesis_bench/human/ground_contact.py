"""How people's feet bear them: contact times in walking by speed, and vertical force in walking and running.

The figures lie in ``datasets/normative_gait``; its card names the sources. Nothing is carried over to
speeds that they do not reach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinesis_bench.human.joint_angles import (
    GRAVITY_M_S2,
    SCHWARTZ,
    SCHWARTZ_CHILDREN,
    WINTER,
    WINTER_SPEED_M_S,
    table_rows,
)
from kinesis_bench.metrics.curves import PHASE
from kinesis_bench.metrics.cycles import SPEED_TOLERANCE_M_S

SCHWARTZ_SOURCE = (
    f"{SCHWARTZ_CHILDREN} able-bodied children (Schwartz, Rozumalski and Trost, J Biomech 41:1639, 2008), "
    "read at the model's own speed v / √(g · leg length), between the table's speeds by linear interpolation"
)
WINTER_SOURCE = (
    f"adults at natural cadence, {WINTER_SPEED_M_S} m/s (Winter, Biomechanics and Motor Control of Human "
    "Gait); mean ± SD between people, the table's SD being at least 0.05 body weights"
)


FUKUCHI, FUKUCHI_RUNNERS, FUKUCHI_SPEED_M_S = "gait_run_fukuchi2017_subject{}", (1, 2, 3), 3.5
FUKUCHI_SOURCE = (
    f"three runners at {FUKUCHI_SPEED_M_S} m/s (Fukuchi, Fukuchi and Duarte, PeerJ 5:e3298, 2017); mean ± SD "
    "between them"
)
FORCE_SPEEDS_M_S = {"walk": WINTER_SPEED_M_S, "run": FUKUCHI_SPEED_M_S}
"""Activities whose force is known, and the speed that it was measured at [m/s]."""


@dataclass(frozen=True)
class HumanFootContact:
    """Contact times of a group, in per cent of the cycle that begins with the foot's contact.

    Attributes:
        stance_pct: the foot's own foot off.
        other_off_pct, other_contact_pct: the other foot's.
        double_support_pct: both double supports.
        cycle_s: duration of the cycle for this leg length [s].
        source: for people to read.
    """

    stance_pct: float
    other_off_pct: float
    other_contact_pct: float
    double_support_pct: float
    cycle_s: float
    source: str


@dataclass(frozen=True)
class HumanGroundForce:
    """Vertical force under one foot [body weights].

    Attributes:
        mean_bw, sd_bw: (100,) mean and SD between people, sample i at phase i/100 from the foot's contact.
        speed_m_s: at which they walked [m/s].
        source: for people to read.
    """

    mean_bw: np.ndarray
    sd_bw: np.ndarray
    speed_m_s: float
    source: str


def human_foot_contact(speed_m_s: float, leg_length_m: float) -> HumanFootContact | None:
    """Contact times of people who walk at that speed for their leg length; None beyond the table's speeds."""
    rows = table_rows(f"{SCHWARTZ}_speeds")
    speeds = [float(row["dimensionless_speed"]) for row in rows]
    own = speed_m_s / np.sqrt(GRAVITY_M_S2 * leg_length_m)
    if not speeds[0] <= own <= speeds[-1]:
        return None

    def at_speed(column: str) -> float:
        return float(np.interp(own, speeds, [float(row[column]) for row in rows]))

    steps_per_s = at_speed("dimensionless_cadence") * np.sqrt(GRAVITY_M_S2 / leg_length_m)
    return HumanFootContact(
        stance_pct=100.0 * at_speed("ipsilateral_foot_off_frac"),
        other_off_pct=100.0 * at_speed("opposite_foot_off_frac"),
        other_contact_pct=100.0 * at_speed("opposite_foot_contact_frac"),
        double_support_pct=100.0 * at_speed("double_support_frac"),
        cycle_s=float(2.0 / steps_per_s),
        source=SCHWARTZ_SOURCE,
    )


def human_ground_force(activity: str, speed_m_s: float) -> HumanGroundForce | None:
    """The force of people who walk or run within 0.25 m/s of that speed; None where no table has it."""
    measured_m_s = FORCE_SPEEDS_M_S.get(activity)
    if measured_m_s is None or not abs(speed_m_s - measured_m_s) <= SPEED_TOLERANCE_M_S:
        return None
    return _winter() if activity == "walk" else _fukuchi()


def _winter() -> HumanGroundForce:
    rows = table_rows(WINTER)
    phase = np.arange(len(rows)) / len(rows)
    mean, variance = (
        np.interp(PHASE, phase, [float(row[f"GRF_y_r_{column}[BW]"]) for row in rows], period=1.0)
        for column in ("mean", "var")
    )
    return HumanGroundForce(mean, np.sqrt(variance), WINTER_SPEED_M_S, WINTER_SOURCE)


def _fukuchi() -> HumanGroundForce:
    """Their tables hold half a cycle: the right foot's is the right columns, then the left ones."""
    runners = np.array(
        [
            [float(row[f"GRF_y_{side}_mean[BW]"]) for side in "rl" for row in table_rows(FUKUCHI.format(one))]
            for one in FUKUCHI_RUNNERS
        ]
    )
    return HumanGroundForce(
        runners.mean(axis=0), runners.std(axis=0, ddof=1), FUKUCHI_SPEED_M_S, FUKUCHI_SOURCE
    )
