"""A policy that a person sends in directions while it runs: directional control without its schedule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.run import context_of
from kinesis_bench.policies.blocks import BlockedPolicy, Row
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.tasks.control import quantise_action
from kinesis_bench.tasks.direction import COMMANDS, Direction, DirectionTrial
from kinesis_bench.tasks.registry import TASKS

LYING_S = 1.0
"""How long a fallen body is left lying before it stands up anew [s]."""

_ROW = np.zeros(1, np.int64)


class Steering:
    """One body, begun anew whenever it has fallen; until it is sent somewhere it is asked to stand.

    Args:
        policy, body: who drives what.
        seed: of the policy's random numbers.

    Attributes:
        dt_s: control period [s].
        falls: so far.

    Raises:
        InputError: the policy was made for something else.
    """

    def __init__(self, policy: LoadedPolicy, body: Body, seed: int = 0) -> None:
        info = TASKS["direction"]
        info.refuse_body(body.name)
        context = context_of(body, policy.control, info.name)
        policy.refuse_unless(context.contract, context.action_size, info.takes)
        self._policy, self._needs, self._seed = policy, policy.needs, seed
        self._task = Direction(body, 1, control=policy.control, needs=policy.needs)
        self.dt_s = self._task.dt_s
        self._context = replace(context, dt_s=self.dt_s)
        self._direction_rad, self._lead_m = 0.0, 0.0
        self.falls = 0
        self.restart()

    @property
    def qpos(self) -> np.ndarray:
        """(nq,) the pose."""
        return np.array(self._task.state(_ROW)[0][0])

    @property
    def activation(self) -> np.ndarray:
        """(M,) of the muscles."""
        return np.array(self._task.state(_ROW)[2][0])

    @property
    def goal_m(self) -> np.ndarray:
        """(2,) where the goal is [m]."""
        return np.array(self._task.goal[0])

    def restart(self) -> None:
        """Stand at the origin, facing world +x; the command stays."""
        self._driver = BlockedPolicy(self._policy, self._context, [Row(0, 0, "steered")], self._seed)
        self._lying = 0
        self._task.start(_ROW, [DirectionTrial(0.0, (0,) * COMMANDS)])
        self.steer(self._direction_rad, self._lead_m)

    def steer(self, direction_rad: float, lead_m: float) -> None:
        """Send it in a direction from now on, as ``Direction.steer``."""
        self._direction_rad, self._lead_m = direction_rad, lead_m
        self._task.steer(_ROW, direction_rad, lead_m)

    def step(self) -> None:
        """One control step.

        Raises:
            InputError: the policy failed.
        """
        task = self._task
        view = task.view(_ROW, self._needs) if self._needs else None
        action = self._driver.act(_ROW, np.asarray(task.observe(_ROW), np.float32), view)
        if reason := self._driver.failures[0]:
            raise InputError(f"policy {self._policy.name}", reason, "correct the policy")
        outcome = task.step(_ROW, quantise_action(action))
        if outcome.broken:
            self.falls += 1
            self.restart()
        elif self._lying or outcome.failed[0]:
            self.falls += not self._lying
            self._lying += 1
            if self._lying * self.dt_s >= LYING_S:
                self.restart()
