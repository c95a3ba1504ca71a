"""Distributions of actions: what a policy samples from, and what PPO asks of it."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

_LOG_2PI = math.log(2 * math.pi)


class Distribution(Protocol):
    """A distribution for each of n rows."""

    def sample(self, generator: torch.Generator) -> Tensor:
        """(n, A) one sample a row."""

    def log_prob(self, sample: Tensor) -> Tensor:
        """(n,) log-probabilities of samples (n, A)."""

    def entropy(self) -> Tensor:
        """(n,) or (), in nats."""


class Gaussian:
    """Independent normal noise on every action.

    Args:
        mean: (n, A).
        std: (A,).
    """

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        self.mean, self.std = mean, std

    def sample(self, generator: torch.Generator) -> Tensor:
        """(n, A) one sample a row."""
        return self.mean + self.std * _standard_normal(self.mean, generator)

    def log_prob(self, sample: Tensor) -> Tensor:
        """(n,) log-probabilities of samples (n, A)."""
        z = (sample - self.mean) / self.std
        return -0.5 * (z.square().sum(-1) + len(self.std) * _LOG_2PI) - self.std.log().sum()

    def entropy(self) -> Tensor:
        """() entropy, the same for every row."""
        return 0.5 * len(self.std) * (1 + _LOG_2PI) + self.std.log().sum()


class Lattice:
    """Correlated normal noise, the same for every row: N(mean, Σ), Σ = F Fᵀ.

    Args:
        mean: (n, A).
        factor: (A, A) F, see ``lattice_factor``.
    """

    def __init__(self, mean: Tensor, factor: Tensor) -> None:
        self.mean, self._factor = mean, factor

    def sample(self, generator: torch.Generator) -> Tensor:
        """(n, A) one sample a row."""
        return self.mean + _standard_normal(self.mean, generator) @ self._factor.T

    def log_prob(self, sample: Tensor) -> Tensor:
        """(n,) log-probabilities of samples (n, A)."""
        z = torch.linalg.solve_triangular(self._factor, (sample - self.mean).T, upper=False)
        return -0.5 * (z.square().sum(0) + len(self._factor) * _LOG_2PI) - self._half_log_determinant

    def entropy(self) -> Tensor:
        """() entropy, the same for every row."""
        return 0.5 * len(self._factor) * (1 + _LOG_2PI) + self._half_log_determinant

    @property
    def _half_log_determinant(self) -> Tensor:
        return self._factor.diagonal().log().sum()


def lattice_factor(action_std: Tensor, latent_std: Tensor, head: Tensor) -> Tensor:
    """Cholesky factor of Σ = diag(s_a²) + W diag(s_l²) Wᵀ.

    Σ is what noise on the actions and on the last hidden layer, which the action head carries to the actions,
    come to (Chiappa, Marin Vargas, Huang, Mathis 2023, "Latent exploration for reinforcement learning",
    eq. 3).

    Args:
        action_std: (A,) s_a.
        latent_std: (L,) s_l.
        head: (A, L) W, the weights of the action head.

    Returns:
        (A, A), lower triangular.
    """
    spread = head * latent_std
    return torch.linalg.cholesky(torch.diag(action_std.square()) + spread @ spread.T)


def _standard_normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)
