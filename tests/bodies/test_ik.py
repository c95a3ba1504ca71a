"""Inverse kinematics: a body finds its own poses again; limits, couplings and frames hold."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.bodies.ik import warm_start
from kinesis_bench.bodies.ik.joints import Anatomy
from kinesis_bench.bodies.ik.reduced import ROOT, Tree, coupling
from kinesis_bench.motions.clip import FPS, Clip, Recording
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.motions.retarget import smpl_rotations
from kinesis_bench.motions.skeleton import FACING_X, KEYPOINTS, mean_skeleton

UPRIGHT_M = 0.947
"""Height of the root of a body that stands."""


def rest_clip(frames: int = 3) -> Clip:
    """The mean skeleton in its rest pose, facing world +x, on the floor."""
    rotations = np.zeros((frames, 22, 3))
    rotations[:, 0] = Rotation.from_matrix(FACING_X).as_rotvec()
    return to_clip(Recording("rest", FPS, rotations, np.tile([0.0, 0.0, 1.0], (frames, 1))))


def walking_clip(seconds: float = 3.0, yaw_rate: float = 0.4) -> Clip:
    """A plain walk along an arc: sine angles of human size, heights left to the pipeline."""
    time = np.arange(0, seconds, 1 / FPS)
    phase = 2 * np.pi * 0.9 * time
    angles: dict[str, np.ndarray] = {}
    for side, shift in (("r", 0.0), ("l", np.pi)):
        angles[f"hip_flexion_{side}"] = 0.15 + 0.38 * np.sin(phase + shift)
        angles[f"knee_angle_{side}"] = 0.35 + 0.3 * np.sin(phase + shift + 1.2)
        angles[f"ankle_angle_{side}"] = 0.15 * np.sin(phase + shift)
    angles["pelvis_tilt"] = np.full(len(time), -0.05)
    yaw = yaw_rate * time
    path = np.cumsum(np.stack([np.cos(yaw), np.sin(yaw), 0 * yaw], axis=1), axis=0) * 1.2 / FPS
    path[:, 2] = 0.92 + 0.02 * np.cos(2 * phase)
    return to_clip(Recording("walk", FPS, smpl_rotations(angles, yaw), path))


def random_poses(name: str, count: int, seed: int = 0, subtalar: float = 0.9) -> tuple[Clip, np.ndarray]:
    """SMPL's keypoints for random poses within 90 % of the body's limits, well above the floor."""
    body, rng = load_body(name), np.random.default_rng(seed)
    model, data = body.model, mujoco.MjData(body.model)
    joints = coupling(model)
    poses = np.tile(model.qpos0, (count, 1))
    share = np.array([subtalar if "subtalar" in joint else 0.9 for joint in joints.names])
    inside = rng.uniform(joints.lower * share, joints.upper * share, (count, len(share)))
    poses[:, joints.qpos] = joints.values(inside)
    poses[:, :3] = rng.uniform([-1, -1, 3], [1, 1, 5], (count, 3))
    poses[:, 3:7] = Rotation.random(count, rng=seed).as_quat(scalar_first=True)
    keypoints, pelvis = np.zeros((count, 8, 3)), np.zeros((count, 4))
    for row, pose in enumerate(poses):
        data.qpos[:] = pose
        mujoco.mj_kinematics(model, data)
        keypoints[row, body.keypoint_columns] = data.site_xpos[body.keypoint_site_ids]
        pelvis[row] = data.xquat[body.pelvis_id]
    keypoints, zero = as_smpl_has_them(body, keypoints, pelvis), np.zeros((count, 3))
    return Clip("random", keypoints, np.zeros_like(keypoints), keypoints[:, 0], pelvis, zero, zero), poses


def as_smpl_has_them(body: Body, own: np.ndarray, pelvis: np.ndarray) -> np.ndarray:
    """Keypoints of SMPL's skeleton whose targets are a body's own: the inverse of ``Anatomy.targets``."""
    anatomy, axes = Anatomy.of(body), Rotation.from_quat(pelvis, scalar_first=True).as_matrix()
    keypoints = own.copy()
    for _ in range(30):
        keypoints += own - anatomy.targets(keypoints, axes)
    np.testing.assert_allclose(anatomy.targets(keypoints, axes), own, atol=1e-9)
    return keypoints


def measured(name: str, qpos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (F, K, 3) and pelvis orientations by MuJoCo itself."""
    body = load_body(name)
    data = mujoco.MjData(body.model)
    keypoints, pelvis = [], []
    for pose in qpos:
        data.qpos[:] = pose
        mujoco.mj_kinematics(body.model, data)
        keypoints.append(data.site_xpos[body.keypoint_site_ids])
        pelvis.append(data.xquat[body.pelvis_id].copy())
    return np.array(keypoints), np.array(pelvis)


def turn_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angle between orientations w, x, y, z [deg]."""
    pair = [Rotation.from_quat(q, scalar_first=True) for q in (a, b)]
    return np.degrees((pair[0] * pair[1].inv()).magnitude())


@pytest.mark.parametrize("name", BODIES)
def test_kinematics_and_derivatives_are_mujocos(name):
    """Points against MuJoCo's, their derivatives against differences."""
    body = load_body(name)
    model = body.model
    points = [(int(model.site_bodyid[s]), model.site_pos[s]) for s in body.keypoint_site_ids]
    tree = Tree(model, points)
    _, poses = random_poses(name, 4, seed=3)
    c = np.concatenate([np.zeros((4, ROOT)), poses[:, tree.coupling.independent]], axis=1)
    c[:, 3:6] = 0.3 * np.random.default_rng(0).normal(size=(4, 3))
    rotation = Rotation.from_quat(poses[:, 3:7], scalar_first=True).as_matrix()
    turned = Rotation.from_rotvec(c[:, 3:6]) * Rotation.from_matrix(rotation)
    pose = tree.pose(poses[:, :3], rotation, c)
    expected, _ = measured(
        name, np.concatenate([poses[:, :3], turned.as_quat(scalar_first=True), poses[:, 7:]], 1)
    )
    np.testing.assert_allclose(pose.points, expected, atol=1e-12)
    for column in range(c.shape[1]):
        step = np.zeros(c.shape[1])
        step[column] = 1e-6
        ahead, behind = (tree.pose(poses[:, :3], rotation, c + s * step).points for s in (1, -1))
        rate = np.cross(pose.angular[:, None, :, column], pose.points) + pose.linear[:, None, :, column]
        rate *= tree.moves[:, column, None]
        np.testing.assert_allclose(rate, (ahead - behind) / 2e-6, atol=1e-8)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("subtalar", "median_mm", "most_mm", "knees_mm"), [(0.1, 1.0, 3.0, 3.0), (0.9, 4.0, 8.0, 8.0)]
)
def test_recovers_keypoints_of_the_bodys_own_poses(name, subtalar, median_mm, most_mm, knees_mm):
    """Below a millimetre, but for knees, and for what the stiff subtalar joint takes where poses turn it."""
    body = load_body(name)
    clip, poses = random_poses(name, 200, subtalar=subtalar)
    start = warm_start(body, clip)
    keypoints, _ = measured(name, start.qpos)
    wanted, _ = measured(name, poses)
    off_mm = 1000 * np.linalg.norm(keypoints - wanted, axis=-1)
    knees = np.array([keypoint.endswith("knee") for keypoint in body.keypoints])
    error_mm = off_mm[:, ~knees].mean(axis=1)
    assert np.median(error_mm) < median_mm
    assert np.median(off_mm[:, knees]) < knees_mm
    assert np.percentile(error_mm, 99) < most_mm
    residual = keypoints - clip.keypoint_position[:, body.keypoint_columns]
    np.testing.assert_allclose(start.residual, np.linalg.norm(residual, axis=-1).mean(axis=1), atol=1e-9)


def test_hips_and_soles_belong_where_smpls_are():
    """At rest, by hand: SMPL's hips 0.6 cm behind its pelvis, the floor 2 cm under its toe joints."""
    skeleton, clip = mean_skeleton(), rest_clip(2)
    anatomy = Anatomy.of(load_body("legs"))
    assert anatomy.hips == pytest.approx([-0.0563, -0.0785, 0.0], abs=1e-4)
    assert anatomy.ankle_over_sole_m == pytest.approx(0.0619, abs=1e-4)
    axes = np.tile([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]], (2, 1, 1))
    targets, given = anatomy.targets(clip.keypoint_position, axes)[0], clip.keypoint_position[0]
    at = {
        name: given[0] + FACING_X @ (skeleton.rest[skeleton.index(name)] - skeleton.rest[0])
        for name in ("L_Hip", "R_Hip", "L_Ankle")
    }
    np.testing.assert_allclose(given[KEYPOINTS.index("l_ankle")], at["L_Ankle"], atol=1e-6)
    np.testing.assert_allclose(
        targets[0] + axes[0] @ anatomy.hips, (at["L_Hip"] + at["R_Hip"]) / 2, atol=1e-6
    )
    for side in "lr":
        ankle, toe = (targets[KEYPOINTS.index(f"{side}_{name}"), 2] for name in ("ankle", "toe"))
        assert ankle - (toe - 0.020) == pytest.approx(anatomy.ankle_over_sole_m, abs=5e-4)
    same = [i for i, name in enumerate(KEYPOINTS) if name != "pelvis" and not name.endswith("ankle")]
    np.testing.assert_array_equal(targets[same], given[same])


def test_targets_turn_and_move_with_the_keypoints():
    clip, anatomy = walking_clip(0.5), Anatomy.of(load_body("legs"))
    axes = Rotation.from_quat(clip.pelvis_quaternion, scalar_first=True).as_matrix()
    turn, move = Rotation.random(rng=1).as_matrix(), np.array([1.0, -2.0, 0.3])
    turned = anatomy.targets(clip.keypoint_position @ turn.T + move, turn @ axes)
    expected = anatomy.targets(clip.keypoint_position, axes) @ turn.T + move
    np.testing.assert_allclose(turned, expected, atol=1e-12)


@pytest.mark.parametrize("name", BODIES)
def test_a_rest_pose_gives_a_rest_pose(name):
    body, clip = load_body(name), rest_clip()
    start = warm_start(body, clip)
    joints = coupling(body.model)
    for joint, angle in zip(joints.names, np.degrees(start.qpos[0, joints.independent]), strict=True):
        if not joint.startswith(("hip_rotation", "subtalar")):
            assert abs(angle) < 15, joint
    keypoints, pelvis = measured(name, start.qpos[:1])
    pelvis_axes = Rotation.from_quat(pelvis[0], scalar_first=True).as_matrix()
    np.testing.assert_allclose(pelvis_axes[:, 0], [1, 0, 0], atol=0.03)
    np.testing.assert_allclose(pelvis_axes[:, 1], [0, 0, 1], atol=0.03)
    np.testing.assert_allclose(pelvis_axes[:, 2], [0, -1, 0], atol=0.03)
    left, right = (keypoints[0, body.keypoints.index(k), 1] for k in ("l_knee", "r_knee"))
    assert left > 0.05
    assert right < -0.05
    assert abs(start.qpos[0, 2] - UPRIGHT_M) < 0.03
    axes = Rotation.from_quat(clip.pelvis_quaternion[:1], scalar_first=True).as_matrix()
    targets = Anatomy.of(body).targets(clip.keypoint_position[:1], axes)[0, body.keypoint_columns]
    off_m = np.linalg.norm(keypoints[0] - targets, axis=1)
    knees = np.array([keypoint.endswith("knee") for keypoint in body.keypoints])
    assert off_m[~knees].mean() < 0.010
    assert off_m[knees].max() < 0.025
    assert start.residual.max() < 0.020
    assert start.sole_depth.max() < 0.003
    np.testing.assert_allclose(start.qvel, 0, atol=1e-9)


@pytest.mark.parametrize("name", BODIES)
def test_a_walk_keeps_pelvis_limits_couplings_and_floor(name):
    body, clip = load_body(name), walking_clip()
    start = warm_start(body, clip)
    _, pelvis = measured(name, start.qpos)
    assert turn_deg(pelvis, clip.pelvis_quaternion).max() < 3.0
    model = body.model
    limited = model.jnt_limited.astype(bool)
    free = np.array([model.joint(j).name in coupling(model).names for j in range(model.njnt)])
    for joint in np.flatnonzero(limited & free):
        values = start.qpos[:, model.jnt_qposadr[joint]]
        assert values.min() >= model.jnt_range[joint, 0]
        assert values.max() <= model.jnt_range[joint, 1]
    data = mujoco.MjData(model)
    for pose, velocity in zip(start.qpos[::10], start.qvel[::10], strict=True):
        data.qpos[:], data.qvel[:] = pose, velocity
        mujoco.mj_forward(model, data)
        equalities = data.efc_type == mujoco.mjtConstraint.mjCNSTR_EQUALITY
        assert equalities.sum() == model.neq
        assert np.abs(data.efc_pos[equalities]).max() < 1e-9
        assert np.abs(data.efc_vel[equalities]).max() < 1e-9
        deepest = min((contact.dist for contact in data.contact[: data.ncon]), default=0.0)
        assert deepest > -0.010
    assert start.residual.max() < 0.030
    assert start.sole_depth.max() < 0.006


@pytest.mark.parametrize("name", BODIES)
def test_a_hard_pull_on_the_keypoints_turns_the_pelvis_by_no_more_than_three_degrees(name):
    clip = rest_clip()
    pulled = clip.keypoint_position.copy()
    pulled[:, 2::2, 0] += 0.4
    pulled[:, 3::2, 0] -= 0.4
    start = warm_start(load_body(name), replace(clip, keypoint_position=pulled))
    _, pelvis = measured(name, start.qpos)
    turn = turn_deg(pelvis, clip.pelvis_quaternion)
    assert 1.0 < turn.max() < 3.0


def test_trunk_yaw_follows_the_pelvis_where_the_head_is_tracked():
    clip = walking_clip()
    for name in ("legs_abs", "legs_back"):
        body = load_body(name)
        start = warm_start(body, clip)
        rotation = start.qpos[:, body.model.joint("axial_rotation").qposadr[0]]
        assert np.degrees(np.abs(rotation)).max() < 10


@pytest.mark.parametrize("name", BODIES)
def test_motion_is_smooth_and_velocities_are_mujocos(name):
    body, clip = load_body(name), walking_clip()
    start = warm_start(body, clip)
    legs = [body.model.joint(j).qposadr[0] for j in coupling(body.model).names if "mtp" not in j]
    bend_deg = np.degrees(np.abs(np.diff(start.qpos[:, legs], 2, axis=0)))
    assert bend_deg.max() < 6
    expected = np.zeros(body.model.nv)
    independent = [body.model.joint(j).dofadr[0] for j in coupling(body.model).names]
    for frame in range(1, clip.frames - 1, 7):
        mujoco.mj_differentiatePos(
            body.model, expected, 2 / FPS, start.qpos[frame - 1], start.qpos[frame + 1]
        )
        velocity = start.qvel[frame]
        np.testing.assert_allclose(velocity[:3], expected[:3], atol=1e-9)
        np.testing.assert_allclose(velocity[independent], expected[independent], atol=1e-9)
        np.testing.assert_allclose(velocity[3:6], expected[3:6], atol=0.03)


def test_a_frame_does_not_depend_on_the_others_and_a_second_run_gives_the_same_bits():
    body, clip = load_body("legs"), walking_clip()
    whole = warm_start(body, clip)
    again = warm_start(body, clip)
    for name in ("qpos", "qvel", "residual", "sole_depth"):
        assert getattr(whole, name).tobytes() == getattr(again, name).tobytes()
    fields = [name for name in vars(clip) if isinstance(getattr(clip, name), np.ndarray)]
    part = warm_start(body, replace(clip, **{name: getattr(clip, name)[20:50] for name in fields}))
    np.testing.assert_allclose(part.qpos[:, 7:], whole.qpos[20:50, 7:], atol=1e-9)


def test_the_skeletons_left_is_the_bodys_left():
    skeleton, clip = mean_skeleton(), rest_clip(2)
    assert skeleton.rest[skeleton.index("L_Knee"), 0] > 0
    assert clip.keypoint_position[0, 2, 1] > 0
