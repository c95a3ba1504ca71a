"""Segment and keypoint motion against MuJoCo's own functions; heading and tilt against known rotations."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from in_motion import moving, of, velocity
from scipy.spatial.transform import Rotation

from kinesis_bench.tasks.kinematics import to_heading


def test_velocities_are_mujocos(body):
    datas = [moving(body, seed) for seed in range(3)]
    now = of(body, *datas)
    for row, data in enumerate(datas):
        for place, segment in enumerate(body.segment_ids):
            angular, linear = velocity(body, data, mujoco.mjtObj.mjOBJ_XBODY, segment)
            np.testing.assert_allclose(now.linear_velocity[row, place], linear, atol=1e-11)
            np.testing.assert_allclose(now.angular_velocity[row, place], angular, atol=1e-11)
            np.testing.assert_array_equal(now.position[row, place], data.xpos[segment])
        for place, site in enumerate(body.keypoint_site_ids):
            _, linear = velocity(body, data, mujoco.mjtObj.mjOBJ_SITE, site)
            np.testing.assert_allclose(now.keypoint_velocity[row, place], linear, atol=1e-11)
            np.testing.assert_allclose(now.keypoint_position[row, place], data.site_xpos[site], atol=1e-12)


def test_axes_are_the_segments_own(body):
    data = moving(body)
    now = of(body, data)
    for place, segment in enumerate(body.segment_ids):
        frame = data.xmat[segment].reshape(3, 3)
        np.testing.assert_allclose(now.axes[0, place, 0], frame @ body.segment_forward[place], atol=1e-12)
        np.testing.assert_allclose(now.axes[0, place, 1], frame @ body.segment_up[place], atol=1e-12)


def turned(body, yaw, pitch, roll):
    """The body at rest whose pelvis is turned from upright, facing world +x."""
    data = mujoco.MjData(body.model)
    mujoco.mj_kinematics(body.model, data)
    pelvis = Rotation.from_matrix(data.xmat[body.pelvis_id].reshape(3, 3))
    upright = Rotation.from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    wanted = Rotation.from_euler("ZYX", [yaw, pitch, roll]) * upright
    root = Rotation.from_quat(data.qpos[3:7], scalar_first=True)
    qpos = data.qpos.copy()
    qpos[3:7] = (wanted * pelvis.inv() * root).as_quat(scalar_first=True)
    return of(body, moving(body, qpos=qpos))


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"), [(0, 0, 0), (0.7, 0, 0), (-2.0, 0.3, 0), (3.0, 0, -0.4), (1.0, -0.5, 0.6)]
)
def test_heading_and_tilt_are_the_pelvis_euler_angles(body, yaw, pitch, roll):
    now = turned(body, yaw, pitch, roll)
    np.testing.assert_allclose(now.heading[0], [np.cos(yaw), np.sin(yaw)], atol=1e-9)
    expected = [np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch)]
    np.testing.assert_allclose(now.tilt[0], expected, atol=1e-9)


def test_leaning_forward_is_positive_pitch_and_right_positive_roll(legs):
    """Known by what it looks like: the pelvis's up axis leans to where it says."""
    index = legs.segments.index("pelvis")
    forward = turned(legs, 0, 0.3, 0)
    assert forward.axes[0, index, 1, 0] > 0.2
    right = turned(legs, 0, 0, 0.3)
    assert right.axes[0, index, 1, 1] < -0.2


def test_a_pelvis_that_looks_straight_up_has_finite_numbers(legs):
    now = turned(legs, 0.0, -np.pi / 2, 0.0)
    assert np.isfinite(now.heading).all()
    assert np.isfinite(now.tilt).all()
    assert np.hypot(*now.heading[0]) == pytest.approx(1)


def test_to_heading_turns_about_the_vertical():
    heading = np.array([[np.cos(0.5), np.sin(0.5)]])
    vectors = np.array([[[np.cos(0.5), np.sin(0.5), 2.0], [-np.sin(0.5), np.cos(0.5), 0.0]]])
    np.testing.assert_allclose(to_heading(heading, vectors), [[[1, 0, 2], [0, 1, 0]]], atol=1e-12)
