"""The imitation task as Gymnasium environments: one body, or many stepped together.

Both are the same ``tasks.imitation.Imitation``. They stand at the top of the package because they may fetch
the built-in motions, which the tasks themselves know nothing of.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.tasks.imitation import Imitation, ImitationStep
from kinesis_bench.tasks.observation import FatigueMode
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import RewardConfig, reward_config
from kinesis_bench.tasks.termination import TRAINING, Termination

if TYPE_CHECKING:
    import mujoco

FRAMES_PER_SECOND = 30


class _Episodes:
    """Rows of the task and the clips that they are started on."""

    def __init__(
        self,
        rows: int,
        *,
        body: str,
        motions: Motions | str | Path | None,
        split: str | None,
        control: str,
        threads: int,
        random_start: bool,
        reward: RewardConfig | None,
        termination: Termination,
        fatigue: FatigueMode | None,
    ) -> None:
        if rows < 1:
            raise ValueError(f"num_envs is {rows}; give at least 1")
        if threads < 0:
            raise ValueError(f"threads is {threads}; give 0 for all cores, or at least 1")
        loaded = load_body(body)
        if not isinstance(motions, Motions):
            motions = _read(motions, body)
        if split is None:
            train = [name for name in motions.split_names if name.endswith("/train")]
            split = train[0] if len(train) == 1 else "all"
        self.motions = motions
        self.clips = motions.select(split)
        self.random_start = random_start
        self.task = Imitation(
            loaded,
            Reference.of(motions, loaded),
            rows,
            control=control,
            threads=threads,
            reward=reward or reward_config(body),
            termination=termination,
            fatigue=fatigue,
        )
        size = self.task.observation_size
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (self.task.action_size,), np.float32)

    def start(self, rows: np.ndarray, rng: np.random.Generator, options: Mapping[str, Any] | None) -> None:
        """Start rows on clips drawn evenly, or on those that the options name."""
        options = options or {}
        if "clip" in options:
            given = options["clip"]
            named = [given] * len(rows) if isinstance(given, (str, int, np.integer)) else list(given)
            clip = np.array([self.motions.index(c) if isinstance(c, str) else int(c) for c in named])
        else:
            clip = rng.choice(self.clips, len(rows))
        if "frame" in options:
            frame = np.broadcast_to(np.asarray(options["frame"], np.int64), len(rows))
            if ((frame < 0) | (frame > self.task.reference.length[clip] - 2)).any():
                raise ValueError("a start frame lies before the clip or not before its last frame")
        elif self.random_start:
            frame = rng.integers(0, self.task.reference.length[clip] - 1)
        else:
            frame = np.zeros(len(rows), np.int64)
        self.task.start(rows, clip, frame)
        if "fatigued" in options:
            self._tire(rows, np.asarray(options["fatigued"], np.float64))

    def _tire(self, rows: np.ndarray, fatigued: np.ndarray) -> None:
        if self.task.fatigue is None:
            raise ValueError("the option fatigued means nothing where muscles do not tire")
        if not ((fatigued >= 0) & (fatigued <= 1)).all():
            raise ValueError("a fatigued part lies outside 0 to 1")
        self.task.tire(rows, np.broadcast_to(fatigued, (len(rows), len(self.task.body.muscles))))

    def step(
        self, rows: np.ndarray, action: np.ndarray
    ) -> tuple[ImitationStep, np.ndarray, np.ndarray, np.ndarray]:
        """Step rows; what happened, reward, terminated, truncated. A broken row ends without reward."""
        if not np.isfinite(action).all():
            row, place = np.argwhere(~np.isfinite(action))[0]
            found = f"action {place} in row {rows[row]} is {action[row, place]}"
            raise ValueError(f"{found}; actions are finite numbers from -1 to 1")
        outcome = self.task.step(rows, np.clip(action, -1, 1))
        assert outcome.reward is not None
        reward, terminated = outcome.reward, outcome.failed
        if outcome.broken:
            broken = np.isin(rows, list(outcome.broken))
            reward, terminated = np.where(broken, 0.0, reward), terminated | broken
        return outcome, reward, terminated, outcome.finished & ~terminated


class ImitationEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """One body that imitates clips; ``kinesis_bench/Imitation-v1``.

    Observation: see ``tasks.observation``. Action: see ``tasks.control``, in [-1, 1], clipped. Reward:
    KINESIS's. An episode terminates when the body is too far from the reference or its physics breaks, and is
    truncated where the clip ends. ``reset`` knows the options ``clip`` (key or index), ``frame`` and,
    where muscles tire, ``fatigued`` (M,); they are fresh without it. ``info``
    has the terms of the reward before their weights, the mean keypoint error, and ``failure`` where physics
    broke.

    Args:
        body: ``legs``, ``legs_abs`` or ``legs_back``.
        motions: a motion file, or motions in memory; by default the built-in ones.
        split: clips to draw from; by default the motions' train split if they have just one, else all.
        control: of ``tasks.control.CONTROLS``.
        random_start: start anywhere in the clip, else at its first frame.
        reward: weights and rates; by default the paper's for the body.
        termination: when the body is too far off; by default any keypoint beyond 0.15 m.
        fatigue: ``hidden`` or ``observed`` for muscles that tire, see ``tasks.fatigue``.
    """

    metadata = {"render_modes": [], "render_fps": FRAMES_PER_SECOND}  # noqa: RUF012

    def __init__(
        self,
        body: str = "legs",
        motions: Motions | str | Path | None = None,
        *,
        split: str | None = None,
        control: str = "direct",
        random_start: bool = True,
        reward: RewardConfig | None = None,
        termination: Termination = TRAINING,
        fatigue: FatigueMode | None = None,
    ) -> None:
        self._episodes = _Episodes(
            1,
            body=body,
            motions=motions,
            split=split,
            control=control,
            threads=1,
            random_start=random_start,
            reward=reward,
            termination=termination,
            fatigue=fatigue,
        )
        self._row = np.array([0])
        self.observation_space = self._episodes.observation_space
        self.action_space = self._episodes.action_space

    @property
    def model(self) -> mujoco.MjModel:
        """The body's model."""
        return self._episodes.task.body.model

    @property
    def task(self) -> Imitation:
        """The task underneath, with one row."""
        return self._episodes.task

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start a clip."""
        super().reset(seed=seed)
        self._episodes.start(self._row, self.np_random, options)
        return self.task.observe(self._row)[0], self._place()

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """One control step.

        Raises:
            ValueError: the action is not of shape (A,) or not finite.
        """
        given = _actions(action, self.action_space.shape)[None]
        outcome, reward, terminated, truncated = self._episodes.step(self._row, given)
        info = {name: float(values[0]) for name, values in _info(outcome).items()} | self._place()
        if outcome.broken:
            info["failure"] = outcome.broken[0]
        observation = self.task.observe(self._row)[0]
        return observation, float(reward[0]), bool(terminated[0]), bool(truncated[0]), info

    def _place(self) -> dict[str, Any]:
        return {"clip": int(self.task.clip[0]), "frame": int(self.task.frame[0])}


class ImitationVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """Many bodies in one batch on all cores; the vector entry point of ``kinesis_bench/Imitation-v1``.

    A row that ended is started anew in the next call of ``step``, whose action it ignores and whose reward is
    zero (Gymnasium's ``NEXT_STEP``), so that the observation of its end is seen. Other arguments as
    ``ImitationEnv``.

    Args:
        num_envs: rows.
        threads: for physics; 0 for all cores.

    Attributes:
        model: the body's MjModel.
        task: the task underneath.
    """

    metadata = {  # noqa: RUF012
        "render_modes": [],
        "render_fps": FRAMES_PER_SECOND,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        body: str = "legs",
        motions: Motions | str | Path | None = None,
        *,
        split: str | None = None,
        control: str = "direct",
        threads: int = 0,
        random_start: bool = True,
        reward: RewardConfig | None = None,
        termination: Termination = TRAINING,
        fatigue: FatigueMode | None = None,
    ) -> None:
        self._episodes = _Episodes(
            num_envs,
            body=body,
            motions=motions,
            split=split,
            control=control,
            threads=threads,
            random_start=random_start,
            reward=reward,
            termination=termination,
            fatigue=fatigue,
        )
        self.num_envs = num_envs
        self.task = self._episodes.task
        self.model = self.task.body.model
        self.single_observation_space = self._episodes.observation_space
        self.single_action_space = self._episodes.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._all = np.arange(num_envs)
        self._ended = np.zeros(num_envs, bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start every row; the options may hold one entry for all or one a row."""
        super().reset(seed=seed)
        self._episodes.start(self._all, self.np_random, options)
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
        outcome, *results = self._episodes.step(running, _actions(actions, self.action_space.shape)[running])
        for whole, part in zip((reward, terminated, truncated), results, strict=True):
            whole[running] = part
        if len(ended):
            self._episodes.start(ended, self.np_random, None)
        infos = self._place()
        for name, values in _info(outcome).items():
            infos[name], infos[f"_{name}"] = np.zeros(self.num_envs), ~self._ended
            infos[name][running] = values
        if outcome.broken:
            infos["failure"], infos["_failure"] = np.full(self.num_envs, None), np.zeros(self.num_envs, bool)
            for row, reason in outcome.broken.items():
                infos["failure"][row], infos["_failure"][row] = reason, True
        self._ended = terminated | truncated
        return self.task.observe(self._all), reward, terminated, truncated, infos

    def _place(self) -> dict[str, Any]:
        here = {"clip": self.task.clip.copy(), "frame": self.task.frame.copy()}
        return here | {f"_{name}": np.ones(self.num_envs, bool) for name in here}


def _actions(given: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    actions = np.asarray(given, np.float64)
    if actions.shape != shape:
        raise ValueError(f"actions have shape {actions.shape}; this environment takes {shape}")
    return actions


def _info(outcome: ImitationStep) -> dict[str, np.ndarray]:
    return {**outcome.reward_terms, "keypoint_error_m": outcome.keypoint_error_m.mean(axis=1)}


def _read(motions: str | Path | None, body: str) -> Motions:
    from kinesis_bench.motions.store import read_motions

    if motions is None:
        from kinesis_bench.prepare import default_motions

        motions = default_motions()
    return read_motions(motions, bodies=(body,))
