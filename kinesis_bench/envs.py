"""The imitation task as Gymnasium environments: one body, or many stepped together.

Both are the same ``tasks.imitation.Imitation``. They stand at the top of the package because they may fetch
the built-in motions, which the tasks themselves know nothing of.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.row_envs import RowEnv, RowVectorEnv, checked
from kinesis_bench.tasks.imitation import Imitation, ImitationStep
from kinesis_bench.tasks.observation import FatigueMode
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import RewardConfig, reward_config
from kinesis_bench.tasks.termination import TRAINING, Termination


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
        checked(rows, threads)
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

    def start(self, rows: np.ndarray, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        """Start rows on clips drawn evenly, or on those that the options name."""
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

    def info(self, outcome: ImitationStep) -> dict[str, np.ndarray]:
        """The mean keypoint error."""
        return {"keypoint_error_m": outcome.keypoint_error_m.mean(axis=1)}

    def place(self) -> dict[str, np.ndarray]:
        """Where rows are."""
        return {"clip": self.task.clip, "frame": self.task.frame}


class ImitationEnv(RowEnv):
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
        episodes = _Episodes(
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
        super().__init__(episodes)


class ImitationVectorEnv(RowVectorEnv):
    """Many bodies in one batch on all cores; the vector entry point of ``kinesis_bench/Imitation-v1``.

    Other arguments as ``ImitationEnv``.

    Args:
        num_envs: rows.
        threads: for physics; 0 for all cores.
    """

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
        episodes = _Episodes(
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
        super().__init__(episodes)


def text_to_control(**options: Any) -> ImitationEnv:
    """``kinesis_bench/TextToControl-v1``: imitation of motions made of prompts.

    Args:
        options: as ``ImitationEnv``; by default the motions are what the built-in gait makes of the list.
    """
    return ImitationEnv(**_of_prompts(options))


def text_to_control_vector(**options: Any) -> ImitationVectorEnv:
    """The vector entry point of ``kinesis_bench/TextToControl-v1``; ``options`` as ``ImitationVectorEnv``."""
    return ImitationVectorEnv(**_of_prompts(options))


def _of_prompts(options: dict[str, Any]) -> dict[str, Any]:
    from kinesis_bench.motions.prompts import DATASET
    from kinesis_bench.prepare import default_motions

    return options if options.get("motions") is not None else options | {"motions": default_motions(DATASET)}


def _read(motions: str | Path | None, body: str) -> Motions:
    from kinesis_bench.motions.store import read_motions

    if motions is None:
        from kinesis_bench.prepare import default_motions

        motions = default_motions()
    return read_motions(motions, bodies=(body,))
