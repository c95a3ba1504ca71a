"""What a motion asks of a body's muscles: joint torques, ground forces, muscle lengths and moment arms.

Inverse dynamics knows the sum of all forces from outside, as the wrench that the free root would need. It is
shared out among points under the soles, cheapest where they are low and still and where joints are spared,
and what the ground gives is taken off the joints (the usual way without force plates: Fluit et al.,
"Prediction of ground reaction forces and moments during various activities of daily living", J. Biomech. 47,
2014, who also let ground and muscles share the load in one problem). Were the joints not asked, two feet on
the ground would push straight up, past hips and knees, where people brake with the one and push off with the
other.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from kinesis_bench.bodies.ik.reduced import ROOT, coupling
from kinesis_bench.bodies.least_effort import least_effort

if TYPE_CHECKING:
    import mujoco

CONTACT_HEIGHT_M = 0.01
"""Height of a sole point above the ground over which the price of its force grows e-fold."""

CONTACT_SPEED_M_S = 0.2
"""Speed of a sole point at which its force costs twice as much as on the ground; the square beyond."""

WRENCH_SLACK = 0.05
"""Wrench that may stay unexplained at the price of one body weight under one point, in body weights (and
body weights times a metre). Held tighter, points that hover are made to explain it, and muscles then push
feet that bear nothing."""

TORQUE_SLACK = 0.25
"""Torque of a joint that costs as much as one body weight under one point, in body weights times a metre:
about what the muscles of a hip, knee or ankle can give. On twelve of the built-in training clips the mean
excitation of static optimisation is 0.064 with it and 0.084 without, for no more unexplained wrench."""

_FRAMES = 256
"""Frames that are computed together."""

_EDGES = np.array([[1, 0, 1], [-1, 0, 1], [0, 1, 1], [0, -1, 1]]) / np.sqrt(2)
"""Edges of a friction pyramid with coefficient 1, the ground's."""


@dataclass(frozen=True)
class Dynamics:
    """F frames; D independent joint coordinates, M muscles, P sole points.

    Attributes:
        torque: (F, D) generalised force that the joints need, coupled joints folded in, passive joint forces
            and the ground's taken off; the passive forces of muscles are not [N·m].
        residual: (F, 6) what the ground does not explain of the root's wrench: force in world axes [N],
            moment in the root's [N·m].
        ground_force: (F, P, 3) at ``sole_point`` [N], world.
        sole_point: (F, P, 3) [m], world.
        muscle_length, muscle_velocity: (F, M) [m], [m/s].
        moment_arm: (F, M, D) change of a muscle's length with a coordinate [m/rad]: MuJoCo's sign, so that a
            muscle that pulls with f > 0 gives the torque -f times this.
    """

    torque: np.ndarray
    residual: np.ndarray
    ground_force: np.ndarray
    sole_point: np.ndarray
    muscle_length: np.ndarray
    muscle_velocity: np.ndarray
    moment_arm: np.ndarray


class InverseDynamics:
    """Inverse dynamics of one body's motions; keeps work space, so not for two threads.

    Args:
        model: the body's model.

    Attributes:
        independent: (D,) places in qpos of the independent joint coordinates.
        side: (P,) ``r`` or ``l``, the foot under which each sole point lies.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        import mujoco

        self._model = copy.copy(model)
        for flag in ("CONTACT", "EQUALITY", "LIMIT", "SENSOR"):
            self._model.opt.disableflags |= getattr(mujoco.mjtDisableBit, f"mjDSBL_{flag}")
        self._data = mujoco.MjData(self._model)
        self._coupling = coupling(model)
        self._points = _sole_points(model)
        self._weight_n = float(model.body_mass.sum() * np.linalg.norm(model.opt.gravity))
        self.independent = self._coupling.independent
        self.side = np.array([model.body(body).name[-1] for body in self._points.bodies])
        joints = len(self._coupling.qpos)
        self._driven = np.zeros((joints, len(self.independent)))
        self._driven[np.arange(joints), self._coupling.driver] = 1.0

    def __call__(self, qpos: np.ndarray, qvel: np.ndarray, dt_s: float) -> Dynamics:
        """Dynamics of one clip.

        Accelerations are central differences of the velocities (one-sided at the ends).

        Args:
            qpos, qvel: (F, nq), (F, nv) at equal steps; at least two frames.
            dt_s: the step [s].
        """
        return self.at(qpos, qvel, np.gradient(qvel, dt_s, axis=0))

    def at(self, qpos: np.ndarray, qvel: np.ndarray, qacc: np.ndarray) -> Dynamics:
        """Dynamics of single instants.

        Args:
            qpos, qvel, qacc: (F, nq), (F, nv), (F, nv); at least one.
        """
        parts = [
            self._chunk(qpos[part], qvel[part], qacc[part])
            for part in (slice(i, i + _FRAMES) for i in range(0, len(qpos), _FRAMES))
        ]
        return Dynamics(
            **{
                field.name: np.concatenate([getattr(p, field.name) for p in parts])
                for field in fields(Dynamics)
            }
        )

    def _fold(self, rows: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """(F, …, nv) by the model's velocities, as (F, …, 6 + D) by root and independent coordinates."""
        slopes = slopes.reshape(len(slopes), *[1] * (rows.ndim - 2), -1)
        return np.concatenate([rows[..., :ROOT], (rows[..., ROOT:] * slopes) @ self._driven], axis=-1)

    def _chunk(self, qpos: np.ndarray, qvel: np.ndarray, qacc: np.ndarray) -> Dynamics:
        force, length, velocity, moment, cdof, center, place, turn = map(
            np.array, zip(*self._frames(qpos, qvel, qacc), strict=True)
        )
        slopes = self._coupling.slopes(qpos[:, self.independent])
        needed = self._fold(force, slopes)
        point = self._points.world(place, turn)
        motion = self._points.jacobian(point, cdof, center)
        speed = np.linalg.norm((motion @ qvel[:, None, :, None])[..., 0], axis=-1)
        jacobian = self._fold(motion, slopes)
        ground = self._share(needed, jacobian, point[..., 2], speed)
        left = needed - np.einsum("fpxc,fpx->fc", jacobian, ground)
        return Dynamics(
            torque=left[:, ROOT:],
            residual=left[:, :ROOT],
            ground_force=ground,
            sole_point=point,
            muscle_length=length,
            muscle_velocity=velocity,
            moment_arm=self._fold(moment, slopes)[..., ROOT:],
        )

    def _frames(self, qpos: np.ndarray, qvel: np.ndarray, qacc: np.ndarray) -> Iterator[tuple]:
        import mujoco

        model, data = self._model, self._data
        bodies = self._points.bodies
        moment = np.zeros((model.nu, model.nv))
        for position, speed, acceleration in zip(qpos, qvel, qacc, strict=True):
            data.qpos[:], data.qvel[:], data.qacc[:] = position, speed, acceleration
            mujoco.mj_inverse(model, data)
            mujoco.mju_sparse2dense(
                moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind
            )
            yield (
                data.qfrc_inverse.copy(),
                data.actuator_length.copy(),
                data.actuator_velocity.copy(),
                moment.copy(),
                data.cdof.copy(),
                data.subtree_com[model.body_rootid[bodies[0]]].copy(),
                data.xpos[bodies],
                data.xmat[bodies],
            )

    def _share(
        self, needed: np.ndarray, jacobian: np.ndarray, height: np.ndarray, speed: np.ndarray
    ) -> np.ndarray:
        """Forces (F, P, 3) [N] of the sole points that give the root's wrench and spare the joints' torques.

        ``needed`` (F, 6 + D) are both without the ground, and ``jacobian`` (F, P, 3, 6 + D) is the points'.
        """
        frames, points = height.shape
        high = np.exp(np.clip(height, 0.0, 1.0) / CONTACT_HEIGHT_M)
        cost = high + (speed / CONTACT_SPEED_M_S) ** 2
        per_force = 1 / np.sqrt(cost)
        edges = np.einsum("fpxc,ex->fcpe", jacobian, _EDGES) * per_force[:, None, :, None]
        slack = np.full(needed.shape[1], TORQUE_SLACK)
        slack[:ROOT] = WRENCH_SLACK
        share = least_effort(
            edges.reshape(frames, len(slack), -1), needed / self._weight_n, slack, upper=np.inf
        ).reshape(frames, points, len(_EDGES))
        return self._weight_n * (share * per_force[:, :, None]) @ _EDGES


@dataclass(frozen=True)
class _Points:
    """Lowest points of the spheres that end the soles' capsules, and of the heels' ellipsoids.

    Attributes:
        bodies: (P,) body ids.
        local: (P, 3) centre in the body [m].
        axes: (P, 3, 3) half axes of the ellipsoid around it, as columns, in the body [m].
        moved_by: (P, nv) whether a velocity of the model moves the point.
    """

    bodies: np.ndarray
    local: np.ndarray
    axes: np.ndarray
    moved_by: np.ndarray

    def world(self, place: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """Lowest points (F, P, 3) of bodies at (F, P, 3), turned by (F, P, 9)."""
        frame = turn.reshape(*place.shape, 3)
        axes = frame @ self.axes
        down = -axes[..., 2, :]
        support = axes @ (down / np.linalg.norm(down, axis=-1, keepdims=True))[..., None]
        return place + (frame @ self.local[..., None] + support)[..., 0]

    def jacobian(self, point: np.ndarray, cdof: np.ndarray, center: np.ndarray) -> np.ndarray:
        """Velocities (F, P, 3, nv) of points fixed in their bodies, per unit of the model's velocities."""
        arm = (point - center[:, None])[:, :, None]
        angular, linear = cdof[:, None, :, :3], cdof[:, None, :, 3:]
        column = (linear + np.cross(angular, arm)) * self.moved_by[:, :, None]
        return column.swapaxes(-1, -2)


def _sole_points(model: mujoco.MjModel) -> _Points:
    import mujoco

    bodies, local, axes = [], [], []
    for geom in range(model.ngeom):
        body = int(model.geom_bodyid[geom])
        if not model.body(body).name.startswith(("calcn", "toes")) or not model.geom_contype[geom]:
            continue
        flat = np.empty(9)
        mujoco.mju_quat2Mat(flat, model.geom_quat[geom])
        turn = flat.reshape(3, 3)
        size = model.geom_size[geom]
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CAPSULE:
            for side in (-1, 1):
                bodies.append(body)
                local.append(model.geom_pos[geom] + side * size[1] * turn[:, 2])
                axes.append(size[0] * np.eye(3))
        elif model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_ELLIPSOID:
            bodies.append(body)
            local.append(model.geom_pos[geom])
            axes.append(turn * size)
        else:
            raise ValueError(f"{model.geom(geom).name}: a sole of another shape than capsule or ellipsoid")
    moved_by = np.zeros((len(bodies), model.nv), bool)
    for row, body in enumerate(bodies):
        while body > 0:
            first, count = model.body_dofadr[body], model.body_dofnum[body]
            moved_by[row, first : first + count] = True
            body = int(model.body_parentid[body])
    return _Points(np.array(bodies), np.array(local), np.array(axes), moved_by)
