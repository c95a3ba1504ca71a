from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kinesis_bench.errors import InputError
from kinesis_bench.motions.clip import Recording
from kinesis_bench.motions.pipeline import (
    angular_velocity,
    derivative,
    pelvis_rotation,
    resample,
    sole_height,
    to_clip,
)
from kinesis_bench.motions.skeleton import FACING_X, KEYPOINTS, mean_skeleton

FACING = Rotation.from_matrix(FACING_X)


def standing(frames: int = 101, fps: float = 100.0, **changes: object) -> Recording:
    """Somebody upright facing +x, who slides along +x at 1 m/s at pelvis height 2 m."""
    rotations = np.zeros((frames, 22, 3))
    rotations[:, 0] = FACING.as_rotvec()
    pelvis = np.column_stack([np.arange(frames) / fps, np.zeros(frames), np.full(frames, 2.0)])
    return dataclasses.replace(Recording("a", fps, rotations, pelvis), **changes)


def test_forward_kinematics_by_hand() -> None:
    """Rest pose, then the left knee bent 90 degrees: the shank points backwards."""
    skeleton = mean_skeleton()
    rotations, origin = standing(1).rotations, np.zeros((1, 3))
    position, _ = skeleton.forward_kinematics(Rotation.from_rotvec(rotations.reshape(-1, 3)), origin)
    rest = skeleton.rest - skeleton.rest[0]
    np.testing.assert_allclose(position[0], rest[:, [2, 0, 1]], atol=1e-12)
    rotations[0, skeleton.index("L_Knee")] = [np.pi / 2, 0, 0]
    bent, _ = skeleton.forward_kinematics(Rotation.from_rotvec(rotations.reshape(-1, 3)), origin)
    knee, ankle = skeleton.index("L_Knee"), skeleton.index("L_Ankle")
    np.testing.assert_allclose(bent[0, knee], position[0, knee], atol=1e-12)
    # rest shank in x left, y up, z forward: (-0.0136, -0.3980, -0.0437); +90 degrees about x: y -> z, z -> -y
    np.testing.assert_allclose(bent[0, ankle] - bent[0, knee], [-0.3980, -0.0136, 0.0437], atol=1e-12)


def test_rest_pose_clip() -> None:
    clip = to_clip(standing())
    assert clip.frames == 31
    np.testing.assert_allclose(
        clip.pelvis_quaternion,
        np.tile(Rotation.from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).as_quat(scalar_first=True), (31, 1)),
        atol=1e-12,
    )
    np.testing.assert_allclose(clip.keypoint_velocity, np.broadcast_to([1.0, 0, 0], (31, 8, 3)), atol=1e-9)
    np.testing.assert_allclose(clip.pelvis_linear_velocity, np.tile([1.0, 0, 0], (31, 1)), atol=1e-9)
    np.testing.assert_allclose(clip.pelvis_angular_velocity, 0, atol=1e-9)
    # lowest sole of the rest pose: right ankle, 1.0948 - 0.2233 + 0.076 under the pelvis
    np.testing.assert_allclose(clip.pelvis_position[:, 2], 0.9475, atol=1e-9)
    left = clip.keypoint_position[0, KEYPOINTS.index("l_knee")]
    right = clip.keypoint_position[0, KEYPOINTS.index("r_knee")]
    assert left[1] > 0 > right[1]


def test_floor_is_the_fifth_percentile_of_the_lowest_sole() -> None:
    recording = standing(1001, 30.0)
    heights = np.linspace(2.0, 3.0, 1001)
    recording.pelvis_position[:, 2] = np.random.default_rng(0).permutation(heights)
    clip = to_clip(recording)
    assert np.isclose(clip.pelvis_position[:, 2].min(), 0.9475 - 0.05)
    kept = to_clip(dataclasses.replace(recording, on_floor=True))
    np.testing.assert_allclose(kept.pelvis_position, recording.pelvis_position)


def test_sole_height_takes_toe_and_ankle() -> None:
    skeleton = mean_skeleton()
    position = np.ones((2, 22, 3))
    position[0, skeleton.index("L_Toe"), 2] = 0.5
    position[1, skeleton.index("R_Ankle"), 2] = 0.5
    np.testing.assert_allclose(sole_height(position, skeleton), [0.48, 0.424])


@pytest.mark.parametrize("fps", [20.0, 59.94, 100.0, 120.0, 250.0])
def test_constant_angular_velocity_survives_resampling(fps: float) -> None:
    """1.3 rad/s about the vertical and 2 rad/s in the knee, whatever the source's rate."""
    recording = standing(int(3 * fps) + 1, fps)
    t = np.arange(len(recording.rotations)) / fps
    recording.rotations[:, 0] = (Rotation.from_rotvec(np.outer(1.3 * t, [0, 0, 1])) * FACING).as_rotvec()
    recording.rotations[:, 4] = np.outer(2.0 * t, [1, 0, 0])
    even = resample(recording)
    t30 = np.arange(len(even.rotations)) / 30
    assert len(t30) == int(t[-1] * 30 + 1e-6) + 1
    knee = Rotation.from_rotvec(even.rotations[:, 4])
    expected = Rotation.from_rotvec(np.outer(2.0 * t30, [1, 0, 0]))
    assert (knee.inv() * expected).magnitude().max() < 1e-9
    omega = to_clip(recording).pelvis_angular_velocity
    np.testing.assert_allclose(omega, np.tile([0, 0, 1.3], (len(omega), 1)), atol=1e-6)


def test_angular_velocity_is_in_world_axes() -> None:
    """A tumbling pelvis: rotate about world x while already turned by 90 degrees about z."""
    t = np.arange(10) / 30
    rotations = Rotation.from_rotvec(np.outer(t * 0.5, [1, 0, 0])) * Rotation.from_rotvec([0, 0, np.pi / 2])
    np.testing.assert_allclose(angular_velocity(rotations, 1 / 30), np.tile([0.5, 0, 0], (10, 1)), atol=1e-12)
    two = angular_velocity(rotations[:2], 1 / 30)
    np.testing.assert_allclose(two, np.tile([0.5, 0, 0], (2, 1)), atol=1e-12)


def test_derivative_is_exact_for_a_parabola() -> None:
    t = np.arange(6) * 0.1
    np.testing.assert_allclose(derivative(3 * t**2 - t, 0.1), 6 * t - 1, atol=1e-12)


def test_kinesis_time_base_plays_eleven_per_cent_slow() -> None:
    recording = standing(301)
    slow, true = to_clip(recording, time_base="kinesis"), to_clip(recording)
    assert (slow.frames, true.frames) == (101, 91)
    speed = slow.pelvis_linear_velocity[:, 0]
    np.testing.assert_allclose(speed, true.pelvis_linear_velocity[0, 0] / (100 / 90), atol=1e-9)
    np.testing.assert_allclose(
        resample(recording, time_base="kinesis").pelvis_position, recording.pelvis_position[::3]
    )


def test_thirty_frames_a_second_pass_unchanged() -> None:
    recording = standing(40, 30.0)
    even = resample(recording)
    np.testing.assert_array_equal(even.pelvis_position, recording.pelvis_position)
    np.testing.assert_array_equal(even.rotations, recording.rotations)


def test_quaternions_do_not_flip_over_two_turns() -> None:
    recording = standing(601)
    t = np.arange(601) / 100
    recording.rotations[:, 0] = (Rotation.from_rotvec(np.outer(2.1 * t, [0, 0, 1])) * FACING).as_rotvec()
    q = to_clip(recording).pelvis_quaternion
    assert q[0, 0] >= 0
    assert np.sum(q[1:] * q[:-1], axis=1).min() > 0.99


def test_positions_alone_give_the_pelvis_orientation() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(91)[:, None, None] / 30
    recording = standing(91, 30.0)
    recording.rotations[:] += 0.4 * np.sin(2 * t + rng.uniform(0, 6, (1, 22, 3)))
    skeleton = mean_skeleton()
    position, world = skeleton.forward_kinematics(
        Rotation.from_rotvec(recording.rotations.reshape(-1, 3)), recording.pelvis_position
    )
    np.testing.assert_allclose(pelvis_rotation(position, skeleton), world[:, 0], atol=1e-9)
    np.testing.assert_allclose(pelvis_rotation(position * 1.3, skeleton), world[:, 0], atol=1e-9)


def nan_pose() -> Recording:
    recording = standing()
    recording.rotations[17, 3, 1] = np.nan
    return recording


@pytest.mark.parametrize(
    ("recording", "said"),
    [
        (nan_pose(), "not finite in 1 of 101 frames, first in frame 17"),
        (standing(0), "zero frames"),
        (dataclasses.replace(standing(), fps=0.0), "frame rate 0 Hz"),
        (dataclasses.replace(standing(), fps=float("nan")), "frame rate nan Hz"),
        (standing(fps=1e5), "frame rate 100000 Hz"),
        (standing(1), "less than two frames"),
        (standing(60), "lasts 0.59 s"),
        (standing(pelvis_position=np.zeros((5, 3))), "101 frames of rotations but 5 of positions"),
        (standing(rotations=np.zeros((101, 24, 3))), "shape (101, 24, 3)"),
    ],
)
def test_bad_recordings_are_refused(recording: Recording, said: str) -> None:
    recording = dataclasses.replace(recording, source="walk01_poses.npz")
    with pytest.raises(InputError, match=r"walk01_poses\.npz: ") as error:
        to_clip(recording, min_seconds=0.0 if "two" in said else 1.0)
    assert said in str(error.value)


def test_time_base_must_exist_and_fit() -> None:
    with pytest.raises(InputError, match="did you mean 'kinesis'"):
        resample(standing(), time_base="kinesiss")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="less than 30"):
        resample(standing(fps=20.0), time_base="kinesis")
