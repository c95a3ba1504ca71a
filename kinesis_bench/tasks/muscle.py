"""MuJoCo's muscle, vectorised over rows: force-length, force-velocity, passive force, activation dynamics.

The same functions as ``mju_muscleGain``, ``mju_muscleBias`` and ``mju_muscleDynamics`` (MuJoCo, Apache-2.0;
documented under "muscle actuators"), and tested to agree with them, but for whole arrays: a loop over muscles
in Python would cost more than the physics. Lengths L are in units of the muscle's optimal length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import mujoco

_TINY = 1e-15
"""MuJoCo's mjMINVAL."""


class Muscles:
    """The M muscles of a model with their constants at hand; reuses its work arrays, so not for two threads.

    Attributes:
        peak_force: (M,) [N].
        longest: (M,) upper end of the length range [m].

    Raises:
        ValueError: an actuator is no muscle, or its passive curve is not its active one's.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        import mujoco

        if (model.actuator_gaintype != mujoco.mjtGain.mjGAIN_MUSCLE).any() or not np.array_equal(
            model.actuator_gainprm, model.actuator_biasprm
        ):
            raise ValueError("every actuator must be a muscle with one set of parameters")
        low, high, force, scale, shortest, widest, fastest, passive, fvmax = model.actuator_gainprm.T[:9]
        start, end = model.actuator_lengthrange.T
        self.longest = end.copy()
        self.peak_force = np.where(force < 0, scale / np.maximum(_TINY, model.actuator_acc0), force)
        optimal = (end - start) / np.maximum(_TINY, high - low)
        self._per_length = 1 / np.maximum(_TINY, optimal)
        self._length_offset = low - start * self._per_length
        self._per_velocity = 1 / np.maximum(_TINY, optimal * fastest)
        self._below = 1 / np.maximum(_TINY, 0.5 * (1 - shortest))
        self._above = 1 / np.maximum(_TINY, 0.5 * (widest - 1))
        self._passive = -self.peak_force * passive
        self._fvmax = fvmax
        self._knee = fvmax - 1
        self._per_knee = 1 / np.maximum(_TINY, self._knee)

    def gain(self, length: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Active force at full activation [N], negative as in MuJoCo.

        Args:
            length, velocity: (…, M) [m], [m/s].
        """
        from_optimal = length * self._per_length
        from_optimal += self._length_offset - 1
        side = np.where(from_optimal < 0, -self._below, self._above)
        side *= from_optimal
        near, far = 1 - 0.5 * side * side, np.maximum(2 - side, 0)
        far *= 0.5 * far
        force_length = np.where(side <= 1, near, far)
        speed = velocity * self._per_velocity
        shortening = np.maximum(speed + 1, 0)
        shortening *= shortening
        lengthening = np.maximum(self._knee - speed, 0)
        lengthening *= lengthening * self._per_knee
        np.subtract(self._fvmax, lengthening, out=lengthening)
        force_length *= np.where(speed <= 0, shortening, lengthening)
        force_length *= -self.peak_force
        return force_length

    def bias(self, length: np.ndarray) -> np.ndarray:
        """Passive force [N], negative as in MuJoCo.

        Args:
            length: (…, M) [m].
        """
        stretch = length * self._per_length
        stretch += self._length_offset - 1
        stretch *= self._above
        np.maximum(stretch, 0, out=stretch)
        curve = np.minimum(stretch, 1)
        curve *= 0.5 * curve
        curve += np.maximum(stretch - 1, 0)
        curve *= self._passive
        return curve


class ActivationDynamics:
    """From activation back to the excitation that makes it, for the M muscles of a model.

    MuJoCo's activation a follows an excitation u by da/dt = (u - a)/τ, τ = τ₊·(½ + 1.5 a) where u > a and
    τ₋/(½ + 1.5 a) where not (Millard et al., "Flexing computational muscle", J. Biomech. Eng. 135:021005,
    2013), τ₊ = 10 ms and τ₋ = 40 ms in the bodies.

    Raises:
        ValueError: an actuator's activation follows another law, or one with a smoothed time constant.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        import mujoco

        self._rise_s, self._fall_s, smoothing = model.actuator_dynprm.T[:3]
        if (model.actuator_dyntype != mujoco.mjtDyn.mjDYN_MUSCLE).any() or smoothing.any():
            raise ValueError("every actuator must be a muscle with two plain time constants")

    def excitation(self, before: np.ndarray, after: np.ndarray, dt_s: float) -> np.ndarray:
        """The excitation that, held for ``dt_s``, leads from one activation to the other; clipped to 0 … 1.

        With τ taken at the mean of both, a first-order system held at u gives a₁ = u + (a₀ - u) exp(-dt/τ),
        so u = a₀ + (a₁ - a₀)/(1 - exp(-dt/τ)); for a short dt this is a + τ·da/dt. Where an activation falls
        or rises faster than a muscle can, the clipped excitation comes as near as it goes.

        Args:
            before, after: (…, M) activation at the start and the end, 0 to 1.
            dt_s: between them [s].
        """
        slowing = 0.5 + 0.75 * (before + after)
        time_constant_s = np.where(after > before, self._rise_s * slowing, self._fall_s / slowing)
        return np.clip(before - (after - before) / np.expm1(-dt_s / time_constant_s), 0.0, 1.0)
