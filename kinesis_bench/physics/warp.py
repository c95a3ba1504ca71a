"""The GPU engine: MuJoCo Warp, its arrays shared with torch, every control step one graph.

It computes in single precision. MuJoCo Warp advances all rows at once, so rows that are to wait are stepped
with the others and given their old state back: a call costs the same whatever the number of its rows.

A substep here is the second half of a physics step (actuation, constraints, integration) and the first half
of the next (positions, velocities), so that positions and velocities are always those of the present state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mujoco
import mujoco_warp
import numpy as np
import torch
import warp as wp

from kinesis_bench.physics import warp_kernels as kernels
from kinesis_bench.physics.engine import BROKEN, SUBSTEPS, ControlStep, Law
from kinesis_bench.physics.fatigue import Fatigability

CONTACTS = 48
"""Contacts to make room for, a row, on average over the rows. In falls of the bodies with random muscles 99
of 100 physics steps had at most 20, and none had more than 32."""

CONSTRAINTS = 192
"""Constraints to make room for in every row. In the same falls 99 of 100 steps had at most 107, and none more
than 163 (``legs_back``)."""

_OVERFLOW = mujoco_warp.OverflowType
_CONSTRAINTS_FULL = int(_OVERFLOW.NEFC | _OVERFLOW.NJMAX_NNZ)
_CONTACTS_FULL = int(_OVERFLOW.BROADPHASE | _OVERFLOW.NARROWPHASE | _OVERFLOW.CCD)
"""Overflows after which forces were left out. The rows share one room for contacts: when that is full, every
row that was stepped is broken, for none can say that its contacts are complete."""


class WarpEngine:
    """Rows of one model on MuJoCo Warp; implements ``Engine`` with torch tensors on Warp's memory.

    Args:
        model: what every row runs.
        size: number of rows.
        device: Warp's name of it: ``cuda``, ``cuda:1``, … or ``cpu``, which is slow and serves the tests.
        contacts, constraints: room for them, see CONTACTS and CONSTRAINTS.
        fatigability: of the muscles, which tire if it is given.

    Attributes:
        fatigued: (size, M) fatigued part of each muscle's units, to be written to; None if none tires.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        size: int,
        device: str = "cuda",
        *,
        contacts: int = CONTACTS,
        constraints: int = CONSTRAINTS,
        fatigability: Fatigability | None = None,
    ) -> None:
        wp.config.log_level = wp.LOG_ERROR
        wp.init()
        self.model = model
        self.size = size
        self._device = wp.get_device(device)
        self._on_torch = torch.device(wp.device_to_torch(self._device))
        self._graphs: dict[str, Any] = {}
        self._gains: dict[str, list[wp.array]] = {}
        with wp.ScopedDevice(self._device):
            self._model = mujoco_warp.put_model(model)
            self._model.opt.warn_overflow = 0  # ``failures`` tells
            if self._device.is_cuda and not wp.is_conditional_graph_supported():
                self._model.opt.graph_conditional = False
            data = mujoco_warp.make_data(model, nworld=size, nconmax=contacts, njmax=constraints)
            self._state = [data.qpos, data.qvel, data.act, data.qacc_warmstart, data.time, data.overflow]
            self._old_state = [wp.empty_like(array) for array in self._state]
            self._code = wp.zeros(size, dtype=int)
            self._awake = wp.zeros(size, dtype=bool)
            self._sensed = wp.zeros((SUBSTEPS, *data.sensordata.shape), dtype=float)
            self._excitation = wp.zeros((SUBSTEPS, *data.ctrl.shape), dtype=float)
            self._aim = [wp.zeros_like(data.ctrl) for _ in range(2)]
            self._rates = _rates(fatigability)
            self._fatigued = wp.zeros_like(data.ctrl) if self._rates else None
        self._data = data
        self._views = {"sensordata": torch.zeros(data.sensordata.shape, device=self._on_torch)}
        self.fatigued = None if self._fatigued is None else wp.to_torch(self._fatigued)
        self._rows = torch.arange(size, device=self._on_torch)
        wp.synchronize_device(self._device)
        self.set_state(None, *(np.tile(rest, (size, 1)) for rest in _rest(model)))

    @property
    def control(self) -> torch.Tensor:
        """(size, nu) excitations, 0 to 1, that act in the next steps; to be written to."""
        return self.field("ctrl")

    def field(self, name: str) -> torch.Tensor:
        """A live (size, …) tensor of any quantity of MuJoCo Warp's data; current after every call here."""
        if name not in self._views:
            tensor = wp.to_torch(getattr(self._data, name))
            self._views[name] = tensor.flatten(2) if tensor.ndim == 4 else tensor  # matrices as in MjData
        return self._views[name]

    def set_state(self, rows: Any, qpos: Any, qvel: Any, act: Any) -> None:
        """Start rows (n,) anew from (n, nq), (n, nv), (n, na); nothing is carried over."""
        at = self._index(rows)
        for name, values in (("qpos", qpos), ("qvel", qvel), ("act", act)):
            self.field(name)[at] = self._tensor(values)
        for name in ("qacc_warmstart", "qacc", "time", "overflow"):
            self.field(name)[at] = 0
        wp.to_torch(self._code)[at] = 0
        self._play(at, "start", self._forward)

    def step(self, rows: Any, substeps: int = SUBSTEPS) -> None:
        """Advance rows under ``control``, then bring positions and velocities up to the new state."""
        self._play(self._index(rows), f"{substeps} steps", lambda: self._advance(substeps))

    def drive(
        self, rows: Any, law: Law, target: Any, *, refine: int = 1, record: bool = False
    ) -> ControlStep:
        """Advance rows by one control step, the law a Warp kernel; laws of one name have the same gains."""
        at = self._index(rows)
        if law.every_substep and law.name not in self._gains:
            self._gains[law.name] = [wp.array(gain, dtype=float, device=self._device) for gain in law.gains]
        parts = (target.base, target.rise) if law.name == "tracking" else (target,)
        for whole, part in zip(self._aim, parts, strict=False):
            wp.to_torch(whole)[at] = self._tensor(part)
        self._play(at, f"{law.name}, {refine} steps each", lambda: self._control_step(law, refine))
        changes = SUBSTEPS if law.every_substep or self._rates else 1
        return ControlStep(
            excitation=wp.to_torch(self._excitation)[:changes, at].unbind(),
            sensordata=wp.to_torch(self._sensed)[:, at].unbind() if record else (),
        )

    def failures(self, rows: Any) -> dict[int, str]:
        """Row -> reason, for those of ``rows`` whose physics broke since their start."""
        at = self._index(rows)
        code, full = wp.to_torch(self._code)[at], self.field("overflow")[at]
        failed = torch.nonzero((code > 0) | (full & (_CONSTRAINTS_FULL | _CONTACTS_FULL) > 0))[:, 0]
        found = torch.stack((at[failed], code[failed], full[failed]), dim=1).tolist()
        return {row: _reason(code, full) for row, code, full in found}

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self._on_torch)

    def _index(self, rows: Any) -> torch.Tensor:
        return self._rows if rows is None else torch.as_tensor(rows, device=self._on_torch)

    def _play(self, at: torch.Tensor, name: str, work: Callable[[], None]) -> None:
        """Do the work on some rows, as one graph that is recorded when it is first needed."""
        if not len(at):
            return
        awake = wp.to_torch(self._awake)
        awake.zero_()
        awake[at] = True
        if name not in self._graphs:
            with wp.ScopedDevice(self._device), wp.ScopedCapture() as capture:
                for old, array in zip(self._old_state, self._state, strict=True):
                    wp.copy(old, array)
                work()
            self._graphs[name] = capture.graph
        stream = wp.stream_from_torch(self._on_torch) if self._device.is_cuda else None
        wp.capture_launch(self._graphs[name], stream=stream)
        self.field("sensordata")[at] = wp.to_torch(self._sensed)[-1, at]

    def _forward(self) -> None:
        self._guard()
        mujoco_warp.forward(self._model, self._data)
        wp.copy(self._sensed[SUBSTEPS - 1], self._data.sensordata)
        self._data.sensordata.zero_()  # the next substep adds to it

    def _advance(self, substeps: int) -> None:
        control = self._data.ctrl
        wp.launch(kernels.hold, control.shape, [self._awake, control, self._code, control])
        for _ in range(substeps):
            self._substep(SUBSTEPS - 1)

    def _control_step(self, law: Law, refine: int) -> None:
        for substep in range(SUBSTEPS):
            if law.every_substep or self._rates or substep == 0:
                self._excite(law, substep)
                if self._rates:
                    self._tire(self.model.opt.timestep * refine)
                wp.copy(self._excitation[substep], self._data.ctrl)
            for _ in range(refine):
                self._substep(substep)

    def _excite(self, law: Law, substep: int) -> None:
        """The law's excitations for a substep."""
        model, data = self._model, self._data
        base, rise = self._aim
        muscles = [data.actuator_length, data.actuator_velocity]
        out = [self._awake, self._code, data.ctrl]
        if law.name == "pd":
            curves = [model.actuator_lengthrange, model.actuator_acc0, model.actuator_gainprm]
            wp.launch(kernels.pd, base.shape, [*self._gains["pd"], *curves, *muscles, base, *out])
        elif law.name == "tracking":
            moving = [base, rise, float(substep)]
            wp.launch(kernels.tracking, base.shape, [*self._gains["tracking"], *muscles, *moving, *out])
        else:
            wp.launch(kernels.hold, base.shape, [self._awake, base, self._code, data.ctrl])

    def _tire(self, dt_s: float) -> None:
        """Cut the excitations to what the muscles still can, and tire these for a time."""
        control = self._data.ctrl
        tiring = [*self._rates, dt_s, self._awake, self._fatigued, control]
        wp.launch(kernels.tire, control.shape, tiring)

    def _substep(self, place: int) -> None:
        """From a state with its positions and velocities to the next; its sensors are put in a place."""
        mujoco_warp.step2(self._model, self._data)
        wp.copy(self._sensed[place], self._data.sensordata)
        self._guard()
        mujoco_warp.step1(self._model, self._data)

    def _guard(self) -> None:
        """Give rows that wait their old state back, and rows that broke a sound one."""
        shape = (self.size, max(self.model.nq, self.model.nv, self.model.na))
        acceleration = self._data.qacc
        wp.launch(
            kernels.guard, shape, [self._awake, *self._old_state, acceleration, *self._state, self._code]
        )
        wp.launch(kernels.mend, shape, [self._model.qpos0, self._code, *self._state[:4]])


def _rest(model: mujoco.MjModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return model.qpos0, np.zeros(model.nv), np.zeros(model.na)


def _rates(fatigability: Fatigability | None) -> list[wp.array]:
    """Of fatigue, of recovery, and of recovery at rest, each (M,) [1/s]; [] where no muscle tires."""
    if fatigability is None:
        return []
    rates = (fatigability.fatigue_per_s, fatigability.recovery_per_s, fatigability.rest_recovery_per_s)
    return [wp.array(rate, dtype=float) for rate in rates]


def _reason(code: int, full: int) -> str:
    if code:
        return BROKEN[kernels.REASONS[code]]
    return BROKEN["constraints" if full & _CONSTRAINTS_FULL else "contacts"]
