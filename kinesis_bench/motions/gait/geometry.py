"""Lengths of the mean skeleton's legs, and how a foot rolls over the floor without sliding.

A foot is level in SMPL's rest orientation. Its sole is a line from the heel, behind the ankle, to the ball
under the toe joint, and an arc beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from kinesis_bench.motions.skeleton import HEEL_BEHIND_ANKLE_M, OPENSIM_TO_SMPL, TOE_SOLE_M, mean_skeleton

GRAVITY = 9.81
CLEARANCE_M = 0.018
"""Height of the sole over the floor that a swing is given in its middle [m]."""

FOREFOOT_RADIUS_M = 0.04
"""How round the sole is under the ball and the toes [m]; an assumption."""

_RAISED_M = 0.003
"""The skeleton's right ankle lies 8 mm lower than its left one while its toe joints are level. The toe joints
stand TOE_SOLE_M over the floor here, plus these 3 mm, so that the sole as the ankles tell it is off by as
little either way (+3 mm left, -5 mm right) and both legs are equally long."""


@dataclass(frozen=True)
class Leg:
    """One leg of the mean skeleton, in OpenSim's axes (forward, up, right).

    Attributes:
        hip: (3,) hip joint from the pelvis joint [m].
        thigh, shank: lengths [m].
        ball: toe joint ahead of the ankle [m].
        sole: ankle joint over the sole of a flat foot [m].
    """

    hip: np.ndarray
    thigh: float
    shank: float
    ball: float
    sole: float


@cache
def leg(side: str) -> Leg:
    """The leg of side ``r`` or ``l``."""
    skeleton = mean_skeleton()
    at = {
        name: skeleton.rest[skeleton.index(f"{side.upper()}_{name}")]
        for name in ("Hip", "Knee", "Ankle", "Toe")
    }
    hip = OPENSIM_TO_SMPL.T @ (at["Hip"] - skeleton.rest[0])
    return Leg(
        hip=hip,
        thigh=float(np.linalg.norm(at["Knee"] - at["Hip"])),
        shank=float(np.linalg.norm(at["Ankle"] - at["Knee"])),
        ball=float(at["Toe"][2] - at["Ankle"][2]),
        sole=float(at["Ankle"][1] - at["Toe"][1]) + TOE_SOLE_M + _RAISED_M,
    )


@cache
def mean_leg() -> Leg:
    """The mean of both legs, its hip on the right."""
    right, left = leg("r"), leg("l")
    hip = (right.hip + left.hip * (1, 1, -1)) / 2
    return Leg(hip, *((a + b) / 2 for a, b in zip(_lengths(right), _lengths(left), strict=True)))


def leg_length() -> float:
    """Hip joint to sole of the straight leg [m]: the length that dimensionless speeds are scaled with."""
    mean = mean_leg()
    return mean.thigh + mean.shank + mean.sole


def reach(thigh: float, shank: float, knee: np.ndarray | float) -> np.ndarray:
    """Distance from hip to ankle [m] at a knee flexion [rad]."""
    return np.sqrt(thigh**2 + shank**2 + 2 * thigh * shank * np.cos(knee))


def rocker(pitch: np.ndarray, limb: Leg) -> tuple[np.ndarray, np.ndarray]:
    """Where the ankle is while the foot rolls on the floor: over the heel, then over the ball.

    The heel is a point; the forefoot is an arc of FOREFOOT_RADIUS_M that begins at the ball and rolls.

    Args:
        pitch: (N,) toes up positive [rad].
        limb: the leg.

    Returns:
        forward of where the ankle is when the foot is flat (N,), and height over the floor (N,) [m].
    """
    arm = np.where(pitch > 0, HEEL_BEHIND_ANKLE_M, -limb.ball)
    radius = np.where(pitch > 0, 0.0, FOREFOOT_RADIUS_M)
    over = limb.sole - radius
    forward = arm * np.cos(pitch) - over * np.sin(pitch) - arm - radius * pitch
    return forward, radius + arm * np.sin(pitch) + over * np.cos(pitch)


def sole_height(ankle_height: np.ndarray, pitch: np.ndarray, limb: Leg) -> np.ndarray:
    """Height of the sole's lowest point over the floor (N,) [m]."""
    return ankle_height - rocker(pitch, limb)[1]


def lift(ankle_height: np.ndarray, pitch: np.ndarray, limb: Leg) -> np.ndarray:
    """What a swinging foot must be raised by to clear the floor, smoothly, and nothing at its ends.

    Args:
        ankle_height: (N,) [m], evenly over one swing.
        pitch: (N,) [rad].
        limb: the leg.

    Returns:
        (N,) [m].
    """
    count = len(ankle_height)
    fraction = np.linspace(0.0, 1.0, count)
    inside = np.clip(np.minimum(fraction / 0.2, (1.0 - fraction) / 0.35), 0.0, 1.0)
    wanted = CLEARANCE_M * inside**2 * (3 - 2 * inside)
    short = np.maximum(wanted - sole_height(ankle_height, pitch, limb), 0.0)
    held = maximum_filter1d(short, max(1, count // 8), mode="constant")
    return gaussian_filter1d(held, count / 20, mode="constant") * np.minimum(inside * 4.0, 1.0)


def _lengths(side: Leg) -> tuple[float, float, float, float]:
    return side.thigh, side.shank, side.ball, side.sole
