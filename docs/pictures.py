"""What the scripts that draw pictures of bodies share: a row of pictures side by side, and their text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.report.video.stage import Stage

FINER = 3
"""Pictures are drawn this many times larger and then scaled down, which smooths their edges."""


def camera_of(width: int, height: int) -> Camera:
    """A camera for narrow pictures of one body."""
    return Camera(width=width, height=height, distance_m=8.0, elevation_deg=-7.0, fovy_deg=15.0)


def row_of_pictures(
    body: Body,
    poses: Sequence[np.ndarray],
    activations: Sequence[np.ndarray | None],
    references: Sequence[np.ndarray | None],
    azimuths_deg: Sequence[float],
    size: tuple[int, int],
    marks: Sequence[np.ndarray] | None = None,
) -> np.ndarray:
    """Pictures of poses, left to right, each with the body in its middle.

    Args:
        body: whose pictures.
        poses, activations, references: n of each, see ``Stage.picture``.
        azimuths_deg: n of the camera.
        size: width and height of one picture.
        marks: n times (K, 3) places of dots [m], none if left out.

    Returns:
        (height, n · width, 3) uint8.
    """
    import mujoco
    from PIL import Image

    data = mujoco.MjData(body.model)
    seen = []
    with Stage(body, camera_of(FINER * size[0], FINER * size[1]), squares=False) as stage:
        dots = marks if marks is not None else [None] * len(poses)
        for pose, activation, reference, azimuth, places in zip(
            poses, activations, references, azimuths_deg, dots, strict=True
        ):
            data.qpos[:] = pose
            mujoco.mj_kinematics(body.model, data)
            aim = data.xpos[body.pelvis_id][:2].copy()
            picture = stage.picture(pose, activation, reference, azimuth, aim, places)
            seen.append(np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)))
    return np.concatenate(seen, axis=1)


def facing_deg(body: Body, pose: np.ndarray) -> float:
    """Where the pelvis of a pose faces [deg]."""
    import mujoco

    data = mujoco.MjData(body.model)
    data.qpos[:] = pose
    mujoco.mj_kinematics(body.model, data)
    forward = data.xmat[body.pelvis_id].reshape(3, 3)[:, 0]
    return float(np.degrees(np.arctan2(forward[1], forward[0])))
