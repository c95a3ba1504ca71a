"""A body that stands: where the trials of the downstream tasks begin.

The pose is the body's inverse kinematics of SMPL's rest pose, lowered until the lowest sole point touches the
floor. Its centre of mass then lies some 4 cm before the ankles, as in people who stand quietly. Nothing moves
and no muscle is active.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kinesis_bench.bodies.contract import load_body

if TYPE_CHECKING:
    from kinesis_bench.motions.clip import Clip

_FRAMES = 3
"""Frames of the clip that is solved: the fewest that have velocities."""


@dataclass(frozen=True)
class Standing:
    """A standing pose of a body.

    Attributes:
        qpos: (nq,) the pelvis above the plane's origin, facing world +x.
        pelvis_height_m: of the pelvis's origin [m].
    """

    qpos: np.ndarray
    pelvis_height_m: float

    def placed(self, position_m: np.ndarray, heading_rad: np.ndarray) -> np.ndarray:
        """The pose elsewhere on the plane.

        Args:
            position_m: (n, 2) of the pelvis [m].
            heading_rad: (n,) where the pelvis looks, counter-clockwise from world +x.

        Returns:
            (n, nq).
        """
        from scipy.spatial.transform import Rotation

        qpos = np.tile(self.qpos, (len(heading_rad), 1))
        turn = Rotation.from_rotvec(np.asarray(heading_rad)[:, None] * [0.0, 0.0, 1.0])
        qpos[:, :3] = turn.apply(qpos[:, :3])
        qpos[:, :2] += position_m
        root = Rotation.from_quat(qpos[:, 3:7], scalar_first=True)
        qpos[:, 3:7] = (turn * root).as_quat(scalar_first=True)
        return qpos


@cache
def standing(body: str) -> Standing:
    """The standing pose of a body, by its name."""
    import mujoco

    from kinesis_bench.bodies.ik import warm_start

    solved = load_body(body)
    found = warm_start(solved, _rest_clip())
    qpos = found.qpos[0].copy()
    qpos[2] += found.sole_depth[0]
    data = mujoco.MjData(solved.model)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(solved.model, data)
    pelvis = data.xpos[solved.pelvis_id]
    qpos[:2] -= pelvis[:2]
    return Standing(qpos, float(pelvis[2]))


def _rest_clip() -> Clip:
    """SMPL's mean skeleton in its rest pose, facing world +x."""
    from scipy.spatial.transform import Rotation

    from kinesis_bench.motions.clip import FPS, Recording
    from kinesis_bench.motions.pipeline import to_clip
    from kinesis_bench.motions.skeleton import BODY_JOINTS, FACING_X

    rotations = np.zeros((_FRAMES, BODY_JOINTS, 3))
    rotations[:, 0] = Rotation.from_matrix(FACING_X).as_rotvec()
    return to_clip(Recording("rest", FPS, rotations, np.tile([0.0, 0.0, 1.0], (_FRAMES, 1))))
