"""Warm starts: every frame of a clip solved at once by damped Gauss-Newton within the joint limits.

The pose minimises, frame by frame,

    sum |keypoint - target|² / KEYPOINT_M² + sum below(floor)² / SOLE_M²
    + |pelvis turn from the recording's|² / PELVIS_RAD² + sum soft(angle)² / POSTURE_RAD²

over the independent coordinates, where soft(x)² = 2a²(√(1 + (x/a)²) - 1) with a = POSTURE_SOFT_RAD: posture
counts like x² near the neutral pose and like |x| far from it (Charbonnier's loss, IEEE ICIP 2:168, 1994), so
that it settles what keypoints leave open and hardly pulls where they do not.

Each component of the pelvis's turn is a coordinate with limits of PELVIS_LIMIT_RAD / √3, so that the turn
never exceeds PELVIS_LIMIT_RAD. A clip holds no orientation of the trunk: where the head is tracked, the
trunk's yaw is held to the pelvis's by a stiff posture term.

Frames do not see each other: the minimum is a smooth function of the targets, so smooth targets give a
smooth motion, and neither the number of workers nor a clip's length changes a bit of a frame. Method:
Levenberg-Marquardt with the projected active set of Bertsekas (SIAM J Control Optim 20:221, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.bodies.ik.reduced import ROOT, Pose, Tree
from kinesis_bench.motions.clip import FPS, Clip
from kinesis_bench.motions.motion_set import ClipIk
from kinesis_bench.motions.pipeline import angular_velocity, continuous, derivative

KEYPOINT_M = 0.010
"""Distance of a keypoint that costs as much as the other unit costs [m]."""

SOLE_M = 0.003
"""Depth of a sole point under the floor that costs one [m]: stiff, because physics start from here."""

PELVIS_RAD = np.radians(2.0)
"""Turn of the pelvis away from the recording that costs one [rad]."""

PELVIS_LIMIT_RAD = np.radians(3.0)
"""The turn of the pelvis away from the recording never exceeds this [rad]."""

POSTURE_RAD = np.radians(20.0)
TRUNK_YAW_RAD = np.radians(5.0)
"""Angle away from neutral that costs one, of a joint and of the trunk's axial rotation [rad]."""

POSTURE_SOFT_RAD = np.radians(8.0)
"""Angle from which on posture counts like the angle, not like its square [rad]."""

BLOCK = 256
"""Frames solved together: large enough for numpy's overhead, small enough for the cache."""

MAX_ITERATIONS = 60
STEP_RAD = 1e-4
"""A frame is done when no coordinate moves by more than this [rad or m]."""

SOLE_GEOMS = ("foot_col1", "foot_col3", "bofoot_col1", "bofoot_col2")
"""Capsules of heel, forefoot and toes whose ends are the sole points."""


@dataclass(frozen=True)
class WarmStart(ClipIk):
    """A body posed along a clip of F frames.

    In ``qpos`` couplings hold exactly and limits are respected. ``qvel`` are central differences
    [m/s, rad/s]; driven joints move by the slopes of their couplings.

    Attributes:
        sole_depth: (F,) how far the lowest sole point lies under the floor [m]; negative above it.
    """

    sole_depth: np.ndarray


def warm_start(body: Body, clip: Clip) -> WarmStart:
    """Pose a body at every frame of a clip.

    Args:
        body: from ``load_body``.
        clip: keypoints and pelvis orientation; numbers must be finite.
    """
    solver = _solver(body.name)
    blocks = [
        solver.solve(
            clip.keypoint_position[start : start + BLOCK], clip.pelvis_quaternion[start : start + BLOCK]
        )
        for start in range(0, clip.frames, BLOCK)
    ]
    qpos, residual, depth = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    qpos[:, 3:7] = continuous(qpos[:, 3:7])
    return WarmStart(qpos, solver.velocities(qpos), residual, depth)


@cache
def _solver(name: str) -> _Solver:
    return _Solver(load_body(name))


class _Solver:
    """What of a body the solver needs."""

    def __init__(self, body: Body) -> None:
        import mujoco

        model = body.model
        self.columns = body.keypoint_columns
        keypoints = [(int(model.site_bodyid[s]), model.site_pos[s]) for s in body.keypoint_site_ids]
        soles, radii = _sole_points(body)
        self.radii = radii
        self.keypoints = len(keypoints)
        self.tree = Tree(model, keypoints + soles)
        self.coupling = self.tree.coupling
        self.qpos0 = model.qpos0.copy()
        self.dof = model.jnt_dofadr[1:].astype(int)
        self.nv = model.nv
        self.independent_dof = model.jnt_dofadr[
            [int(np.flatnonzero(model.jnt_qposadr == place)[0]) for place in self.coupling.independent]
        ]

        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        root = int(model.jnt_bodyid[0])
        root_axes, pelvis_axes = data.xmat[[root, body.pelvis_id]].reshape(2, 3, 3)
        self.pelvis_to_root = pelvis_axes.T @ root_axes
        pelvis = data.site_xpos[body.keypoint_site_ids[body.keypoints.index("pelvis")]]
        self.pelvis_in_root = root_axes.T @ (pelvis - data.xpos[root])

        inf = np.full(3, np.inf)
        turn = np.full(3, PELVIS_LIMIT_RAD / np.sqrt(3) * (1 - 1e-9))
        self.lower = np.concatenate([-inf, -turn, self.coupling.lower])
        self.upper = np.concatenate([inf, turn, self.coupling.upper])
        stiffness = [
            TRUNK_YAW_RAD if name == "axial_rotation" else POSTURE_RAD for name in self.coupling.names
        ]
        self.posture = 1 / np.concatenate([inf, np.full(3, PELVIS_RAD), stiffness]) ** 2

    def solve(
        self, keypoints: np.ndarray, quaternion: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Poses (F, nq), residuals (F,) and sole depths (F,) for keypoints (F, 8, 3) and pelvis (F, 4)."""
        target = keypoints[:, self.columns]
        rotation = Rotation.from_quat(quaternion, scalar_first=True).as_matrix() @ self.pelvis_to_root
        position = target[:, 0] - rotation @ self.pelvis_in_root
        c = np.clip(np.zeros((len(target), len(self.lower))), self.lower, self.upper)
        best = c.copy()
        active = np.arange(len(target))
        damping = np.full(len(target), 1e-3)
        cost, gradient, hessian = self._linearise(c, target, position, rotation)
        for _ in range(MAX_ITERATIONS):
            step = self._step(c, gradient, hessian, damping)
            trial = np.clip(c + step, self.lower, self.upper)
            done = np.abs(trial - c).max(axis=1) < STEP_RAD
            new = self._linearise(trial, target[active], position[active], rotation[active])
            better = new[0] <= cost
            c = np.where(better[:, None], trial, c)
            cost = np.where(better, new[0], cost)
            gradient = np.where(better[:, None], new[1], gradient)
            hessian = np.where(better[:, None, None], new[2], hessian)
            damping = np.where(better, damping * 0.2, damping * 8.0)
            best[active] = c
            if done.all():
                break
            keep = ~done
            active, c, cost, damping = active[keep], c[keep], cost[keep], damping[keep]
            gradient, hessian = gradient[keep], hessian[keep]
        return self._poses(best, target, position, rotation)

    def _linearise(
        self, c: np.ndarray, target: np.ndarray, position: np.ndarray, rotation: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Half the cost (F,), its gradient (F, D) and Gauss-Newton matrix (F, D, D)."""
        pose = self.tree.pose(position, rotation, c)
        residual, jacobian = self._rows(pose, target)
        grade = np.sqrt(1 + (c / POSTURE_SOFT_RAD) ** 2)
        weight = self.posture / grade
        posture = np.sum(self.posture * POSTURE_SOFT_RAD**2 * (grade - 1), axis=1)
        transposed = np.swapaxes(jacobian, 1, 2)
        gradient = (transposed @ residual[:, :, None])[:, :, 0] + weight * c
        hessian = transposed @ jacobian
        np.einsum("fii->fi", hessian)[...] += weight
        return 0.5 * np.sum(residual**2, axis=1) + posture, gradient, hessian

    def _rows(self, pose: Pose, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals (F, R) of keypoints and sole points, and their derivatives (F, R, D)."""
        k, moves = self.keypoints, self.tree.moves
        x, y, z = (pose.points[:, :, axis, None] for axis in range(3))
        wx, wy, wz = (pose.angular[:, None, axis] for axis in range(3))
        vx, vy, vz = (pose.linear[:, None, axis] for axis in range(3))
        up = (wx * y - wy * x + vz) * moves
        ahead = (wy * z[:, :k] - wz * y[:, :k] + vx) * moves[:k]
        aside = (wz * x[:, :k] - wx * z[:, :k] + vy) * moves[:k]
        depth = np.minimum(pose.points[:, k:, 2] - self.radii, 0.0)
        off = (pose.points[:, :k] - target) / KEYPOINT_M
        residual = np.concatenate([off[..., 0], off[..., 1], off[..., 2], depth / SOLE_M], axis=1)
        sole = up[:, k:] * ((depth < 0)[:, :, None] / SOLE_M)
        jacobian = np.concatenate(
            [np.concatenate([ahead, aside, up[:, :k]], axis=1) / KEYPOINT_M, sole], axis=1
        )
        return residual, jacobian

    def _step(
        self, c: np.ndarray, gradient: np.ndarray, hessian: np.ndarray, damping: np.ndarray
    ) -> np.ndarray:
        """Damped Newton step on the coordinates that are not held by a limit."""
        held = ((c <= self.lower) & (gradient > 0)) | ((c >= self.upper) & (gradient < 0))
        free = ~held
        diagonal = np.einsum("fii->fi", hessian)
        matrix = hessian * (free[:, :, None] & free[:, None, :])
        extra = np.where(held, 1.0, diagonal * damping[:, None])
        np.einsum("fii->fi", matrix)[...] += extra
        return np.linalg.solve(matrix, np.where(held, 0.0, -gradient)[:, :, None])[:, :, 0]

    def _poses(
        self, c: np.ndarray, target: np.ndarray, position: np.ndarray, rotation: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        qpos = np.tile(self.qpos0, (len(c), 1))
        qpos[:, :3] = position + c[:, :3]
        turned = Rotation.from_rotvec(c[:, 3:6]) * Rotation.from_matrix(rotation)
        qpos[:, 3:7] = turned.as_quat(scalar_first=True)
        qpos[:, self.coupling.qpos] = self.coupling.values(c[:, ROOT:])
        points = self.tree.pose(position, rotation, c).points
        distance = np.linalg.norm(points[:, : self.keypoints] - target, axis=-1).mean(axis=1)
        return qpos, distance, (self.radii - points[:, self.keypoints :, 2]).max(axis=1)

    def velocities(self, qpos: np.ndarray) -> np.ndarray:
        """Velocities (F, nv) of poses (F, nq) at 30 fps, as MuJoCo counts them.

        The root's angular velocity is in the root's axes; a driven joint moves by the slope of its coupling.
        """
        qvel = np.zeros((len(qpos), self.nv))
        if len(qpos) < 2:
            return qvel
        root = Rotation.from_quat(qpos[:, 3:7], scalar_first=True)
        qvel[:, :3] = derivative(qpos[:, :3], 1 / FPS)
        qvel[:, 3:6] = root.inv().apply(angular_velocity(root, 1 / FPS))
        independent = qpos[:, self.coupling.independent]
        rate = derivative(independent, 1 / FPS)
        qvel[:, self.dof] = self.coupling.slopes(independent) * rate[:, self.coupling.driver]
        return qvel


def _sole_points(body: Body) -> tuple[list[tuple[int, np.ndarray]], np.ndarray]:
    """Ends of the capsules of both soles: body id and place in it [m], and the capsules' radii (P,) [m]."""
    import mujoco

    points, radii = [], []
    for side in "rl":
        for name in SOLE_GEOMS:
            geom = body.model.geom(f"{name}_{side}")
            axes = np.empty(9)
            mujoco.mju_quat2Mat(axes, geom.quat)
            along = axes.reshape(3, 3)[:, 2] * geom.size[1]
            points += [(int(geom.bodyid[0]), geom.pos + along), (int(geom.bodyid[0]), geom.pos - along)]
            radii += [float(geom.size[0])] * 2
    return points, np.array(radii)
