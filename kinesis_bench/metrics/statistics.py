"""Intervals and standard errors: one bootstrap for clips and for people.

A figure is written as a function of weights, one a unit (clip or person), so that the figure itself, its
jackknife and all its bootstrap samples are one matrix product. Three corrections keep intervals honest where
units are few and figures skewed:

* each stratum of n units is resampled n - 1 times and its weights scaled by n / (n - 1), which makes the
  bootstrap variance of a mean unbiased (Rao and Wu, J Am Stat Assoc 83:231, 1988);
* the percentiles are corrected for bias and acceleration, BCa (Efron, J Am Stat Assoc 82:171, 1987);
* they are those of Student's t instead of the normal, the expanded interval of Hesterberg (Am Stat 69:371,
  2015), with the degrees of freedom of Satterthwaite (Biometrics Bull 2:110, 1946) where strata differ.

A unit alone in its stratum would seem to have no variance. Such units are pooled into one stratum, and a
single one joins the smallest other stratum: collapsed strata, whose variance is too large rather than too
small (Cochran, Sampling Techniques, 1977, section 5A.12).

The tests simulate how often such intervals hold the truth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

Interval = tuple[float, float]

BOOTSTRAP_SAMPLES = 2000
"""Bootstrap samples of every interval of the protocol."""

LEVEL = 0.95
"""Confidence level of every interval of the protocol."""

NO_WIDTH = 1e-9
"""An interval narrower than this part of its figure is rounding, not uncertainty."""


@dataclass(frozen=True)
class Resampling:
    """Weights of the units: all ones, each unit left out in turn, and a bootstrap within strata.

    Make one with ``resample``, compute the figure for every row of ``weights``, hand the values to
    ``interval``.

    Attributes:
        stratum: (U,) index of each unit's stratum, none of which has one unit unless there is only one.
        weights: (1 + U + B, U); each stratum's weights add up to its size.
    """

    stratum: np.ndarray
    weights: np.ndarray

    def interval(self, values: np.ndarray, level: float = LEVEL) -> Interval | None:
        """Confidence interval of a figure.

        Args:
            values: (1 + U + B,) the figure for each row of ``weights``; bootstrap samples in which it does
                not exist are nan and left out.
            level: confidence level.

        Returns:
            Lower and upper end; None with one unit, where the figure does not exist, or where resampling
            does not change it.
        """
        units = len(self.stratum)
        size = np.bincount(self.stratum)
        figure, jackknife, samples = values[0], values[1 : 1 + units], values[1 + units :]
        samples = samples[np.isfinite(samples)]
        if units < 2 or not np.isfinite(figure) or not samples.size:
            return None
        influence = (size[self.stratum] - 1) * (figure - jackknife)
        influence = np.where(np.isfinite(influence), influence, 0.0)
        acceleration, freedom = _acceleration_and_freedom(influence, self.stratum)
        below = 0.5 * (np.mean(samples < figure) + np.mean(samples <= figure))
        bias = stats.norm.ppf(np.clip(below, 1.0 / samples.size, 1.0 - 1.0 / samples.size))
        tail = stats.t.ppf((1.0 - level) / 2.0, freedom)
        ends = bias + np.array([tail, -tail])
        corrected = stats.norm.cdf(bias + ends / np.maximum(1.0 - acceleration * ends, 1e-3))
        low, high = np.quantile(samples, corrected)
        if high - low <= NO_WIDTH * abs(figure):
            return None
        return float(low), float(high)


def resample(
    strata: Sequence[object] | np.ndarray, rng: np.random.Generator, samples: int = BOOTSTRAP_SAMPLES
) -> Resampling:
    """Weights for intervals.

    Args:
        strata: (U,) label of each unit's stratum, for example the skill of each clip.
        rng: source of chance.
        samples: number B of bootstrap samples.
    """
    stratum = _collapsed([str(label) for label in strata])
    units = len(stratum)
    left_out = np.ones((units, units))
    drawn = np.ones((samples, units))
    for label in range(stratum.max(initial=-1) + 1):
        members = np.flatnonzero(stratum == label)
        n = len(members)
        if n > 1:
            left_out[np.ix_(members, members)] = (1.0 - np.eye(n)) * (n / (n - 1))
            drawn[:, members] = rng.multinomial(n - 1, np.full(n, 1.0 / n), size=samples) * (n / (n - 1))
    return Resampling(stratum, np.concatenate([np.ones((1, units)), left_out, drawn]))


def exact_proportion_interval(successes: int, units: int, level: float = LEVEL) -> Interval:
    """Clopper and Pearson's interval of a proportion (Biometrika 26:404, 1934), in [0, 1].

    For the case that a bootstrap cannot see: all units, or none, succeeded.
    """
    tail = (1.0 - level) / 2.0
    low = float(stats.beta.ppf(tail, successes, units - successes + 1)) if successes else 0.0
    high = float(stats.beta.ppf(1.0 - tail, successes + 1, units - successes)) if successes < units else 1.0
    return low, high


def wilson_interval(successes: int, units: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a proportion (J Am Stat Assoc 22:209, 1927), in [0, 1].

    For proportions of independent trials: near 0 and 1 it keeps its level where the usual p ± z·SE does not,
    and it is shorter than the exact one (Agresti and Coull, Am Stat 52:119, 1998). Without units: [0, 1].
    """
    if not units:
        return 0.0, 1.0
    z = float(stats.norm.ppf((1.0 + level) / 2.0))
    share, square = successes / units, z * z / units
    centre = (share + square / 2.0) / (1.0 + square)
    half = z * math.sqrt(share * (1.0 - share) / units + square / (4.0 * units)) / (1.0 + square)
    return (0.0 if not successes else centre - half), (1.0 if successes == units else centre + half)


def standard_error(runs: Sequence[float] | np.ndarray) -> float | None:
    """Standard error of the mean over runs, SD (n - 1) / √n; None for fewer than two runs."""
    values = np.asarray(runs, dtype=float)
    if values.size < 2:
        return None
    return float(values.std(ddof=1) / np.sqrt(values.size))


def ratio_of_sums(weights: np.ndarray, numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Σ w·numerator / Σ w·denominator: a mean over all frames when the units are clips.

    Args:
        weights: (samples, units).
        numerator, denominator: (units, …) with the same trailing axes.

    Returns:
        (samples, …); nan where the denominator is zero.
    """
    total = np.tensordot(weights, denominator, axes=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.tensordot(weights, numerator, axes=1) / total, np.nan)


def _collapsed(labels: Sequence[str]) -> np.ndarray:
    """(U,) index of each unit's stratum once units alone in theirs have been pooled."""
    _, stratum, size = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    alone = size == 1
    if alone.sum() == 1 and len(size) > 1:
        alone[np.argmin(np.where(alone, len(labels) + 1, size))] = True
    merged = np.where(alone[stratum], -1, stratum)
    return np.unique(merged, return_inverse=True)[1]


def _acceleration_and_freedom(influence: np.ndarray, stratum: np.ndarray) -> tuple[float, float]:
    """BCa's acceleration, and Satterthwaite's degrees of freedom, from each unit's influence."""
    size = np.bincount(stratum)
    centred = influence - (np.bincount(stratum, influence) / size)[stratum]
    square = float(np.sum(centred**2))
    if square == 0.0:
        return 0.0, float(np.sum(size - 1))
    by_stratum = np.bincount(stratum, centred**2)
    freedom = by_stratum.sum() ** 2 / np.sum(by_stratum**2 / (size - 1))
    return float(np.sum(centred**3) / (6.0 * square**1.5)), float(freedom)
