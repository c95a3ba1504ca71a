"""Control laws: from actions in [-1, 1] to the excitations of the muscles, 0 to 1.

``direct``: the action is the excitation, m = (a + 1) / 2, held over the control step (KINESIS's paper).
``pd``: the action is a target length for each muscle and a PD law, evaluated anew at every substep, says with
what excitation the muscle goes there (KINESIS's code, ``control_mode: PD``).
``tracking``: the action shifts the joints of the reference, which feed-forward and feedback follow; see
``tasks.tracking``.
``synergy``: one action excites a group of muscles, and each muscle has a small correction; see
``tasks.synergy``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.errors import unknown_name
from kinesis_bench.tasks.arrays import Constants
from kinesis_bench.tasks.muscle import Muscles
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.synergy import SynergyControl, synergy_action_names
from kinesis_bench.tasks.tracking import TrackingControl

if TYPE_CHECKING:
    import mujoco

ACTION_STEPS = 255
"""Steps of an action's range: an applied action is one of 256 values (protocol)."""

PROPORTIONAL_GAIN_PER_M = 5.0
"""Pull per metre that a muscle is too long, in units of its peak force (KINESIS's code)."""

DERIVATIVE_GAIN_S = 0.1
"""Ratio of the PD law's derivative to its proportional gain (KINESIS's code)."""

LEAST_GAIN_N = 1.0
"""Least active force at full activation that is divided by (KINESIS's code)."""


def quantise_action(action: np.ndarray) -> np.ndarray:
    """The nearest of the 256 values that an action can have; clipped to [-1, 1]. NaN stays NaN.

    Args:
        action: any shape.

    Returns:
        float64 of the same shape: 2 k / 255 - 1 with k = 0 … 255.
    """
    steps = np.rint((np.clip(np.asarray(action, np.float64), -1, 1) + 1) * (ACTION_STEPS / 2))
    return steps * (2 / ACTION_STEPS) - 1


class ControlLaw(Protocol):
    """How actions become excitations; an engine of its own kind knows it by ``name`` and ``gains``.

    Attributes:
        name: of CONTROLS.
        every_substep: whether it reads the muscles at every substep, or is constant over the control step.
        action_size: A.
    """

    name: str
    every_substep: bool
    action_size: int

    @property
    def gains(self) -> tuple[np.ndarray, np.ndarray]:
        """Two (M,) arrays: of the feedback on muscle length and on velocity."""

    def target(self, action: Any, now: Any, ahead: Any) -> Any:
        """What the control step aims at, computed once and handed to ``excitation``.

        Args:
            action: (n, A) in [-1, 1].
            now, ahead: (n,) places in the reference's flat arrays at the step's start and end.

        Numpy's or torch's arrays, and such come out.
        """

    def excitation(self, target: Any, length: np.ndarray, velocity: np.ndarray, substep: int) -> np.ndarray:
        """Excitations (n, M) in [0, 1] for one substep.

        Args:
            target: from ``target``.
            length, velocity: (n, M) of the muscles [m], [m/s].
            substep: 0 to SUBSTEPS - 1.
        """


class DirectControl:
    """The action is the excitation."""

    name = "direct"
    every_substep = False

    def __init__(self, model: mujoco.MjModel) -> None:
        self.action_size = int(model.nu)

    @property
    def gains(self) -> tuple[np.ndarray, np.ndarray]:
        """None, for nothing is fed back; (M,) each."""
        return np.zeros(self.action_size), np.zeros(self.action_size)

    def target(self, action: Any, now: Any, ahead: Any) -> Any:
        """Excitations, (a + 1) / 2."""
        return (action + 1) / 2

    def excitation(
        self, target: np.ndarray, length: np.ndarray, velocity: np.ndarray, substep: int
    ) -> np.ndarray:
        """The target itself."""
        return target


class LengthControl:
    """The action is a muscle length, from 0 (a = -1) to the longest of the muscle's range (a = 1).

    The PD law asks for the force 5 F (l* - l) - 0.5 F v, F the peak force, kept between full pull and none;
    the excitation is the activation that would give this force at the muscle's present length and velocity.
    Mapping and gains are those of KINESIS's code (``action_to_target_length``, ``target_length_to_force``,
    ``force_to_activation`` in ``myolegs_env.py``, 2025).
    """

    name = "pd"
    every_substep = True

    def __init__(self, model: mujoco.MjModel) -> None:
        self.action_size = int(model.nu)
        self._muscles = Muscles(model)
        self._proportional = PROPORTIONAL_GAIN_PER_M * self._muscles.peak_force
        self._derivative = DERIVATIVE_GAIN_S * self._proportional
        self._half_of_longest = Constants(self._muscles.longest / 2)

    @property
    def gains(self) -> tuple[np.ndarray, np.ndarray]:
        """Pull for a muscle's excess length [N/m] and for its speed of lengthening [N·s/m]; (M,) each."""
        return self._proportional, self._derivative

    def target(self, action: Any, now: Any, ahead: Any) -> Any:
        """Muscle lengths [m]."""
        (half,) = self._half_of_longest.like(action)
        return (action + 1) * half

    def action(self, length: np.ndarray) -> np.ndarray:
        """The action that aims at given muscle lengths (…, M) [m], clipped to [-1, 1]."""
        return np.clip(length * (2 / self._muscles.longest) - 1, -1, 1)

    def excitation(
        self, target: np.ndarray, length: np.ndarray, velocity: np.ndarray, substep: int
    ) -> np.ndarray:
        """Excitations that pull the muscles towards their targets."""
        force = target - length
        force *= self._proportional
        force -= velocity * self._derivative
        np.clip(force, -self._muscles.peak_force, 0, out=force)
        force -= self._muscles.bias(length)
        gain = self._muscles.gain(length, velocity)
        force /= np.minimum(gain, -LEAST_GAIN_N, out=gain)
        return np.clip(force, 0, 1, out=force)


CONTROLS = ("direct", "pd", "tracking", "synergy")
"""Names of the control laws."""

PRIVILEGED_CONTROLS = ("tracking",)
"""Those that see the reference's pose; results under them are marked privileged."""


def control_law(name: str, body: Body, reference: Reference | None = None) -> ControlLaw:
    """A control law by name.

    Args:
        name: of CONTROLS.
        body: whose muscles it drives.
        reference: what is followed; only ``tracking`` needs it.

    Raises:
        InputError: there is none of that name.
    """
    if name not in CONTROLS:
        raise unknown_name("control", name, CONTROLS)
    if name == "tracking":
        if reference is None:
            raise ValueError("control law tracking needs the reference")
        return TrackingControl(body, reference)
    if name == "synergy":
        return SynergyControl(body)
    return LengthControl(body.model) if name == "pd" else DirectControl(body.model)


def action_names(name: str, body: Body) -> tuple[str, ...]:
    """What each of an action's A numbers moves: a muscle, under ``direct`` and ``pd``.

    Under ``tracking`` an independent joint coordinate; under ``synergy`` a group of muscles, and after all
    groups a muscle.
    """
    if name == "tracking":
        return coupling(body.model).names
    return synergy_action_names(body) if name == "synergy" else body.muscles


def action_size(name: str, body: Body) -> int:
    """A, numbers in an action."""
    return len(action_names(name, body))
