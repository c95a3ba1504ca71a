"""Static optimisation as a controller: the torques of the reference, fed forward without feedback."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.bodies.inverse_dynamics import InverseDynamics
from kinesis_bench.policies.interface import Context, View
from kinesis_bench.tasks.muscle import ActivationDynamics
from kinesis_bench.tasks.static_optimisation import StaticOptimisation


class StaticOptimisationController:
    """Each control step, the activation that gives the torques of the reference's next frame, shared out
    among the muscles as they are now, and the excitation that leads there from the present activation.
    """

    deterministic = True
    needs = ("state", "reference", "muscle", "moment_arm")

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Make room for inverse dynamics; no velocity of the reference is known yet."""
        assert context.model is not None
        self._model, self._dt_s = context.model, context.dt_s
        self._inverse = InverseDynamics(context.model)
        self._optimise = StaticOptimisation(context.model)
        self._muscles = ActivationDynamics(context.model)
        self._velocity: np.ndarray | None = None

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator], view: View) -> np.ndarray:
        """Excitations, as actions of control ``direct``; the reference's motion from its poses."""
        assert view.activation is not None
        assert view.reference_qpos is not None
        assert view.reference_qpos_next is not None
        live = np.flatnonzero(view.live)
        before = view.qvel if self._velocity is None else self._velocity  # the start's is the reference's
        assert before is not None
        self._velocity = self._between(view.reference_qpos, view.reference_qpos_next)
        acceleration = (self._velocity - before) / self._dt_s
        asked = self._inverse.at(view.reference_qpos_next[live], self._velocity[live], acceleration[live])
        now = (view.moment_arm, view.muscle_length, view.muscle_velocity)
        activation = self._optimise(asked.torque, *(part[live] for part in now if part is not None))
        action = np.zeros(view.activation.shape)
        excitation = self._muscles.excitation(view.activation[live], activation, self._dt_s)
        action[live] = 2 * excitation - 1
        return action

    def _between(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Velocities (n, nv) from the one pose to the other."""
        import mujoco

        velocity = np.zeros((len(first), self._model.nv))
        for row, (here, there) in enumerate(zip(first, second, strict=True)):
            mujoco.mj_differentiatePos(self._model, velocity[row], self._dt_s, here, there)
        return velocity
