"""Moment arms of the muscles about the independent joint coordinates, from MuJoCo's sparse rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinesis_bench.bodies.ik.reduced import ROOT, coupling

if TYPE_CHECKING:
    import mujoco


class MomentArms:
    """Where M muscles can have moment arms about D independent joint coordinates: most are always zero.

    Args:
        model: the body's model.

    Attributes:
        muscle, joint: (P,) the pairs of a muscle and a coordinate that it can move, in the order of muscles.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        import mujoco

        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)  # the sparsity depends on the model only
        self._coupling = coupling(model)
        self._shape = (model.nu, len(self._coupling.independent))
        muscle = np.repeat(np.arange(model.nu), data.moment_rownnz)
        driven = data.moment_colind - ROOT
        moves = driven >= 0
        moves[moves] = self._coupling.polynomial[driven[moves], 1:].any(axis=1)
        place = muscle * self._shape[1] + self._coupling.driver[driven]
        chosen = np.flatnonzero(moves)
        self._order = chosen[np.argsort(place[chosen], kind="stable")]
        self._driven = driven[self._order]
        pairs, self._first = np.unique(place[self._order], return_index=True)
        self.muscle, self.joint = np.divmod(pairs, self._shape[1])

    def pairs(self, qpos: np.ndarray, actuator_moment: np.ndarray) -> np.ndarray:
        """Moment arms of the pairs (n, P) [m/rad], coupled joints folded in by their slopes.

        Args:
            qpos: (n, nq).
            actuator_moment: (n, nJmom) MuJoCo's sparse field of that name.
        """
        slopes = self._coupling.slopes(qpos[:, self._coupling.independent])
        each = actuator_moment[:, self._order] * slopes[:, self._driven]
        return np.add.reduceat(each, self._first, axis=1)

    def dense(self, pairs: np.ndarray) -> np.ndarray:
        """The pairs' values (n, P) as (n, M, D)."""
        whole = np.zeros((len(pairs), *self._shape), pairs.dtype)
        whole[:, self.muscle, self.joint] = pairs
        return whole
