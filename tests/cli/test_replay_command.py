"""``kinesis-bench replay``: what it lists, what it writes, what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from ctypes.util import find_library
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim_files
import pytest
from filmed import need_encoder, need_opengl, recorded
from tiny_runs import motions_file

from kinesis_bench.cli.main import main
from kinesis_bench.report.video import film as films
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.rollouts.store import write_rollouts

KEY = "synthetic/0"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Rollouts]:
    return recorded(tmp_path_factory.mktemp("made"), frames=5, runs=2)


@pytest.fixture
def result(made: tuple[Path, Path, Rollouts]) -> Path:
    return made[0].parent


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str], result: Path, tmp_path: Path):
    def run(*arguments: object) -> str:
        before = {path: sorted(path.rglob("*")) for path in (result, tmp_path)}
        with pytest.raises(SystemExit) as stop:
            main(["replay", *map(str, arguments)])
        captured = capsys.readouterr()
        assert stop.value.code == 2
        assert captured.err.count("\n") == 1, captured.err
        assert before == {path: sorted(path.rglob("*")) for path in before}, "something was left behind"
        return captured.err

    return run


def test_clips_are_listed_worst_first(
    made: tuple[Path, Path, Rollouts], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    path, _, rollouts = made
    main(["replay", str(path.parent)])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    rows = [line.split() for line in lines if line.startswith("synthetic/")]
    assert sorted((row[0], row[-3]) for row in rows) == sorted(
        (clip.key, str(clip.run)) for clip in rollouts.clips
    )
    order = [(float(row[-2]), -float(row[-1])) for row in rows]
    assert order == sorted(order), "the least covered first, then the largest error"
    assert lines[-1].startswith(f"see one with --clip, such as --clip {rows[0][0]}")


def test_a_video_is_written_beside_the_recording(
    made: tuple[Path, Path, Rollouts], capsys: pytest.CaptureFixture[str]
) -> None:
    need_opengl()
    need_encoder()
    import imageio_ffmpeg

    path, motions, rollouts = made
    main(["replay", str(path.parent), "--clip", KEY, "--run", "1", "--motions", str(motions)])
    video = path.parent / "replay_synthetic_0-run1.mp4"
    said = capsys.readouterr()
    assert f"written to {video} (4 frames, 0.13 s" in said.out
    assert "without the reference" not in said.err
    reader = imageio_ffmpeg.read_frames(str(video))
    about = next(reader)
    assert about["size"] == films.Film(None, Camera()).size  # type: ignore[arg-type]
    assert sum(1 for _ in reader) == len(rollouts.clips[0].qpos) == 4
    video.unlink()


def test_pictures_without_the_reference(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_opengl()
    from PIL import Image

    folder = tmp_path / "pictures"
    main(["replay", str(result / "rollouts.h5"), "--clip", KEY, "--frames", str(folder)])
    assert "without the reference: it followed synthetic; give that file with --motions" in (
        capsys.readouterr().err
    )
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"frame_{number:05d}.png" for number in (1, 2, 3, 4)]
    first, last = (np.asarray(Image.open(folder / name)) for name in (names[0], names[-1]))
    assert first.shape == (810, 800, 3)
    assert (first != last).any()


def test_wrong_arguments(refuse, result: Path, tmp_path: Path) -> None:
    assert "did you mean 'synthetic/0'" in refuse(result, "--clip", "syntetic/0")
    assert "--run: is 7; give one of 0, 1" in refuse(result, "--clip", KEY, "--run", "7")
    assert "--clip: is left out" in refuse(result, "--video", tmp_path / "a.mp4")
    assert "name --video and --viewer" in refuse(result, "--clip", KEY, "--video", "a.mp4", "--viewer")
    assert "a.avi: does not end in .mp4; name it a.mp4" in refuse(result, "--clip", KEY, "--video", "a.avi")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "a").touch()
    assert "is not an empty folder" in refuse(result, "--clip", KEY, "--frames", tmp_path / "taken")
    assert "holds no recording" in refuse(tmp_path / "taken", "--clip", KEY)
    assert "no such file" in refuse(tmp_path / "nowhere", "--clip", KEY)


def test_other_motions_are_refused(refuse, result: Path, tmp_path: Path) -> None:
    other = motions_file(tmp_path / "other.h5", clips=3, frames=6)
    said = refuse(result, "--clip", KEY, "--motions", other, "--frames", tmp_path / "new")
    assert "--motions: is synthetic" in said
    assert "the recording followed synthetic" in said


def test_another_body_is_refused(refuse, made: tuple[Path, Path, Rollouts], tmp_path: Path) -> None:
    _, _, rollouts = made
    write_rollouts(tmp_path / "rollouts.h5", replace(rollouts, model_sha256="f00" + 61 * "0"))
    said = refuse(tmp_path, "--clip", KEY, "--frames", tmp_path / "new")
    assert f"made with body legs f00000000000, here it is {rollouts.model_sha256[:12]}" in said
    walk = opensim_files.scone(tmp_path / "walk.par.sto", opensim_files.times(2))
    said = refuse(walk, "--clip", "walk.par", "--frames", tmp_path / "new")
    assert "does not say which body it moved; give a recording of legs, legs_abs, legs_back" in said


def test_without_poses(refuse, made: tuple[Path, Path, Rollouts], tmp_path: Path) -> None:
    _, _, rollouts = made
    bare = tuple(replace(clip, qpos=None) for clip in rollouts.clips)
    write_rollouts(tmp_path / "rollouts.h5", replace(rollouts, clips=bare))
    assert "synthetic/0: has no poses" in refuse(tmp_path, "--clip", KEY, "--frames", tmp_path / "new")


def test_the_missing_extra_and_display(refuse, result: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert "pip install 'kinesis-bench[video]'" in refuse(result, "--clip", KEY)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert "--viewer: there is no display" in refuse(result, "--clip", KEY, "--viewer")


def test_ctrl_c_leaves_nothing(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need_opengl()
    count = []

    def stop(*_: object) -> str:
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        return ""

    monkeypatch.setattr(films, "failure_line", stop)
    with pytest.raises(SystemExit) as stopped:
        main(["replay", str(result), "--clip", KEY, "--frames", str(tmp_path / "new" / "pictures")])
    assert stopped.value.code == 130
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(find_library("OSMesa") is not None, reason="OSMesa is installed")
@pytest.mark.parametrize(
    ("kind", "said"), [("osmesa", "apt install libosmesa6"), ("vulkan", "give one of egl, osmesa, glfw")]
)
def test_without_opengl(result: Path, tmp_path: Path, kind: str, said: str) -> None:
    """In a process of its own, since MuJoCo chooses what to draw with when it is first imported."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "kinesis_bench", "replay", str(result), "--clip", KEY),
            *("--frames", str(tmp_path / "new")),
        ],
        env={**os.environ, "MUJOCO_GL": kind},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
