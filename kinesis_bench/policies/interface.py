"""What a policy is: two methods, and what it is told about the body and task that it drives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from kinesis_bench.policies.contract import Contract

if TYPE_CHECKING:
    import mujoco

BLOCK_ROWS = 64
"""Rows of every call of a policy. Always the same, so that neither the number of clips nor the size of a
batch can change a number (matrix products round differently for different shapes)."""

NEEDS = ("state", "reference", "muscle", "moment_arm")
"""What a policy may ask to see beyond its observation; results of one that does are marked privileged."""

APPENDED = ("ball",)
"""What a policy may ask to have appended to its observation, where a task shows it; that is no privilege."""

PRESCRIBED = "prescribed"
"""Declared as ``control`` by what drives no body but says what muscles would do in the recorded motion
itself: see ``evaluation.prescribed``."""


@dataclass(frozen=True)
class Context:
    """What a policy is told before it starts.

    Attributes:
        contract: body, hash of its model, layout of the observation, control law.
        action_size: A, numbers in an action, each in [-1, 1]: one a muscle, under control law ``tracking``
            one an independent joint coordinate, under ``synergy`` one a group of muscles and one a muscle.
        muscle_names: the M muscles.
        dt_s: control period [s].
        clip_keys: the clip in each row of the block, "" for rows that only fill it up.
        model: the body's MjModel for a policy that declares ``needs``, else None. Never write to it.
    """

    contract: Contract
    action_size: int
    muscle_names: tuple[str, ...]
    dt_s: float
    clip_keys: tuple[str, ...]
    model: mujoco.MjModel | None = None

    @property
    def observation_size(self) -> int:
        """N, the length of an observation."""
        return self.contract.observation_size


@dataclass(frozen=True)
class View:
    """What a privileged policy sees, one row a clip; a part that it did not ask for is None.

    Attributes:
        live: (n,) rows that are being driven; what the others hold means nothing.
        qpos, qvel, activation: (n, nq), (n, nv), (n, M) with need ``state``.
        reference_qpos, reference_qpos_next: (n, nq) the IK pose of the reference at the current time and one
            control step later, with need ``reference``.
        muscle_length, muscle_velocity: (n, M) [m], [m/s] with need ``muscle``.
        moment_arm: (n, M, D) change of muscle lengths with the independent joint coordinates [m/rad] with
            need ``moment_arm``.
    """

    live: np.ndarray
    qpos: np.ndarray | None = None
    qvel: np.ndarray | None = None
    activation: np.ndarray | None = None
    reference_qpos: np.ndarray | None = None
    reference_qpos_next: np.ndarray | None = None
    muscle_length: np.ndarray | None = None
    muscle_velocity: np.ndarray | None = None
    moment_arm: np.ndarray | None = None


@runtime_checkable
class Policy(Protocol):
    """Anything that turns observations into actions.

    Three attributes are read when present: ``deterministic`` (False unless stated: then it runs three times),
    ``control`` (``direct`` unless stated) and ``needs`` (a subset of NEEDS and APPENDED, empty unless
    stated). A policy that needs any of NEEDS has ``act(observation, rngs, view)`` instead.

    One instance serves one block of BLOCK_ROWS rows from start to end, so it may keep state of that shape.
    """

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Start the clips in ``rows`` (k,) of the block anew."""

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """One control step.

        Args:
            observation: (n, N) float32; zero in rows that fill up the block or whose clip has ended.
            rngs: n generators; take a row's randomness from its own, so that it does not depend on the rest.

        Returns:
            (n, A) actions, clipped to [-1, 1].
        """
        ...
