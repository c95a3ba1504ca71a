"""A task as the trainer sees it: tensors in and out, episodes that begin again by themselves."""

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
from kinesis_bench.tasks.trials import TrialTask
from kinesis_bench.training.config import Control, EpisodeConfig
from kinesis_bench.training.mining import StartSampler
from kinesis_bench.training.tiring import Tiring

KEPT_BROKEN = 20
"""States of broken physics that a run keeps."""

GOOD_SHARE = 0.2
"""Reward of a good step of trials, in parts of the most: the most is had at the goal alone."""


@dataclass(frozen=True)
class Transition:
    """What a step led to, for E rows.

    Attributes:
        reward: (E,).
        failed: (E,) bool, nothing follows: too far from the reference, a fall, broken physics, or a decided
            trial.
        cut_off: (E,) bool, the clip ended, or the trial's time.
        final_observation: (k, N) of the k rows that were cut off, in their last state.
    """

    reward: Tensor
    failed: Tensor
    cut_off: Tensor
    final_observation: Tensor


class Environment:
    """E rows of a task that start anew where they end; each kind of task begins episodes its own way.

    Args:
        task: the rows.
        rng: of the starts.
        reward_range: least and most reward of a step.
        reward_scale: reward of a good step, of whose order values are beside 1 / (1 - γ).
        tiring: how the task's muscles tire; None where they do not.
        broken_folder: takes the states before which physics broke, the first few.

    Attributes:
        task: as given.
        rng: of the starts; another may be put here.
        reward_range, reward_scale: as given.
        broken: how many episodes ended by broken physics.
        lengths: control steps of the episodes that ended since this was last emptied.
    """

    def __init__(
        self,
        task: Any,
        *,
        rng: np.random.Generator,
        reward_range: tuple[float, float],
        reward_scale: float,
        tiring: Tiring | None,
        broken_folder: Path | None,
    ) -> None:
        self.task, self.rng = task, rng
        self.reward_range, self.reward_scale = reward_range, reward_scale
        self.broken = 0
        self.lengths: list[int] = []
        self._tiring, self._broken_folder = tiring, broken_folder
        self._all = np.arange(task.size)

    @property
    def observation_size(self) -> int:
        """N."""
        size: int = self.task.observation_size
        return size

    @property
    def action_size(self) -> int:
        """A."""
        size: int = self.task.action_size
        return size

    def restart(self) -> None:
        """Begin a new episode in every row, without counting the present ones."""
        self._begin_anew(self._all)

    def observe(self) -> Tensor:
        """(E, N) present observations."""
        return torch.as_tensor(self.task.observe(self._all))

    def step(self, action: Tensor) -> Transition:
        """One control step with actions (E, A), clipped to [-1, 1]; rows that end begin anew."""
        before, applied = self.task.state(self._all), action.clamp(-1, 1)
        outcome = self.task.step(self._all, applied)
        assert outcome.reward is not None
        reward = torch.as_tensor(outcome.reward).float()
        failed, finished = torch.as_tensor(outcome.terminated), torch.as_tensor(outcome.finished)
        if outcome.broken:
            rows = torch.tensor(sorted(outcome.broken), device=failed.device)
            reward[rows], failed[rows] = 0.0, True
            self._keep_broken(outcome.broken, (*before, applied))
            self.broken += len(outcome.broken)
        cut_off = finished & ~failed
        final = torch.as_tensor(self.task.observe(np.flatnonzero(cut_off.cpu())))
        ended = np.flatnonzero((failed | cut_off).cpu())
        if len(ended):
            self.lengths += self._count(ended, np.asarray(failed.cpu())[ended])
            self._begin_anew(ended)
        return Transition(reward, failed, cut_off, final)

    def state(self) -> dict[str, Any]:
        """For a checkpoint: what is known of the task, but no episodes under way."""
        return {"broken": self.broken}

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what ``state`` gave."""
        self.broken = state["broken"]

    def _begin_anew(self, rows: np.ndarray) -> None:
        """Begin episodes in rows, muscles as fatigued as they are drawn."""
        self._begin(rows)
        if self._tiring is not None:
            self.task.tire(rows, self._tiring.draw(self.rng, len(rows)))

    def _begin(self, rows: np.ndarray) -> None:
        """Begin episodes in rows, muscles fresh."""
        raise NotImplementedError

    def _count(self, rows: np.ndarray, failed: np.ndarray) -> list[int]:
        """Take note of the episodes that end in rows; how many control steps each had."""
        raise NotImplementedError

    def _name(self, row: int) -> str:
        """What a row was doing before its last step, as part of a file's name."""
        raise NotImplementedError

    def _keep_broken(self, broken: dict[int, str], before: Sequence[Any]) -> None:
        """Write the states in which a step broke the physics, for whoever looks for the cause."""
        if self._broken_folder is None:
            return
        for row, reason in broken.items():
            if len(list(self._broken_folder.glob("*.npz"))) >= KEPT_BROKEN:
                return
            names = ("qpos", "qvel", "activation", "action")
            arrays = {key: np.asarray(part[row].tolist()) for key, part in zip(names, before, strict=True)}
            path = self._broken_folder / f"{self._name(row).replace('/', '_')}.npz"
            with whole_file(path) as temporary, temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, reason=np.array(reason), **arrays)


class ClipEnvironment(Environment):
    """Rows of the imitation task.

    Args:
        body, reference: what follows which clips.
        clips: (n,) those that are drawn.
        control: law of the actions.
        config: of the episodes.
        reward: weights and rates.
        rng: of the starts.
        make_task: what the rows are of; how they see the clips is its own.
        threads: for physics; 0 for all cores.
        make_engine: of ``physics.engines``.
        needs: what the task's ``view`` will be asked for.
        tiring: how muscles tire; None where they do not.
        broken_folder: takes the states before which physics broke, the first few.

    Attributes:
        sampler: of the starts.
    """

    task: Imitation

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
        make_task: type[Imitation] = Imitation,
        threads: int = 0,
        make_engine: MakeEngine = cpu_engine,
        needs: Iterable[str] = (),
        tiring: Tiring | None = None,
        broken_folder: Path | None = None,
    ) -> None:
        task = make_task(
            body,
            reference,
            config.environments,
            control=control,
            threads=threads,
            make_engine=make_engine,
            needs=needs,
            reward=reward,
            termination=Termination(config.distance_m),
            fatigue=tiring.mode if tiring else None,
        )
        super().__init__(
            task,
            rng=rng,
            reward_range=(0.0, reward.largest),
            reward_scale=1.0,
            tiring=tiring,
            broken_folder=broken_folder,
        )
        self.sampler = StartSampler(clips, reference.length, config.hard_share)
        law = self.task.law
        if config.activation is None:
            self._tracking = law if isinstance(law, TrackingControl) else TrackingControl(body, reference)
        self._config = config
        self._start = np.zeros(config.environments, np.int64)

    def observe_clips(self) -> Tensor:
        """(E, N) present observations of somebody who sees the clips, whatever the rows see."""
        return torch.as_tensor(Imitation.observe(self.task, self._all))

    def state(self) -> dict[str, Any]:
        """For a checkpoint: what is known of the clips, but no episodes under way."""
        return {"failing": self.sampler.failing.tolist(), **super().state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what ``state`` gave.

        Raises:
            ValueError: it is not about these clips.
        """
        failing = np.array(state["failing"], dtype=float)
        if failing.shape != self.sampler.failing.shape:
            raise ValueError(f"failing has {failing.size} bins, these clips have {self.sampler.failing.size}")
        self.sampler.failing = failing
        super().load_state(state)

    def _begin(self, rows: np.ndarray) -> None:
        clip, frame = self.sampler.draw(len(rows), self.rng)
        whole = np.zeros(len(rows), bool)
        if self._config.whole_share:
            whole = self.rng.random(len(rows)) < self._config.whole_share
        frame[whole] = 0
        activation = self._activation(clip, frame)
        activation[whole] = 0.0
        self._start[rows] = frame
        push = self.rng.normal(0, self._config.push_m_s, (len(rows), 3))
        self.task.start(rows, clip, frame, activation=activation, push_m_s=push)

    def _count(self, rows: np.ndarray, failed: np.ndarray) -> list[int]:
        clip, end = (
            np.asarray(torch.as_tensor(part)[rows].cpu()) for part in (self.task.clip, self.task.frame)
        )
        start = self._start[rows]
        self.sampler.count(clip, start, end, failed)
        lengths: list[int] = (end - start).tolist()
        return lengths

    def _name(self, row: int) -> str:
        clip, frame = int(self.task.clip[row]), int(self.task.frame[row]) - 1
        return f"{self.task.reference.keys[clip]}-{frame}"

    def _activation(self, clip: np.ndarray, frame: np.ndarray) -> np.ndarray:
        if self._config.activation is None:
            most = self._tracking.feed_forward(self.task.reference.offset[clip] + frame)
            return self.rng.random((len(clip), 1)) * most
        return np.full((len(clip), self.task.body.model.nu), self._config.activation)


class TrialEnvironment(Environment):
    """Rows of a task of trials, begun as the task draws them.

    Args:
        task: the rows, with a reward.
        push_m_s: standard deviation of a velocity added to the body at the start, along each axis.
        rng: of the starts.
        tiring: how the task's muscles tire; None where they do not.
        broken_folder: takes the states before which physics broke, the first few.
    """

    def __init__(
        self,
        task: TrialTask,
        *,
        push_m_s: float,
        rng: np.random.Generator,
        tiring: Tiring | None = None,
        broken_folder: Path | None = None,
    ) -> None:
        super().__init__(
            task,
            rng=rng,
            reward_range=task.reward_range,
            reward_scale=GOOD_SHARE * task.reward_range[1],
            tiring=tiring,
            broken_folder=broken_folder,
        )
        self._push_m_s = push_m_s
        self._steps = np.zeros(task.size, np.int64)

    def step(self, action: Tensor) -> Transition:
        """One control step with actions (E, A), clipped to [-1, 1]; rows that end begin anew."""
        self._steps += 1
        return super().step(action)

    def _begin(self, rows: np.ndarray) -> None:
        self._steps[rows] = 0
        trials = [self.task.draw(self.rng) for _ in rows]
        self.task.start(rows, trials, push_m_s=self.rng.normal(0, self._push_m_s, (len(rows), 3)))

    def _count(self, rows: np.ndarray, failed: np.ndarray) -> list[int]:
        lengths: list[int] = self._steps[rows].tolist()
        return lengths

    def _name(self, row: int) -> str:
        return f"trial-of-row-{row}-step-{self._steps[row] - 1}"
