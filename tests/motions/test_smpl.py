from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from amass_files import smplh, write_amass
from scipy.spatial.transform import Rotation

from kinesis_bench.errors import InputError
from kinesis_bench.motions.amass import read_amass
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.motions.skeleton import mean_skeleton
from kinesis_bench.motions.smpl import SmplBodies

JOINTS, PER_JOINT = 52, 4


def model_fields(components: int = 16, seed: int = 0) -> dict[str, np.ndarray]:
    """A small model with the fields, shapes and types of SMPL-H's ``model.npz``: four vertices a joint."""
    rng = np.random.default_rng(seed)
    mean = mean_skeleton()
    joints = np.vstack([mean.rest, mean.rest[[20, 21] * 15] + rng.normal(0, 0.03, (30, 3))])
    parents = np.concatenate([mean.parents, np.tile([20, 21], 15)])
    count = JOINTS * PER_JOINT
    around = rng.normal(0, 0.05, (JOINTS, PER_JOINT, 3))
    around -= around.mean(axis=1, keepdims=True)
    template = (joints[:, None] + around).reshape(count, 3)
    weights = rng.dirichlet(np.full(JOINTS, 0.05), count)
    return {
        "v_template": template,
        "shapedirs": rng.normal(0, 0.005, (count, 3, components)),
        "posedirs": rng.normal(0, 0.002, (count, 3, 9 * (JOINTS - 1))),
        "J_regressor": np.kron(np.eye(JOINTS), np.full((1, PER_JOINT), 1 / PER_JOINT)),
        "weights": weights,
        "kintree_table": np.array([np.where(parents < 0, 2**32 - 1, parents), range(JOINTS)], np.uint32),
        "f": np.zeros((3, 3), np.uint32),
    }


def write_model(path: Path, fields: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **fields)  # type: ignore[arg-type]


@pytest.fixture
def bodies(tmp_path: Path) -> SmplBodies:
    write_model(tmp_path / "models/smplh/female/model.npz", model_fields())
    return SmplBodies(tmp_path / "models")


def test_mean_shape_gives_the_mean_skeleton(bodies: SmplBodies, tmp_path: Path) -> None:
    fields = smplh() | {"betas": np.zeros(16)}
    recording = read_amass(write_amass(tmp_path / "KIT/1/x_poses.npz", fields))
    placed, skeleton = bodies.place(recording)
    np.testing.assert_allclose(skeleton.rest, mean_skeleton().rest, atol=1e-12)
    np.testing.assert_allclose(placed.pelvis_position[:, :2], recording.pelvis_position[:, :2], atol=1e-12)
    assert placed.on_floor


def test_shape_moves_the_joints(bodies: SmplBodies, tmp_path: Path) -> None:
    recording = read_amass(write_amass(tmp_path / "KIT/1/x_poses.npz"))
    placed, skeleton = bodies.place(recording)
    fields = model_fields()
    vertices = fields["v_template"] + fields["shapedirs"] @ np.linspace(-1, 1, 16)
    np.testing.assert_allclose(skeleton.rest, vertices.reshape(JOINTS, PER_JOINT, 3).mean(axis=1)[:22])
    trans = smplh()["trans"]
    np.testing.assert_allclose(placed.pelvis_position[:, :2], (trans + skeleton.rest[0])[:, :2])
    clip = to_clip(placed, skeleton=skeleton)
    thigh = np.linalg.norm(clip.keypoint_position[:, 2] - clip.keypoint_position[:, 4], axis=1)
    np.testing.assert_allclose(thigh, np.linalg.norm(skeleton.rest[4] - skeleton.rest[7]))


def test_the_mesh_stands_on_the_floor(bodies: SmplBodies, tmp_path: Path) -> None:
    recording = read_amass(write_amass(tmp_path / "KIT/1/x_poses.npz"))
    placed, _ = bodies.place(recording)
    assert recording.betas is not None
    lowest = bodies.model("smplh", "female").lowest(
        recording.betas, placed.rotations[::3], placed.pelvis_position[::3]
    )
    assert abs(np.percentile(lowest, 5)) < 1e-12


def test_rest_pose_heights_are_the_template(bodies: SmplBodies) -> None:
    """Unposed, in SMPL's axes, the 'height' is the template's third coordinate."""
    model = bodies.model("smplh", "female")
    heights = model.vertex_heights(
        np.zeros(1), np.zeros((2, 22, 3)), np.tile(mean_skeleton().rest[0], (2, 1))
    )
    np.testing.assert_allclose(heights, np.tile(model.v_template[:, 2], (2, 1)), atol=1e-12)


def test_agrees_with_the_smplx_package(bodies: SmplBodies) -> None:
    torch = pytest.importorskip("torch", reason="pip install smplx torch to compare with smplx")
    lbs = pytest.importorskip("smplx.lbs", reason="pip install smplx torch to compare with smplx")
    rng = np.random.default_rng(3)
    model = bodies.model("smplh", "female")
    betas, rotations, trans = rng.normal(size=16), rng.normal(0, 0.6, (5, 22, 3)), rng.normal(size=(5, 3))
    pose = np.concatenate([rotations, np.zeros((5, JOINTS - 22, 3))], axis=1).reshape(5, -1)
    vertices, joints = lbs.lbs(
        torch.tensor(np.tile(betas, (5, 1))),
        torch.tensor(pose),
        torch.tensor(model.v_template),
        torch.tensor(model.shapedirs),
        torch.tensor(model.posedirs.reshape(-1, model.posedirs.shape[2]).T.copy()),
        torch.tensor(model.joint_regressor),
        torch.tensor(model.parents),
        torch.tensor(model.weights),
    )
    # smplx adds 1e-8 to every rotation vector
    rest = model.shaped(betas)[1]
    pelvis = trans + rest[0]
    ours = model.vertex_heights(betas, rotations, pelvis)
    np.testing.assert_allclose(ours, vertices.numpy()[:, :, 2] + trans[:, None, 2], atol=1e-7)
    skeleton = dataclasses.replace(mean_skeleton(), rest=rest[:22])
    position, _ = skeleton.forward_kinematics(Rotation.from_rotvec(rotations.reshape(-1, 3)), pelvis)
    np.testing.assert_allclose(position, joints.numpy()[:, :22] + trans[:, None], atol=1e-7)


def test_smplx_keeps_expressions_out_of_the_shape(tmp_path: Path) -> None:
    write_model(tmp_path / "smplx/SMPLX_MALE.npz", model_fields(components=20))
    assert SmplBodies(tmp_path).model("smplx", "male").shapedirs.shape[2] == 10
    recording = read_amass(write_amass(tmp_path / "KIT/1/x_stageii.npz"))
    assert recording.gender == "male"
    assert SmplBodies(tmp_path).place(recording)[0].on_floor


def test_missing_and_damaged_models(tmp_path: Path, bodies: SmplBodies) -> None:
    with pytest.raises(InputError, match="no such folder"):
        SmplBodies(tmp_path / "none")
    with pytest.raises(
        InputError, match=r"no smplh model file for male bodies \(male/model\.npz or SMPLH_MALE"
    ):
        bodies.model("smplh", "male")
    for change, said in (
        ({"weights": np.zeros((3, 52))}, r"weights: has shape \(3, 52\)"),
        ({"J_regressor": np.array({}, dtype=object)}, "J_regressor: cannot be read"),
        ({"weights": np.array(["x"])}, "weights: holds <U1, no numbers"),
        ({"v_template": np.array(1.0)}, "an array has the wrong dimensions"),
    ):
        write_model(tmp_path / "SMPLH_MALE.npz", model_fields() | change)
        with pytest.raises(InputError, match=said):
            SmplBodies(tmp_path).model("smplh", "male")
    fields = model_fields()
    fields.pop("posedirs")
    write_model(tmp_path / "SMPLH_MALE.npz", fields)
    with pytest.raises(InputError, match="posedirs: is missing"):
        SmplBodies(tmp_path).model("smplh", "male")
    (tmp_path / "SMPLH_MALE.npz").write_bytes(b"PK\x03\x04cut")
    with pytest.raises(InputError, match="archive: cannot be read"):
        SmplBodies(tmp_path).model("smplh", "male")
