"""Where a body's pelvis and ankles belong so that its hips and soles are where those of SMPL's mean body are.

A body's keypoints are the origins of its segments, and two of them lie elsewhere in the anatomy than SMPL's
joints of that name. Its pelvis's origin is 5.6 cm ahead of its hip joints, SMPL's 0.6 cm: pelvis on pelvis, a
body would walk with its hips and all its weight 5 cm too far behind its feet. And its ankles are 6.2 cm over
their soles, SMPL's 7.9 cm (left) and 7.1 cm (right): ankle on ankle, it would stand with its soles above the
floor and its toes hanging, and would come down with the whole foot where SMPL's comes down with the heel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.motions.skeleton import KEYPOINTS, OPENSIM_TO_SMPL, TOE_SOLE_M, mean_skeleton


@dataclass(frozen=True)
class Anatomy:
    """What a body's keypoints are away from, at rest.

    Attributes:
        hips: (3,) midpoint of the hip joints from keypoint pelvis, in the pelvis's axes (forward, up, right)
            [m].
        ankle_over_sole_m: left and right alike.
    """

    hips: np.ndarray
    ankle_over_sole_m: float

    @classmethod
    def of(cls, body: Body) -> Anatomy:
        """Of a body."""
        import mujoco

        model = body.model
        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        hips = (data.xpos[model.body("femur_r").id] + data.xpos[model.body("femur_l").id]) / 2
        pelvis, ankle = (data.site_xpos[model.site(f"keypoint_{name}").id] for name in ("pelvis", "l_ankle"))
        axes = data.xmat[body.pelvis_id].reshape(3, 3)
        heel = model.geom("foot_col1_l")
        sole_z = data.geom_xpos[heel.id, 2] - heel.size[0]
        return cls(axes.T @ (hips - pelvis), float(ankle[2] - sole_z))

    def targets(self, keypoints: np.ndarray, pelvis_axes: np.ndarray) -> np.ndarray:
        """Where the body's keypoints belong.

        Args:
            keypoints: (F, 8, 3) of SMPL's skeleton, in the order of KEYPOINTS [m].
            pelvis_axes: (F, 3, 3) forward, up and right of the pelvis, as columns.

        Returns:
            (F, 8, 3) [m].
        """
        moved = keypoints.copy()
        moved[:, KEYPOINTS.index("pelvis")] += pelvis_axes @ (_smpl_hips() - self.hips)
        for side in "lr":
            knee, ankle, toe = (
                keypoints[:, KEYPOINTS.index(f"{side}_{name}")] for name in ("knee", "ankle", "toe")
            )
            ahead, below = _smpl_toe(side)
            up = _foot_up(knee - ankle, toe - ankle, np.arctan2(below, ahead))
            moved[:, KEYPOINTS.index(f"{side}_ankle")] -= (below + TOE_SOLE_M - self.ankle_over_sole_m) * up
        return moved


def _foot_up(to_knee: np.ndarray, to_toe: np.ndarray, slope_rad: float) -> np.ndarray:
    """Away from the sole (F, 3), in the plane of knee, ankle and toe; the toe lies ``slope_rad`` below."""
    forward = _unit(to_toe)
    across = _unit(to_knee - np.sum(to_knee * forward, axis=1, keepdims=True) * forward)
    return np.cos(slope_rad) * across - np.sin(slope_rad) * forward


@cache
def _smpl_hips() -> np.ndarray:
    """Midpoint of SMPL's hip joints from its pelvis joint (3,), forward, up and right [m]."""
    skeleton = mean_skeleton()
    hips = (skeleton.rest[skeleton.index("L_Hip")] + skeleton.rest[skeleton.index("R_Hip")]) / 2
    return np.asarray(OPENSIM_TO_SMPL.T @ (hips - skeleton.rest[skeleton.index("Pelvis")]))


@cache
def _smpl_toe(side: str) -> tuple[float, float]:
    """How far the toe joint of SMPL's flat foot lies ahead of the ankle, and below it [m]."""
    skeleton = mean_skeleton()
    ankle, toe = (skeleton.rest[skeleton.index(f"{side.upper()}_{name}")] for name in ("Ankle", "Toe"))
    return float(np.hypot(*(toe - ankle)[[0, 2]])), float((ankle - toe)[1])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
