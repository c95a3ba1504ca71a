"""The CPU engine: MuJoCo's own batch, on as many threads as there are cores.

Numbers do not depend on the number of rows or threads (measured and tested: the same bits).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import mujoco
import mujoco.batch
import numpy as np

from kinesis_bench.physics.engine import BROKEN, SUBSTEPS, ControlStep, Law
from kinesis_bench.physics.fatigue import Fatigability

_log = logging.getLogger(__name__)

_WARNINGS = {
    mujoco.mjtWarning.mjWARN_BADQPOS: "position",
    mujoco.mjtWarning.mjWARN_BADQVEL: "velocity",
    mujoco.mjtWarning.mjWARN_BADQACC: "acceleration",
    mujoco.mjtWarning.mjWARN_BADCTRL: "control",
    mujoco.mjtWarning.mjWARN_CONTACTFULL: "contacts",
    mujoco.mjtWarning.mjWARN_CNSTRFULL: "constraints",
}
"""MuJoCo's warnings and what they say of a row."""


class CpuEngine:
    """Rows of one model on ``mujoco.batch``; implements ``Engine`` with numpy arrays.

    MuJoCo continues a step from the stages computed after the one before, so that fresh positions and
    velocities cost next to nothing (``persistent``: one MjData a row).

    Args:
        model: what every row runs; it is copied.
        size: number of rows.
        threads: to step on; 0 for all cores.
        fields: what ``field`` will be asked for besides qpos, qvel and act; copied out after every call.
        fatigability: of the muscles, which tire if it is given.

    Attributes:
        fatigued: (size, M) fatigued part of each muscle's units, to be written to; None if none tires.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        size: int,
        threads: int = 0,
        fields: Iterable[str] = (),
        fatigability: Fatigability | None = None,
    ) -> None:
        _log_warnings()
        self.model = model
        self.size = size
        self._batch = mujoco.batch.Batch(model, size, threads, persistent=True)
        self._fields = {name: self._batch.bind(name) for name in ("qpos", "qvel", "act", "ctrl", *fields)}
        self._errors: dict[int, str] = {}
        self._fatigability = fatigability
        self.fatigued = None if fatigability is None else np.zeros((size, model.nu))

    @property
    def threads(self) -> int:
        """Threads that step, the calling one included."""
        return self._batch.nthread

    @property
    def control(self) -> np.ndarray:
        """(size, nu) excitations, 0 to 1, that act in the next steps; to be written to."""
        return self._fields["ctrl"]

    def field(self, name: str) -> np.ndarray:
        """A live (size, …) array of a field named in the constructor; current after every call here."""
        return self._fields[name]

    def set_state(self, rows: np.ndarray, qpos: np.ndarray, qvel: np.ndarray, act: np.ndarray) -> None:
        """Start rows (n,) anew from (n, nq), (n, nv), (n, na); nothing is carried over."""
        self._guarded(self._batch.reset, rows, stage=mujoco.mjtStage.mjSTAGE_NONE)
        for row in rows:
            self._errors.pop(int(row), None)
        for name, values in (("qpos", qpos), ("qvel", qvel), ("act", act)):
            self._fields[name][rows] = values
        self._guarded(self._batch.forward, rows)

    def step(self, rows: np.ndarray | None, substeps: int = SUBSTEPS) -> None:
        """Advance rows under ``control``, then bring positions and velocities up to the new state."""
        self._guarded(self._batch.step, rows, nstep=substeps, stage=mujoco.mjtStage.mjSTAGE_VEL)

    def drive(
        self, rows: np.ndarray | None, law: Law, target: Any, *, refine: int = 1, record: bool = False
    ) -> ControlStep:
        """Advance rows by one control step under a law, in one call of MuJoCo where that will do."""
        at = slice(None) if rows is None else rows
        tiring, substep_s = self._fatigability, self.model.opt.timestep * refine
        changes = law.every_substep or tiring is not None
        calls = SUBSTEPS if changes or record else 1
        excitations, sensed = [], []
        for call in range(calls):
            if changes or call == 0:
                excitation = target
                if law.every_substep:
                    length, velocity = self.field("actuator_length"), self.field("actuator_velocity")
                    excitation = law.excitation(target, length[at], velocity[at], call)
                if tiring is not None:
                    assert self.fatigued is not None
                    excitation, self.fatigued[at] = tiring.step(excitation, self.fatigued[at], substep_s)
                self.control[at] = excitation
                excitations.append(excitation)
            self.step(rows, SUBSTEPS // calls * refine)
            if record:
                sensed.append(np.array(self.field("sensordata")[at]))
        return ControlStep(excitations, sensed)

    def failures(self, rows: np.ndarray | None) -> dict[int, str]:
        """Row -> reason, for those of ``rows`` whose physics broke since their start."""
        ids = np.arange(self.size) if rows is None else np.asarray(rows)
        counts = self._batch.warning[ids, :, 1]
        failed: dict[int, str] = {}
        if counts.any():
            for warning, cause in _WARNINGS.items():
                for row in ids[counts[:, warning] > 0]:
                    failed.setdefault(int(row), BROKEN[cause])
        if self._errors:
            failed |= {int(row): self._errors[int(row)] for row in ids if int(row) in self._errors}
        return failed

    def _guarded(self, call, rows: np.ndarray | None, **arguments: int) -> None:  # type: ignore[no-untyped-def]
        try:
            call(rows, **arguments)
        except mujoco.batch.SimulationError as error:  # the other rows ran to completion
            for row in error.ids:
                self._errors[int(row)] = self._batch.error(int(row))


def _log_warnings() -> None:
    """Send MuJoCo's warnings to the log; by itself it writes MUJOCO_LOG.TXT where the user stands."""
    mujoco.set_mju_user_warning(lambda message: _log.debug("MuJoCo: %s", message))
