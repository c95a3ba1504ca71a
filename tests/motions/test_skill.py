"""The skill that a motion itself tells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.clip import FPS, Clip
from kinesis_bench.motions.skeleton import FACING_X, OPENSIM_TO_SMPL
from kinesis_bench.motions.skill import skill_of


def moving(speed: float, yaw_rate: float = 0.0, flight_m: float = 0.0, seconds: float = 4.0) -> Clip:
    """A pelvis that goes along its heading, feet flat, lifted by ``flight_m`` in every fifth frame."""
    time = np.arange(0, seconds, 1 / FPS)
    yaw = yaw_rate * time
    velocity = speed * np.stack([np.cos(yaw), np.sin(yaw), 0 * yaw], axis=1)
    place = np.cumsum(velocity, axis=0) / FPS
    height = np.array([0.94, 1.5, 0.5, 0.5, 0.076, 0.076, 0.02, 0.02])
    keypoints = np.repeat(place[:, None], 8, axis=1)
    keypoints[:, :, 2] += height
    keypoints[::5, :, 2] += flight_m
    turn = Rotation.from_rotvec(yaw[:, None] * [0, 0, 1]) * Rotation.from_matrix(FACING_X @ OPENSIM_TO_SMPL)
    zero = np.zeros_like(velocity)
    return Clip("c", keypoints, 0 * keypoints, place, turn.as_quat(scalar_first=True), velocity, zero)


@pytest.mark.parametrize(
    ("clip", "skill"),
    [
        (moving(1.3), "walk"),
        (moving(2.3), "walk"),
        (moving(1.3, flight_m=0.06), "walk"),
        (moving(3.0, flight_m=0.06), "run"),
        (moving(-0.7), "backward"),
        (moving(1.2, yaw_rate=0.5), "gradual_turn"),
        (moving(1.2, yaw_rate=-0.5), "gradual_turn"),
        (moving(0.1, yaw_rate=1.0), "turn_in_place"),
        (moving(0.0), ""),
    ],
)
def test_skill_of(clip, skill):
    assert skill_of(clip) == skill
