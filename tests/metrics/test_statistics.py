from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.metrics.statistics import (
    exact_proportion_interval,
    ratio_of_sums,
    resample,
    standard_error,
    wilson_interval,
)

REPEATS = 400
"""The rate of an interval that holds the truth 95 times in 100 has a standard error of 1.1 % here."""


def rate(
    truth: float, draw: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> float:
    """How often the interval of Σ numerator / Σ denominator holds the truth."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(REPEATS):
        strata, numerator, denominator = draw(rng)
        resampling = resample(strata, rng, samples=800)
        interval = resampling.interval(ratio_of_sums(resampling.weights, numerator, denominator))
        assert interval is not None
        held += interval[0] <= truth <= interval[1]
    return held / REPEATS


def test_intervals_of_a_stratified_mean_hold_it_at_their_rate() -> None:
    sizes, means, sds = (8, 12, 15, 30), (95.0, 80.0, 99.0, 97.0), (4.0, 8.0, 2.0, 3.0)
    strata = np.repeat(np.arange(4), sizes)
    truth = float(np.average(means, weights=sizes))

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values = np.concatenate([rng.normal(m, s, n) for m, s, n in zip(means, sds, sizes, strict=True)])
        return strata, values, np.ones(len(strata))

    assert 0.92 <= rate(truth, draw) <= 0.98


def test_intervals_of_frame_coverage_hold_it_at_their_rate() -> None:
    """60 clips of unequal length, of which 15 % fail somewhere."""

    def clips(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        frames = rng.integers(60, 300, count).astype(float)
        share = np.where(rng.random(count) < 0.85, 1.0, rng.random(count))
        return np.zeros(count), frames * share, frames

    _, covered, frames = clips(np.random.default_rng(0), 1_000_000)
    assert 0.92 <= rate(float(covered.sum() / frames.sum()), lambda rng: clips(rng, 60)) <= 0.98


def test_intervals_of_a_skewed_error_hold_it_at_their_rate() -> None:
    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return np.zeros(40), 45.0 * np.exp(0.4 * rng.normal(size=40)), np.ones(40)

    assert 0.91 <= rate(45.0 * float(np.exp(0.08)), draw) <= 0.98


def test_narrower_level_gives_a_narrower_interval() -> None:
    rng = np.random.default_rng(0)
    resampling = resample(np.zeros(20), rng)
    values = resampling.weights @ rng.normal(size=20) / 20
    wide, narrow = resampling.interval(values), resampling.interval(values, level=0.5)
    assert wide is not None
    assert narrow is not None
    assert wide[0] < narrow[0] < values[0] < narrow[1] < wide[1]


def test_weights_keep_the_size_of_each_stratum() -> None:
    strata = ["walk"] * 5 + ["run"] * 3 + ["alone"]
    weights = resample(strata, np.random.default_rng(0), samples=50).weights
    assert weights.shape == (1 + 9 + 50, 9)
    for members in (slice(0, 5), slice(5, 9)):
        np.testing.assert_allclose(weights[:, members].sum(axis=1), weights[0, members].size)


def test_bootstrap_variance_of_a_mean_is_unbiased() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=6)
    samples = resample(np.zeros(6), rng, samples=200_000).weights[7:] @ values / 6
    assert samples.var() == pytest.approx(values.var(ddof=1) / 6, rel=0.02)


def test_one_unit_has_no_interval() -> None:
    resampling = resample(["walk"], np.random.default_rng(0))
    assert resampling.interval(resampling.weights.mean(axis=1)) is None


def test_units_alone_are_pooled_or_join_the_smallest_stratum() -> None:
    def strata(*labels: str) -> list[int]:
        return resample(labels, np.random.default_rng(0), samples=1).stratum.tolist()

    assert strata("walk", "turn", "walk", "run", "walk") == [1, 0, 1, 0, 1]
    assert strata("walk", "walk", "walk", "run", "run", "turn") == [1, 1, 1, 0, 0, 0]
    assert strata("walk", "run") == [0, 0]
    assert strata("walk") == [0]


def test_a_figure_that_resampling_does_not_change_has_no_interval() -> None:
    resampling = resample(["walk"] * 3 + ["run"] * 2, np.random.default_rng(0))
    assert resampling.interval(resampling.weights @ np.array([0.7, 0.7, 0.7, 0.1, 0.1]) / 5) is None


def test_intervals_with_units_alone_hold_the_mean_at_least_at_their_rate() -> None:
    means = np.array([10.0] * 20 + [12.0, 9.0, 11.0, 14.0, 7.0, 10.0])
    strata = np.array([0] * 20 + [1, 2, 3, 4, 5, 6])

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return strata, rng.normal(means, 1.0), np.ones(len(means))

    assert rate(float(means.mean()), draw) >= 0.93


def test_exact_interval_of_all_successes() -> None:
    # 0.025^(1/20), the probability at which 20 of 20 successes have 2.5 %
    assert exact_proportion_interval(20, 20) == pytest.approx((0.025 ** (1 / 20), 1.0))
    assert exact_proportion_interval(0, 20) == pytest.approx((0.0, 1 - 0.025 ** (1 / 20)))
    assert exact_proportion_interval(8, 10) == pytest.approx((0.4439, 0.9748), abs=1e-4)


def test_standard_error_over_runs() -> None:
    assert standard_error([1.0, 2.0, 3.0]) == pytest.approx(1.0 / np.sqrt(3.0))
    assert standard_error([1.0]) is None


@pytest.mark.parametrize(
    ("successes", "units", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_of_newcombe(successes: int, units: int, low: float, high: float) -> None:
    """Table I of Newcombe, Stat Med 17:857, 1998, method 3."""
    assert wilson_interval(successes, units) == pytest.approx((low, high), abs=5e-5)


@given(units=st.integers(1, 500), share=st.floats(0, 1))
def test_a_wilson_interval_holds_its_proportion_and_mirrors(units: int, share: float) -> None:
    successes = round(share * units)
    low, high = wilson_interval(successes, units)
    assert 0 <= low <= successes / units <= high <= 1
    assert low < high
    mirrored = wilson_interval(units - successes, units)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)
    wider = wilson_interval(successes, units, level=0.99)
    assert wider[0] <= low
    assert wider[1] >= high


def test_nothing_is_known_without_units() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
