"""Render a strip of frames of a prepared clip, posed by its IK, to look at.

    python docs/render_strip.py MOTIONS.h5 CLIP [--body legs] [--frames 8] [--out strip.png]

Off screen: set MUJOCO_GL=egl (the default here) or osmesa.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("MUJOCO_GL", "egl")

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mujoco
import numpy as np

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.motions.store import read_motions

WIDTH, HEIGHT = 300, 420


def main() -> None:
    """Parse the arguments and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("motions", type=Path)
    parser.add_argument("clip")
    parser.add_argument("--body", default="legs")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--start", type=int, default=0, help="first frame")
    parser.add_argument(
        "--step", type=int, default=None, help="frames between pictures; default: spread evenly"
    )
    parser.add_argument("--azimuth", type=float, default=90, help="of the camera against the heading [deg]")
    parser.add_argument("--out", type=Path, default=Path("strip.png"))
    args = parser.parse_args()

    motions, body = read_motions(args.motions, bodies=(args.body,)), load_body(args.body)
    clip = motions.index(args.clip)
    span, length = motions.span(clip), int(motions.length[clip])
    step = args.step or max(1, (length - args.start) // args.frames)
    frames = list(range(args.start, length, step))[: args.frames]
    qpos = motions.ik[args.body].qpos[span]
    keypoints = motions.frames["keypoint_position"][span]
    pictures = render(body.model, body.pelvis_id, qpos[frames], keypoints[frames], args.azimuth)
    strip = np.concatenate(pictures, axis=1)
    fig, axis = plt.subplots(figsize=(strip.shape[1] / 150, strip.shape[0] / 150 + 0.3), layout="constrained")
    axis.imshow(strip)
    axis.set_axis_off()
    axis.set_title(f"{args.clip}, {args.body}: frames {frames[0]}–{frames[-1]} of {length}", fontsize=8)
    fig.savefig(args.out, dpi=150)
    print(args.out)


def render(
    model: mujoco.MjModel, pelvis: int, qpos: np.ndarray, keypoints: np.ndarray, azimuth: float
) -> list[np.ndarray]:
    """Pictures of poses (n, nq), seen from the side, with the recording's keypoints (n, 8, 3) as red dots."""
    data = mujoco.MjData(model)
    renderer = mujoco.Renderer(model, HEIGHT, WIDTH)
    camera = mujoco.MjvCamera()
    camera.distance, camera.elevation = 2.6, -8
    pictures = []
    for pose, points in zip(qpos, keypoints, strict=True):
        data.qpos[:] = pose
        mujoco.mj_forward(model, data)
        forward = data.xmat[pelvis].reshape(3, 3)[:, 0]
        camera.azimuth = np.rad2deg(np.arctan2(forward[1], forward[0])) + azimuth
        camera.lookat[:] = [data.xpos[pelvis][0], data.xpos[pelvis][1], 0.9]
        renderer.update_scene(data, camera)
        for point in points:
            _dot(renderer.scene, point)
        pictures.append(renderer.render().copy())
    renderer.close()
    return pictures


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
