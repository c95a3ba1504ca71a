from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
from amass_files import smplh, smplx, walker, write_amass

from kinesis_bench.errors import InputError
from kinesis_bench.files import sha256_of_file
from kinesis_bench.motions.amass import find_amass, read_amass
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.motions.skeleton import mean_skeleton


def test_smplh(tmp_path: Path) -> None:
    path = write_amass(tmp_path / "KIT" / "10" / "LeftTurn01_poses.npz")
    recording = read_amass(path)
    assert recording.key == "KIT/10/LeftTurn01_poses"
    assert (recording.fps, recording.subject, recording.gender) == (100.0, "KIT/10", "female")
    assert recording.source_sha256 == sha256_of_file(path)
    body, trans = walker(201, 100.0)
    np.testing.assert_array_equal(recording.rotations.reshape(201, 66), body)
    np.testing.assert_allclose(
        recording.pelvis_position - trans, np.tile([-0.0018, -0.2233, 0.0282], (201, 1))
    )
    np.testing.assert_array_equal(recording.betas, np.linspace(-1, 1, 16))


def test_both_formats_give_the_same_clip(tmp_path: Path) -> None:
    a = to_clip(read_amass(write_amass(tmp_path / "KIT/10/x_poses.npz")))
    b = to_clip(read_amass(write_amass(tmp_path / "KIT/10/x_stageii.npz")))
    assert (a.key, b.key) == ("KIT/10/x_poses", "KIT/10/x_stageii")
    assert read_amass(tmp_path / "KIT/10/x_stageii.npz").gender == "male"
    for field in dataclasses.fields(a):
        if isinstance(getattr(a, field.name), np.ndarray):
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))


def test_a_walker_walks(tmp_path: Path) -> None:
    """From a file of AMASS's format to a clip: upright, forwards along x, soles on the floor."""
    clip = to_clip(read_amass(write_amass(tmp_path / "KIT/10/x_poses.npz")))
    assert clip.frames == 61
    assert np.isclose(clip.pelvis_linear_velocity[:, 0].mean(), 1.2, atol=1e-3)
    head = clip.keypoint_position[:, 1, 2]
    assert np.all((head > 1.3) & (head < 1.7))
    assert clip.keypoint_position[:, 6:, 2].min() > -0.05
    length = np.linalg.norm(clip.keypoint_position[:, 2] - clip.keypoint_position[:, 4], axis=1)
    rest = mean_skeleton().rest
    np.testing.assert_allclose(length, np.linalg.norm(rest[4] - rest[7]), atol=1e-9)


def test_find_prefers_smplh_and_names_by_folder(tmp_path: Path) -> None:
    for name in ("KIT/3/a01_poses", "KIT/3/a01_stageii", "KIT/10/b_stageii", "CMU/01/c_poses"):
        write_amass(tmp_path / f"{name}.npz", {})
    write_amass(tmp_path / "KIT/3/shape.npz", {})
    found = find_amass(tmp_path)
    assert [file.name for file in found] == ["CMU/01/c", "KIT/10/b", "KIT/3/a01"]
    assert found[2].path.name == "a01_poses.npz"
    assert [file.name for file in find_amass(tmp_path / "KIT" / "3")] == ["KIT/3/a01"]
    with pytest.raises(InputError, match="no such folder"):
        find_amass(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no AMASS recordings"):
        find_amass(tmp_path / "empty")


def without(*names: str) -> dict[str, np.ndarray]:
    return {name: value for name, value in smplh().items() if name not in names}


def nan_poses() -> np.ndarray:
    poses = smplh()["poses"]
    poses[[5, 9], 7] = np.nan
    return poses


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (without("poses"), "poses: is missing"),
        (without("trans"), "trans: is missing"),
        (without("mocap_framerate"), "mocap_framerate: is missing, so the frame rate is unknown"),
        (smplh() | {"poses": nan_poses()}, "poses: is NaN or infinite in 2 frames, first in frame 5"),
        (smplh() | {"poses": np.zeros((201, 63))}, r"poses: has shape \(201, 63\)"),
        (smplh() | {"poses": np.zeros(66)}, r"poses: has shape \(66,\)"),
        (smplh() | {"poses": np.zeros((0, 156))}, "poses: holds zero frames"),
        (smplh() | {"trans": np.zeros((200, 3))}, "trans: has 200 frames but poses 201"),
        (smplh() | {"trans": np.full((201, 3), np.inf)}, "trans: is NaN or infinite in 201 frames"),
        (smplh() | {"mocap_framerate": np.array(0.0)}, "mocap_framerate: is 0 Hz"),
        (smplh() | {"mocap_framerate": np.array(np.nan)}, "mocap_framerate: is nan Hz"),
        (smplh() | {"mocap_framerate": np.array("fast")}, "mocap_framerate: is .*not a number"),
        (smplx() | {"mocap_frame_rate": np.array(1e6)}, "mocap_frame_rate: is 1e\\+06 Hz"),
        (smplh() | {"betas": np.full(16, np.nan)}, "betas: are not finite"),
        (
            smplh() | {"poses": np.array([{"evil": 1}], dtype=object)},
            "poses: cannot be read .*allow_pickle=False",
        ),
        ({"a": np.zeros(3)}, "mocap_framerate: is missing"),
    ],
)
def test_bad_fields_are_named(tmp_path: Path, fields: dict[str, np.ndarray], said: str) -> None:
    path = write_amass(tmp_path / "KIT/10/x_poses.npz", fields)
    with pytest.raises(InputError, match=said) as error:
        read_amass(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    path = write_amass(tmp_path / "KIT/10/x_poses.npz")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"is cut or not an \.npz file"):
        read_amass(path)


def test_damaged_bytes_give_one_kind_of_error(tmp_path: Path) -> None:
    path = write_amass(tmp_path / "KIT/10/x_poses.npz", smplh(21))
    data = path.read_bytes()
    was = read_amass(path)
    refused = 0
    for place in np.random.default_rng(0).integers(0, len(data), 150):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read = read_amass(path)
        except InputError:
            refused += 1
        else:
            np.testing.assert_array_equal(read.rotations, was.rotations)
    assert refused > 50


def test_a_pickle_is_refused_unopened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "exploded",))

    path = tmp_path / "x_poses.npz"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match=r"not an \.npz file"):
        read_amass(path)
    fields = smplx()
    fields["markers_latent_vids"] = np.array([Bomb()], dtype=object)
    read_amass(write_amass(tmp_path / "KIT/1/y_stageii.npz", fields))
    assert not (tmp_path / "exploded").exists()


def test_a_folder_named_as_a_recording_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "walk_poses.npz").mkdir()
    with pytest.raises(InputError, match="is a folder, not a file"):
        read_amass(tmp_path / "walk_poses.npz")
