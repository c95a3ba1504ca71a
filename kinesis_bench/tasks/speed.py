"""How fast the imitation task runs, beside its engine alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.physics.engines import MakeEngine
from kinesis_bench.tasks.arrays import like, on_host
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import reward_config
from kinesis_bench.tasks.termination import TRAINING

ROUND = 10
"""Control steps that are timed together."""


@dataclass(frozen=True)
class Speed:
    """Control steps a second, all rows together: medians over rounds.

    Attributes:
        environment: step, reward, termination, new starts and observation.
        physics: the engine alone.
    """

    environment: float
    physics: float


def measure(
    body: Body, reference: Reference, rows: int, seconds: float, make_engine: MakeEngine, threads: int = 0
) -> Speed:
    """Time the task and its engine alone, in turns, so that a slow moment of the machine hits both.

    The engine alone starts where the task starts and is given the task's excitations (control ``direct``), so
    that both go through the same states. Actions are random, so episodes last a few frames only; a policy
    that tracks starts anew less often. Starts are timed in the task, not in the engine alone.

    Args:
        body, reference: what follows which clips.
        rows: how many at a time.
        seconds: for both together, at least one round; a first one, untimed, comes on top.
        make_engine: of the engine.
        threads: for physics on the CPU; 0 for all cores.
    """
    pair = _Pair(body, reference, rows, make_engine, threads)
    pair.round()
    rates: list[np.ndarray] = []
    end = time.perf_counter() + seconds
    while not rates or time.perf_counter() < end:
        rates.append(ROUND * rows / np.array(pair.round()))
    environment, physics = np.median(rates, axis=0)
    return Speed(float(environment), float(physics))


class _Pair:
    def __init__(
        self, body: Body, reference: Reference, rows: int, make_engine: MakeEngine, threads: int
    ) -> None:
        self._task = Imitation(
            body,
            reference,
            rows,
            threads=threads,
            make_engine=make_engine,
            reward=reward_config(body.name),
            termination=TRAINING,
        )
        self._alone = make_engine(body.model, rows, threads=threads)
        self._all = like(np.arange(rows), self._alone.control)
        self._rng = np.random.default_rng(0)
        self._start(np.arange(rows))
        self._copy(np.arange(rows))

    def round(self) -> tuple[float, float]:
        """Seconds of the task and of the engine alone."""
        shape = (ROUND, self._task.size, self._task.action_size)
        actions = like(np.clip(self._rng.normal(-0.9, 0.1, shape), -1, 1), self._alone.control)
        seconds = np.zeros(2)
        for action in actions:
            times = [self._now()]
            outcome = self._task.step(self._all, action)
            times.append(self._now())
            self._alone.control[:] = self._task.engine.control
            times.append(self._now())
            ended = np.flatnonzero(on_host(outcome.failed | outcome.finished))
            ended = np.union1d(ended, list(outcome.broken)).astype(np.int64)
            self._start(ended)
            self._task.observe(self._all)
            times.append(self._now())
            self._alone.step(None)
            times.append(self._now())
            step, _, start, alone = np.diff(times)
            seconds += step + start, alone
            self._copy(ended)
        return float(seconds[0]), float(seconds[1])

    def _start(self, rows: np.ndarray) -> None:
        if len(rows):
            clip = self._rng.integers(0, len(self._task.reference.length), len(rows))
            self._task.start(rows, clip, self._rng.integers(0, self._task.reference.length[clip] - 1))

    def _copy(self, rows: np.ndarray) -> None:
        """The engine alone takes over the task's state."""
        if len(rows):
            self._alone.set_state(like(rows, self._alone.control), *self._task.state(rows))

    def _now(self) -> float:
        """The time when all work that was asked for is done."""
        _wait_for(self._alone.control)
        return time.perf_counter()


def _wait_for(array: Any) -> None:
    if not isinstance(array, np.ndarray) and array.device.type == "cuda":
        import torch

        torch.cuda.synchronize(array.device)
