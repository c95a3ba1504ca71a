"""The imitation task as the trainer sees it: tensors in and out, episodes that begin again by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinesis_bench.bodies.contract import Body
from kinesis_bench.files import whole_file
from kinesis_bench.physics.engines import MakeEngine, cpu_engine
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
        make_engine: of ``physics.engines``.
        needs: what the task's ``view`` will be asked for.
        broken_folder: takes the states before which physics broke, the first few.

    Attributes:
        task: the rows.
        rng: of the starts; another may be put here.
        sampler: of the starts.
        largest_reward: of a step; the least is zero.
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
        make_engine: MakeEngine = cpu_engine,
        needs: Iterable[str] = (),
        broken_folder: Path | None = None,
    ) -> None:
        self.task = Imitation(
            body,
            reference,
            config.environments,
            control=control,
            threads=threads,
            make_engine=make_engine,
            needs=needs,
            reward=reward,
            termination=Termination(config.distance_m),
        )
        self.sampler = StartSampler(clips, reference.length, config.hard_share)
        law = self.task.law
        if config.activation is None:
            self._tracking = law if isinstance(law, TrackingControl) else TrackingControl(body, reference)
        self.largest_reward = reward.largest
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
        return torch.as_tensor(self.task.observe(self._all))

    def step(self, action: Tensor) -> Transition:
        """One control step with actions (E, A), clipped to [-1, 1]; rows that end begin anew."""
        before, applied = self.task.state(self._all), action.clamp(-1, 1)
        outcome = self.task.step(self._all, applied)
        assert outcome.reward is not None
        reward = torch.as_tensor(outcome.reward).float()
        failed, finished = torch.as_tensor(outcome.failed), torch.as_tensor(outcome.finished)
        if outcome.broken:
            rows = torch.tensor(sorted(outcome.broken), device=failed.device)
            reward[rows], failed[rows] = 0.0, True
            self._keep_broken(outcome.broken, (*before, applied))
            self.broken += len(outcome.broken)
        cut_off = finished & ~failed
        final = torch.as_tensor(self.task.observe(np.flatnonzero(cut_off.cpu())))
        ended = np.flatnonzero((failed | cut_off).cpu())
        if len(ended):
            clip, end = (
                np.asarray(torch.as_tensor(part)[ended].cpu()) for part in (self.task.clip, self.task.frame)
            )
            start = self._start[ended]
            self.sampler.count(clip, start, end, np.asarray(failed.cpu())[ended])
            self.lengths += (end - start).tolist()
            self._begin(ended)
        return Transition(reward, failed, cut_off, final)

    def state(self) -> dict[str, Any]:
        """For a checkpoint: what is known of the clips, but no episodes under way."""
        return {
            "failing": self.sampler.failing.tolist(),
            "broken": self.broken,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what ``state`` gave."""
        self.sampler.failing = np.array(state["failing"])
        self.broken = state["broken"]

    def _keep_broken(self, broken: dict[int, str], before: Sequence[Any]) -> None:
        """Write the states in which a step broke the physics, for whoever looks for the cause."""
        if self._broken_folder is None:
            return
        for row, reason in broken.items():
            if len(list(self._broken_folder.glob("*.npz"))) >= KEPT_BROKEN:
                return
            clip, frame = int(self.task.clip[row]), int(self.task.frame[row]) - 1
            name = f"{self.task.reference.keys[clip].replace('/', '_')}-{frame}.npz"
            names = ("qpos", "qvel", "activation", "action")
            arrays = {key: np.asarray(part[row].tolist()) for key, part in zip(names, before, strict=True)}
            with whole_file(self._broken_folder / name) as temporary, temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, reason=np.array(reason), **arrays)

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
