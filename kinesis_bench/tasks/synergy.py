"""Control law ``synergy``: one action for each group of muscles, and a small correction for each muscle.

The idea is DynSyn's (He, Zuo, Ma, Sui, ICML 2024, PMLR 235:18115-18132): the muscles of a group share an
action, and each has a weight of its own near 1 that depends on the state. Here both come from the policy:

    excitation = clip((a_group + 1) / 2 · (1 + CORRECTION · a_muscle), 0, 1)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.bodies.contract import Body
from kinesis_bench.bodies.synergies import muscle_synergies
from kinesis_bench.tasks.arrays import Constants

CORRECTION = 0.1
"""A muscle's weight is at most this far from 1: the bound that the authors' README names for evaluation.
Theirs rises with the training steps; ours stays, so that an action always is the same excitation."""


class SynergyControl:
    """Groups and corrections, held over the control step.

    Args:
        body: the body.

    Attributes:
        action_size: G + M, first one action a group, then one a muscle.
    """

    name = "synergy"
    every_substep = False

    def __init__(self, body: Body) -> None:
        self._muscles = len(body.muscles)
        groups = muscle_synergies(body.name)
        self._groups = len(groups.names)
        self._group = Constants(groups.group)
        self.action_size = self._groups + self._muscles

    @property
    def gains(self) -> tuple[np.ndarray, np.ndarray]:
        """None, for nothing is fed back; (M,) each."""
        return np.zeros(self._muscles), np.zeros(self._muscles)

    def target(self, action: Any, now: Any, ahead: Any) -> Any:
        """Excitations (n, M)."""
        (group,) = self._group.like(action)
        shared = (action[:, : self._groups] + 1) / 2
        weight = 1 + CORRECTION * action[:, self._groups :]
        return array_namespace(action).clip(shared[:, group] * weight, 0, 1)

    def excitation(
        self, target: np.ndarray, length: np.ndarray, velocity: np.ndarray, substep: int
    ) -> np.ndarray:
        """The target itself."""
        return target


def synergy_action_names(body: Body) -> tuple[str, ...]:
    """G + M names: ``group_`` and the group's medoid, then the muscles."""
    return *(f"group_{name}" for name in muscle_synergies(body.name).names), *body.muscles
