"""The tasks of trials as Gymnasium environments: ``kinesis_bench/Target-v1`` and so on.

Observation: see ``tasks.observation`` and the task. Action: see ``tasks.control``, in [-1, 1], clipped.
Reward: the task's. An episode terminates when the task's rule of failure holds, physics breaks or the trial
is decided (the ball is behind the goal line), and is truncated when its time is up. ``reset`` draws a trial,
or begins that of the option ``trial``: the task's own dataclass, such as ``TargetTrial``, or a list of one a
row. ``info`` has the terms of the reward before their weights, what the task measures, and ``failure`` where
physics broke.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.row_envs import RowEnv, RowVectorEnv, checked
from kinesis_bench.tasks.registry import task_info
from kinesis_bench.tasks.trials import TrialStep


class _Episodes:
    """Rows of the task and the trials that they are started on."""

    def __init__(
        self,
        rows: int,
        task: str,
        body: str | None,
        control: str,
        threads: int,
        options: Mapping[str, Any],
    ) -> None:
        checked(rows, threads)
        info = task_info(task)
        body = body or info.bodies[0]
        info.refuse_body(body)
        self.task: Any = info.make(
            load_body(body), rows, control=control, threads=threads, rewarded=True, **options
        )
        self._age = np.zeros(rows, np.int64)

    def start(self, rows: np.ndarray, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        """Begin trials that are drawn, or those that the options name."""
        given = options.get("trial")
        if given is None:
            given = [self.task.draw(rng) for _ in rows]
        self.task.start(rows, given if isinstance(given, list | tuple) else [given] * len(rows))
        self._age[rows] = 0

    def info(self, outcome: TrialStep) -> dict[str, np.ndarray]:
        """What the task measures."""
        self._age[outcome.rows] += 1
        return outcome.measured

    def place(self) -> dict[str, np.ndarray]:
        """Control steps since a row's start."""
        return {"age": self._age}


class TrialEnv(RowEnv):
    """One body in one trial after the other.

    Args:
        task: of ``tasks.registry.TASKS``; each has an id of its own.
        body: one that the task is for; its first by default.
        control: of ``tasks.control.CONTROLS``, but for ``tracking``, which needs a motion.
        options: of the task's own constructor.
    """

    def __init__(
        self, task: str, body: str | None = None, *, control: str = "direct", **options: Any
    ) -> None:
        super().__init__(_Episodes(1, task, body, control, 1, options))


class TrialVectorEnv(RowVectorEnv):
    """Many bodies in one batch on all cores. Other arguments as ``TrialEnv``.

    Args:
        num_envs: rows.
        threads: for physics; 0 for all cores.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        task: str,
        body: str | None = None,
        control: str = "direct",
        threads: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(_Episodes(num_envs, task, body, control, threads, options))
