"""rollouts.h5 keeps every bit, and says what is wrong with a file that does not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.rollouts.kinesis_recording import read_kinesis_recording
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.rollouts.store import read_rollouts, write_rollouts


def sample() -> Rollouts:
    rng = np.random.default_rng(0)

    def clip(key: str, steps: int, failure: str) -> ClipRollout:
        return ClipRollout(
            key=key,
            run=1,
            skill="walk",
            frames=9,
            dt_s=1 / 30,
            failure=failure,
            control="pd",
            action=rng.standard_normal((steps, 3)),
            excitation=rng.random((steps, 3)).astype(np.float32),
            qpos=rng.standard_normal((steps, 5)),
            touch=rng.random((steps, 5, 4)).astype(np.float32),
            foot_contact=rng.random((steps, 2)) > 0.5,
            start_qpos=rng.standard_normal(5),
        )

    clips = (clip("KIT/3/gehen01_poses", 9, ""), clip("größe", 4, "policy raised ValueError: nö"))
    return Rollouts(
        clips,
        body="legs",
        model_sha256="ab" * 32,
        body_mass_kg=74.975,
        leg_length_m=0.9,
        muscle_names=("a_l", "b_l", "c_l"),
        attributes={"seed": "0"},
    )


def test_what_is_written_is_read_back_to_the_bit(tmp_path: Path) -> None:
    rollouts = sample()
    write_rollouts(tmp_path / "rollouts.h5", rollouts)
    back = read_rollouts(tmp_path / "rollouts.h5")
    assert replace(back, clips=()) == replace(rollouts, clips=())
    for ours, theirs in zip(rollouts.clips, back.clips, strict=True):
        for field in fields(ClipRollout):
            a, b = getattr(ours, field.name), getattr(theirs, field.name)
            if isinstance(a, np.ndarray):
                assert a.dtype == b.dtype, field.name
                np.testing.assert_array_equal(a, b)
            else:
                assert a == b, field.name


def test_clips_with_other_arrays_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    rollouts = sample()
    odd = replace(rollouts.clips[1], qpos=None)
    with pytest.raises(ValueError, match="same arrays"):
        write_rollouts(tmp_path / "r.h5", replace(rollouts, clips=(rollouts.clips[0], odd)))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import sys, resource, signal; sys.path.insert(0, sys.argv[1]); import h5py;"
        "from test_rollout_store import *; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "write_rollouts(sys.argv[2], sample())"
    )
    target = tmp_path / "rollouts.h5"
    arguments = [sys.executable, "-c", code, str(Path(__file__).parent), str(target)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert "the disk is full" in done.stderr.splitlines()[-1], done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keep", [0, 0.1, 0.5, 0.9])
def test_a_file_cut_off_names_itself(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "rollouts.h5"
    write_rollouts(path, sample())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(InputError, match=r"rollouts\.h5.*; "):
        read_rollouts(path)


def test_parts_that_do_not_fit_and_other_files_are_refused(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "rollouts.h5"
    write_rollouts(path, sample())
    with h5py.File(path, "a") as file:
        del file["steps/qpos"]
        file["steps/qpos"] = np.zeros((3, 5))
    with pytest.raises(InputError, match="qpos has 3 rows, not 13"):
        read_rollouts(path)
    with h5py.File(path, "w") as file:
        file["x"] = 1
    with pytest.raises(InputError, match="schema"):
        read_rollouts(path)
    with pytest.raises(InputError, match="no such file"):
        read_rollouts(tmp_path / "absent.h5")


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda file: file.attrs.modify("attributes", "[1]"), r"rollouts\.h5: attributes: is no JSON object"),
        (lambda file: put(file, "names/muscles", np.arange(3)), "cannot be read"),
        (lambda file: put(file, "steps", np.arange(3)), "cannot be read"),
        (lambda file: put(file, "clips/run", np.array([0])), "cannot be read"),
        (lambda file: put(file, "clips/offset", np.array([0, 99])), "offset and length"),
        (lambda file: put(file, "clips/frames", np.array([np.inf, 1])), "cannot be read .*infinity"),
        (lambda file: put(file, "steps/action", np.array([b"x"] * 13)), "action holds .*, no numbers"),
    ],
)
def test_parts_of_odd_types_are_refused(tmp_path: Path, spoil, problem: str) -> None:
    import h5py

    path = tmp_path / "rollouts.h5"
    write_rollouts(path, sample())
    with h5py.File(path, "a") as file:
        spoil(file)
    with pytest.raises(InputError, match=problem):
        read_rollouts(path)


def put(file, name: str, values: np.ndarray) -> None:
    del file[name]
    file[name] = values


def test_kinesis_recording(shared: Path) -> None:
    rollouts = read_kinesis_recording(shared / "data" / "kinesis_recording")
    (clip,) = rollouts.clips
    assert clip.excitation is not None
    assert clip.foot_contact is not None
    assert clip.excitation.shape == (1001, 80)
    assert rollouts.muscle_names[0] == "addbrev_r"
    assert clip.foot_contact[:7].tolist() == [[True, True], [False, True], *[[True, True]] * 4, [True, False]]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    np.save(tmp_path / "gait.npy", np.array([np.nan, 0, 1, 2, -1]))
    controls = np.full((5, 2), 0.5)
    controls[0] = np.nan
    np.save(tmp_path / "muscle_controls.npy", controls)
    np.save(tmp_path / "muscle_names.npy", np.array(["soleus_l", "tibant_l"]))
    return tmp_path


def test_codes_become_feet(recording: Path) -> None:
    contact = read_kinesis_recording(recording).clips[0].foot_contact
    assert contact is not None
    assert contact.tolist() == [[False, True], [True, False], [True, True], [False, False]]


def test_bad_recordings_name_the_file(recording: Path) -> None:
    np.save(recording / "muscle_controls.npy", np.full((4, 2), 0.5))
    with pytest.raises(InputError, match=r"muscle_controls\.npy: has shape \(4, 2\)"):
        read_kinesis_recording(recording)
    np.save(recording / "muscle_controls.npy", np.full((5, 2), np.nan))
    with pytest.raises(InputError, match=r"muscle_controls\.npy: row 1 is not finite"):
        read_kinesis_recording(recording)
    np.save(recording / "muscle_names.npy", np.array(["a", None]), allow_pickle=True)
    with pytest.raises(InputError, match=r"muscle_names\.npy: cannot be read"):
        read_kinesis_recording(recording)
    np.save(recording / "muscle_names.npy", np.array(["a", "b"]))
    for controls in (np.full((5, 2), "x"), np.zeros((5, 2), bool)):
        np.save(recording / "muscle_controls.npy", controls)
        with pytest.raises(InputError, match=r"muscle_controls\.npy: holds .*, no numbers"):
            read_kinesis_recording(recording)
    np.save(recording / "gait.npy", np.array(1))
    with pytest.raises(InputError, match=r"muscle_controls\.npy: has shape \(5, 2\) beside \(\) gait rows"):
        read_kinesis_recording(recording)
    with (recording / "gait.npy").open("wb") as file:
        np.savez(file, gait=np.zeros(5))
    with pytest.raises(InputError, match=r"gait\.npy: holds no array but an archive"):
        read_kinesis_recording(recording)
    (recording / "gait.npy").unlink()
    with pytest.raises(InputError, match=r"gait\.npy: no such file"):
        read_kinesis_recording(recording)
