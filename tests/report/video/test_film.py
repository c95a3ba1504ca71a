"""A clip's pictures and its video: as many as there are states, whole or not at all."""

from __future__ import annotations

import itertools
import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filmed import need_encoder, need_opengl
from synthetic import synthetic_motions

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import Provenance
from kinesis_bench.evaluation.playback import Playback, play
from kinesis_bench.evaluation.schema import MotionsInfo, PolicyInfo
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.report.video.camera import Camera, follow
from kinesis_bench.report.video.encode import write_video
from kinesis_bench.report.video.film import HOLD_S, STRIP_PX, Film, failure_line, state_line
from kinesis_bench.rollouts.schema import UNIT, Rollouts

SIZE = (64, 48)


def plain(count: int) -> Iterator[np.ndarray]:
    for number in range(count):
        yield np.full((SIZE[1], SIZE[0], 3), 20 * number, np.uint8)


def test_a_picture_a_state(playback: Playback) -> None:
    need_opengl()
    film = Film(playback, Camera(width=420, height=200))
    pictures = [picture.copy() for picture in film.pictures()]
    assert len(pictures) == len(film) == len(playback.qpos) == playback.clip.frames
    assert film.fps == pytest.approx(30.0)
    assert {picture.shape for picture in pictures} == {(200 + STRIP_PX, 420, 3)}
    assert all((a != b).any() for a, b in itertools.pairwise(pictures))


def test_a_failure_is_marked_and_held(playback: Playback) -> None:
    need_opengl()
    last = len(playback.qpos) - 1
    failed = replace(playback, clip=replace(playback.clip, failure="fell over"), covered=last)
    film = Film(failed, Camera(width=420, height=200))
    pictures = [picture[0, 0].tolist() for picture in film.pictures()]
    assert len(pictures) == len(film) == last + 1 + round(30 * HOLD_S)
    assert [red for red, green, _ in pictures if red - green > 100] == [204] * (1 + round(30 * HOLD_S))
    assert failure_line(failed, last) == f"FAILED after {(last + 1) / 30:.2f} s: fell over"
    assert failure_line(failed, last - 1) == failure_line(playback, last) == ""


def test_what_is_written_is_what_was_recorded(playback: Playback) -> None:
    clip = playback.clip
    assert clip.keypoint_position is not None
    assert clip.reference_keypoint_position is not None
    away = clip.keypoint_position[2].astype(float) - clip.reference_keypoint_position[2]
    error_mm = 1000 * np.sqrt((away**2).sum(axis=1)).mean()
    assert state_line(playback, 2) == f"0.10 s     error {error_mm:.0f} mm"
    assert state_line(replace(playback, error_m=None), 2) == "0.10 s"


def test_the_reference_is_that_of_the_same_times(playback: Playback) -> None:
    """The tests' motions are exact for the body: their keypoints are those of the IK poses."""
    import mujoco

    body = playback.body
    assert playback.reference_qpos is not None
    assert playback.clip.reference_keypoint_position is not None
    data = mujoco.MjData(body.model)
    for pose, keypoints in zip(
        playback.reference_qpos, playback.clip.reference_keypoint_position, strict=True
    ):
        data.qpos[:] = pose
        mujoco.mj_kinematics(body.model, data)
        np.testing.assert_allclose(data.site_xpos[body.keypoint_site_ids], keypoints, atol=1e-5)


def test_the_camera_does_not_sway() -> None:
    time = np.arange(90) / 30
    path = np.stack([1.3 * time, 0.02 * np.sin(2 * np.pi * time), np.ones(90)], axis=1)
    seen = follow(path, 1 / 30)
    assert np.abs(seen[:, 1]).max() < 0.01
    np.testing.assert_allclose(seen[30:60, 0], path[30:60, 0], atol=0.01)


def test_a_video_decodes_to_what_was_written(tmp_path: Path) -> None:
    need_encoder()
    import imageio_ffmpeg

    path = tmp_path / "new" / "a.mp4"
    write_video(path, plain(11), SIZE, 30.0)
    reader = imageio_ffmpeg.read_frames(str(path))
    about = next(reader)
    frames = [np.frombuffer(frame, np.uint8).reshape(SIZE[1], SIZE[0], 3) for frame in reader]
    assert (about["size"], about["fps"], about["codec"]) == (SIZE, 30.0, "h264")
    assert len(frames) == 11
    np.testing.assert_allclose([frame.mean() for frame in frames], 20.0 * np.arange(11), atol=4)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError, InputError("a", "b", "c")])
def test_nothing_is_left_where_it_ends_early(
    tmp_path: Path, stop: type[BaseException] | BaseException
) -> None:
    need_encoder()
    (tmp_path / "a.mp4").write_bytes(b"older")

    def broken() -> Iterator[np.ndarray]:
        yield from plain(3)
        raise stop

    with pytest.raises(stop if isinstance(stop, type) else type(stop)):
        write_video(tmp_path / "a.mp4", broken(), SIZE, 30.0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == b"older"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
def test_a_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    need_encoder()
    import resource

    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8) for _ in range(120)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
        with pytest.raises(InputError, match=r"a\.mp4: .*(full|cannot be written)"):
            write_video(tmp_path / "a.mp4", noise, SIZE, 30.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert not list(tmp_path.iterdir())


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(InputError, match=r"pip install 'kinesis-bench\[video\]'"):
        write_video(tmp_path / "a.mp4", plain(1), SIZE, 30.0)
    assert not list(tmp_path.iterdir())


def test_nothing_simulated_and_few_muscles_known(playback: Playback) -> None:
    """As of a prescribed baseline: no reference beside itself, excitation of some muscles, in a unit."""
    motions = synthetic_motions(playback.body, clips=2, frames=7)
    names = ("soleus_l", "tibant_l")
    values = np.outer(np.arange(len(playback.qpos)), [1.0, 3.0])
    clip = replace(playback.clip, control=PRESCRIBED, excitation=values, activation=None)
    provenance = {"provenance": playback_provenance(motions)}
    rollouts = Rollouts(
        (clip,),
        body="legs",
        model_sha256=playback.body.sha256,
        muscle_names=names,
        keypoint_names=playback.body.keypoints,
        attributes={UNIT: "pats on the back", **provenance},
    )
    played = play("here", rollouts, clip, motions)
    assert played.reference_qpos is None
    assert not played.simulated
    assert (played.signal_name, played.unit) == ("excitation", f"{values.max():.2g} in pats on the back")
    assert set(played.excitation) == {"Soleus", "Tibialis Anterior"}
    assert played.excitation["Tibialis Anterior"].max() == 1.0
    columns = [playback.body.muscles.index(name) for name in names]
    np.testing.assert_allclose(played.signal[:, columns], values / values.max())
    assert not np.delete(played.signal, columns, axis=1).any()


def playback_provenance(motions: Motions) -> str:
    told = MotionsInfo(motions.id, motions.content_sha256, motions.sources_sha256, "all", 1, 6)
    return json.dumps(to_json(Provenance(PolicyInfo("mine"), told, 1, 0, False, "", 0.0)))
