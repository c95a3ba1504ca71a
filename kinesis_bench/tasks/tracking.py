"""Control law ``tracking``: feed-forward of the reference, PD on muscle length, and a policy's correction.

Each muscle's excitation is the one that static optimisation gives it for the reference's joint torques, plus
feedback on its length and velocity around the reference's. The policy's action shifts the reference: one
angle for each independent joint coordinate, turned into muscle lengths by the reference's moment arms. It
sees the reference's pose, so its results are privileged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.bodies.contract import Body
from kinesis_bench.bodies.inverse_dynamics import InverseDynamics
from kinesis_bench.motions.clip import FPS
from kinesis_bench.physics.engine import SUBSTEPS
from kinesis_bench.tasks.arrays import Constants
from kinesis_bench.tasks.moment_arm import MomentArms
from kinesis_bench.tasks.muscle import Muscles
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.static_optimisation import StaticOptimisation, full_moment

if TYPE_CHECKING:
    import mujoco

OFFSET_RAD = 0.4
"""Shift of a joint's reference angle by an action of 1 [rad]."""

LENGTH_GAIN_N_M = 30_000.0
"""Pull for each metre that a muscle is too long [N/m]: the same for all, so that a joint's stiffness follows
its muscles' moment arms, and light toes are not driven as hard as hips. In optimal lengths and peak forces
instead, strong ankle muscles shake the foot at the protocol's timestep."""

STIFFEST_N_M_RAD = 1200.0
"""Most with which all muscles together hold a joint coordinate [N·m/rad]: a little more than they hold hips
(907 in flexion, 1,172 in adduction). Six muscles bend the trunk of ``legs_abs`` with 499 and 875; the 210
strands of ``legs_back``, each held like a muscle, would with 18,000 and 28,000."""

VELOCITY_GAIN_N_S_M = 150.0
"""Pull for each metre a second that a muscle lengthens too fast [N·s/m]."""

LEAD_SUBSTEPS = 4.0
"""How far ahead of the physics the reference is read, in substeps of 1/150 s: muscles answer that late. Gains
and lead are those under which bodies with action zero stay longest within 0.15 m, over many starts."""


@dataclass(frozen=True)
class Aim:
    """A control step's excitation is base + rise·substep, (n, M), plus feedback on length and velocity."""

    base: Any
    rise: Any


class TrackingControl:
    """Feed-forward, feedback and a shift of the joints' angles.

    What it needs of a clip is computed when the clip is first used (0.3 ms a frame for ``legs``), and kept;
    on an engine of another kind than numpy's all clips' is when the first is used.

    Args:
        body: the body.
        reference: the motions that are followed.

    Attributes:
        action_size: D, one angle shift for each independent joint coordinate.
    """

    name = "tracking"
    every_substep = True

    def __init__(self, body: Body, reference: Reference) -> None:
        self._reference = reference
        self._inverse = InverseDynamics(body.model)
        self._muscles = Muscles(body.model)
        self._optimise = StaticOptimisation(body.model)
        self.action_size = len(self._inverse.independent)
        arms = MomentArms(body.model)
        per_force = _share(body.model, arms) / self._muscles.peak_force
        self._length_gain = LENGTH_GAIN_N_M * per_force
        self._velocity_gain = VELOCITY_GAIN_N_S_M * per_force
        frames, muscles = len(reference.qpos), body.model.nu
        self._feed_forward = np.zeros((frames, muscles), np.float32)
        self._length = np.zeros((frames, muscles), np.float32)
        self._velocity = np.zeros((frames, muscles), np.float32)
        self._known = np.zeros(frames, bool)
        self._crossing = arms.muscle, arms.joint
        self._arm = np.zeros((frames, len(self._crossing[0])), np.float32)
        self._constants = Constants(self._feed_forward, self._length, self._velocity, *self.gains)
        self._arms = Constants(self._arm, *self._crossing)

    @property
    def gains(self) -> tuple[np.ndarray, np.ndarray]:
        """Excitation for a muscle's excess length [1/m] and for its speed of lengthening [s/m]; (M,) each."""
        return self._length_gain, self._velocity_gain

    def target(self, action: Any, now: Any, ahead: Any) -> Aim:
        """What the control step from the reference's place ``now`` to ``ahead`` aims at."""
        self._prepare(now if isinstance(now, np.ndarray) else np.arange(len(self._known)))
        feed_forward, length, velocity, length_gain, velocity_gain = self._constants.like(action)
        shift = (self._moment_arm(now, action) * (OFFSET_RAD * action)[:, None]).sum(axis=2)
        start = feed_forward[now] - length_gain * (length[now] + shift)
        start -= velocity_gain * velocity[now]
        end = feed_forward[ahead] - length_gain * (length[ahead] + shift)
        end -= velocity_gain * velocity[ahead]
        rise = (end - start) / SUBSTEPS
        return Aim(start + LEAD_SUBSTEPS * rise, rise)

    def excitation(self, target: Aim, length: Any, velocity: Any, substep: int) -> Any:
        """Excitations in [0, 1]."""
        *_, length_gain, velocity_gain = self._constants.like(length)
        excitation = target.rise * substep
        excitation += target.base
        excitation += length_gain * length
        excitation += velocity_gain * velocity
        return excitation.clip(0, 1)

    def feed_forward(self, at: np.ndarray) -> np.ndarray:
        """Excitations (n, M) of static optimisation at places (n,) in the reference's flat arrays."""
        self._prepare(at)
        return self._feed_forward[at].astype(np.float64)

    def moment_arm(self, at: np.ndarray) -> np.ndarray:
        """Moment arms (n, M, D) [m/rad] at places (n,) in the reference's flat arrays, single precision."""
        self._prepare(at)
        return np.asarray(self._moment_arm(at, self._arm))

    def _moment_arm(self, at: Any, array: Any) -> Any:
        """Moment arms of prepared places, in arrays like ``array``."""
        known, muscle, joint = self._arms.like(array)
        shape = (len(at), self._feed_forward.shape[1], self.action_size)
        arm = array_namespace(known).zeros(shape, dtype=known.dtype, device=known.device)
        arm[:, muscle, joint] = known[at]
        return arm

    def full_moment(self, at: np.ndarray, length: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Torque of each muscle at full activation about each joint (n, D, M) [N·m].

        The moment arms are those of the reference at places ``at`` (n,), an approximation for a body near
        it; the muscles' gains are those at the body's own lengths and velocities (n, M) [m], [m/s].
        """
        return full_moment(self.moment_arm(at), self._muscles.gain(length, velocity))

    def _prepare(self, at: np.ndarray) -> None:
        """Compute the clips of places in the flat arrays that are not known yet."""
        new = at[~self._known[at]]
        reference = self._reference
        for clip in np.unique(np.searchsorted(reference.offset, new, side="right") - 1):
            part = slice(reference.offset[clip], reference.offset[clip] + reference.length[clip])
            asked = self._inverse(reference.qpos[part], reference.qvel[part], 1 / FPS)
            length, velocity = asked.muscle_length, asked.muscle_velocity
            self._feed_forward[part] = self._optimise(asked.torque, asked.moment_arm, length, velocity)
            self._length[part], self._velocity[part] = length, velocity
            self._arm[part] = asked.moment_arm[:, *self._crossing]
            self._known[part] = True


def _share(model: mujoco.MjModel, arms: MomentArms) -> np.ndarray:
    """(M,) part of the gains that each muscle has: 1, or less if it crosses what would be too stiff."""
    import mujoco

    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    arm = arms.dense(arms.pairs(data.qpos[None], data.actuator_moment[None]))[0]
    stiffness = LENGTH_GAIN_N_M * np.square(arm).sum(axis=0)
    share = np.minimum(1, STIFFEST_N_M_RAD / stiffness)
    return np.asarray(np.where(arm != 0, share, 1).min(axis=1))
