"""Directional control: the goal stays ahead of the pelvis in a commanded direction, which switches.

KINESIS's code (``myolegs_directional_control.py``) lets a person choose one of eight directions with the
numpad and puts the goal 1.265 m from the pelvis that way; it has no schedule and no score, so those are ours.
There the goal is moved after observation and reward, so that the policy sees it where it was a control step
ago, and its reward compares distances from two different goals: it is the change of the speed towards the
goal, and steady walking earns nothing. Here the policy sees the goal where it is, and progress is counted
towards the goal as it stood during the step, which makes it the distance covered in the commanded direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.bodies.contract import Body
from kinesis_bench.tasks.arrays import like
from kinesis_bench.tasks.goal import GoalRows, goal_reward
from kinesis_bench.tasks.trials import RowOptions, TrialStep

LEAD_M = 1.265
"""How far the goal is ahead of the pelvis (KINESIS's code) [m]."""

DIRECTIONS = 8
"""Directions, 45 degrees apart (KINESIS's code)."""

COMMANDS = 5
"""Commands of a trial."""

COMMAND_STEPS = 90
"""Control steps that a command lasts, 3 s."""


@dataclass(frozen=True)
class DirectionTrial:
    """One trial; the pelvis begins above the plane's origin.

    Attributes:
        heading_rad: where it looks at the start, counter-clockwise from world +x.
        directions: COMMANDS numbers, 0 to DIRECTIONS - 1: the commanded directions, in eighths of a turn
            counter-clockwise from world +x.
    """

    heading_rad: float
    directions: tuple[int, ...]

    @property
    def commands_rad(self) -> np.ndarray:
        """(COMMANDS,) the commanded directions [rad]."""
        return 2.0 * np.pi / DIRECTIONS * np.array(self.directions)


class Direction(GoalRows):
    """Rows that are sent in directions; args as ``MakeTask``."""

    steps = COMMANDS * COMMAND_STEPS
    watched = ("progress_m",)
    sums = ("progress_m",)

    def __init__(self, body: Body, rows: int, **options: Unpack[RowOptions]) -> None:
        super().__init__(body, rows, **options)
        self._commands = like(np.zeros((rows, COMMANDS)), self._like)
        self._lead = like(np.full((rows, 1), LEAD_M), self._like)
        self._progress = like(np.zeros(rows), self._like)

    @property
    def reward_range(self) -> tuple[float, float]:
        """Least and most reward of a step: nobody arrives at a goal that moves on."""
        low, high = super().reward_range
        return low, high - goal_reward(self.body.name).arrival

    def draw(self, rng: np.random.Generator) -> DirectionTrial:
        """A facing, and directions each of which differs from the one before."""
        heading = float(rng.uniform(-np.pi, np.pi))
        first = rng.integers(DIRECTIONS)
        turns = rng.integers(1, DIRECTIONS, size=COMMANDS - 1)
        directions = (first + np.concatenate(([0], np.cumsum(turns)))) % DIRECTIONS
        return DirectionTrial(heading, tuple(directions.tolist()))

    def start(self, rows: Any, trials: Sequence[DirectionTrial], *, push_m_s: Any = None) -> None:
        """Begin trials, one a row."""
        commands = np.stack([trial.commands_rad for trial in trials])
        self._commands[rows] = like(commands, self._like)
        self._lead[rows], self._progress[rows] = LEAD_M, 0.0
        ahead = LEAD_M * np.stack([np.cos(commands[:, 0]), np.sin(commands[:, 0])], axis=-1)
        self.stand(rows, np.array([trial.heading_rad for trial in trials]), ahead, push_m_s)

    def resume(
        self, rows: Any, trials: Sequence[Any], age: Any, qpos: Any, qvel: Any, activation: Any
    ) -> None:
        """As ``GoalRows.resume``, the goals ahead of the pelvises."""
        super().resume(rows, trials, age, qpos, qvel, activation)
        self._lead_on(like(rows, self._like))

    def steer(self, rows: Any, direction_rad: float, lead_m: float = LEAD_M) -> None:
        """Send rows in a direction from now on, instead of what they were to do.

        Args:
            rows: (n,) which.
            direction_rad: counter-clockwise from world +x.
            lead_m: how far ahead the goal is; 0 asks to stand.
        """
        self._commands[rows], self._lead[rows] = direction_rad, lead_m
        self._lead_on(like(rows, self._like))

    def step(self, rows: Any, action: Any) -> TrialStep:
        """Apply actions for one control step.

        ``measured``: ``progress_m``, the sum of what the steps since the start covered in the direction then
        commanded; ``pelvis_x_m``, ``pelvis_y_m``, ``pelvis_height_m``; ``heading_rad`` of the pelvis and
        ``command_rad`` in force during the step, counter-clockwise from world +x; and ``excitation``, the
        mean over muscles and substeps.

        Args:
            rows: (n,) which.
            action: (n, A) in [-1, 1].
        """
        rows = like(rows, self._like)
        command = self._command(rows)
        before = self._pelvis_at(rows)
        outcome = super().step(rows, action)
        xp = array_namespace(command)
        moved = self._pelvis_at(rows) - before
        covered = moved[:, 0] * xp.cos(command) + moved[:, 1] * xp.sin(command)
        self._progress[rows] += xp.where(xp.isfinite(covered), covered, 0.0 * command)
        heading = self._seen(rows).heading
        measured = {
            "progress_m": self._progress[rows],
            **{name: values for name, values in outcome.measured.items() if name != "distance_m"},
            "heading_rad": xp.atan2(heading[:, 1], heading[:, 0]),
            "command_rad": command,
        }
        self._lead_on(rows)
        return replace(outcome, measured=measured)

    def _command(self, rows: Any) -> Any:
        """(n,) direction commanded at present [rad]."""
        xp = array_namespace(self.age)
        number = xp.clip(self.age[rows] // COMMAND_STEPS, 0, COMMANDS - 1)
        return self._commands[rows, number]

    def _lead_on(self, rows: Any) -> None:
        """Put the goals ahead of where the pelvises are."""
        command = self._command(rows)
        xp = array_namespace(command)
        ahead = xp.stack((xp.cos(command), xp.sin(command)), axis=-1)
        self._aim(rows, self._pelvis_at(rows) + self._lead[rows] * ahead)

    def _pelvis_at(self, rows: Any) -> Any:
        """(n, 2) where the pelvises are [m]."""
        return self._seen(rows).keypoint_position[:, self._pelvis, :2]
