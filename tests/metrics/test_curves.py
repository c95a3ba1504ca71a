from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.metrics.curves import (
    CLOSED_PHASE,
    PHASE,
    as_ring,
    at_phase,
    is_flat,
    pearson,
    resample_cycle,
    standardise,
)

CURVES = st.builds(
    lambda seed, scale: scale * np.random.default_rng(seed).standard_t(2, size=(3, 100)),
    st.integers(0, 2**32),
    st.floats(1e-6, 1e3),
)


def test_pearson_worked_out_by_hand() -> None:
    # deviations (-1, 0, 1) and (-4/3, 2/3, 2/3): 2 / sqrt(2 · 8/3) = 0.8660
    assert pearson(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 3.0])) == pytest.approx(np.sqrt(0.75))
    assert pearson(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])) == pytest.approx(-1.0)


def test_constant_curves_have_no_correlation() -> None:
    curves = np.array([np.full(100, 0.05), np.arange(100.0)])
    assert is_flat(curves).tolist() == [True, False]
    assert pearson(curves, np.arange(100.0)).tolist() == [0.0, pytest.approx(1.0)]
    assert is_flat(np.full(100, 0.1 + 0.2))


@given(CURVES, st.floats(0.01, 50.0), st.floats(-5.0, 5.0))
def test_correlation_ignores_gain_and_offset(curves: np.ndarray, gain: float, offset: float) -> None:
    changed = gain * curves[0] + offset * np.abs(curves[0]).max()
    assert pearson(changed, curves[1]) == pytest.approx(pearson(curves[0], curves[1]), abs=1e-9)
    assert pearson(curves, curves) == pytest.approx(np.ones(3))


@given(CURVES)
def test_standardised_curves_have_mean_0_and_variance_1(curves: np.ndarray) -> None:
    z = standardise(curves)
    np.testing.assert_allclose(z.mean(axis=-1), 0.0, atol=1e-9)
    np.testing.assert_allclose((z**2).mean(axis=-1), 1.0, atol=1e-9)


def test_a_ring_is_read_between_its_samples_and_across_its_end() -> None:
    ring = np.zeros((2, 100))
    ring[0, 0], ring[0, 99], ring[1, 40] = 4.0, 2.0, 1.0
    phase = np.array([0.0, 0.99, 0.995, 1.0, 1.0025, -0.01, 2.99])
    np.testing.assert_allclose(at_phase(ring, phase)[0], [4.0, 2.0, 3.0, 4.0, 3.0, 2.0, 2.0])
    assert np.argmax(at_phase(ring[1], np.arange(100) / 100 + 0.1)) == 30  # 10 % earlier
    assert at_phase(ring, np.zeros((3, 5))).shape == (2, 3, 5)


@given(CURVES, st.integers(-150, 150))
def test_reading_a_ring_at_its_own_phases_only_turns_it(curves: np.ndarray, samples: int) -> None:
    read = at_phase(curves, (np.arange(100) + samples) / 100)
    np.testing.assert_allclose(read, np.roll(curves, -samples, axis=-1), atol=1e-9 * np.abs(curves).max())
    assert is_flat(at_phase(np.full(100, 0.1 + 0.2), np.arange(100) / 99))


def test_curves_become_rings_whatever_their_phases() -> None:
    """A ramp that closes ends at its largest value; one at 0.005, 0.015 … is read across its end."""
    closed = np.stack([CLOSED_PHASE, 3.0 - CLOSED_PHASE])[None]
    np.testing.assert_allclose(as_ring(closed, CLOSED_PHASE), np.stack([PHASE, 3.0 - PHASE])[None])
    between = PHASE + 0.005
    ring = as_ring(between, between)
    np.testing.assert_allclose(ring[1:], PHASE[1:])
    assert ring[0] == pytest.approx(0.5)  # midway between 0.995 and 0.005
    np.testing.assert_array_equal(as_ring(between, PHASE), between)


@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 150.0, 1000.0])
def test_resampling_does_not_depend_on_the_rate(rate_hz: float) -> None:
    def signal(time_s: np.ndarray) -> np.ndarray:
        return np.stack([np.sin(2 * np.pi * time_s / 1.1), np.cos(2 * np.pi * time_s / 1.1)], axis=-1)

    dt_s = 1.0 / rate_hz
    times = (np.arange(int(3.0 * rate_hz)) + 1) * dt_s
    curves = resample_cycle(signal(times), 0.7, 1.8, dt_s, first_sample_s=dt_s)
    expected = signal(0.7 + 1.1 * np.arange(100) / 100).T
    assert curves.shape == (2, 100)
    np.testing.assert_allclose(curves, expected, atol=0.006 if rate_hz == 30.0 else 0.002)


def test_resampling_a_ramp_is_exact() -> None:
    ramp = np.arange(60.0)[:, None] / 30.0 + 1 / 30.0
    np.testing.assert_allclose(
        resample_cycle(ramp, 0.5, 1.5, 1 / 30.0, 1 / 30.0)[0], 0.5 + np.arange(100) / 100, atol=1e-12
    )
