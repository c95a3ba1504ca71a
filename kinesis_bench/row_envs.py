"""Rows of a task as Gymnasium environments: one row, or many stepped together.

What both do whatever the task is; ``envs`` has those of imitation, ``trial_envs`` those of trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from kinesis_bench.tasks.rows import BodyRows, Step

if TYPE_CHECKING:
    import mujoco

FRAMES_PER_SECOND = 30


class Episodes(Protocol):
    """Rows of a task, and what an episode of it is.

    Attributes:
        task: the rows.
    """

    task: Any

    def start(self, rows: np.ndarray, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        """Begin episodes in rows, as the options say or as drawn."""

    def info(self, outcome: Any) -> dict[str, np.ndarray]:
        """What is told of a step, (n,) each."""

    def place(self) -> dict[str, np.ndarray]:
        """What is told of every row at any time, (rows,) each."""


def checked(rows: int, threads: int) -> None:
    """Refuse numbers that mean nothing.

    Raises:
        ValueError: no rows, or a negative number of threads.
    """
    if rows < 1:
        raise ValueError(f"num_envs is {rows}; give at least 1")
    if threads < 0:
        raise ValueError(f"threads is {threads}; give 0 for all cores, or at least 1")


def spaces_of(task: BodyRows) -> tuple[gymnasium.spaces.Box, gymnasium.spaces.Box]:
    """Of one row's observations and actions."""
    observation = gymnasium.spaces.Box(-np.inf, np.inf, (task.observation_size,), np.float32)
    return observation, gymnasium.spaces.Box(-1.0, 1.0, (task.action_size,), np.float32)


def step_rows(
    task: Any, rows: np.ndarray, action: np.ndarray
) -> tuple[Step, np.ndarray, np.ndarray, np.ndarray]:
    """Step rows; what happened, reward, terminated, truncated. A broken row ends without reward.

    Raises:
        ValueError: an action is not finite.
    """
    if not np.isfinite(action).all():
        row, place = np.argwhere(~np.isfinite(action))[0]
        found = f"action {place} in row {rows[row]} is {action[row, place]}"
        raise ValueError(f"{found}; actions are finite numbers from -1 to 1")
    outcome = task.step(rows, np.clip(action, -1, 1))
    reward, terminated = outcome.reward, outcome.terminated
    if outcome.broken:
        broken = np.isin(rows, list(outcome.broken))
        reward, terminated = np.where(broken, 0.0, reward), terminated | broken
    return outcome, reward, terminated, outcome.finished & ~terminated


class RowEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """One body.

    Args:
        episodes: with one row.

    Attributes:
        task: the task underneath.
    """

    metadata = {"render_modes": [], "render_fps": FRAMES_PER_SECOND}  # noqa: RUF012

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self._row = np.array([0])
        self.task = episodes.task
        self.observation_space, self.action_space = spaces_of(self.task)

    @property
    def model(self) -> mujoco.MjModel:
        """The body's model."""
        return self.task.body.model

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed)
        self._episodes.start(self._row, self.np_random, options or {})
        return self.task.observe(self._row)[0], self._place()

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """One control step.

        Raises:
            ValueError: the action is not of shape (A,) or not finite.
        """
        given = _actions(action, self.action_space.shape)[None]
        outcome, reward, terminated, truncated = step_rows(self.task, self._row, given)
        info = {name: float(values[0]) for name, values in self._info(outcome).items()} | self._place()
        if outcome.broken:
            info["failure"] = outcome.broken[0]
        observation = self.task.observe(self._row)[0]
        return observation, float(reward[0]), bool(terminated[0]), bool(truncated[0]), info

    def _info(self, outcome: Step) -> dict[str, np.ndarray]:
        return {**outcome.reward_terms, **self._episodes.info(outcome)}

    def _place(self) -> dict[str, Any]:
        return {name: values[0].item() for name, values in self._episodes.place().items()}


class RowVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """Many bodies in one batch.

    A row that ended is started anew in the next call of ``step``, whose action it ignores and whose reward is
    zero (Gymnasium's ``NEXT_STEP``), so that the observation of its end is seen.

    Args:
        episodes: with a row each.

    Attributes:
        model: the body's MjModel.
        task: the task underneath.
    """

    metadata = {  # noqa: RUF012
        "render_modes": [],
        "render_fps": FRAMES_PER_SECOND,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self.task = episodes.task
        self.num_envs = self.task.size
        self.model = self.task.body.model
        self.single_observation_space, self.single_action_space = spaces_of(self.task)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._all = np.arange(self.num_envs)
        self._ended = np.zeros(self.num_envs, bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in every row; options may hold one entry for all or one a row."""
        super().reset(seed=seed)
        self._episodes.start(self._all, self.np_random, options or {})
        self._ended[:] = False
        return self.task.observe(self._all), self._place()

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One control step of the rows that run, a start of those that had ended.

        Raises:
            ValueError: the actions are not of shape (num_envs, A), or one of a row that runs is not finite.
        """
        running, ended = np.flatnonzero(~self._ended), np.flatnonzero(self._ended)
        reward = np.zeros(self.num_envs)
        terminated, truncated = np.zeros(self.num_envs, bool), np.zeros(self.num_envs, bool)
        given = _actions(actions, self.action_space.shape)[running]
        outcome, *results = step_rows(self.task, running, given)
        for whole, part in zip((reward, terminated, truncated), results, strict=True):
            whole[running] = part
        told = {**outcome.reward_terms, **self._episodes.info(outcome)}
        if len(ended):
            self._episodes.start(ended, self.np_random, {})
        infos = self._place()
        for name, values in told.items():
            infos[name], infos[f"_{name}"] = np.zeros(self.num_envs), ~self._ended
            infos[name][running] = values
        if outcome.broken:
            infos["failure"], infos["_failure"] = np.full(self.num_envs, None), np.zeros(self.num_envs, bool)
            for row, reason in outcome.broken.items():
                infos["failure"][row], infos["_failure"][row] = reason, True
        self._ended = terminated | truncated
        return self.task.observe(self._all), reward, terminated, truncated, infos

    def _place(self) -> dict[str, Any]:
        here = {name: values.copy() for name, values in self._episodes.place().items()}
        return here | {f"_{name}": np.ones(self.num_envs, bool) for name in here}


def _actions(given: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    actions = np.asarray(given, np.float64)
    if actions.shape != shape:
        raise ValueError(f"actions have shape {actions.shape}; this environment takes {shape}")
    return actions
