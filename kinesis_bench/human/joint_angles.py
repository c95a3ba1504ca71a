"""Human joint angles over the gait cycle, from published tables, in the project's signs.

Positive: hip flexion, hip adduction, knee flexion, ankle dorsiflexion. Degrees.
"""

from __future__ import annotations

import csv
from functools import cache

import numpy as np

from kinesis_bench.errors import unknown_name
from kinesis_bench.files import content_dir
from kinesis_bench.human.references import HumanJointAngles
from kinesis_bench.metrics.curves import SAMPLES

JOINTS = ("hip_flexion", "hip_adduction", "knee_angle", "ankle_angle")
"""Joint angles that are compared, in OpenSim's names without side."""

SCHWARTZ = "gait_walk_schwartz2008"
WINTER = "gait_walk_winter_natural"
BUILT_IN = (SCHWARTZ, WINTER)
"""Names of the joint-angle references that ship with the project."""

SCHWARTZ_CHILDREN = 83
SCHWARTZ_COLUMNS = {
    "hip_flexion": "Hip Flex/Extension",
    "hip_adduction": "Hip Ad/Abduction",
    "knee_angle": "Knee Flex/Extension",
    "ankle_angle": "Ankle Dorsi/Plantarflexion",
}

WINTER_SIGN = {"hip_flexion": 1.0, "knee_angle": -1.0, "ankle_angle": 1.0}
"""Winter's table has no hip adduction; its knee flexion is negative."""

WINTER_SPEED_M_S = 1.325

GRAVITY_M_S2 = 9.81


def human_joint_angles(source: str, speed_m_s: float, leg_length_m: float) -> HumanJointAngles:
    """Joint angles of people by the name of a built-in table.

    Args:
        source: ``gait_walk_schwartz2008`` or ``gait_walk_winter_natural``.
        speed_m_s: the nearest of Schwartz's five speeds is taken [m/s].
        leg_length_m: of the body; Schwartz's speeds are v / √(g·leg length).

    Raises:
        InputError: no such name.
    """
    if source == SCHWARTZ:
        return _schwartz(speed_m_s, leg_length_m)
    if source == WINTER:
        return _winter()
    raise unknown_name("human joint angles", source, BUILT_IN)


@cache
def table_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a table in ``datasets/normative_gait``, by its name without ending."""
    with (content_dir("datasets") / "normative_gait" / f"{name}.csv").open(newline="") as file:
        return tuple(csv.DictReader(file))


def _schwartz(speed_m_s: float, leg_length_m: float) -> HumanJointAngles:
    unit = np.sqrt(GRAVITY_M_S2 * leg_length_m)
    speeds = {
        row["speed"]: float(row["dimensionless_speed"]) * unit for row in table_rows(f"{SCHWARTZ}_speeds")
    }
    name = min(speeds, key=lambda speed: abs(speeds[speed] - speed_m_s))
    curves = {}
    for joint, angle in SCHWARTZ_COLUMNS.items():
        rows = [row for row in table_rows(SCHWARTZ) if row["angle"] == angle and row["speed"] == name]
        percent = [float(row["gait_pct"]) for row in rows]
        curves[joint] = [
            np.interp(np.arange(SAMPLES), percent, [float(row[column]) for row in rows])
            for column in ("mean", "sd")
        ]
    return HumanJointAngles(
        condition=f"walk, {name} ({speeds[name]:.2f} m/s for a leg of {leg_length_m:.2f} m)",
        speed_m_s=float(speeds[name]),
        joints=JOINTS,
        people=SCHWARTZ_CHILDREN,
        mean_deg=np.array([curves[joint][0] for joint in JOINTS]),
        sd_deg=np.array([curves[joint][1] for joint in JOINTS]),
        cycle_zero="foot contact of the same leg",
        source="83 able-bodied children, Schwartz, Rozumalski and Trost 2008",
        frame="the clinical pelvis frame is tilted forward by about 12 degrees, which hip flexion contains",
    )


def _winter() -> HumanJointAngles:
    rows = table_rows(WINTER)
    phase = np.arange(len(rows)) / len(rows)
    samples = np.arange(SAMPLES) / SAMPLES
    joints = tuple(WINTER_SIGN)
    mean, variance = (
        np.array(
            [
                np.interp(
                    samples, phase, [float(row[f"{joint}_r_{column}[rad]"]) for row in rows], period=1.0
                )
                for joint in joints
            ]
        )
        for column in ("mean", "var")
    )
    sign = np.array([WINTER_SIGN[joint] for joint in joints])[:, None]
    return HumanJointAngles(
        condition="walk, natural cadence",
        speed_m_s=WINTER_SPEED_M_S,
        joints=joints,
        people=None,
        mean_deg=np.degrees(sign * mean),
        sd_deg=np.degrees(np.sqrt(variance)),
        cycle_zero="heel contact of the same leg",
        source="adults at natural cadence, Winter, Biomechanics and Motor Control of Human Gait",
        frame="planar angles; the SD is the root of the columns named var, which are variances",
    )
