"""DEP as a controller: coordinated movement out of the body's own feedback, with no goal and no training.

Differential extrinsic plasticity: Der and Martius, "Novel plasticity rule can explain the development of
sensorimotor intelligence", PNAS 112:E6224 (2015); for muscles: Schumacher et al., "DEP-RL: embodied
exploration for reinforcement learning in overactuated and musculoskeletal systems", ICLR 2023.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from kinesis_bench.policies.interface import Context, View

KAPPA = 1169.7
"""Gain: so large that a motor is nearly always fully on or off (DEP-RL's settings for ``myoLegWalk-v0``)."""

WINDOW_S = 0.4
"""How long the rule remembers [s]: 40 steps of myoLegWalk's 10 ms (DEP-RL's settings)."""

LAG_S = 0.05
"""How long before a change of a sensor another's change may have caused it [s]: 5 such steps (likewise)."""

BIAS_RATE_PER_S = 0.2
"""How fast a motor that is on for long is biased off [1/s]: 0.002 a step of 10 ms (likewise)."""

BIAS_LEAK_PER_S = 0.1
"""How fast that bias is forgotten [1/s]: 0.001 a step of 10 ms (DEP-RL's code)."""

STEEPNESS, MIDDLE = 5.0, 0.5
"""MyoSuite's map of an action y to an excitation, 1/(1 + exp(-5 (y - ½))), for which those settings are."""

_TINY = 1e-32


class Plasticity:
    """The rule for n bodies, each with as many motors as sensors.

    The controller is y = tanh(κ C x/|C x| + h). Its matrix answers to how sensors changed lately,
    C = Σ M ẋ(t) ẋ(t - lag)ᵀ over the window, each of its rows brought to length 1. M says what a motor does
    to its own sensor: a muscle that pulls gets shorter, so M = -1. h opposes what a motor has done for long.

    Args:
        window, lag: control steps, at least 1.
        bias_rate, bias_leak: in a control step.
    """

    def __init__(
        self, window: int, lag: int, bias_rate: float, bias_leak: float, kappa: float = KAPPA
    ) -> None:
        self._lag, self._kappa = lag, kappa
        self._rate, self._leak = bias_rate, bias_leak
        self._seen: deque[np.ndarray] = deque(maxlen=window + lag + 1)
        self._bias: np.ndarray | float = 0.0

    def step(self, x: np.ndarray) -> np.ndarray:
        """Motor values (n, M) in [-1, 1] for sensor values (n, M), best of about that range too."""
        self._seen.append(x)
        change = np.diff(np.stack(self._seen, axis=1), axis=1)
        later, earlier = change[:, self._lag :], change[:, : -self._lag]
        matrix = -later.transpose(0, 2, 1) @ earlier
        matrix /= np.linalg.norm(matrix, axis=2, keepdims=True) + _TINY
        drive = (matrix @ x[:, :, None])[:, :, 0]
        drive /= np.linalg.norm(drive, axis=1, keepdims=True) + _TINY
        y = np.tanh(self._kappa * drive + self._bias)
        self._bias = (1 - self._leak) * self._bias - self._rate * y
        return np.asarray(y)


class Dep:
    """Sensors are the lengths of the muscles, -1 to 1 over each one's range in the model."""

    deterministic = True
    needs = ("muscle",)

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Forget everything."""
        assert context.model is not None
        self._shortest, longest = context.model.actuator_lengthrange.T
        self._per_half = 2 / (longest - self._shortest)
        dt_s = context.dt_s
        self._rule = Plasticity(
            window=max(1, round(WINDOW_S / dt_s)),
            lag=max(1, round(LAG_S / dt_s)),
            bias_rate=BIAS_RATE_PER_S * dt_s,
            bias_leak=BIAS_LEAK_PER_S * dt_s,
        )

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator], view: View) -> np.ndarray:
        """Excitations by MyoSuite's map, as actions of control ``direct``."""
        assert view.muscle_length is not None
        y = self._rule.step((view.muscle_length - self._shortest) * self._per_half - 1)
        return 2 / (1 + np.exp(-STEEPNESS * (y - MIDDLE))) - 1
