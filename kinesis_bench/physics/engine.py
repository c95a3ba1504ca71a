"""What a physics engine is to the rest of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import mujoco

SUBSTEPS = 5
"""Physics steps in a control step of the protocol (30 Hz control at a timestep of 1/150 s)."""


class Engine(Protocol):
    """Copies of one model, each in a row of its own; a call on some rows leaves the others untouched.

    ``rows`` is always a sorted array of unique row numbers, or None for all rows. Arrays are numpy's or
    torch's, whichever the engine computes with.

    Attributes:
        model: the MjModel that every row runs.
        size: number of rows.
    """

    model: mujoco.MjModel
    size: int

    @property
    def control(self) -> Any:
        """(size, nu) excitations, 0 to 1, that act in the next steps; to be written to."""

    def field(self, name: str) -> Any:
        """A live (size, …) array of a quantity, named as in MjData; current after every call here.

        Touch sensors hold the forces in the last substep. Engines need to know beforehand what will be read.
        """

    def set_state(self, rows: Any, qpos: Any, qvel: Any, act: Any) -> None:
        """Start rows anew: nothing of what they did before is carried over, time and warm starts included.

        Args:
            rows: (n,) which.
            qpos, qvel, act: (n, nq), (n, nv), (n, na).
        """

    def step(self, rows: Any, substeps: int = SUBSTEPS) -> None:
        """Advance rows under ``control``, then bring positions and velocities up to the new state."""

    def failures(self, rows: Any) -> dict[int, str]:
        """Row -> reason, for those of ``rows`` whose physics broke since their start."""
