"""A gate that chooses, at every control step, which of several frozen policies acts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kinesis_bench.training.config import NetworkConfig
from kinesis_bench.training.networks import Actor, hidden_layers
from kinesis_bench.training.normaliser import Normaliser


class Categorical:
    """One of E choices for each of n rows; a sample is its index, as a float.

    Args:
        logits: (n, E).
    """

    def __init__(self, logits: Tensor) -> None:
        self.log_probability = logits.log_softmax(-1)

    def sample(self, generator: torch.Generator) -> Tensor:
        """(n, 1) one index a row."""
        probability = self.log_probability.exp()
        return torch.multinomial(probability, 1, generator=generator).to(probability.dtype)

    def log_prob(self, sample: Tensor) -> Tensor:
        """(n,) log-probabilities of samples (n, 1)."""
        return self.log_probability.gather(1, sample.long()).squeeze(1)

    def entropy(self) -> Tensor:
        """(n,) in nats."""
        return -(self.log_probability.exp() * self.log_probability).sum(-1)


class Mixture(nn.Module):
    """Softmax gate over frozen experts (paper): what is sampled is the expert, which then acts without noise.

    The experts never change, neither their weights nor their normalisers' statistics. The gate has a
    normaliser of its own, which learns as any network's does: the gate sees all clips, of which every expert
    after the first has seen only a part. At first all experts are equally likely.

    Args:
        experts: policies of the same observation and action; they are frozen here, in place.
        config: widths of the gate.

    Attributes:
        actions: A.
    """

    def __init__(self, experts: Sequence[Actor], config: NetworkConfig) -> None:
        super().__init__()
        self.experts = nn.ModuleList(experts).requires_grad_(False)
        self.actions = experts[0].head.out_features
        observations = len(experts[0].normaliser.mean)
        self.normaliser = Normaliser(observations, config.clip_observation)
        self.trunk = hidden_layers(observations, config.gate)
        self.head = nn.Linear(config.gate[-1], len(experts))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def logits(self, observation: Tensor) -> Tensor:
        """(n, E) of the experts, for observations (n, N)."""
        return self.head(self.trunk(self.normaliser(observation)))

    def distribution(self, observation: Tensor) -> Categorical:
        """Over the experts."""
        return Categorical(self.logits(observation))

    @torch.no_grad()
    def to_action(self, observation: Tensor, sample: Tensor) -> Tensor:
        """Mean actions (n, A) of the sampled experts (n, 1); each expert sees only the rows that chose it."""
        chosen = sample.squeeze(1).long()
        action = observation.new_zeros(len(observation), self.actions)
        for number in chosen.unique().tolist():
            rows = chosen == number
            action[rows] = self.experts[number].act(observation[rows])
        return action

    def act(self, observation: Tensor) -> Tensor:
        """Mean actions (n, A) of the likeliest experts."""
        return self.to_action(observation, self.logits(observation).argmax(-1, keepdim=True))
