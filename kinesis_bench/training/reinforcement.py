"""A stage of reinforcement learning: step the environments, update, look how good it is, keep checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kinesis_bench.errors import InputError
from kinesis_bench.training.checkpoint import (
    checkpoints,
    load_module,
    load_optimiser,
    module_tensors,
    optimiser_tensors,
    read_checkpoint,
    remove_old,
    write_checkpoint,
)
from kinesis_bench.training.config import EpisodeConfig, PPOConfig, StageConfig
from kinesis_bench.training.distributed import processes, rank
from kinesis_bench.training.environment import Environment
from kinesis_bench.training.networks import ActorLike, Critic
from kinesis_bench.training.ppo import PPO
from kinesis_bench.training.storage import Storage
from kinesis_bench.training.symmetry import Mirror
from kinesis_bench.training.trial import Trial, Trials

BEST = "best"
"""Name of the checkpoint with the best evaluation."""


@dataclass(frozen=True)
class Progress:
    """What is told after every update; ``trial`` only where one was run."""

    stage: str
    update: int
    steps: int
    steps_per_s: float
    figures: dict[str, float]
    trial: Trial | None


class Reinforcement:
    """One actor on one set of clips.

    Args:
        stage: its name, for progress and errors.
        folder: of its checkpoints.
        actor, critic: what is trained.
        environment, trials: where it acts and how it is judged.
        ppo, episodes, config: hyperparameters.
        seed: of the noise and of the samples' order; each process has its own.
        mirror: of a symmetric body, by which every sample is used twice; None: once.
        progress: told after every update.
    """

    def __init__(
        self,
        stage: str,
        folder: Path,
        actor: ActorLike,
        critic: Critic,
        environment: Environment,
        trials: Trials,
        *,
        ppo: PPOConfig,
        episodes: EpisodeConfig,
        config: StageConfig,
        seed: int,
        mirror: Mirror | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        assert isinstance(actor, nn.Module)
        self.stage, self.folder, self.actor, self.critic = stage, folder, actor, critic
        self.environment, self.trials, self.config, self.ppo_config = environment, trials, config, ppo
        self._progress = progress
        self._noise, self._order = torch.Generator(), torch.Generator()
        self._noise.manual_seed(seed * 1000 + 2 * rank())
        self._order.manual_seed(seed * 1000 + 1)
        with torch.no_grad():
            first = actor.distribution(torch.zeros(1, environment.observation_size))
            sample = first.sample(torch.Generator().manual_seed(0)).shape[1]
        self.storage = Storage(episodes.steps, episodes.environments, environment.observation_size, sample)
        self.ppo = PPO(actor, critic, self.storage, ppo, self._order, mirror)
        self.updates = self.steps = 0
        self.best = -math.inf
        self.history: list[float] = []

    def run(self) -> None:
        """Go on from the last checkpoint, or begin; return when the stage's end is reached."""
        found = checkpoints(self.folder)
        if found:
            self.load(found[-1])
        else:
            self._learn_normalisers_first()
        self.environment.restart()
        while not self.finished:
            began, before = time.perf_counter(), self.steps
            figures = self._collect()
            figures |= vars(self._update())
            self.updates += 1
            trial = self._evaluate() if self.updates % self.config.evaluate_every == 0 else None
            rate = (self.steps - before) / (time.perf_counter() - began)
            self._progress(Progress(self.stage, self.updates, self.steps, rate, figures, trial))
            if self.updates % self.config.checkpoint_every == 0:
                self.save()
                self.environment.restart()
        self.save()

    @property
    def finished(self) -> bool:
        """By the number of steps, or by the plateau of the evaluated success."""
        if self.steps >= self.config.max_steps:
            return True
        recent = self.config.plateau_evaluations
        if len(self.history) <= recent:
            return False
        return max(self.history[-recent:]) < max(self.history[:-recent]) + self.config.plateau_rise

    def save(self) -> None:
        """Write a checkpoint, which ``run`` goes on from."""
        if rank() == 0:
            write_checkpoint(self.folder / f"checkpoint-{self.updates:06d}", self._tensors(), self._state())
            remove_old(self.folder)

    def load(self, folder: Path) -> None:
        """Put everything back to where a checkpoint was written.

        Raises:
            InputError: the checkpoint is damaged or another network's.
        """
        tensors, state = read_checkpoint(folder)
        load_module("actor", self.actor, tensors, folder)
        load_module("critic", self.critic, tensors, folder)
        load_optimiser("actor_optimiser", self.ppo.actor_optimiser, tensors)
        load_optimiser("critic_optimiser", self.ppo.critic_optimiser, tensors)
        self._noise.set_state(tensors["noise"])
        self._order.set_state(tensors["order"])
        self.updates, self.steps, self.best = state["updates"], state["steps"], state["best"]
        self.history = state["history"]
        self.ppo.learning_rate = state["learning_rate"]
        self.environment.load_state(state["environment"])

    def _tensors(self) -> dict[str, Tensor]:
        return {
            **module_tensors("actor", self.actor),
            **module_tensors("critic", self.critic),
            **optimiser_tensors("actor_optimiser", self.ppo.actor_optimiser),
            **optimiser_tensors("critic_optimiser", self.ppo.critic_optimiser),
            "noise": self._noise.get_state(),
            "order": self._order.get_state(),
        }

    def _state(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "updates": self.updates,
            "steps": self.steps,
            "best": self.best,
            "history": self.history,
            "learning_rate": self.ppo.learning_rate,
            "environment": self.environment.state(),
        }

    @torch.no_grad()
    def _collect(self) -> dict[str, float]:
        """Fill the storage; figures of the episodes that ended."""
        environment, storage, discount = self.environment, self.storage, self.ppo_config.discount
        environment.lengths.clear()
        rewards = torch.zeros(())
        while not storage.full:
            observation = environment.observe()
            distribution = self.actor.distribution(observation)
            sample = distribution.sample(self._noise)
            transition = environment.step(self.actor.to_action(observation, sample))
            rewards += transition.reward.mean()
            reward = transition.reward.clone()
            if len(transition.final_observation):
                reward[transition.cut_off] += discount * self.critic(transition.final_observation)
            storage.add(
                observation,
                sample,
                distribution.log_prob(sample),
                self.critic(observation),
                reward,
                transition.failed | transition.cut_off,
            )
        self.steps += storage.reward.numel() * processes()
        lengths = environment.lengths
        return {
            "reward": float(rewards) / len(storage.reward),
            "episode_steps": float(np.mean(lengths)) if lengths else math.nan,
            "broken": float(environment.broken),
        }

    def _update(self) -> Any:
        with torch.no_grad():
            last_value = self.critic(self.environment.observe())
        seen = self.storage.observation.flatten(0, 1)
        report = self.ppo.update(last_value, critic_only=self.updates < self.ppo_config.critic_only_updates)
        if not all(torch.isfinite(p).all() for p in self.actor.parameters()):
            raise InputError(
                f"{self.folder}: update {self.updates}",
                "the policy's weights are no longer finite",
                "resume with a lower learning rate; the last checkpoint is from before",
            )
        self._learn_normalisers(seen)
        return report

    def _learn_normalisers_first(self) -> None:
        """Statistics from a first look at the clips, so that the first actions mean something."""
        self.environment.restart()
        self._learn_normalisers(self.environment.observe())

    def _learn_normalisers(self, observation: Tensor) -> None:
        for module in (self.actor, self.critic):
            normaliser = getattr(module, "normaliser", None)
            if normaliser is not None:
                normaliser.learn(observation)

    def _evaluate(self) -> Trial:
        trial = self.trials.run(self.actor)
        self.history.append(trial.success)
        merit = trial.success + trial.strict_coverage - trial.mpjpe_mm / 1000
        if merit > self.best:
            self.best = merit
            if rank() == 0:
                write_checkpoint(self.folder / BEST, self._tensors(), self._state())
        return trial
