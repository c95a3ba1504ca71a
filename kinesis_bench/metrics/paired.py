"""Is one of two results better, of the same clips or with the same people? Paired tests, Holm's correction.

A figure is Σ numerator / Σ denominator over units (clips or people): a mean over people has ones for its
denominators, MPJPE the covered frames. If the two policies were alike, it would be chance which of a unit's
two results is called the first's. So the figures' difference is computed again with the two of each unit
swapped or not, and p is the part of the ways to do so in which it is at least as far from nought: Fisher's
randomisation test for pairs (The Design of Experiments, 1935, section 21). Where the denominators are alike,
this flips the signs of the units' differences.

All ways are gone through where there are few units. Otherwise they are drawn at random, and
p = (1 + those at least as far) / (1 + drawn), which is never nought (Phipson and Smyth, Stat Appl Genet Mol
Biol 9:39, 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.metrics.statistics import Interval, Resampling, ratio_of_sums

EXACT_UNITS = 14
"""Up to this many units that differ, all 2ⁿ ways to swap are gone through."""

SWAPS = 9999
"""Ways to swap that are drawn at random where there are more units."""

TIE = 1e-9
"""Differences that are equal but for this part of the figures are ties."""


@dataclass(frozen=True)
class Sums:
    """Parts of a figure, by unit and run; the figure is the mean over runs of Σ numerator / Σ denominator.

    Attributes:
        numerator, denominator: (units, runs).
    """

    numerator: np.ndarray
    denominator: np.ndarray

    def figure(self, weights: np.ndarray) -> np.ndarray:
        """The figure for weights (samples, units): (samples,), nan where a run has no denominator."""
        return ratio_of_sums(weights, self.numerator, self.denominator).mean(axis=1)

    def of_runs(self) -> np.ndarray:
        """(2, units) numerator and denominator, means over runs."""
        return np.stack([self.numerator.mean(axis=1), self.denominator.mean(axis=1)])


@dataclass(frozen=True)
class PairedTest:
    """The outcome of a paired test.

    Attributes:
        p: two-sided.
        exact: whether all ways to swap were gone through.
        units: clips or people.
    """

    p: float
    exact: bool
    units: int


def mean_of(values: Sequence[float] | np.ndarray) -> Sums:
    """A plain mean over units (U,) as a figure."""
    column = np.asarray(values, dtype=float)[:, None]
    return Sums(column, np.ones_like(column))


def paired_interval(first: Sums, second: Sums, resampling: Resampling) -> Interval | None:
    """95 % interval of second - first, both resampled together.

    Args:
        first, second: of the same units in the same order; their runs may differ in number.
        resampling: of these units.
    """
    return resampling.interval(second.figure(resampling.weights) - first.figure(resampling.weights))


def paired_test(first: Sums, second: Sums, rng: np.random.Generator) -> PairedTest:
    """Test whether the figure of ``second`` differs from that of ``first``; runs are averaged in each unit.

    Args:
        first, second: of the same units in the same order.
        rng: source of chance where not all ways to swap are gone through.
    """
    a, b = first.of_runs(), second.of_runs()
    if a.shape != b.shape or not a.size:
        raise ValueError(f"{a.shape[1]} and {b.shape[1]} units are no pairs")
    gap = (a - b)[:, np.any(a != b, axis=0)]
    differing = gap.shape[1]
    exact = differing <= EXACT_UNITS
    if exact:
        swapped = np.arange(2**differing)[:, None] >> np.arange(differing) & 1
    else:
        swapped = np.concatenate([np.zeros((1, differing), int), rng.integers(2, size=(SWAPS, differing))])
    moved = swapped @ gap.T
    with np.errstate(invalid="ignore", divide="ignore"):
        of_b = (b.sum(axis=1) + moved).T
        of_a = (a.sum(axis=1) - moved).T
        figure_a, figure_b = of_a[0] / of_a[1], of_b[0] / of_b[1]
        far = np.abs(figure_b - figure_a)
        below = far < far[0] - TIE * (abs(figure_a[0]) + abs(figure_b[0]))
    return PairedTest(float(np.mean(~below)), exact, a.shape[1])


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm, Scand J Stat 6:65, 1979), in the order given.

    The i-th smallest of m is multiplied by m - i + 1; none is smaller than one before it, nor above 1.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    raised = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(raised, 1.0)
    return corrected.tolist()
