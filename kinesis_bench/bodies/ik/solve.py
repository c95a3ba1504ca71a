"""Warm starts: all frames of a clip solved at once by a damped Newton method within the joint limits.

The pose minimises, frame by frame,

    sum price |keypoint - target|² + sum below(floor)² / SOLE_M²
    + |pelvis turn from the recording's|² / PELVIS_RAD² + sum soft(angle)² / posture²

over the independent coordinates. Targets are SMPL's keypoints, but that pelvis and ankles belong where the
body's hips and soles are SMPL's (``joints``); their price is 1 / KEYPOINT_M², the knees' 1 / KNEE_M².
soft(x)² = 2a²(√(1 + (x/a)²) - 1), a mostly POSTURE_SOFT_RAD: posture counts like x² near the neutral pose and
like |x| far from it (Charbonnier's loss, IEEE ICIP 2:168, 1994), so that it settles what keypoints leave open
and hardly pulls where they do not.

Each component of the pelvis's turn is a coordinate with limits of PELVIS_LIMIT_RAD / √3, so that the turn
never exceeds PELVIS_LIMIT_RAD. A clip holds no orientation of the trunk: where the head is tracked, the
trunk's yaw is held to the pelvis's by a stiff posture term.

Frames do not see each other: the minimum is a smooth function of the targets, so smooth targets give a
smooth motion, and neither the number of workers nor a clip's length changes a frame. Method:
Levenberg-Marquardt with the projected active set of Bertsekas (SIAM J Control Optim 20:221, 1982), and near
the minimum with the kinematics' second derivatives too: where keypoints cannot be reached, what they leave
over bends the cost more than posture does, and Gauss-Newton alone would crawl.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.bodies.ik.joints import Anatomy
from kinesis_bench.bodies.ik.reduced import ROOT, Pose, Tree, cross
from kinesis_bench.motions.clip import FPS, Clip
from kinesis_bench.motions.motion_set import ClipIk
from kinesis_bench.motions.pipeline import angular_velocity, continuous, derivative

KEYPOINT_M = 0.010
KNEE_M = 0.025
"""Distance of a keypoint that costs as much as the other unit costs [m]. Knees are held less: the bodies'
thighs are 2.7 cm longer than SMPL's, and soles and hips are to be where they belong nevertheless."""

SOLE_M = 0.003
"""Depth of a sole point under the floor that costs one [m]: stiff, because physics start from here."""

SOLE_SOFT_M = 0.003
"""Over which height the floor begins to be felt [m], so that the cost has no kink."""

PELVIS_RAD = np.radians(2.0)
"""Turn of the pelvis away from the recording that costs one [rad]."""

PELVIS_LIMIT_RAD = np.radians(3.0)
"""The turn of the pelvis away from the recording never exceeds this [rad]."""

POSTURE_RAD = np.radians(20.0)
TRUNK_YAW_RAD = np.radians(5.0)
SUBTALAR_RAD = np.radians(6.0)
"""Angle away from neutral that costs one: of a joint, of the trunk's axial rotation, and of the subtalar
joint, which is stiffer because SMPL's foot points further outwards than the bodies' (people's shanks are
twisted, the bodies' are not): a free one would tip the foot inwards to reach the toe keypoint [rad]."""

POSTURE_SOFT_RAD = np.radians(8.0)
"""Angle from which on posture counts like the angle, not like its square [rad]. Toes and the subtalar joint
are not softened: toes, which no keypoint holds, would have two poses to jump between."""

BLOCK = 256
"""Frames solved together: large enough for numpy's overhead, small enough for the cache."""

NEAR_RAD = 0.15
"""Below this step the curvature that Gauss-Newton leaves out is used: convergence is then quadratic."""

MAX_ITERATIONS = 60
MAX_DAMPING = 1e3
STEP_RAD = 1e-3
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


@dataclass(frozen=True)
class _Local:
    """The cost around F poses of D coordinates: value (F,), gradient (F, D), Hessian (F, D, D).

    ``diagonal`` (F, D) is the Gauss-Newton matrix's, which is positive: damping is measured by it.
    """

    cost: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    diagonal: np.ndarray

    def rows(self, keep: np.ndarray) -> _Local:
        """Some of the poses."""
        return _Local(self.cost[keep], self.gradient[keep], self.hessian[keep], self.diagonal[keep])

    def where(self, choose: np.ndarray, other: _Local) -> _Local:
        """``other`` where ``choose`` (F,) is true, else this."""
        column = choose[:, None]
        return _Local(
            np.where(choose, other.cost, self.cost),
            np.where(column, other.gradient, self.gradient),
            np.where(column[:, :, None], other.hessian, self.hessian),
            np.where(column, other.diagonal, self.diagonal),
        )


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
        self.anatomy = Anatomy.of(body)
        self.price = np.array([(KNEE_M if "knee" in name else KEYPOINT_M) ** -2 for name in body.keypoints])

        moves = self.tree.moves
        inside = (moves[:, :, None] >= moves[:, None, :]).all(axis=0)
        self.upstream = np.triu(inside)

        inf = np.full(3, np.inf)
        turn = np.full(3, PELVIS_LIMIT_RAD / np.sqrt(3) * (1 - 1e-9))
        self.lower = np.concatenate([-inf, -turn, self.coupling.lower])
        self.upper = np.concatenate([inf, turn, self.coupling.upper])
        joints = [name.removesuffix("_r").removesuffix("_l") for name in self.coupling.names]
        stiff = {"axial_rotation": TRUNK_YAW_RAD, "subtalar_angle": SUBTALAR_RAD}
        spread = [stiff.get(name, POSTURE_RAD) for name in joints]
        soft = [10.0 if name in ("mtp_angle", "subtalar_angle") else POSTURE_SOFT_RAD for name in joints]
        self.posture = 1 / np.concatenate([inf, np.full(3, PELVIS_RAD), spread]) ** 2
        self.soft = np.concatenate([np.ones(ROOT), soft])

    def solve(
        self, keypoints: np.ndarray, quaternion: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Poses (F, nq), residuals (F,) and sole depths (F,) for keypoints (F, 8, 3) and pelvis (F, 4)."""
        pelvis_axes = Rotation.from_quat(quaternion, scalar_first=True).as_matrix()
        rotation = pelvis_axes @ self.pelvis_to_root
        target = self.anatomy.targets(keypoints, pelvis_axes)[:, self.columns]
        position = target[:, 0] - rotation @ self.pelvis_in_root
        rest = np.clip(np.zeros((len(target), len(self.lower))), self.lower, self.upper)
        found = self._minimise(rest, target, position, rotation)
        return self._poses(found, keypoints[:, self.columns], position, rotation)

    def _minimise(
        self, start: np.ndarray, target: np.ndarray, position: np.ndarray, rotation: np.ndarray
    ) -> np.ndarray:
        """Coordinates (F, D) of least cost, each frame from its start within the limits."""
        c, best = start, start.copy()
        active = np.arange(len(target))
        damping = np.full(len(target), 1e-3)
        here = self._linearise(c, target, position, rotation, np.zeros(len(c), bool))
        for _ in range(MAX_ITERATIONS):
            trial = np.clip(c + self._step(c, here, damping), self.lower, self.upper)
            moved = np.abs(trial - c).max(axis=1)
            rows = (target[active], position[active], rotation[active])
            there = self._linearise(trial, *rows, moved < NEAR_RAD)
            better = there.cost <= here.cost
            c = np.where(better[:, None], trial, c)
            here = here.where(better, there)
            best[active] = c
            keep = ~((moved < STEP_RAD) & (better | (damping > MAX_DAMPING)))
            damping = np.where(better, damping * 0.2, np.maximum(damping * 10, 0.01))
            if not keep.any():
                break
            active, c, damping, here = active[keep], c[keep], damping[keep], here.rows(keep)
        return best

    def _linearise(
        self, c: np.ndarray, target: np.ndarray, position: np.ndarray, rotation: np.ndarray, near: np.ndarray
    ) -> _Local:
        """The cost around F sets of coordinates, with the curvature of the kinematics or without."""
        pose = self.tree.pose(position, rotation, c)
        k, moves = self.keypoints, self.tree.moves
        x, y, z = (pose.points[:, :, axis, None] for axis in range(3))
        wx, wy, wz = (pose.angular[:, None, axis] for axis in range(3))
        vx, vy, vz = (pose.linear[:, None, axis] for axis in range(3))
        up = (wx * y - wy * x + vz) * moves
        ahead = (wy * z[:, :k] - wz * y[:, :k] + vx) * moves[:k]
        aside = (wz * x[:, :k] - wx * z[:, :k] + vy) * moves[:k]
        below, push, stiffness = _below(pose.points[:, k:, 2] - self.radii)
        price = self.price[:, None]
        pull = (pose.points[:, :k] - target) * price
        pull = np.concatenate([*np.moveaxis(pull, 2, 0), push / SOLE_M**2], axis=1)
        metric = np.concatenate([np.tile(self.price, (len(c), 3)), stiffness / SOLE_M**2], axis=1)
        jacobian = np.concatenate([ahead, aside, up], axis=1)

        grade = np.sqrt(1 + (c / self.soft) ** 2)
        cost = (
            np.sum(price * (pose.points[:, :k] - target) ** 2, axis=(1, 2)) / 2
            + np.sum(below, axis=1) / SOLE_M**2
            + np.sum(self.posture * self.soft**2 * (grade - 1), axis=1)
        )
        transposed = np.swapaxes(jacobian, 1, 2)
        gradient = (transposed @ pull[:, :, None])[:, :, 0] + self.posture / grade * c
        hessian = transposed @ (metric[:, :, None] * jacobian)
        np.einsum("fii->fi", hessian)[...] += self.posture / np.where(near[:, None], grade**3, grade)
        diagonal = np.einsum("fii->fi", hessian).copy()
        if near.any():
            hessian += near[:, None, None] * self._curvature(pose, pull)
        return _Local(cost, gradient, hessian, diagonal)

    def _curvature(self, pose: Pose, pull: np.ndarray) -> np.ndarray:
        """What Gauss-Newton leaves out (F, D, D): the points' second derivatives times the pull on them.

        A point moved by i and, further out, by j has d²x / di dj = w_i × (w_j × x + v_j), w and v the
        coordinates' twists; the couplings' own curvature is left out.
        """
        k = self.keypoints
        force = np.zeros_like(pose.points)
        force[:, :k] = np.moveaxis(pull[:, : 3 * k].reshape(-1, 3, k), 1, 2)
        force[:, k:, 2] = pull[:, 3 * k :]
        moved = self.tree.moves.astype(float)
        outer = pose.points[:, :, :, None] * force[:, :, None, :]
        outer = (np.moveaxis(outer, 1, 3).reshape(len(pull), 9, -1) @ moved).reshape(len(pull), 3, 3, -1)
        w, v = pose.angular, pose.linear
        moment = np.einsum("fabj,fbj->faj", outer, w) - np.einsum("faaj->fj", outer)[:, None] * w
        moment += cross(v, np.swapaxes(force, 1, 2) @ moved)
        upper = (np.swapaxes(w, 1, 2) @ moment) * self.upstream
        return upper + np.swapaxes(upper * ~np.eye(upper.shape[1], dtype=bool), 1, 2)

    def _step(self, c: np.ndarray, here: _Local, damping: np.ndarray) -> np.ndarray:
        """Damped Newton step (F, D) on the coordinates that are not held by a limit."""
        held = ((c <= self.lower) & (here.gradient > 0)) | ((c >= self.upper) & (here.gradient < 0))
        free = ~held
        matrix = here.hessian * (free[:, :, None] & free[:, None, :])
        np.einsum("fii->fi", matrix)[...] += np.where(held, 1.0, here.diagonal * damping[:, None])
        return np.linalg.solve(matrix, np.where(held, 0.0, -here.gradient)[:, :, None])[:, :, 0]

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


def _below(height: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The floor's pull: half the square of d = (√(h² + s²) - h) / 2, and its two derivatives by the height h.

    d is a smooth max(-h, 0) with s = SOLE_SOFT_M.
    """
    root = np.sqrt(height**2 + SOLE_SOFT_M**2)
    depth, slope, bend = (root - height) / 2, (height / root - 1) / 2, SOLE_SOFT_M**2 / (2 * root**3)
    return depth**2 / 2, depth * slope, slope**2 + depth * bend


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
