"""Policy ``muscle-pd``: every muscle is driven towards its length in the reference pose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.policies.interface import Context, View
from kinesis_bench.tasks.control import LengthControl


class MusclePd:
    """Follows the reference without having learnt anything, by feedback on the length of each muscle.

    The target lengths are those of the reference's IK pose one control step ahead; the control law ``pd``
    turns them into excitations at every substep. It sees the reference's pose, so its results are privileged.
    It has no sense of balance: how far it comes is what tracking alone is worth.
    """

    deterministic = True
    control = "pd"
    needs = ("reference",)

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Make room for kinematics; muscles are tendons of the model."""
        import mujoco

        assert context.model is not None
        self._model = context.model
        self._data = mujoco.MjData(self._model)
        self._law = LengthControl(context.model)

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator], view: View) -> np.ndarray:
        """Target lengths, as the actions that stand for them under control law ``pd``."""
        import mujoco

        assert view.reference_qpos_next is not None
        lengths = np.zeros((len(observation), self._model.nu))
        for row in np.flatnonzero(view.live):
            self._data.qpos[:] = view.reference_qpos_next[row]
            mujoco.mj_kinematics(self._model, self._data)
            mujoco.mj_comPos(self._model, self._data)
            mujoco.mj_tendon(self._model, self._data)
            mujoco.mj_transmission(self._model, self._data)
            lengths[row] = self._data.actuator_length
        return self._law.action(lengths)
