"""How fast `replay` makes a video on this machine, and what its time goes into: the reference policy walks.

Draws by EGL unless MUJOCO_GL says otherwise; needs the extra `video`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.evaluate import record_policy
from kinesis_bench.evaluation.playback import choose_clip, play
from kinesis_bench.motions.store import read_motions
from kinesis_bench.policies.load import load_policy
from kinesis_bench.prepare import default_motions
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.report.video.caption import Caption
from kinesis_bench.report.video.encode import write_video
from kinesis_bench.report.video.film import STRIP_PX, Film, point_camera
from kinesis_bench.report.video.floor import Floor
from kinesis_bench.report.video.stage import Stage
from kinesis_bench.report.video.strip import Strip

CLIP, PICTURES = "normative/walk_1.4_steady_57", 60


def main() -> None:
    body = load_body("legs")
    motions = read_motions(default_motions(), bodies=[body.name])
    rollouts = record_policy(load_policy("reference", body.name), body, motions)
    clip = choose_clip(rollouts, CLIP, 0)
    playback = play("recording", rollouts, clip, motions)
    film = Film(playback, Camera())
    steps = np.arange(len(playback.qpos))[:PICTURES]
    azimuth, aims = point_camera(playback)
    picture = np.zeros((film.size[1], film.size[0], 3), np.uint8)
    floor, strip = Floor(film.camera), Strip(playback, film.camera.width, STRIP_PX)
    caption = Caption(CLIP, playback.policy, "muscle activation", reference=True)
    print(
        f"{CLIP} on {playback.body.name}, {film.size[0]} × {film.size[1]}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    with Stage(playback.body, film.camera) as stage:

        def draw(step: int, reference: bool) -> None:
            behind = playback.reference_qpos[step] if reference else None
            stage.picture(playback.qpos[step], playback.clip.activation[step], behind, azimuth, aims[step])

        _tell("body, reference and floor", lambda step: draw(step, True), steps)
        _tell("body and floor", lambda step: draw(step, False), steps)
    _tell("floor", lambda step: floor.picture(azimuth, aims[step]), steps)
    _tell("text", lambda step: caption.write(picture[:-STRIP_PX], "0.00 s", ""), steps)
    _tell("strip", lambda step: strip.picture(step / film.fps), steps)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        pictures = list(film.pictures())
        _tell_video("encoding alone", lambda: write_video(path, pictures, film.size, film.fps), film)
        _tell_video("video", lambda: write_video(path, film.pictures(), film.size, film.fps), film)


def _tell_video(what: str, do: Callable[[], object], film: Film) -> None:
    wall, before = time.perf_counter(), os.times()
    do()
    wall, after = time.perf_counter() - wall, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    rate, real = len(film) / wall, len(film) / film.fps / wall
    print(
        f"{what:<28}{1000 * wall / len(film):7.1f} ms, {1000 * cpu / len(film):.1f} ms of processor time: "
        f"{rate:.0f} frames/s, {real:.1f} times real time"
    )


def _tell(what: str, do: Callable[[int], object], steps: np.ndarray) -> None:
    do(0)
    wall_s, cpu_s = [], []
    for step in steps:
        wall, cpu = time.perf_counter(), time.process_time()
        do(int(step))
        wall_s.append(time.perf_counter() - wall)
        cpu_s.append(time.process_time() - cpu)
    print(f"{what:<28}{1000 * np.median(wall_s):7.1f} ms, {1000 * np.median(cpu_s):.1f} ms of processor time")


if __name__ == "__main__":
    main()
