"""Render frames of clips to look at, a row a clip: as prepared, posed by IK, or as a policy moved in them.

    python docs/render_strip.py MOTIONS.h5 CLIP [CLIP …] [--body legs] [--frames 8] [--out strip.png]
    python docs/render_strip.py RESULT/rollouts.h5 CLIP [CLIP …]

The reference's keypoints are red dots. Off screen: set MUJOCO_GL=egl (the default here) or osmesa.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("MUJOCO_GL", "egl")

import matplotlib

matplotlib.use("Agg")

import h5py
import matplotlib.pyplot as plt
import mujoco
import numpy as np

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.motions.store import read_motions
from kinesis_bench.rollouts.store import SCHEMA, read_rollouts

WIDTH, HEIGHT = 220, 360
DPI = 150


def main() -> None:
    """Parse the arguments and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="motions, or rollouts")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--body", default="legs")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--start", type=int, default=0, help="first frame")
    parser.add_argument("--step", type=int, help="frames between pictures; spread over the clip if left out")
    parser.add_argument("--azimuth", type=float, default=90, help="of the camera against the heading [deg]")
    parser.add_argument("--out", type=Path, default=Path("strip.png"))
    args = parser.parse_args()

    clips, body = read_clips(args.file, args.body, args.clips), load_body(args.body)
    fig, axes = plt.subplots(
        len(args.clips),
        1,
        figsize=(args.frames * WIDTH / DPI, len(args.clips) * (HEIGHT / DPI + 0.25)),
        layout="constrained",
        squeeze=False,
    )
    for axis, key, (poses, keypoints) in zip(axes[:, 0], args.clips, clips, strict=True):
        length = len(poses)
        step = args.step or max(1, (length - args.start) // args.frames)
        frames = list(range(args.start, length, step))[: args.frames]
        seen = pictures(body, poses[frames], keypoints[frames], args.azimuth)
        axis.imshow(np.concatenate(seen, axis=1))
        axis.set_axis_off()
        axis.set_title(f"{key}: frames {frames[0]} to {frames[-1]} of {length}", fontsize=8)
    fig.savefig(args.out, dpi=DPI)
    print(args.out)


def read_clips(path: Path, body: str, keys: list[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Poses (F, nq) and reference keypoints (F, K, 3) [m] of clips."""
    with h5py.File(path) as file:
        recorded = file.attrs.get("schema") == SCHEMA
    if recorded:
        clips = {clip.key: clip for clip in read_rollouts(path).clips}
        return [(clips[key].qpos, clips[key].reference_keypoint_position) for key in keys]
    motions = read_motions(path, bodies=(body,))
    spans = [motions.span(motions.index(key)) for key in keys]
    return [(motions.ik[body].qpos[span], motions.frames["keypoint_position"][span]) for span in spans]


def pictures(body: Body, poses: np.ndarray, keypoints: np.ndarray, azimuth: float) -> list[np.ndarray]:
    """Pictures of poses (n, nq), seen from the side, with keypoints (n, K, 3) [m]."""
    data = mujoco.MjData(body.model)
    camera = mujoco.MjvCamera()
    camera.distance, camera.elevation = 2.6, -8
    with mujoco.Renderer(body.model, HEIGHT, WIDTH) as renderer:
        seen = []
        for pose, points in zip(poses, keypoints, strict=True):
            data.qpos[:] = pose
            mujoco.mj_forward(body.model, data)
            forward = data.xmat[body.pelvis_id].reshape(3, 3)[:, 0]
            camera.azimuth = np.rad2deg(np.arctan2(forward[1], forward[0])) + azimuth
            camera.lookat[:] = [*data.xpos[body.pelvis_id][:2], 0.9]
            renderer.update_scene(data, camera)
            renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = False
            for point in points:
                _dot(renderer.scene, point)
            seen.append(renderer.render().copy())
    return seen


def _dot(scene: mujoco.MjvScene, place: np.ndarray) -> None:
    mujoco.mjv_initGeom(
        scene.geoms[scene.ngeom],
        mujoco.mjtGeom.mjGEOM_SPHERE,
        np.full(3, 0.025),
        place,
        np.eye(3).ravel(),
        np.array([1, 0.1, 0.1, 1], np.float32),
    )
    scene.ngeom += 1


if __name__ == "__main__":
    main()
