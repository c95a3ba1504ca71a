"""What muscles that tire cost: the batched environment without and with the fatigue model.

All environments take turns with the same actions, so that a slow moment of the machine hits them alike. The
model is small; under direct control it also asks for physics substep by substep instead of all at once.

    python benchmarks/fatigue_speed.py [--rows 256] [--threads 0] [--rounds 10] [--motions FILE]
"""

from __future__ import annotations

import argparse
import time
from typing import get_args

import numpy as np

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.envs import ImitationVectorEnv
from kinesis_bench.tasks.control import LengthControl
from kinesis_bench.tasks.observation import FatigueMode

MODES = (None, *get_args(FatigueMode))
STEPS = 10
"""Control steps of a round."""


def rates(body: str, control: str, rows: int, threads: int, rounds: int, motions: str | None) -> np.ndarray:
    """Control steps a second, (rounds, len(MODES))."""
    envs = [
        ImitationVectorEnv(rows, body, motions, control=control, threads=threads, fatigue=mode)
        for mode in MODES
    ]
    for env in envs:
        env.reset(seed=0)
    law, rng = envs[0].task.law, np.random.default_rng(0)
    centre, sd = np.full(law.action_size, -0.9), 0.1
    if isinstance(law, LengthControl):
        length = envs[0].task.engine.field("actuator_length")
        centre, sd = law.action(length.mean(axis=0)), 0.02
    found = []
    for turn in range(rounds + 1):
        actions = centre + sd * rng.standard_normal((STEPS, rows, law.action_size))
        seconds = []
        for env in envs:
            begin = time.perf_counter()
            for action in actions:
                env.step(action)
            seconds.append(time.perf_counter() - begin)
        if turn:  # the first warms up
            found.append(STEPS * rows / np.array(seconds))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description="The environment without and with muscle fatigue.")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--motions", help="a motion file; by default the built-in motions")
    parser.add_argument("--body", choices=BODIES, action="append", help="by default all")
    arguments = parser.parse_args()
    print(f"control steps per second with {arguments.rows} rows, and parts of those without fatigue")
    print("".join(f"{column:>12}" for column in ("body", "control", "none", "hidden", "observed")))
    for body in arguments.body or BODIES:
        for control in ("direct", "pd"):
            found = rates(
                body, control, arguments.rows, arguments.threads, arguments.rounds, arguments.motions
            )
            parts = np.median(found / found[:, :1], axis=0)
            shown = f"{np.median(found[:, 0]):12,.0f}{parts[1]:12.1%}{parts[2]:12.1%}"
            print(f"{body:>12}{control:>12}{shown}", flush=True)


if __name__ == "__main__":
    main()
