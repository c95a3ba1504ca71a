"""What the group's own mean EMG would score: not a policy, but what a policy's score is read against."""

from __future__ import annotations

import numpy as np

from kinesis_bench.evaluation.prescribed import Excitations, PrescribedMotion
from kinesis_bench.human.electrodes import muscles_under
from kinesis_bench.policies.interface import PRESCRIBED


class MeanHuman:
    """Every muscle under an electrode gets the group's mean curve at the phase of the motion's own cycle."""

    control = PRESCRIBED

    def prescribe(self, motion: PrescribedMotion) -> Excitations:
        """Zero where the motion has no gait cycle; muscles without an electrode are left out."""
        human = motion.human
        curves = {
            f"{muscle}_{human.side}": curve
            for electrode, curve in zip(human.muscles, human.mean, strict=True)
            for muscle in muscles_under(electrode)
        }
        muscles = tuple(muscle for muscle in curves if muscle in motion.body.muscles)
        excitation = np.zeros((len(motion.qpos) - 1, len(muscles)))
        if motion.phase is not None:
            for column, muscle in enumerate(muscles):
                excitation[:, column] = np.interp(motion.phase, human.phase, curves[muscle], period=1.0)
        return Excitations(muscles, excitation, unit="the unit of people's EMG")
