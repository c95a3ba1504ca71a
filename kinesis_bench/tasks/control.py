"""Control laws: from actions in [-1, 1] to the excitations of the muscles, 0 to 1.

``direct``: the action is the excitation, m = (a + 1) / 2, held over the control step (KINESIS's paper).
``pd``: the action is a target length for each muscle and a PD law, evaluated anew at every substep, says with
what excitation the muscle goes there (KINESIS's code, ``control_mode: PD``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from kinesis_bench.errors import unknown_name
from kinesis_bench.tasks.muscle import Muscles

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
    """How actions become excitations.

    Attributes:
        name: ``direct`` or ``pd``.
        every_substep: whether it reads the muscles at every substep, or is constant over the control step.
    """

    name: str
    every_substep: bool

    def target(self, action: np.ndarray) -> np.ndarray:
        """What the control step aims at, computed once: (n, M) from actions (n, M) in [-1, 1]."""

    def excitation(self, target: np.ndarray, length: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Excitations in [0, 1] for targets, muscle lengths [m] and velocities [m/s], all (n, M)."""


class DirectControl:
    """The action is the excitation."""

    name = "direct"
    every_substep = False

    def target(self, action: np.ndarray) -> np.ndarray:
        """Excitations, (a + 1) / 2."""
        return (action + 1) / 2

    def excitation(self, target: np.ndarray, length: np.ndarray, velocity: np.ndarray) -> np.ndarray:
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
        self._muscles = Muscles(model)
        self._proportional = PROPORTIONAL_GAIN_PER_M * self._muscles.peak_force
        self._derivative = DERIVATIVE_GAIN_S * self._proportional

    def target(self, action: np.ndarray) -> np.ndarray:
        """Muscle lengths [m]."""
        return (action + 1) * (self._muscles.longest / 2)

    def action(self, length: np.ndarray) -> np.ndarray:
        """The action that aims at given muscle lengths (…, M) [m], clipped to [-1, 1]."""
        return np.clip(length * (2 / self._muscles.longest) - 1, -1, 1)

    def excitation(self, target: np.ndarray, length: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Excitations that pull the muscles towards their targets."""
        force = target - length
        force *= self._proportional
        force -= velocity * self._derivative
        np.clip(force, -self._muscles.peak_force, 0, out=force)
        force -= self._muscles.bias(length)
        gain = self._muscles.gain(length, velocity)
        force /= np.minimum(gain, -LEAST_GAIN_N, out=gain)
        return np.clip(force, 0, 1, out=force)


CONTROLS = ("direct", "pd")
"""Names of the control laws."""


def control_law(name: str, model: mujoco.MjModel) -> ControlLaw:
    """A control law by name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in CONTROLS:
        raise unknown_name("control", name, CONTROLS)
    return LengthControl(model) if name == "pd" else DirectControl()
