"""Intervals and standard errors: resampling weights, and percentiles widened for small samples.

A figure is written as a function of weights, one a unit (clip or person), so that all bootstrap samples are
one matrix product. Two corrections keep intervals honest where units are few:

* each stratum of n units is resampled n - 1 times and its weights scaled by n / (n - 1), which makes the
  bootstrap variance of a mean unbiased (Rao and Wu, J Am Stat Assoc 83:231, 1988);
* the percentiles are those of Student's t instead of the normal (the expanded percentile interval of
  Hesterberg, Am Stat 69:371, 2015).

``tests/metrics/test_statistics.py`` simulates how often such intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

Interval = tuple[float, float]

BOOTSTRAP_SAMPLES = 2000
"""Bootstrap samples of every interval of the protocol."""

LEVEL = 0.95
"""Confidence level of every interval of the protocol."""


def resampling_weights(
    strata: Sequence[object] | np.ndarray, rng: np.random.Generator, samples: int = BOOTSTRAP_SAMPLES
) -> np.ndarray:
    """Weights of a bootstrap within strata (Rao and Wu 1988).

    Args:
        strata: (units,) label of each unit's stratum, for example the skill of each clip.
        rng: source of chance.
        samples: number of bootstrap samples.

    Returns:
        (samples, units); each stratum's weights add up to its size. A unit alone in its stratum keeps
        weight 1.
    """
    _, stratum = np.unique(np.asarray([str(label) for label in strata]), return_inverse=True)
    weights = np.ones((samples, len(stratum)))
    for label in range(stratum.max(initial=-1) + 1):
        members = np.flatnonzero(stratum == label)
        n = len(members)
        if n > 1:
            draws = rng.multinomial(n - 1, np.full(n, 1.0 / n), size=samples)
            weights[:, members] = draws * (n / (n - 1))
    return weights


def degrees_of_freedom(strata: Sequence[object] | np.ndarray) -> int:
    """Units less strata."""
    return len(strata) - len({str(label) for label in strata})


def confidence_interval(samples: np.ndarray, freedom: int, level: float = LEVEL) -> Interval | None:
    """Expanded percentile interval of bootstrap samples (Hesterberg 2015).

    Args:
        samples: (B,) the figure in each bootstrap sample; those that are not finite (nothing to average) are
            left out.
        freedom: degrees of freedom, units less strata.
        level: confidence level.

    Returns:
        Lower and upper end, or None with fewer than one degree of freedom or no finite sample.
    """
    finite = samples[np.isfinite(samples)]
    if freedom < 1 or finite.size == 0:
        return None
    tail = float(stats.norm.cdf(stats.t.ppf((1.0 - level) / 2.0, freedom)))
    low, high = np.quantile(finite, (tail, 1.0 - tail))
    return float(low), float(high)


def exact_proportion_interval(successes: int, units: int, level: float = LEVEL) -> Interval:
    """Clopper and Pearson's interval of a proportion (Biometrika 26:404, 1934), in [0, 1].

    For the case that a bootstrap cannot see: all units, or none, succeeded.
    """
    tail = (1.0 - level) / 2.0
    low = float(stats.beta.ppf(tail, successes, units - successes + 1)) if successes else 0.0
    high = float(stats.beta.ppf(1.0 - tail, successes + 1, units - successes)) if successes < units else 1.0
    return low, high


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
