"""What happened between two updates, and what it says about the actions taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """n samples of an update.

    Attributes:
        observation: (n, N).
        sample: (n, A) what was sampled.
        log_prob: (n,) of it, when it was sampled.
        advantage, value_target: (n,).
    """

    observation: Tensor
    sample: Tensor
    log_prob: Tensor
    advantage: Tensor
    value_target: Tensor

    def __len__(self) -> int:
        return len(self.advantage)


class Storage:
    """T steps of E environments.

    Args:
        steps, environments: T, E.
        observations: N.
        samples: A, the size of what is sampled.
        device: of the tensors.
    """

    def __init__(
        self, steps: int, environments: int, observations: int, samples: int, device: str = "cpu"
    ) -> None:
        shape = (steps, environments)
        self.observation = torch.zeros(*shape, observations, device=device)
        self.sample = torch.zeros(*shape, samples, device=device)
        self.log_prob, self.value, self.reward = (torch.zeros(shape, device=device) for _ in range(3))
        self.ended = torch.zeros(shape, dtype=torch.bool, device=device)
        self._filled = 0

    @property
    def full(self) -> bool:
        """Whether T steps have been added."""
        return self._filled == len(self.reward)

    def add(
        self,
        observation: Tensor,
        sample: Tensor,
        log_prob: Tensor,
        value: Tensor,
        reward: Tensor,
        ended: Tensor,
    ) -> None:
        """One step of all environments, (E, …) each.

        Where an episode was only cut off, ``reward`` holds γ times the value of the state it was cut off in
        besides the reward itself: then nothing follows that end either, and its return is right.
        """
        t = self._filled
        self.observation[t], self.sample[t], self.log_prob[t] = observation, sample, log_prob
        self.value[t], self.reward[t], self.ended[t] = value, reward, ended
        self._filled += 1

    def clear(self) -> None:
        """Begin anew."""
        self._filled = 0

    def batch(self, last_value: Tensor, discount: float, gae_lambda: float) -> Batch:
        """All samples with their advantages.

        Args:
            last_value: (E,) of the states after the last step.
            discount, gae_lambda: γ, λ.
        """
        advantage = generalised_advantage(
            self.reward, self.value, self.ended, last_value, discount, gae_lambda
        )
        target = advantage + self.value
        flat = (self.observation, self.sample, self.log_prob, advantage, target)
        return Batch(*(values.flatten(0, 1) for values in flat))


def generalised_advantage(
    reward: Tensor, value: Tensor, ended: Tensor, last_value: Tensor, discount: float, gae_lambda: float
) -> Tensor:
    """A_t = Σ (γλ)^k δ_{t+k}, δ_t = r_t + γ V_{t+1} - V_t, sums and V stopping where an episode ended.

    Schulman et al. 2016, "High-dimensional continuous control using generalized advantage estimation".

    Args:
        reward, value, ended: (T, E).
        last_value: (E,).
        discount, gae_lambda: γ, λ.

    Returns:
        (T, E).
    """
    advantage = torch.zeros_like(reward)
    following, next_value = torch.zeros_like(last_value), last_value
    for t in reversed(range(len(reward))):
        goes_on = (~ended[t]).to(reward.dtype)
        surprise = reward[t] + discount * goes_on * next_value - value[t]
        following = surprise + discount * gae_lambda * goes_on * following
        advantage[t], next_value = following, value[t]
    return advantage


def minibatches(batch: Batch, size: int, generator: torch.Generator) -> Iterator[Batch]:
    """All samples once, in random order and even parts of about ``size`` (at least one part)."""
    parts = max(1, round(len(batch) / size))
    order = torch.randperm(len(batch), generator=generator, device=generator.device)
    for chosen in order.to(batch.advantage.device).tensor_split(parts):
        yield Batch(*(getattr(batch, name)[chosen] for name in Batch.__dataclass_fields__))
