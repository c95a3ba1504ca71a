"""The imitation task as the trainer sees it: tensors in and out, episodes that begin again by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinesis_bench.bodies.contract import Body
from kinesis_bench.files import whole_file
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import RewardConfig
from kinesis_bench.tasks.termination import Termination
from kinesis_bench.tasks.tracking import TrackingControl
from kinesis_bench.training.config import Control, EpisodeConfig
from kinesis_bench.training.mining import StartSampler

KEPT_BROKEN = 20
"""States of broken physics that a run keeps."""


@dataclass(frozen=True)
class Transition:
    """What a step led to, for E rows.

    Attributes:
        reward: (E,).
        failed: (E,) bool, too far from the reference or broken physics.
        cut_off: (E,) bool, the clip ended.
        final_observation: (k, N) of the k rows that were cut off, in their last state.
    """

    reward: Tensor
    failed: Tensor
    cut_off: Tensor
    final_observation: Tensor


class Environment:
    """E rows of the imitation task that start anew where they end.

    Args:
        body, reference: what follows which clips.
        clips: (n,) those that are drawn.
        control: law of the actions.
        config: of the episodes.
        reward: weights and rates.
        rng: of the starts.
        threads: for physics; 0 for all cores.
        broken_folder: takes the states before which physics broke, the first few.

    Attributes:
        task: the rows.
        rng: of the starts; another may be put here.
        sampler: of the starts.
        broken: how many episodes ended by broken physics.
        lengths: control steps of the episodes that ended since this was last emptied.
    """

    def __init__(
        self,
        body: Body,
        reference: Reference,
        clips: np.ndarray,
        *,
        control: Control,
        config: EpisodeConfig,
        reward: RewardConfig,
        rng: np.random.Generator,
        threads: int = 0,
        broken_folder: Path | None = None,
    ) -> None:
        self.task = Imitation(
            body,
            reference,
            config.environments,
            control=control,
            threads=threads,
            reward=reward,
            termination=Termination(config.distance_m),
        )
        self.sampler = StartSampler(clips, reference.length, config.hard_share)
        law = self.task.law
        if config.activation is None:
            self._tracking = law if isinstance(law, TrackingControl) else TrackingControl(body, reference)
        self.broken = 0
        self.lengths: list[int] = []
        self.rng, self._config = rng, config
        self._broken_folder = broken_folder
        self._all = np.arange(config.environments)
        self._start = np.zeros(config.environments, np.int64)

    @property
    def observation_size(self) -> int:
        """N."""
        return self.task.observation_size

    @property
    def action_size(self) -> int:
        """A."""
        return self.task.action_size

    def restart(self) -> None:
        """Begin a new episode in every row, without counting the present ones."""
        self._begin(self._all)

    def observe(self) -> Tensor:
        """(E, N) present observations."""
        return torch.from_numpy(self.task.observe(self._all))

    def step(self, action: Tensor) -> Transition:
        """One control step with actions (E, A), clipped to [-1, 1]; rows that end begin anew."""
        applied = action.clamp(-1, 1).numpy().astype(np.float64)
        before = self.task.state(self._all)
        outcome = self.task.step(self._all, applied)
        assert outcome.reward is not None
        reward, failed = outcome.reward, outcome.too_far
        if outcome.broken:
            broken = np.isin(self._all, list(outcome.broken))
            reward, failed = np.where(broken, 0.0, reward), failed | broken
            self._keep_broken(outcome.broken, before, applied)
            self.broken += len(outcome.broken)
        cut_off = outcome.finished & ~failed
        final = self.task.observe(np.flatnonzero(cut_off))
        ended = np.flatnonzero(failed | cut_off)
        if len(ended):
            clip, start, end = self.task.clip[ended], self._start[ended], self.task.frame[ended]
            self.sampler.count(clip, start, end, failed[ended])
            self.lengths += (end - start).tolist()
            self._begin(ended)
        return Transition(
            torch.from_numpy(reward.astype(np.float32)),
            torch.from_numpy(failed),
            torch.from_numpy(cut_off),
            torch.from_numpy(final),
        )

    def state(self) -> dict[str, Any]:
        """For a checkpoint: what is known of the clips, but no episodes under way."""
        return {
            "passed": self.sampler.passed.tolist(),
            "failed": self.sampler.failed.tolist(),
            "broken": self.broken,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what ``state`` gave."""
        self.sampler.passed, self.sampler.failed = np.array(state["passed"]), np.array(state["failed"])
        self.broken = state["broken"]

    def _keep_broken(
        self, broken: dict[int, str], before: tuple[np.ndarray, ...], action: np.ndarray
    ) -> None:
        """Write the states in which a step broke the physics, for whoever looks for the cause."""
        if self._broken_folder is None:
            return
        for row, reason in broken.items():
            clip, frame = int(self.task.clip[row]), int(self.task.frame[row]) - 1
            name = f"{self.task.reference.keys[clip].replace('/', '_')}-{frame}.npz"
            if len(list(self._broken_folder.glob("*.npz"))) >= KEPT_BROKEN:
                return
            arrays = dict(zip(("qpos", "qvel", "activation"), (part[row] for part in before), strict=True))
            with whole_file(self._broken_folder / name) as temporary, temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, action=action[row], reason=np.array(reason), **arrays)

    def _begin(self, rows: np.ndarray) -> None:
        clip, frame = self.sampler.draw(len(rows), self.rng)
        self._start[rows] = frame
        push = self.rng.normal(0, self._config.push_m_s, (len(rows), 3))
        self.task.start(rows, clip, frame, activation=self._activation(clip, frame), push_m_s=push)

    def _activation(self, clip: np.ndarray, frame: np.ndarray) -> np.ndarray:
        if self._config.activation is None:
            most = self._tracking.feed_forward(self.task.reference.offset[clip] + frame)
            return self.rng.random((len(clip), 1)) * most
        return np.full((len(clip), self.task.body.model.nu), self._config.activation)
