"""The two banks of cycles: walking from standing to very fast, and running."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import CubicSpline

from kinesis_bench.motions.gait.cycle import BODY_CURVES, LEG_CURVES, Bank, Row, make_row
from kinesis_bench.motions.gait.geometry import GRAVITY, leg_length, mean_leg, reach
from kinesis_bench.motions.gait.tables import PHASES, run_table, walk_table

STEP_WIDTH_M = 0.12
"""Between the ankles in walking [m]; an assumption, the table has none."""

RUN_STEP_WIDTH_M = 0.08
STANDING_KNEE_RAD = np.radians(8.0)
STANDING_FOOTHOLD_M = -0.04
"""Ankles behind the pelvis of somebody who stands [m], so that the mass lies over the feet."""

_RUN_SPEEDS = np.array([2.0, 2.5, 3.0, 3.5, 4.0, 4.5])
RUNNER_LEG_M = 0.93
"""Leg length of the running table's people [m]: 53 % of 1.76 m, the mean height in that data set."""

RUNNER_SPEED, RUNNER_STRIDE_S = 3.5, 0.66
"""Their speed [m/s], and their stride, which the table does not give: an assumption."""


PELVIS_BOUNCE = 0.9
"""How far a runner's pelvis moves up and down, of what the mass centre does; an assumption."""


@cache
def walk_bank() -> Bank:
    """Standing and the table's five speeds, scaled by the mean skeleton's leg length.

    The pelvis sways to the side by 3.5 cm either way at 0.7 m/s and 1.9 cm at 1.6 m/s (Orendurff et al.,
    J Rehabil Res Dev 41:829, 2004, for the centre of mass).
    """
    table = walk_table()
    froude = np.sqrt(GRAVITY * leg_length())
    rows = [_standing(float(table.speed[0]))]
    for place, speed in enumerate(table.speed * froude):
        steps_per_s = table.cadence[place] * np.sqrt(GRAVITY / leg_length())
        rows.append(
            make_row(
                {name: curves[place] for name, curves in table.angles.items()},
                speed=float(speed),
                stride_s=2 / float(steps_per_s),
                duty=float(table.duty[place]),
                sway_m=float(np.interp(speed, (0.7, 1.6), (0.035, 0.019))),
                step_width_m=STEP_WIDTH_M,
                toe_in=float(table.angles["foot_progression"][place, 10:50].mean()),
            )
        )
    return Bank(rows)


@cache
def run_bank(weights: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)) -> Bank:
    """Running at 2.0 to 4.5 m/s from a weighted mean of the table's three people.

    The table is of one speed, carried over to the mean skeleton at equal dimensionless speed and stride time.
    Assumed for other speeds v, with V the table's: a stride 0.03 s shorter for every m/s more; contact time
    ∝ v^-0.6; angles scaled about their means by (v/V)^0.35. Also assumed: the
    trunk leans forward by 6°.
    """
    table = run_table()
    share = np.array(weights) / sum(weights)
    mean = {name: share @ curves for name, curves in table.angles.items()}
    shrink = np.sqrt(leg_length() / RUNNER_LEG_M)
    own_speed, own_stride_s = RUNNER_SPEED * shrink, RUNNER_STRIDE_S * shrink
    contact_s = float(share @ table.duty) * own_stride_s
    rows = []
    for speed in _RUN_SPEEDS:
        stride_s = float(own_stride_s - 0.03 * (speed - own_speed))
        duty = float(contact_s * (own_speed / speed) ** 0.6 / stride_s)
        scale = (speed / own_speed) ** 0.35
        warped = _to_duty(mean, float(share @ table.duty), duty)
        angles = {name: curve.mean() + scale * (curve - curve.mean()) for name, curve in warped.items()}
        angles["lumbar_extension"] = np.full_like(PHASES, -np.radians(6.0))
        rows.append(
            make_row(
                angles,
                speed=float(speed),
                stride_s=stride_s,
                duty=duty,
                sway_m=0.008,
                step_width_m=RUN_STEP_WIDTH_M,
                toe_in=np.radians(-6.0),
                height=PELVIS_BOUNCE
                * _bounce(share @ table.vertical_force, float(share @ table.duty), duty, stride_s),
            )
        )
    return Bank(rows)


def _standing(slowest: float) -> Row:
    """Standing still, as a cycle at speed zero: feet lifted flat by 5 cm where it is stepped in place."""
    limb = mean_leg()
    length = reach(limb.thigh, limb.shank, STANDING_KNEE_RAD)
    thigh = np.arctan2(limb.shank * np.sin(STANDING_KNEE_RAD), limb.thigh + limb.shank)
    table = walk_table()
    cadence = np.interp(0.0, [0.0, slowest], [table.cadence[0] - slowest, table.cadence[0]])
    curves = {name: np.zeros_like(PHASES) for name in (*LEG_CURVES, *BODY_CURVES)}
    lean = np.arcsin((STANDING_FOOTHOLD_M - limb.hip[0]) / length)
    curves["knee_angle"] = np.full_like(PHASES, STANDING_KNEE_RAD)
    curves["hip_flexion"] = np.full_like(PHASES, thigh + lean)
    curves["ankle_angle"] = curves["knee_angle"] - curves["hip_flexion"]
    duty = float(table.duty[0])
    aside = STEP_WIDTH_M / 2 - limb.hip[2]
    height = limb.sole + np.sqrt(length**2 - (STANDING_FOOTHOLD_M - limb.hip[0]) ** 2 - aside**2)
    curves["height"] = np.full_like(PHASES, height - limb.hip[1])
    curves["sway"] = -0.035 * np.cos(2 * np.pi * (PHASES - duty / 2))
    fraction = np.linspace(0.0, 1.0, 101)
    scalars = {
        "speed": 0.0,
        "stride_hz": float(cadence * np.sqrt(GRAVITY / leg_length())) / 2,
        "duty": duty,
        "foothold_m": STANDING_FOOTHOLD_M,
        "toe_in": float(table.angles["foot_progression"][0, 10:50].mean()),
    }
    forward = fraction**3 * (10 - 15 * fraction + 6 * fraction**2)
    return Row(curves, scalars, forward, limb.sole + 0.05 * np.sin(np.pi * fraction) ** 2)


def _to_duty(curves: dict[str, np.ndarray], source: float, target: float) -> dict[str, np.ndarray]:
    """Stance and swing stretched so that the stance part changes from ``source`` to ``target``."""
    phase = np.interp(PHASES, [0.0, target, 1.0], [0.0, source, 1.0])
    return {
        name: np.asarray(
            CubicSpline(np.append(PHASES, 1.0), np.append(curve, curve[0]), bc_type="periodic")(phase)
        )
        for name, curve in curves.items()
    }


def _bounce(force: np.ndarray, source: float, target: float, stride_s: float) -> np.ndarray:
    """Vertical movement (100,) [m] of a runner's mass from the ground force [body weights], over a stride."""
    fine = np.arange(1000) / 1000 * 0.5
    phase = np.interp(fine, [0.0, target, 0.5], [0.0, source, 0.5])
    weight = np.interp(phase, np.arange(len(force)) / (2 * len(force)), force)
    weight /= weight.mean()
    step_s = stride_s / 2
    acceleration = GRAVITY * (np.append(weight, weight[0]) - 1.0)
    time = np.linspace(0.0, step_s, len(acceleration))
    velocity = cumulative_trapezoid(acceleration, time, initial=0.0)
    velocity -= np.trapezoid(velocity, time) / step_s
    height = cumulative_trapezoid(velocity, time, initial=0.0)
    height -= np.trapezoid(height, time) / step_s
    return np.interp(PHASES % 0.5, time / stride_s, height)
