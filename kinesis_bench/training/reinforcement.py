"""A stage of reinforcement learning: step the environments, update, look how good it is, keep checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from operator import index
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
from kinesis_bench.training.distributed import (
    copy_from_first,
    gather_json,
    processes,
    rank,
    sum_over_processes,
    wait_for_all,
)
from kinesis_bench.training.environment import Environment
from kinesis_bench.training.log import Progress
from kinesis_bench.training.networks import ActorLike, Critic
from kinesis_bench.training.ppo import PPO, UpdateReport
from kinesis_bench.training.storage import Storage
from kinesis_bench.training.trial import Trial, TrialsLike

BEST = "best"
"""Name of the checkpoint with the best evaluation."""

LOST = "lost-update"
"""Name of the checkpoint from before an update that was undone, with its samples."""

SAMPLES = ("observation", "sample", "log_prob", "reward", "value")
"""What of the samples is kept there."""

MOST_BROKEN = 0.01
"""Share of an update's control steps that may end in broken physics."""

MOST_LOST = 3
"""Updates in a row that may end in weights that are not finite."""


class Reinforcement:
    """One actor on one set of clips.

    Args:
        stage: its name, for progress and errors.
        folder: of its checkpoints.
        actor, critic: what is trained.
        environment, trials: where it acts and how it is judged.
        ppo, episodes, config: hyperparameters.
        seed: of starts, noise and the samples' order. The random streams begin anew with every checkpoint, by
            this seed, the process and the update, so that none needs to be kept.
        begun: told after how many updates the stage begins, or goes on.
        progress: told after every update.
    """

    def __init__(
        self,
        stage: str,
        folder: Path,
        actor: ActorLike,
        critic: Critic,
        environment: Environment,
        trials: TrialsLike,
        *,
        ppo: PPOConfig,
        episodes: EpisodeConfig,
        config: StageConfig,
        seed: int,
        begun: Callable[[int], None] = lambda _: None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        assert isinstance(actor, nn.Module)
        self.stage, self.folder, self.actor, self.critic = stage, folder, actor, critic
        self.environment, self.trials, self.config, self.ppo_config = environment, trials, config, ppo
        for module in (actor, critic):
            copy_from_first(module.state_dict().values())
        self._begun, self._progress = begun, progress
        device = next(actor.parameters()).device
        self._noise, self._order = torch.Generator(device), torch.Generator(device)
        self._seed = seed
        with torch.no_grad():
            size = environment.observation_size
            sample = actor.distribution(torch.zeros(1, size, device=device)).sample(self._noise).shape[1]
        self.storage = Storage(episodes.steps, episodes.environments, size, sample, str(device))
        self.ppo = PPO(actor, critic, self.storage, ppo, self._order)
        self.updates = self.steps = self.lost = 0
        self.best = -math.inf
        self.history: list[float] = []

    def run(self) -> None:
        """Go on from the last checkpoint, or begin; return when the stage's end is reached."""
        found = checkpoints(self.folder)
        if found:
            self.load(found[-1])
        self._begun(self.updates)
        self._begin_episodes()
        if not found:
            self._learn_normalisers(self.environment.observe())
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
                self._begin_episodes()
        if self.best == -math.inf:
            self._evaluate()
        self.save()

    @property
    def finished(self) -> bool:
        """By the number of steps, or by the plateau of the evaluated success, once there is any."""
        if self.steps >= self.config.max_steps:
            return True
        recent = self.config.plateau_evaluations
        before = max(self.history[:-recent], default=0.0)
        return before > 0 and max(self.history[-recent:]) < before + self.config.plateau_rise

    def save(self) -> None:
        """Write a checkpoint, which ``run`` goes on from."""
        self._write(f"checkpoint-{self.updates:06d}")
        if rank() == 0:
            remove_old(self.folder)

    def load(self, folder: Path) -> None:
        """Put everything back to where a checkpoint was written.

        Raises:
            InputError: the checkpoint is damaged or another network's.
        """
        tensors, state = read_checkpoint(folder)
        self._put_back(tensors, folder)
        try:
            self.updates, self.steps, self.lost = (
                index(state[name]) for name in ("updates", "steps", "lost")
            )
            self.best, self.history = float(state["best"]), [float(value) for value in state["history"]]
            if len(state["environment"]) != processes():
                written = f"was written by {len(state['environment'])} processes, not by {processes()}"
                raise InputError(folder, written, "resume with as many")
            self.environment.load_state(state["environment"][rank()])
            if self.ppo_config.target_kl is not None:
                self.ppo.learning_rate = state["learning_rate"]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(folder, f"is a damaged checkpoint ({error!r})", "remove it") from error
        if not (self.folder / BEST).exists():
            self.best = -math.inf

    def _put_back(self, tensors: dict[str, Tensor], where: object) -> None:
        load_module("actor", self.actor, tensors, where)
        load_module("critic", self.critic, tensors, where)
        load_optimiser("actor_optimiser", self.ppo.actor_optimiser, tensors)
        load_optimiser("critic_optimiser", self.ppo.critic_optimiser, tensors)

    def _begin_episodes(self) -> None:
        """New episodes and random streams, which depend on nothing but seed, process and update."""
        streams = np.random.SeedSequence((self._seed, self.updates, rank())).generate_state(2)
        self.environment.rng = np.random.default_rng(streams)
        self._noise.manual_seed(int(streams[0]))
        self._order.manual_seed(int(streams[1]))
        self.environment.restart()

    def _write(self, name: str, more: dict[str, Tensor] | None = None) -> None:
        """A checkpoint with what all processes know."""
        tensors, state = self._tensors() | (more or {}), self._state()
        if rank() == 0:
            write_checkpoint(self.folder / name, tensors, state)
        wait_for_all()

    def _tensors(self) -> dict[str, Tensor]:
        return {
            **module_tensors("actor", self.actor),
            **module_tensors("critic", self.critic),
            **optimiser_tensors("actor_optimiser", self.ppo.actor_optimiser),
            **optimiser_tensors("critic_optimiser", self.ppo.critic_optimiser),
        }

    def _state(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "updates": self.updates,
            "steps": self.steps,
            "best": self.best,
            "history": self.history,
            "lost": self.lost,
            "learning_rate": self.ppo.learning_rate,
            "environment": gather_json(self.environment.state()),
        }

    @torch.no_grad()
    def _collect(self) -> dict[str, float]:
        """Fill the storage; figures of the episodes that ended."""
        environment, storage, discount = self.environment, self.storage, self.ppo_config.discount
        environment.lengths.clear()
        broken_before = environment.broken
        rewards = torch.zeros((), device=storage.reward.device)
        while not storage.full:
            observation = environment.observe()
            distribution = self.actor.distribution(observation)
            sample = distribution.sample(self._noise)
            transition = environment.step(self.actor.to_action(observation, sample))
            rewards += transition.reward.mean()
            reward = transition.reward.clone()
            if len(transition.final_observation):
                reward[transition.cut_off] += discount * self._value(transition.final_observation)
            storage.add(
                observation,
                sample,
                distribution.log_prob(sample),
                self._value(observation),
                reward,
                transition.failed | transition.cut_off,
            )
        self.steps += storage.reward.numel() * processes()
        lengths, newly = environment.lengths, environment.broken - broken_before
        own = torch.tensor([float(rewards), sum(lengths), len(lengths), environment.broken, newly])
        reward, steps, ended, broken, newly = sum_over_processes(own.double()).tolist()
        self._refuse_if_broken(int(newly))
        return {
            "reward": reward / len(storage.reward) / processes(),
            "episode_steps": steps / ended if ended else math.nan,
            "broken": broken,
        }

    def _value(self, observation: Tensor) -> Tensor:
        """The critic's values, as far as there can be such.

        Its own values are what it learns from at every cut, and so it can run away from anything: on seven
        clips it came to -980, and the policy was lost.
        """
        least, most = (bound / (1 - self.ppo_config.discount) for bound in self.environment.reward_range)
        return self.critic(observation).clamp(least, most)

    def _update(self) -> UpdateReport:
        """Improve the policy; an update that ends in weights that are not finite is undone."""
        with torch.no_grad():
            last_value = self._value(self.environment.observe())
        seen = self.storage.observation.flatten(0, 1)
        before = {name: tensor.clone() for name, tensor in self._tensors().items()}
        rate = self.ppo.learning_rate
        report = self.ppo.update(last_value, critic_only=self._critic_only)
        if all(torch.isfinite(tensor).all() for tensor in self._tensors().values()):
            self.lost = 0
            self._learn_normalisers(seen)
        else:
            self._lose_update(before, rate)
        return report

    def _lose_update(self, before: dict[str, Tensor], rate: float) -> None:
        self.lost += 1
        self._write(LOST, before | {name: getattr(self.storage, name) for name in SAMPLES})
        if self.lost >= MOST_LOST:
            raise InputError(
                f"{self.folder}: update {self.updates}",
                f"{self.lost} updates in a row ended in weights that are not finite; the last one's samples "
                f"are in {LOST}",
                "resume with a lower --ppo.learning-rate or --ppo.target-kl",
            )
        self._put_back(before, self.folder)
        self.ppo.learning_rate = rate

    def _refuse_if_broken(self, broken: int) -> None:
        steps = self.storage.reward.numel() * processes()
        if broken > MOST_BROKEN * steps:
            raise InputError(
                f"{self.folder}: update {self.updates}",
                f"the physics broke in {broken} of {steps} control steps",
                "look at the states in the run's folder broken, and resume with less noise or smaller pushes",
            )

    @property
    def _critic_only(self) -> bool:
        return self.updates < self.config.critic_only_updates

    def _learn_normalisers(self, observation: Tensor) -> None:
        """A policy that is to stay as it is keeps its statistics too."""
        for module in (self.critic,) if self._critic_only else (self.actor, self.critic):
            normaliser = getattr(module, "normaliser", None)
            if normaliser is not None:
                normaliser.learn(observation)

    def _evaluate(self) -> Trial:
        trial = self.trials.run(self.actor)
        own = torch.tensor([trial.success, trial.merit], dtype=torch.float64)
        success, merit = (sum_over_processes(own) / processes()).tolist()  # so that no process leaves alone
        self.history.append(success)
        if merit > self.best:
            self.best = merit
            self._write(BEST)
        return trial
