"""Proximal policy optimisation (Schulman et al. 2017), handed its parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kinesis_bench.training.config import PPOConfig
from kinesis_bench.training.distributed import (
    average_gradients,
    moments_over_processes,
    processes,
    sum_over_processes,
)
from kinesis_bench.training.networks import ActorLike
from kinesis_bench.training.storage import Batch, Storage, minibatches

SLOWEST, FASTEST = 1e-6, 1e-3
"""Bounds of an adapted learning rate. Every update begins without divergence, so a rate rises in its first
steps. With 24 steps an update and a bound of 1e-2 (rsl_rl's) two teachers on new bodies were spoilt in their
second update; with 1e-3 one had after 0.43 M steps the reward that took 1.3 M before."""

RATE_STEP = 1.5
"""Factor by which the rate is adapted, where the divergence is off its target by 2 (rsl_rl's rule)."""


@dataclass(frozen=True)
class UpdateReport:
    """What an update did; means over its gradient steps and all processes, 0 of a policy left as it is.

    Attributes:
        value_loss, policy_loss, entropy: of the objective.
        divergence: estimate of KL(old ‖ new), mean of (ratio - 1) - log ratio (Schulman 2020, "k3").
        clipped: share of the samples whose ratio was beyond the clip.
        explained_variance: of the value targets by the values, before the update.
        learning_rate: of the policy, after the update.
    """

    value_loss: float
    policy_loss: float
    entropy: float
    divergence: float
    clipped: float
    explained_variance: float
    learning_rate: float


class PPO:
    """Improves an actor and a critic by what a storage holds.

    Args:
        actor: a module with ``distribution``.
        critic: a module from observations to values (n,), with ``scale``.
        storage: filled by whoever steps the environments.
        config: hyperparameters.
        generator: of the order of the samples.
    """

    def __init__(
        self,
        actor: ActorLike,
        critic: nn.Module,
        storage: Storage,
        config: PPOConfig,
        generator: torch.Generator,
    ) -> None:
        assert isinstance(actor, nn.Module)
        self.actor, self.critic, self.storage, self.config = actor, critic, storage, config
        self._generator = generator
        self._actor_parameters = [p for p in actor.parameters() if p.requires_grad]
        self._critic_parameters = [p for p in critic.parameters() if p.requires_grad]
        self.actor_optimiser = torch.optim.Adam(self._actor_parameters, lr=config.learning_rate)
        self.critic_optimiser = torch.optim.Adam(self._critic_parameters, lr=config.critic_learning_rate)

    @property
    def learning_rate(self) -> float:
        """Of the policy, as adapted."""
        return self.actor_optimiser.param_groups[0]["lr"]

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self.actor_optimiser.param_groups[0]["lr"] = rate

    def update(self, last_value: Tensor, *, critic_only: bool = False) -> UpdateReport:
        """Use up the storage.

        Args:
            last_value: (E,) values of the states after the storage's last step.
            critic_only: leave the policy as it is.
        """
        config = self.config
        batch = self.storage.batch(last_value, config.discount, config.gae_lambda)
        explained = _explained_variance(self.storage.value.flatten(), batch.value_target)
        batch = _with_standard_advantage(batch)
        figures: list[Tensor] = []
        for _ in range(config.epochs):
            for part in minibatches(batch, max(1, config.minibatch // processes()), self._generator):
                value_loss = self.value_loss(part)
                self._step(self.critic_optimiser, self._critic_parameters, value_loss)
                policy = value_loss.new_zeros(4) if critic_only else self._improve_policy(part)
                step = torch.cat((value_loss.detach()[None], policy))
                figures.append(sum_over_processes(step) / processes())
                if not critic_only:
                    self._adapt_rate(float(figures[-1][3]))
        self.storage.clear()
        value_loss, policy_loss, entropy, divergence, clipped = torch.stack(figures).mean(0).tolist()
        rate = self.learning_rate
        return UpdateReport(value_loss, policy_loss, entropy, divergence, clipped, explained, rate)

    def _improve_policy(self, batch: Batch) -> Tensor:
        """One gradient step; (4,) policy loss, entropy, divergence, clipped share."""
        distribution = self.actor.distribution(batch.observation)
        log_ratio = distribution.log_prob(batch.sample) - batch.log_prob
        ratio, entropy = log_ratio.exp(), distribution.entropy().mean()
        loss = clipped_objective(ratio, batch.advantage, self.config.clip)
        objective = loss - self.config.entropy_weight * entropy
        self._step(self.actor_optimiser, self._actor_parameters, objective)
        with torch.no_grad():
            divergence = ((ratio - 1) - log_ratio).mean()
            clipped = ((ratio - 1).abs() > self.config.clip).to(ratio.dtype).mean()
            return torch.stack((loss, entropy, divergence, clipped))

    def value_loss(self, batch: Batch) -> Tensor:
        """Mean squared error of the values, in units of the critic's scale."""
        return ((self.critic(batch.observation) - batch.value_target) / self.critic.scale).square().mean()

    def _step(self, optimiser: torch.optim.Optimizer, parameters: list[nn.Parameter], loss: Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()
        average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, self.config.max_gradient_norm)
        optimiser.step()

    def _adapt_rate(self, divergence: float) -> None:
        target = self.config.target_kl
        if target is None:
            return
        if divergence > 2 * target:
            self.learning_rate = max(SLOWEST, self.learning_rate / RATE_STEP)
        elif 0 < divergence < target / 2:
            self.learning_rate = min(FASTEST, self.learning_rate * RATE_STEP)


def clipped_objective(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """-mean min(r A, clip(r, 1 - ε, 1 + ε) A), to be minimised (Schulman et al. 2017, eq. 7)."""
    return -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()


def _with_standard_advantage(batch: Batch) -> Batch:
    """Advantages with zero mean and unit deviation over the samples of all processes."""
    mean, variance = moments_over_processes(batch.advantage)
    standard = ((batch.advantage - mean) / (variance.sqrt() + 1e-8)).to(batch.advantage.dtype)
    return Batch(batch.observation, batch.sample, batch.log_prob, standard, batch.value_target)


def _explained_variance(value: Tensor, target: Tensor) -> float:
    left, whole = (moments_over_processes(values)[1] for values in (target - value, target))
    return float(1 - left / whole.clamp_min(1e-12))
