"""How much of bare physics the batched environment reaches: the figures that the README states.

Environment and bare ``mujoco.batch.Batch.step`` of the same model, rows and threads take turns, so that a
slow moment of the machine hits both. Bare physics starts from the environment's states wherever it starts a
clip, and is given the environment's excitations, so that both have the same contacts to solve (under direct
control the very same trajectories). Its starts are not timed, the environment's are. Actions are random, so
episodes last a few frames only: a policy that tracks starts less often.

    python benchmarks/environment_speed.py [--rows 256] [--threads 0] [--rounds 10] [--motions FILE]
"""

from __future__ import annotations

import argparse
import time

import mujoco
import mujoco.batch
import numpy as np

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.envs import ImitationVectorEnv
from kinesis_bench.tasks.control import CONTROLS, LengthControl

WANTED = {"direct": 0.80, "pd": 0.60, "tracking": 0.60, "synergy": 0.80}
"""Share of bare physics that the environment has to reach."""

ACTION_SD = {"direct": 0.1, "pd": 0.02, "tracking": 0.3, "synergy": 0.1}


class Pair:
    """An environment and bare physics that follows it."""

    def __init__(self, body: str, control: str, rows: int, threads: int, motions: str | None) -> None:
        self.env = ImitationVectorEnv(rows, body, motions, control=control, threads=threads)
        self.batch = mujoco.batch.Batch(self.env.model, rows, threads, persistent=True)
        self.bound = {name: self.batch.bind(name) for name in ("qpos", "qvel", "ctrl")}
        self.rng = np.random.default_rng(0)
        self.env.reset(seed=0)
        law = self.env.task.law
        if isinstance(law, LengthControl):
            self.centre = law.action(self.env.task.engine.field("actuator_length").mean(axis=0))
        else:
            self.centre = np.full(self.env.task.action_size, 0.0 if control == "tracking" else -0.9)
        self.sd = ACTION_SD[control]
        self.ended = np.zeros(rows, bool)
        self.start(np.arange(rows))

    def start(self, rows: np.ndarray) -> None:
        """Bare physics takes over the environment's state in some rows."""
        self.batch.reset(rows, stage=mujoco.mjtStage.mjSTAGE_NONE)
        for name in ("qpos", "qvel"):
            self.bound[name][rows] = self.env.task.engine.field(name)[rows]
        self.batch.forward(rows)

    def step(self) -> tuple[float, float]:
        """Seconds of one control step in the environment and in bare physics."""
        action = self.centre + self.sd * self.rng.standard_normal((self.env.num_envs, len(self.centre)))
        started, running = np.flatnonzero(self.ended), np.flatnonzero(~self.ended)
        begin = time.perf_counter()
        _, _, terminated, truncated, _ = self.env.step(action)
        middle = time.perf_counter()
        self.bound["ctrl"][:] = self.env.task.engine.control
        before = time.perf_counter()
        self.batch.step(running if len(started) else None, nstep=5)
        after = time.perf_counter()
        if len(started):
            self.start(started)
        self.ended = terminated | truncated
        return middle - begin, after - before


def measure(pair: Pair, rounds: int, steps: int = 10) -> tuple[float, float, float]:
    """Median steps/s of the environment and of bare physics, and the median of the rounds' ratios."""
    figures = []
    for turn in range(rounds + 1):
        seconds = np.array([pair.step() for _ in range(steps)]).sum(axis=0)
        if turn:  # the first warms up
            figures.append(steps * pair.env.num_envs / seconds)
    environment, physics = np.array(figures).T
    return float(np.median(environment)), float(np.median(physics)), float(np.median(environment / physics))


def main() -> None:
    parser = argparse.ArgumentParser(description="The batched environment beside bare physics.")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--motions", help="a motion file; by default the built-in motions")
    parser.add_argument("--body", choices=BODIES, action="append", help="by default all")
    arguments = parser.parse_args()
    print(f"control steps per second with {arguments.rows} rows")
    columns = ("body", "control", "environment", "physics", "ratio", "wanted", "threads")
    print("".join(f"{column:>12}" for column in columns))
    for body in arguments.body or BODIES:
        for control in CONTROLS:
            pair = Pair(body, control, arguments.rows, arguments.threads, arguments.motions)
            environment, physics, ratio = measure(pair, arguments.rounds)
            print(
                f"{body:>12}{control:>12}{environment:12,.0f}{physics:12,.0f}{ratio:12.1%}"
                f"{WANTED[control]:12.0%}{pair.env.task.engine.threads:12}",
                flush=True,
            )


if __name__ == "__main__":
    main()
