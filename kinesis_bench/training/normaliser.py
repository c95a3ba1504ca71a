"""Observations with zero mean and unit variance, by statistics that move only between updates."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kinesis_bench.training.distributed import sum_over_processes


class Normaliser(nn.Module):
    """Running mean and variance of an observation's parts; frozen except in ``learn``.

    The statistics of a batch are merged into the running ones by Chan et al.'s formula (1983), in double
    precision and over all processes.

    Args:
        size: N, the length of an observation.
        clip: normalised values are cut at this many standard deviations.
    """

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, size: int, clip: float) -> None:
        super().__init__()
        self.clip = clip
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(size, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    def forward(self, observation: Tensor) -> Tensor:
        """Normalised observations, of the shape (n, N) and type given."""
        mean, scale = (values.to(observation.dtype) for values in (self.mean, self.scale))
        return ((observation - mean) / scale).clamp(-self.clip, self.clip)

    @property
    def scale(self) -> Tensor:
        """(N,) what observations are divided by; at least 1e-4, for a part that never changes."""
        return (self.variance + 1e-8).sqrt()

    @torch.no_grad()
    def learn(self, observation: Tensor) -> None:
        """Take (n, N) observations into the statistics."""
        batch = observation.double()
        sums = sum_over_processes(torch.cat((batch.new_tensor([len(batch)]), batch.sum(0))))
        count, mean = sums[0], sums[1:] / sums[0]
        scatter = sum_over_processes((batch - mean).square().sum(0))
        total = self.count + count
        change = mean - self.mean
        scatter += self.variance * self.count + change.square() * (self.count * count / total)
        self.mean += change * (count / total)
        self.variance.copy_(scatter / total)
        self.count.copy_(total)
