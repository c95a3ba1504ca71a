"""What a physics engine is to the rest of the suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import mujoco
    import numpy as np

SUBSTEPS = 5
"""Physics steps in a control step of the protocol (30 Hz control at a timestep of 1/150 s)."""

BROKEN = {
    "position": "a position is not finite or huge",
    "velocity": "a velocity is not finite or huge",
    "acceleration": "an acceleration is not finite or huge",
    "control": "an excitation is not finite",
    "contacts": "too many contacts",
    "constraints": "too many constraints",
}
"""Reasons after which a trajectory means nothing: the state was reset, or forces were left out."""


class Law(Protocol):
    """How a control step's target becomes excitations.

    Attributes:
        name: by which an engine knows its own version of the law.
        every_substep: whether it reads the muscles at every substep; else its target is the excitation.
        gains: two (M,) arrays, on muscle length and velocity; read only where ``every_substep``.
    """

    name: str
    every_substep: bool

    @property
    def gains(self) -> tuple[np.ndarray, np.ndarray]:
        """See above."""

    def excitation(self, target: Any, length: Any, velocity: Any, substep: int) -> Any:
        """Excitations (n, M) for muscle lengths and velocities (n, M) [m], [m/s] at a substep."""


@dataclass(frozen=True)
class ControlStep:
    """What acted in one control step, and what was felt; n rows.

    Attributes:
        excitation: (n, M) arrays, one each time it changed.
        sensordata: (n, nsensordata) arrays, one for each of the SUBSTEPS; empty unless recorded.
    """

    excitation: Sequence[Any]
    sensordata: Sequence[Any]


class Engine(Protocol):
    """Copies of one model, each in a row of its own; a call on some rows leaves the others untouched.

    ``rows`` is always a sorted array of unique row numbers, or None for all rows. Arrays are numpy's or
    torch's, whichever the engine computes with.

    Attributes:
        model: the MjModel that every row runs.
        size: number of rows.
        fatigued: (size, M) fatigued part of each muscle's units (``physics.fatigue``), 0 to 1, to be written
        to
            where rows start; None where muscles do not tire.
    """

    model: mujoco.MjModel
    size: int
    fatigued: Any

    @property
    def control(self) -> Any:
        """(size, nu) excitations, 0 to 1, that act in the next steps; to be written to."""

    def field(self, name: str) -> Any:
        """A live (size, …) array of a quantity, named as in MjData; current after every call here.

        Touch sensors hold the forces in the last substep. Engines need to know beforehand what will be read.
        """

    def set_state(self, rows: Any, qpos: Any, qvel: Any, act: Any) -> None:
        """Start rows anew: nothing of what they did before is carried over, time and warm starts included.

        Only ``fatigued`` stays as it is.

        Args:
            rows: (n,) which.
            qpos, qvel, act: (n, nq), (n, nv), (n, na).
        """

    def step(self, rows: Any, substeps: int = SUBSTEPS) -> None:
        """Advance rows under ``control``, then bring positions and velocities up to the new state."""

    def drive(
        self, rows: Any, law: Law, target: Any, *, refine: int = 1, record: bool = False
    ) -> ControlStep:
        """Advance rows by one control step, SUBSTEPS times ``refine`` physics steps, under a control law.

        Where muscles tire, what the law asks for is cut to what they still can, at every substep.

        Args:
            rows: (n,) which.
            law: of the muscles.
            target: of the n rows, as the law's own ``target`` gives it.
            refine: physics steps in a substep, for a model whose timestep is finer than the protocol's.
            record: whether the sensors of every substep are wanted.
        """

    def failures(self, rows: Any) -> dict[int, str]:
        """Row -> reason, for those of ``rows`` whose physics broke since their start."""
