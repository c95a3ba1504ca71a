"""Muscle fatigue: the three-compartment controller model with faster recovery at rest, 3CC-r.

A muscle's motor units are active (MA), resting (MR) or fatigued (MF), parts that add up to 1 (Xia and
Frey-Law, J Biomech 41:3046, 2008; the multiplier r of recovery at rest: Looft, Herkert and Frey-Law, J
Biomech 77:16, 2018):

    dMA/dt = C - F·MA      dMR/dt = -C + ρ·MF      dMF/dt = F·MA - ρ·MF

with ρ = r·R at rest and R otherwise. The controller C recruits resting units until the active ones are the
load that is asked for, TL, or no resting ones are left, at rates of 10 /s; a muscle tires within minutes. So
it is taken here in the limit of instant recruitment,

    MA = min(TL, 1 - MF),

and only MF is left to integrate. TL is the excitation that the control law asks for, MA the one that acts;
the muscle's own activation dynamics follow it, and are not filtered twice. A fresh muscle is therefore
exactly the muscle without fatigue. The tests compare with the three equations as published: MF differs by
less than 0.003.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

REST_LOAD = 0.01
"""Up to this target load a muscle rests. The papers' rest is no load at all (Rakshit, Xiang and Yang,
J Biomech 127:110695, 2021, equation 7), which a policy's excitations need not reach; the threshold is
MyoSuite's."""


@dataclass(frozen=True)
class Fatigability:
    """How fast each of M muscles tires and recovers.

    Attributes:
        fatigue_per_s: (M,) F, flow from the active to the fatigued units [1/s].
        recovery_per_s: (M,) R, flow back from the fatigued ones to the resting ones under load [1/s].
        rest_multiplier: (M,) r, how many times faster that flow is at rest.
    """

    fatigue_per_s: np.ndarray
    recovery_per_s: np.ndarray
    rest_multiplier: np.ndarray

    @property
    def rest_recovery_per_s(self) -> np.ndarray:
        """(M,) r·R, recovery at rest [1/s]."""
        return self.rest_multiplier * self.recovery_per_s

    @property
    def most_fatigued(self) -> np.ndarray:
        """(M,) F / (F + R), what the fatigued part comes to under full load; no load raises it further."""
        return self.fatigue_per_s / (self.fatigue_per_s + self.recovery_per_s)

    def rested(self, fatigued: np.ndarray, rest_s: float) -> np.ndarray:
        """Fatigued parts (…, M) after a rest without any load: MF·exp(-r·R·t), exact.

        Args:
            fatigued: (…, M) before, 0 to 1.
            rest_s: how long [s].
        """
        return fatigued * np.exp(-self.rest_recovery_per_s * rest_s)

    def step(self, load: np.ndarray, fatigued: np.ndarray, dt_s: float) -> tuple[np.ndarray, np.ndarray]:
        """What acts over a time, and how fatigued the muscles are after it (Euler's explicit step).

        Args:
            load: (…, M) excitation asked for, TL, 0 to 1.
            fatigued: (…, M) MF before, 0 to 1.
            dt_s: the time [s].

        Returns:
            MA (…, M), not a number where the load is none, and MF (…, M); MR is what is left of 1.
        """
        active = np.minimum(load, 1 - fatigued)
        lost = np.where(load <= REST_LOAD, dt_s * self.rest_recovery_per_s, dt_s * self.recovery_per_s)
        after = dt_s * self.fatigue_per_s * np.fmax(active, 0)  # a load that is no number tires nothing
        after -= lost * fatigued
        after += fatigued
        return active, after
