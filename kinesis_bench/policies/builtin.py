"""Policies that need no file: the floors that any policy has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.policies.interface import Context

CONSTANT_EXCITATION = 0.05
"""Excitation of every muscle under policy ``constant``: about the tone of quiet standing."""


class Zero:
    """No excitation at all: a fall, for the lower end of every scale."""

    deterministic = True
    excitation = 0.0

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Remember the number of muscles."""
        self._action_size = context.action_size

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """The same excitation for all; direct control maps actions -1…1 to excitations 0…1."""
        return np.full((len(observation), self._action_size), 2.0 * self.excitation - 1.0)


class Constant(Zero):
    """Every muscle at 5 % excitation."""

    excitation = CONSTANT_EXCITATION


class Random:
    """Excitations drawn evenly from 0 to 1, anew at every control step."""

    deterministic = False

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Remember the number of muscles."""
        self._action_size = context.action_size

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """Each row from its own generator."""
        return np.stack([rng.uniform(-1.0, 1.0, self._action_size) for rng in rngs])
