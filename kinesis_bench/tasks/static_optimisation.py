"""Static optimisation: the sparing excitation that gives wanted joint torques in one instant.

Crowninshield and Brand, "A physiologically based criterion of muscle force prediction in locomotion",
J. Biomech. 14:793 (1981), with the square of the activation, as is usual (Anderson and Pandy, "Static and
dynamic optimization solutions for gait are practically equivalent", J. Biomech. 34:153, 2001). Activation
dynamics are left out: what comes out is activation, or an excitation that is taken to act at once
(``tasks.muscle.ActivationDynamics`` leads from the one to the other).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.bodies.least_effort import least_effort
from kinesis_bench.tasks.muscle import Muscles

if TYPE_CHECKING:
    import mujoco

SLACK_N_M = 1.0
"""Error of a joint torque that costs as much as one muscle at full excitation [N·m]."""

TOE_SLACK_N_M = 10.0
"""The same for the toes' joint, whose torque hangs on where under the foot the ground is taken to push. Held
as tightly as the rest it costs the toe flexors 13 % of all feed-forward excitation of the built-in motions,
and the body falls no later."""

_ROWS = 256
"""Rows that are solved together, so that they stay in the processor's cache."""


class StaticOptimisation:
    """The sparing activation of one body's muscles for joint torques; not for two threads.

    Args:
        model: the body's model.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._muscles = Muscles(model)
        self._slack = joint_slack_n_m(model)

    def __call__(
        self, torque: np.ndarray, moment_arm: np.ndarray, length: np.ndarray, velocity: np.ndarray
    ) -> np.ndarray:
        """Activation (n, M) in [0, 1] that gives the torques, beside what muscles at rest give.

        Args:
            torque: (n, D) that the joints need [N·m], as in ``bodies.inverse_dynamics.Dynamics``.
            moment_arm: (n, M, D) [m/rad].
            length, velocity: (n, M) of the muscles [m], [m/s].
        """
        passive = full_moment(moment_arm, self._muscles.bias(length)).sum(axis=2)
        moment = full_moment(moment_arm, self._muscles.gain(length, velocity))
        return sparing_excitation(moment, torque - passive, self._slack)


def sparing_excitation(
    moment: np.ndarray, torque: np.ndarray, slack_n_m: np.ndarray | float = SLACK_N_M
) -> np.ndarray:
    """Least ½|u|² + ½|(moment u - torque) / slack|² over 0 ≤ u ≤ 1, row by row.

    Args:
        moment: (n, D, M) torque of each muscle at full activation about each joint [N·m], see
            ``full_moment``.
        torque: (n, D) wanted of the muscles' active part, the passive one taken off [N·m].
        slack_n_m: the torque error that costs as much as one muscle at full excitation [N·m]; a number,
            (D,) or (n, D), positive. A small slack costs no more time than a large one.

    Returns:
        u (n, M).

    Raises:
        ValueError: a slack is not positive, or a number is not finite.
    """
    rows = [slice(i, i + _ROWS) for i in range(0, len(torque), _ROWS)]
    slack = np.broadcast_to(np.asarray(slack_n_m, np.float64), torque.shape)
    solved = [least_effort(moment[part], torque[part], slack[part]) for part in rows]
    return np.concatenate(solved) if solved else np.zeros((0, moment.shape[2]))


def joint_slack_n_m(model: mujoco.MjModel) -> np.ndarray:
    """Slack of each of the body's D independent joint coordinates (D,) [N·m], for ``sparing_excitation``."""
    toes = [name.startswith("mtp_angle") for name in coupling(model).names]
    return np.where(toes, TOE_SLACK_N_M, SLACK_N_M)


def full_moment(moment_arm: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Torque of each muscle at full activation about each joint.

    Args:
        moment_arm: (n, M, D) change of the muscles' lengths with the coordinates [m/rad].
        gain: (n, M) ``Muscles.gain``: active force at full activation, negative [N].

    Returns:
        (n, D, M) [N·m].
    """
    return np.asarray((moment_arm * gain[:, :, None]).swapaxes(1, 2))
