"""What somebody does in a clip, told by the motion itself, for recordings whose names say nothing."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.clip import FPS, Clip
from kinesis_bench.motions.skeleton import ANKLE_SOLE_M, KEYPOINTS, TOE_SOLE_M

STILL_M_S = 0.2
"""Mean speed under which somebody stays where they are [m/s]; an assumption."""

FLIGHT_M = 0.04
FLIGHT_SHARE = 0.05
RUN_M_S = 1.5
"""Somebody runs who has a flight phase (the lowest sole is higher than this [m] in this share of the frames;
in recorded walks it stays within some 25 mm of the floor) and is faster than this [m/s]. People change to
running at about 2 m/s and back at a little less (Thorstensson and Roberthson, Acta Physiol Scand 131:211,
1987); generated walks often float."""

TURN_RAD = np.radians(45.0)
"""A change of heading by less is a straight course [rad]; an assumption."""

TURN_RADIUS_M = 0.5
"""Distance travelled per radian of turn under which somebody turns in place rather than along an arc [m];
an assumption."""


def heading(clip: Clip) -> np.ndarray:
    """Yaw (F,) of the pelvis's forward axis about the world's z, without jumps [rad]."""
    forward = Rotation.from_quat(clip.pelvis_quaternion, scalar_first=True).apply([1.0, 0.0, 0.0])
    return np.unwrap(np.arctan2(forward[:, 1], forward[:, 0]))


def skill_of(clip: Clip) -> str:
    """One of SKILLS, or "" for somebody who stays where they are.

    The turn is the change of heading between the clip's first and last half second; the speed is the mean of
    the pelvis's velocity along its heading.
    """
    yaw = heading(clip)
    edge = max(1, min(int(FPS / 2), clip.frames // 3))
    turn = abs(float(yaw[-edge:].mean() - yaw[:edge].mean()))
    velocity = clip.pelvis_linear_velocity
    forward = float(np.mean(velocity[:, 0] * np.cos(yaw) + velocity[:, 1] * np.sin(yaw)))
    travelled = float(np.linalg.norm(velocity[:, :2], axis=1).mean()) * (clip.frames - 1) / FPS
    if turn > TURN_RAD:
        return "turn_in_place" if travelled / turn < TURN_RADIUS_M else "gradual_turn"
    if forward < -STILL_M_S:
        return "backward"
    if forward < STILL_M_S:
        return ""
    flies = np.mean(_lowest_sole(clip) > FLIGHT_M) > FLIGHT_SHARE
    return "run" if flies and forward > RUN_M_S else "walk"


def _lowest_sole(clip: Clip) -> np.ndarray:
    """Height (F,) of the lowest sole point under ankles and toes [m]."""
    depth = {"l_ankle": ANKLE_SOLE_M, "r_ankle": ANKLE_SOLE_M, "l_toe": TOE_SOLE_M, "r_toe": TOE_SOLE_M}
    heights = [clip.keypoint_position[:, KEYPOINTS.index(name), 2] - sole for name, sole in depth.items()]
    return np.min(heights, axis=0)
