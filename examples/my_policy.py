"""A policy of your own in Python: a class with two methods, which runs because you name it.

    kinesis-bench score --policy examples/my_policy.py:Reflex

A reflex: the muscles that hold a leg up work harder, the farther the pelvis sinks below its reference. It
does not balance, so it falls; it shows what a policy is told and where the observation's parts lie.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.policies.interface import Context

HOLD_UP = ("soleus", "gasmed", "gaslat", "vasint", "vaslat", "vasmed", "glmax1", "glmax2", "glmax3")
"""Extensors of ankle, knee and hip, as the bodies name them, without side."""

TONE = 0.02
"""Excitation of every muscle, 0 to 1."""

GAIN_PER_M = 5.0
"""Further excitation of the extensors per metre that the pelvis is too low."""


class Reflex:
    """Works on every body: sizes and places are read from the context."""

    deterministic = True

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Start the clips in these rows of the block; there is no state to clear."""
        sizes = dict(context.contract.observation)
        names = list(sizes)
        before = names[: names.index("reference_position_difference")]
        pelvis = context.contract.keypoints.index("pelvis")
        self.too_low = sum(sizes[name] for name in before) + 3 * pelvis + 2
        muscles = [name.rpartition("_")[0] for name in context.muscle_names]
        self.holds_up = np.isin(muscles, HOLD_UP)

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """Observations (n, N) to actions (n, A) in [-1, 1]; under control law `direct`, 2·excitation - 1."""
        sunk_m = np.maximum(observation[:, self.too_low], 0.0)
        excitation = TONE + GAIN_PER_M * sunk_m[:, None] * self.holds_up
        return 2.0 * excitation - 1.0
