"""What the group's own mean EMG would score: not a policy, but what a policy's score is read against."""

from __future__ import annotations

import numpy as np

from kinesis_bench.evaluation.prescribed import Excitations, PrescribedMotion
from kinesis_bench.evaluation.walking import muscle_columns
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.rollouts.schema import Rollouts


class MeanHuman:
    """Every muscle under an electrode gets the group's mean curve at the phase of the motion's own cycle."""

    control = PRESCRIBED

    def prescribe(self, motion: PrescribedMotion) -> Excitations:
        """Zero where the motion has no gait cycle; muscles without an electrode are left out."""
        body = motion.body
        columns = muscle_columns(Rollouts((), muscle_names=body.muscles), motion.human.muscles)
        human = motion.human.only(tuple(columns))
        muscles = tuple(body.muscles[column] for column in columns.values())
        excitation = np.zeros((len(motion.qpos) - 1, len(muscles)))
        if motion.phase is not None:
            curves = [np.interp(motion.phase, human.phase, curve, period=1.0) for curve in human.mean]
            excitation = np.stack(curves, axis=1)
        return Excitations(muscles, excitation, unit="the unit of people's EMG")
