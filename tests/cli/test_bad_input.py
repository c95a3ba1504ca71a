"""Whatever a user gets wrong ends in one line on stderr, exit code 2, and nothing half-written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
import pytest
from amass_files import smplh
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.cli.main import ACTIONS, main
from kinesis_bench.motions.clip import Clip
from kinesis_bench.motions.motion_set import ClipIk
from kinesis_bench.motions.store import write_motions


@pytest.fixture
def refuse(capsys, tmp_path):
    """Run the command line on arguments that must be refused; give the line on stderr."""

    def run(*arguments: object) -> str:
        before = set(tmp_path.rglob("*"))
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert stop.value.code == 2
        assert "Traceback" not in captured.out + captured.err
        lines = [line for line in captured.err.splitlines() if line.startswith("kinesis-bench:")]
        assert len(lines) == 1, captured.err
        assert set(tmp_path.rglob("*")) == before, "something was left behind"
        return lines[0]

    return run


@pytest.fixture
def motions_file(tmp_path: Path) -> Path:
    path = tmp_path / "motions.h5"
    body = load_body("legs")
    motions = synthetic_motions(body)
    solved = motions.ik["legs"]
    ik = {
        key: ClipIk(solved.qpos[span], solved.qvel[span], solved.residual[span])
        for key, span in ((key, motions.span(i)) for i, key in enumerate(motions.keys))
    }
    clips: list[Clip] = [motions.clip(i) for i in range(len(motions))]
    write_motions(path, clips, id="synthetic", ik={"legs": ik}, model_sha256={"legs": body.sha256})
    return path


def amass(folder: Path, **fields: np.ndarray | None) -> Path:
    """A tree of one recording with some fields replaced, or left out where None."""
    content = {**smplh(), **fields}
    place = folder / "KIT" / "3" / "walking_slow01_poses.npz"
    place.parent.mkdir(parents=True)
    np.savez(place, **{name: value for name, value in content.items() if value is not None})
    return folder


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"poses": None}, "poses"),
        ({"trans": np.full((201, 3), np.nan)}, "finite"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "frames"),
        ({"mocap_framerate": np.array(0.0)}, "Hz"),
        ({"mocap_framerate": None}, "mocap_framerate"),
        ({"poses": np.zeros((201, 40))}, "poses"),
    ],
)
def test_a_tree_of_which_nothing_can_be_used(refuse, tmp_path, fields, named):
    tree = amass(tmp_path / "amass", **fields)
    line = refuse("prepare-data", "--amass", tree, "--bodies", "legs", "--out", tmp_path / "new" / "m.h5")
    assert "walking_slow01_poses" in line
    assert named in line


def test_truncated_npz(refuse, tmp_path):
    tree = amass(tmp_path / "amass")
    file = next(tree.rglob("*.npz"))
    file.write_bytes(file.read_bytes()[:2000])
    line = refuse("prepare-data", "--amass", tree, "--bodies", "legs", "--out", tmp_path / "new" / "m.h5")
    assert file.name.removesuffix(".npz") in line


def test_absent_folder_and_empty_folder(refuse, tmp_path):
    assert "nowhere" in refuse("prepare-data", "--amass", tmp_path / "nowhere")
    assert str(tmp_path) in refuse("prepare-data", "--amass", tmp_path)


def test_joint_angle_file_without_a_required_column(refuse, tmp_path):
    file = tmp_path / "walk.mot"
    rows = "\n".join("\t".join(["%.2f" % (0.01 * i)] + ["0.1"] * 4) for i in range(200))
    file.write_text(
        "walk\nversion=1\nnRows=200\nnColumns=5\ninDegrees=no\nendheader\n"
        "time\thip_flexion_r\thip_flexion_l\tknee_angle_r\tknee_angle_l\n" + rows
    )
    line = refuse(
        "prepare-data", "--joint-angles", file, "--bodies", "legs", "--out", tmp_path / "new" / "m.h5"
    )
    assert "walk.mot" in line
    assert "ankle_angle" in line


def test_pickle_that_would_execute(refuse, tmp_path):
    file = tmp_path / "evil.pkl"
    file.write_bytes(b"cposix\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    line = refuse(
        "prepare-data", "--text-to-motion", file, "--bodies", "legs", "--out", tmp_path / "new" / "m.h5"
    )
    assert "evil.pkl" in line
    assert "posix" in line


def test_motion_file_cut_in_half(refuse, motions_file):
    motions_file.write_bytes(motions_file.read_bytes()[: motions_file.stat().st_size // 2])
    for command in (("score", "--policy", "zero", "--motions"), ("data", "show"), ("data", "verify")):
        assert "motions.h5" in refuse(*command, motions_file)


def test_motion_file_of_something_else(refuse, tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["x"] = [1]
    assert "other.h5" in refuse("score", "--policy", "zero", "--motions", path)
    assert "absent.h5" in refuse("score", "--policy", "zero", "--motions", tmp_path / "absent.h5")


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (("--policy", "muscle_pd"), "did you mean 'muscle-pd'?"),
        (("--policy", "nowhere.onnx"), "nowhere.onnx"),
        (("--policy", "zero", "--body", "leg"), "did you mean 'legs'?"),
        (("--policy", "zero", "--split", "synthetic/tests"), "did you mean 'synthetic/test'?"),
        (("--policy", "zero", "--protocol", "kinesis-2024"), "kinesis-2025"),
        (("--policy", "zero", "--human", "emg_walk_wang2022"), "emg_walk_wang2022"),
    ],
)
def test_unknown_names(refuse, motions_file, arguments, suggestion):
    assert suggestion in refuse("score", "--motions", motions_file, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scor",), "did you mean 'score'?"),
        (("score", "--polcy", "zero"), "did you mean --policy?"),
        (("score", "--runs", "many"), "--runs"),
        (("score", "--runs", "0"), "--runs"),
        (("prepare-data", "--time-base", "slow"), "kinesis"),
        (("data",), "verify"),
        (("data", "lss"), "data: action: unknown name 'lss'; did you mean 'ls'?"),
        (("score", "--split", ""), "--split: is empty"),
        (("score", "--out", ""), "--out: is empty"),
        (("score", "--out="), "--out: is empty"),
        (("score", "--motions", ""), "--motions: is empty"),
        (("score", "--human", " "), "--human: is empty"),
        (("score", "--policy", ""), "--policy: is empty"),
    ],
)
def test_wrong_arguments(refuse, arguments, said):
    assert said in refuse(*arguments)


def test_motions_without_ik_for_the_body(refuse, motions_file):
    line = refuse("score", "--policy", "zero", "--motions", motions_file, "--body", "legs_abs")
    assert "legs_abs" in line


def test_recordings_that_are_none(refuse, tmp_path):
    assert "absent" in refuse("score", "--rollout", tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    assert "rollouts.h5" in refuse("score", "--rollout", tmp_path / "empty")


def test_the_version_and_the_help(capsys):
    main(["--version"])
    assert capsys.readouterr().out == f"kinesis-bench {version('kinesis-bench')}\n"
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 0
    assert "prepare-data" in capsys.readouterr().out


def test_the_actions_are_those_of_the_command(capsys):
    for command, actions in ACTIONS.items():
        for action in actions:
            with pytest.raises(SystemExit) as stop:
                main([command, action, "--help"])
            assert stop.value.code == 0
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert f"{{{','.join(actions)}}}" in capsys.readouterr().out


def test_debug_shows_the_traceback(tmp_path):
    from kinesis_bench.errors import InputError

    with pytest.raises(InputError):
        main(["data", "show", str(tmp_path / "absent.h5"), "--debug"])


def test_disk_that_fills_up(tmp_path):
    """The system refuses files beyond 20 kB, as a full disk would: nothing is left behind."""
    out = tmp_path / "out"
    tree = amass(tmp_path / "amass")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "kinesis_bench", "prepare-data", "--amass", tree),
            *("--bodies", "legs", "--workers", "1", "--out", out / "m.h5"),
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"KINESIS_BENCH_HOME": str(tmp_path / "home")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr or "disk is full" in done.stderr
    assert not (out / "m.h5").exists()
    assert not [path for path in out.rglob("*") if path.is_file()] if out.exists() else True


def test_people_of_the_built_in_set(tmp_path, refuse):
    assert "--people: is 0; give 1 or more" in refuse("prepare-data", "--people", "0")
    file = tmp_path / "a.mot"
    file.write_text("")
    assert "--people: is of no use with recordings" in refuse(
        "prepare-data", "--joint-angles", file, "--people", "2"
    )


@pytest.mark.parametrize("columns", ["60", "80", "200"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("record", "--policy STR"),
        ("rollouts convert", "PATH what to read"),
        ("rollouts convert a --out b", "'out'"),
        ("data show", "PATH the motion file"),
    ],
)
def test_a_missing_argument_is_one_line(refuse, monkeypatch, columns, arguments, said):
    monkeypatch.setenv("COLUMNS", columns)
    line = refuse(*arguments.split())
    assert said in line
    command = " ".join(word for word in arguments.split()[:2] if not word.startswith("-"))
    assert line.endswith(f"see kinesis-bench {command} --help")
