from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from angle_files import walk, write_sto
from damaged_files import refusals
from joblib_files import joblib_dump
from scipy.spatial.transform import Rotation

from kinesis_bench.errors import InputError
from kinesis_bench.motions.clip import Recording
from kinesis_bench.motions.joint_angles import read_joint_angles
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.motions.position_fit import rotations_from_positions
from kinesis_bench.motions.skeleton import FACING_X, mean_skeleton
from kinesis_bench.motions.text_to_motion import is_positions, read_text_to_motion


@pytest.fixture(scope="module")
def walker(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Somebody who walks and turns left a little, at 20 frames per second, z up."""
    columns = walk(3.0, fps=20.0)
    columns["hip_rotation_r"] = columns["hip_rotation_l"] = np.full_like(columns["time"], 0.1)
    columns["lumbar_rotation"] = 0.2 * np.sin(columns["time"])
    columns["arm_flex_r"] = columns["elbow_flex_r"] = 0.5 + 0.3 * np.sin(5 * columns["time"])
    recording, _ = read_joint_angles(write_sto(tmp_path_factory.mktemp("walk") / "walk.sto", columns, False))
    return recording


def _positions(recording: Recording) -> np.ndarray:
    rotations = Rotation.from_rotvec(recording.rotations.reshape(-1, 3))
    return mean_skeleton().forward_kinematics(rotations, recording.pelvis_position)[0]


def _read(path: Path, content: Any = None) -> Recording:
    if content is not None:
        np.save(path, content)
    (recording,) = read_text_to_motion(path)
    return recording


def _y_up(recording: Recording) -> np.ndarray:
    """Axis-angles with the root in axes of which y is up."""
    rotations = recording.rotations.copy()
    root = Rotation.from_matrix(FACING_X.T) * Rotation.from_rotvec(rotations[:, 0])
    rotations[:, 0] = root.as_rotvec()
    return rotations


@pytest.mark.parametrize("joints", [22, 24])
@pytest.mark.parametrize("up", ["y", "z"])
def test_positions_come_back(tmp_path: Path, walker: Recording, joints: int, up: str) -> None:
    positions = _positions(walker)
    given = positions @ FACING_X if up == "y" else positions
    given = np.concatenate([given, given[:, -2:]], axis=1)[:, :joints]
    recording = _read(tmp_path / "walk.npy", given)
    np.testing.assert_allclose(_positions(recording), positions, atol=1e-6)
    assert (recording.key, recording.fps, recording.texts) == ("walk", 20.0, ())
    assert "joint positions" in recording.source
    clip, before = to_clip(recording), to_clip(walker)
    np.testing.assert_allclose(clip.keypoint_position, before.keypoint_position, atol=1e-3)


def _turned_apart_deg(recording: Recording) -> dict[str, float]:
    """By joint, the mean angle between its axes and those fitted to the positions alone."""
    fitted = rotations_from_positions(_positions(recording), recording.fps)
    skeleton = mean_skeleton()
    before, after = (
        skeleton.forward_kinematics(Rotation.from_rotvec(turns.reshape(-1, 3)), recording.pelvis_position)[1]
        for turns in (recording.rotations, fitted)
    )
    apart = Rotation.from_matrix(np.einsum("nkji,nkjl->nkil", before, after).reshape(-1, 3, 3))
    angle = np.rad2deg(apart.magnitude()).reshape(len(before), -1).mean(axis=0)
    return dict(zip(skeleton.joints, angle.tolist(), strict=True))


def test_fitted_legs_turn_as_the_real_ones(walker: Recording) -> None:
    apart = _turned_apart_deg(walker)
    assert max(apart["Pelvis"], apart["Chest"]) < 0.1
    # The knee bends in SMPL's rest plane, 7° of valgus away from OpenSim's straight leg.
    assert max(apart[f"{side}_{joint}"] for side in "LR" for joint in ("Hip", "Knee")) < 17


@pytest.mark.parametrize("size", [0.8, 1.3])
def test_positions_are_scaled_by_leg_length(tmp_path: Path, walker: Recording, size: float) -> None:
    recording = _read(tmp_path / "walk.npy", size * _positions(walker))
    np.testing.assert_allclose(_positions(recording), _positions(walker), atol=1e-6)


@pytest.mark.parametrize("unit", [100.0, 1000.0])
def test_positions_not_in_metres_are_refused(tmp_path: Path, walker: Recording, unit: float) -> None:
    with pytest.raises(InputError, match="give positions in metres"):
        _read(tmp_path / "walk.npy", unit * _positions(walker))


@pytest.mark.parametrize("flat", [True, False])
def test_axis_angles_come_back_and_walk_by_their_stance_foot(
    tmp_path: Path, walker: Recording, flat: bool
) -> None:
    rotations = _y_up(walker)
    recording = _read(tmp_path / "walk.npy", rotations.reshape(len(rotations), -1) if flat else rotations)
    assert "axis-angles" in recording.source
    np.testing.assert_allclose(recording.rotations, walker.rotations, atol=1e-6)
    # At 20 Hz the path is coarse; what matters is that the person gets along.
    travelled = recording.pelvis_position[-1] - recording.pelvis_position[0]
    assert travelled[0] == pytest.approx(np.ptp(walker.pelvis_position[:, 0]), rel=0.15)


def test_translation_of_an_archive_is_used(tmp_path: Path, walker: Recording) -> None:
    np.savez(
        tmp_path / "walk.npz",
        poses=_y_up(walker).reshape(-1, 66),
        trans=walker.pelvis_position @ FACING_X,
        fps=30,
        text="a person walks",
    )
    recording = _read(tmp_path / "walk.npz")
    np.testing.assert_allclose(recording.pelvis_position, walker.pelvis_position, atol=1e-9)
    assert (recording.fps, recording.texts) == (30.0, ("a person walks",))


def test_positions_and_axis_angles_are_told_apart(walker: Recording) -> None:
    positions = _positions(walker)
    noisy = positions + np.random.default_rng(0).normal(0, 0.01, positions.shape)
    for values in (
        positions,
        positions @ FACING_X,
        1000 * positions,
        noisy,
        np.repeat(positions[:1], 30, axis=0),
    ):
        assert is_positions(values)
    still = np.repeat(walker.rotations[:1], 30, axis=0)
    for values in (walker.rotations, _y_up(walker), still, np.zeros((30, 22, 3))):
        assert not is_positions(values)


def _mdm_results(path: Path, walker: Recording, **changes: Any) -> dict[str, Any]:
    """What MDM's ``sample/generate.py`` writes: two prompts, two repetitions, 60 frames with padding."""
    positions = (_positions(walker) @ FACING_X).astype(np.float32)
    motion = np.stack([np.moveaxis(part, 0, 2) for part in (positions, positions[::-1]) * 2])
    prompts = ["a person walks", "a person walks backwards"]
    lengths = np.concatenate([np.array([60, 40]), np.array([60, 40])])
    motion[1::2, ..., 40:] = np.nan
    content = {
        "motion": motion,
        "text": prompts * 2,
        "lengths": lengths,
        "num_samples": 2,
        "num_repetitions": 2,
    } | changes
    np.save(path, content)
    path.with_suffix(".txt").write_text("\n".join(prompts * 2))
    (path.parent / "results_len.txt").write_text("\n".join(map(str, lengths)))
    return content


def test_mdm_results(tmp_path: Path, walker: Recording) -> None:
    _mdm_results(tmp_path / "results.npy", walker)
    recordings = read_text_to_motion(tmp_path / "results.npy")
    assert [recording.key for recording in recordings] == [f"results_{place}" for place in range(4)]
    assert [recording.texts for recording in recordings] == [
        ("a person walks",),
        ("a person walks backwards",),
    ] * 2
    assert [len(recording.rotations) for recording in recordings] == [60, 40, 60, 40]
    assert {recording.fps for recording in recordings} == {20.0}
    np.testing.assert_allclose(_positions(recordings[2]), _positions(walker), atol=1e-5)
    assert [to_clip(recording).frames for recording in recordings] == [89, 59, 89, 59]


def test_mdm_results_of_numpy_1(tmp_path: Path, walker: Recording) -> None:
    """MDM's own environment has numpy 1, whose ``save`` pickles by protocol 3 and by other names."""
    content = _mdm_results(tmp_path / "results.npy", walker)
    whole = np.empty((), object)
    whole[()] = content
    new = pickle.dumps(whole, 3)
    old = new.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    assert old != new
    with (tmp_path / "results.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(whole))
        file.write(old)
    recordings = read_text_to_motion(tmp_path / "results.npy")
    assert [recording.texts for recording in recordings] == [(text,) for text in content["text"]]
    np.testing.assert_allclose(_positions(recordings[0]), _positions(walker), atol=1e-5)


def test_mdm_prompts_that_change_in_time(tmp_path: Path, walker: Recording) -> None:
    texts = [["a person walks", "a person turns"], ["a person runs", "a person stops"]] * 2
    _mdm_results(tmp_path / "results.npy", walker, text=texts)
    recordings = read_text_to_motion(tmp_path / "results.npy")
    assert [list(recording.texts) for recording in recordings] == texts


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lengths": np.array([60, 0, 60, 40])}, r"results\.npy: motion 1: lasts 0\.00 s; give at least 1 s"),
        ({"lengths": np.array([60, 61, 60, 40])}, "lengths: is not of whole frames from 0 to 60"),
        ({"lengths": np.array([60, -1, 60, 40])}, "lengths: is not of whole frames"),
        ({"lengths": np.array([60.0, 40, 60, 40])}, "lengths: is not of whole frames"),
        ({"lengths": np.array([60, 40])}, "lengths: holds 2 for 4 motions"),
        ({"motion": np.zeros((0, 22, 3, 60))}, r"motion: has shape \(0, 22, 3, 60\), no motion"),
        ({"motion": np.zeros((4, 22, 3, 0)), "lengths": np.zeros(4, int)}, "motion 0: lasts 0.00 s"),
    ],
)
def test_mdm_results_that_are_not_whole(
    tmp_path: Path, walker: Recording, changes: dict[str, Any], says: str
) -> None:
    _mdm_results(tmp_path / "results.npy", walker, **changes)
    with pytest.raises(InputError, match=says):
        read_text_to_motion(tmp_path / "results.npy")


def test_prompt_beside_the_file(tmp_path: Path, walker: Recording) -> None:
    (tmp_path / "walk.txt").write_text("a person walks\n\nforward\n")
    assert _read(tmp_path / "walk.npy", _positions(walker)).texts == ("a person walks", "forward")


def test_each_motion_of_a_batch_has_its_own_line_beside_the_file(tmp_path: Path, walker: Recording) -> None:
    positions = _positions(walker)
    np.save(tmp_path / "batch.npy", np.stack([positions, positions[::-1]]))
    beside = tmp_path / "batch.txt"
    beside.write_text("a person walks\na person walks backwards\n")
    texts = [recording.texts for recording in read_text_to_motion(tmp_path / "batch.npy")]
    assert texts == [("a person walks",), ("a person walks backwards",)]
    beside.write_text("a person moves\n")
    texts = [recording.texts for recording in read_text_to_motion(tmp_path / "batch.npy")]
    assert texts == [("a person moves",)] * 2
    beside.write_bytes("la promenade lente d'été".encode("latin-1"))
    with pytest.raises(InputError, match=r"batch\.txt: is no text in UTF-8"):
        read_text_to_motion(tmp_path / "batch.npy")


def test_kinesis_dictionary(tmp_path: Path, walker: Recording) -> None:
    entry = {
        "pose_quat": np.zeros((60, 24, 4)),
        "root_trans_offset": walker.pelvis_position,
        "pose_aa": np.concatenate([walker.rotations.reshape(60, 66), np.zeros((60, 6))], axis=1),
    }
    (tmp_path / "clip.pkl").write_bytes(joblib_dump(entry | {"fps": 20.0}))
    recording = _read(tmp_path / "clip.pkl")
    np.testing.assert_allclose(recording.rotations, walker.rotations)
    np.testing.assert_allclose(recording.pelvis_position, walker.pelvis_position)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((40, 263), "HumanML3D features"),
        ((40, 156), "AMASS"),
        ((40, 21, 3), r"has shape \(40, 21, 3\)"),
        ((40,), r"has shape \(40,\)"),
        ((0, 22, 3), "lasts 0.00 s"),
        ((19, 22, 3), "lasts 0.95 s; give at least 1 s"),
    ],
)
def test_unknown_shapes(tmp_path: Path, shape: tuple[int, ...], says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        _read(tmp_path / "a.npy", np.zeros(shape))
    assert "a.npy" in str(error.value)


def test_bad_values(tmp_path: Path, walker: Recording) -> None:
    broken = _positions(walker)
    broken[3, 4, 1] = np.nan
    with pytest.raises(InputError, match="holds NaN"):
        _read(tmp_path / "a.npy", broken)
    with pytest.raises(InputError, match="neither joint positions nor axis-angles"):
        _read(tmp_path / "a.npy", np.random.default_rng(0).normal(0, 50, (40, 22, 3)))
    lying = _positions(walker)[..., [2, 0, 1]]
    with pytest.raises(InputError, match="upright along neither y nor z"):
        _read(tmp_path / "a.npy", lying)
    with pytest.raises(InputError, match="no numbers"):
        _read(tmp_path / "a.npy", np.array(["walk"]))


def test_bad_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "names.npz", something=np.zeros(3))
    with pytest.raises(InputError, match=r"holds something but none of pose_aa"):
        _read(tmp_path / "names.npz")
    np.savez(tmp_path / "rate.npz", poses=np.zeros((40, 66)), fps=0)
    with pytest.raises(InputError, match="fps: is 0"):
        _read(tmp_path / "rate.npz")
    np.savez(tmp_path / "short.npz", poses=np.zeros((40, 66)), trans=np.zeros((39, 3)))
    with pytest.raises(InputError, match=r"translation: has shape \(39, 3\)"):
        _read(tmp_path / "short.npz")
    whole = (tmp_path / "short.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    for name, says in (
        ("cut.npz", "archive: cannot be read"),
        ("absent.npy", "no such file"),
        ("a.csv", "unknown kind"),
    ):
        with pytest.raises(InputError, match=says):
            _read(tmp_path / name)
    np.savez_compressed(tmp_path / "short.npz", poses=np.zeros((40, 66)))
    assert refusals(tmp_path / "short.npz", lambda: _read(tmp_path / "short.npz"))
    (tmp_path / "bad.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(InputError, match=r"bad\.pkl: its pickle asks for os\.system"):
        _read(tmp_path / "bad.pkl")


# Real motions.


@pytest.mark.parametrize(
    ("name", "forward_m", "turned_deg"),
    [("mdm_walk_forward_0", 3.6, 0), ("mdm_backward_0", -0.8, 0), ("mdm_turn_left_0", None, 90)],
)
def test_real_motions(shared: Path, name: str, forward_m: float | None, turned_deg: float) -> None:
    path = shared / "data" / "text_to_motion" / f"{name}.pkl"
    recording = _read(path)
    assert (len(recording.rotations), recording.fps) == (66, 20.0)
    clip = to_clip(recording)
    assert clip.frames == 98
    facing = Rotation.from_quat(clip.pelvis_quaternion, scalar_first=True).apply([1, 0, 0])
    path_m = clip.pelvis_position[-1] - clip.pelvis_position[0]
    if forward_m is not None:
        assert facing[0] @ path_m == pytest.approx(forward_m, abs=0.15)
    heading = np.rad2deg(np.unwrap(np.arctan2(facing[:, 1], facing[:, 0])))
    assert heading[-1] - heading[0] == pytest.approx(turned_deg, abs=25)
    assert 0.75 < clip.pelvis_position[:, 2].mean() < 1.0
    apart = _turned_apart_deg(recording)
    assert max(apart[f"{side}_{joint}"] for side in "LR" for joint in ("Hip", "Knee")) < 10


@pytest.mark.parametrize("value", [0.0, 0.7])
def test_joints_that_are_all_in_one_place_are_no_body(tmp_path: Path, value: float) -> None:
    with pytest.raises(InputError, match="all bone lengths are zero"):
        _read(tmp_path / "zeros.npy", np.full((60, 22, 3), value))
