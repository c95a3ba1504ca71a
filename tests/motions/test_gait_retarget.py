"""OpenSim coordinates to SMPL rotations and back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.retarget import COORDINATES, joint_angles, smpl_rotations
from kinesis_bench.motions.skeleton import mean_skeleton


def posed(**angles: float) -> dict[str, np.ndarray]:
    """Joint positions of one frame, pelvis at the origin, facing world +x."""
    rotations = smpl_rotations({name: np.array([value]) for name, value in angles.items()})
    skeleton = mean_skeleton()
    positions, _ = skeleton.forward_kinematics(
        Rotation.from_rotvec(rotations.reshape(-1, 3)), np.zeros((1, 3))
    )
    return dict(zip(skeleton.joints, positions[0], strict=True))


@pytest.mark.parametrize("side", ["L_", "R_"])
def test_zero_angles_are_a_straight_legged_body_with_hanging_arms(side: str) -> None:
    joints = posed(pelvis_tilt=0.0)
    for near, far in (("Hip", "Knee"), ("Knee", "Ankle"), ("Shoulder", "Elbow"), ("Elbow", "Wrist")):
        bone = joints[side + far] - joints[side + near]
        assert bone / np.linalg.norm(bone) == pytest.approx([0, 0, -1], abs=1e-9)
    foot = joints[side + "Toe"] - joints[side + "Ankle"]
    assert foot[0] > 0.1
    assert (joints["L_Hip"] - joints["R_Hip"])[1] > 0.1


def test_there_and_back_is_exact() -> None:
    rng = np.random.default_rng(3)
    angles = {name: rng.uniform(-0.9, 0.9, 50) for name in COORDINATES}
    yaw = rng.uniform(-3.0, 3.0, 50)
    back = joint_angles(smpl_rotations(angles, yaw), yaw)
    assert set(back) == set(COORDINATES)
    for name in COORDINATES:
        assert back[name] == pytest.approx(angles[name], abs=1e-9), name


@pytest.mark.parametrize("side", ["r", "l"])
def test_positive_is_where_rajagopal_has_it(side: str) -> None:
    mark, outward = (("R_", -1.0), ("L_", 1.0))[side == "l"]
    zero = posed(pelvis_tilt=0.0)

    def moved(joint: str, **angles: float) -> np.ndarray:
        return posed(**angles)[mark + joint] - zero[mark + joint]

    assert moved("Ankle", **{f"hip_flexion_{side}": 0.3})[0] > 0.1
    assert moved("Ankle", **{f"hip_adduction_{side}": 0.3})[1] * outward < -0.1
    assert moved("Toe", **{f"hip_rotation_{side}": 0.3})[1] * outward < -0.02
    assert moved("Ankle", **{f"knee_angle_{side}": 0.3})[0] < -0.1
    assert moved("Toe", **{f"ankle_angle_{side}": 0.3})[2] > 0.02
    assert moved("Toe", **{f"subtalar_angle_{side}": 0.3})[1] * outward < -0.01
    assert moved("Wrist", **{f"arm_flex_{side}": 0.3})[0] > 0.1
    assert moved("Wrist", **{f"elbow_flex_{side}": 0.3})[0] > 0.05


def test_pelvis_and_trunk_signs() -> None:
    zero = posed(pelvis_tilt=0.0)
    assert posed(pelvis_tilt=0.2)["Head"][0] < zero["Head"][0] - 0.05
    assert posed(pelvis_list=0.2)["R_Hip"][2] < zero["R_Hip"][2] - 0.01
    assert posed(pelvis_rotation=0.2)["R_Hip"][0] > zero["R_Hip"][0] + 0.01
    assert posed(lumbar_extension=0.2)["Head"][0] < zero["Head"][0] - 0.05
    assert posed(lumbar_bending=0.2)["Head"][1] < zero["Head"][1] - 0.05
    assert posed(lumbar_rotation=0.2)["R_Shoulder"][0] > zero["R_Shoulder"][0] + 0.01


def test_mirrored_angles_give_the_mirrored_axes() -> None:
    angles = {
        "hip_flexion": 0.4,
        "hip_adduction": -0.2,
        "knee_angle": 0.7,
        "ankle_angle": 0.2,
        "subtalar_angle": 0.1,
    }
    right = posed(**{f"{name}_r": value for name, value in angles.items()})
    left = posed(**{f"{name}_l": value for name, value in angles.items()})
    for near, far in (("Hip", "Knee"), ("Knee", "Ankle")):
        bones = [side[mark + far] - side[mark + near] for side, mark in ((right, "R_"), (left, "L_"))]
        directions = [bone / np.linalg.norm(bone) for bone in bones]
        assert directions[0] * (1, -1, 1) == pytest.approx(directions[1], abs=1e-9)


def test_an_unknown_coordinate_is_refused() -> None:
    with pytest.raises(ValueError, match="pelvis_tx"):
        smpl_rotations({"pelvis_tx": np.zeros(3)})
