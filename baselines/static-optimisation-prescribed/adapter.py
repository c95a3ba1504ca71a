"""Static optimisation of the recorded motion: what the field has estimated muscles by for decades."""

from __future__ import annotations

from kinesis_bench.evaluation.prescribed import Excitations, PrescribedMotion
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.tasks.muscle import ActivationDynamics
from kinesis_bench.tasks.static_optimisation import StaticOptimisation


class StaticOptimisationPrescribed:
    """The least squared activation that gives the motion's joint torques, frame by frame.

    Between two frames, the excitation is the one that leads from the one activation to the other.
    """

    control = PRESCRIBED

    def prescribe(self, motion: PrescribedMotion) -> Excitations:
        """All muscles of the body."""
        model, asked = motion.body.model, motion.dynamics
        activation = StaticOptimisation(model)(
            asked.torque, asked.moment_arm, asked.muscle_length, asked.muscle_velocity
        )
        excitation = ActivationDynamics(model).excitation(activation[:-1], activation[1:], motion.dt_s)
        return Excitations(motion.body.muscles, excitation, activation[1:])
