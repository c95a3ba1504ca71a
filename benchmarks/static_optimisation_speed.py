"""Time of static optimisation a frame and core, part by part, beside a control step of bare physics.

On the built-in test clips, one core, processor time. Run: python benchmarks/static_optimisation_speed.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import mujoco
import numpy as np

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.bodies.inverse_dynamics import InverseDynamics
from kinesis_bench.evaluation.evaluate import default_split
from kinesis_bench.motions.clip import FPS
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import read_motions
from kinesis_bench.physics.engine import SUBSTEPS
from kinesis_bench.prepare import default_motions
from kinesis_bench.tasks.muscle import ActivationDynamics
from kinesis_bench.tasks.static_optimisation import StaticOptimisation


def timed(job: Callable[[], object]) -> float:
    """Processor time [s]."""
    begin = time.process_time()
    job()
    return time.process_time() - begin


def physics(body: Body, qpos: np.ndarray, qvel: np.ndarray, activation: np.ndarray) -> None:
    """One control step from every frame."""
    data = mujoco.MjData(body.model)
    for pose, velocity, muscles in zip(qpos, qvel, activation, strict=True):
        mujoco.mj_resetData(body.model, data)
        data.qpos[:], data.qvel[:], data.act[:], data.ctrl[:] = pose, velocity, muscles, muscles
        for _ in range(SUBSTEPS):
            mujoco.mj_step(body.model, data)


def measure(body: Body, motions: Motions) -> np.ndarray:
    """Seconds of inverse dynamics, of sharing torques out, of excitations, and of physics, over a split."""
    inverse, optimise = InverseDynamics(body.model), StaticOptimisation(body.model)
    dynamics = ActivationDynamics(body.model)
    total = np.zeros(4)
    for clip in motions.select(default_split(motions)):
        span = motions.span(clip)
        qpos, qvel = motions.ik[body.name].qpos[span], motions.ik[body.name].qvel[span]
        asked = inverse(qpos, qvel, 1 / FPS)
        of = (asked.torque, asked.moment_arm, asked.muscle_length, asked.muscle_velocity)
        activation = optimise(*of)
        total += (
            timed(lambda: inverse(qpos, qvel, 1 / FPS)),  # noqa: B023
            timed(lambda: optimise(*of)),  # noqa: B023
            timed(lambda: dynamics.excitation(activation[:-1], activation[1:], 1 / FPS)),  # noqa: B023
            timed(lambda: physics(body, qpos, qvel, activation)),  # noqa: B023
        )
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", nargs="+", choices=BODIES, default=BODIES)
    arguments = parser.parse_args()
    motions = read_motions(default_motions())
    frames = int(motions.length[motions.select(default_split(motions))].sum())
    print(f"{frames} frames, one core, processor time a frame [ms]")
    for name in arguments.bodies:
        dynamics, sharing, excitation, step = 1000 * measure(load_body(name), motions) / frames
        whole = dynamics + sharing + excitation
        print(
            f"{name:10s} {whole:.2f} = inverse dynamics {dynamics:.2f} + sharing {sharing:.2f} "
            f"+ excitation {excitation:.3f}; a control step of physics {step:.2f}, {step / whole:.1f} times"
        )


if __name__ == "__main__":
    main()
