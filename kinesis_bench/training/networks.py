"""Policy and value networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from kinesis_bench.training.config import NetworkConfig
from kinesis_bench.training.exploration import Distribution, Gaussian, Lattice, lattice_factor
from kinesis_bench.training.normaliser import Normaliser
from kinesis_bench.training.symmetry import Mirror


class ActorLike(Protocol):
    """What PPO trains: a plain policy, or a gate over frozen ones."""

    def distribution(self, observation: Tensor) -> Distribution:
        """What is sampled for observations (n, N)."""

    def to_action(self, observation: Tensor, sample: Tensor) -> Tensor:
        """The action (n, A) that a sample stands for."""

    def act(self, observation: Tensor) -> Tensor:
        """The action (n, A) without exploration."""


class Actor(nn.Module):
    """Observation to mean action, with noise to explore.

    With a mirror M it is symmetric by construction: π(o) = (f(o) + M f(M o)) / 2, so that π(M o) = M π(o).

    Args:
        observations: N.
        actions: A.
        config: widths and noise.
        mirror: of a symmetric body; None: no symmetry is taken for granted.
    """

    def __init__(
        self, observations: int, actions: int, config: NetworkConfig, mirror: Mirror | None = None
    ) -> None:
        super().__init__()
        self.mirror = mirror
        self.normaliser = Normaliser(observations, config.clip_observation)
        self.trunk = hidden_layers(observations, config.actor)
        self.head = _linear(config.actor[-1], actions, gain=0.01)
        self.log_action_std = nn.Parameter(
            torch.full((actions,), math.log(config.action_std)), requires_grad=config.learn_std
        )
        self.log_latent_std = (
            nn.Parameter(
                torch.full((config.actor[-1],), math.log(config.latent_std)), requires_grad=config.learn_std
            )
            if config.exploration == "lattice"
            else None
        )
        self._kept: tuple[tuple[Tensor, ...], Tensor] | None = None

    def forward(self, observation: Tensor) -> Tensor:
        """(n, A) mean actions, not yet clipped to [-1, 1]."""
        if self.mirror is None:
            return self._one_sided(observation)
        both = self._one_sided(torch.cat((observation, self.mirror.observation(observation))))
        mean, mirrored = both.chunk(2)
        return (mean + self.mirror.action(mirrored)) / 2

    def _one_sided(self, observation: Tensor) -> Tensor:
        return self.head(self.trunk(self.normaliser(observation)))

    def distribution(self, observation: Tensor) -> Distribution:
        """Actions around their mean."""
        mean = self(observation)
        if self.log_latent_std is None:
            return Gaussian(mean, self.action_std)
        return Lattice(mean, self._lattice_factor(self.log_latent_std))

    @property
    def action_std(self) -> Tensor:
        """(A,) of the actions' own noise, the same on both sides of a symmetric body."""
        log_std: Tensor = self.log_action_std
        if self.mirror is not None:
            log_std = (log_std + log_std[self.mirror.action_place]) / 2
        return log_std.exp()

    def _factor(self, log_latent_std: Tensor) -> Tensor:
        latent_std, head = log_latent_std.exp(), self.head.weight
        if self.mirror is not None:
            mirrored = self.mirror.action(head.T).T
            head, latent_std = torch.cat((head, mirrored), dim=1) / 2, latent_std.repeat(2)
        return lattice_factor(self.action_std, latent_std, head)

    def _lattice_factor(self, log_latent_std: Tensor) -> Tensor:
        """Without gradients, as while experience is collected, worked out only where weights have changed."""
        parts = (self.log_action_std, log_latent_std, self.head.weight)
        if torch.is_grad_enabled():
            return self._factor(log_latent_std)
        if self._kept is None or not all(map(torch.equal, self._kept[0], parts)):
            self._kept = tuple(part.detach().clone() for part in parts), self._factor(log_latent_std)
        return self._kept[1]

    def to_action(self, observation: Tensor, sample: Tensor) -> Tensor:
        """The sample itself."""
        return sample

    def act(self, observation: Tensor) -> Tensor:
        """Mean actions."""
        return self(observation)


class Critic(nn.Module):
    """Observation to value.

    Args:
        observations: N.
        config: widths.
        scale: of values, such as 1 / (1 - γ); the network's own output is of the order of 1.
        mirror: of a symmetric body, whose states are worth as much as their mirror images.
    """

    def __init__(
        self, observations: int, config: NetworkConfig, scale: float, mirror: Mirror | None = None
    ) -> None:
        super().__init__()
        self.scale, self.mirror = scale, mirror
        self.normaliser = Normaliser(observations, config.clip_observation)
        self.trunk = hidden_layers(observations, config.critic)
        self.head = _linear(config.critic[-1], 1, gain=1.0)

    def forward(self, observation: Tensor) -> Tensor:
        """(n,) values."""
        if self.mirror is None:
            return self._one_sided(observation)
        both = self._one_sided(torch.cat((observation, self.mirror.observation(observation))))
        return both.view(2, -1).mean(0)

    def _one_sided(self, observation: Tensor) -> Tensor:
        return self.scale * self.head(self.trunk(self.normaliser(observation))).squeeze(-1)


def hidden_layers(inputs: int, widths: Sequence[int]) -> nn.Sequential:
    """Linear layers, each with a SiLU after it (paper)."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += (_linear(inputs, width, gain=math.sqrt(2)), nn.SiLU())
        inputs = width
    return nn.Sequential(*layers)


def _linear(inputs: int, outputs: int, gain: float) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer
