"""Curves over one gait cycle: 100 samples, the last axis, closed into a ring.

Sample i of a curve lies at phase i/100 of the cycle; phase 1 is sample 0 of the next cycle and is not
repeated.
"""

from __future__ import annotations

import numpy as np

SAMPLES = 100
"""Samples of a gait cycle."""

FLAT = 1e-12
"""A curve whose SD is below this part of its largest magnitude counts as constant."""


def standardise(curves: np.ndarray) -> np.ndarray:
    """z = (x - mean) / population SD over the last axis; a constant curve becomes zeros.

    Args:
        curves: (..., samples), any unit.

    Returns:
        (..., samples) with mean 0 and mean square 1 (or 0, where the curve is constant).
    """
    curves = np.asarray(curves, dtype=float)
    scale = np.max(np.abs(curves), axis=-1, keepdims=True)
    centred = curves - curves.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True))
    flat = ~(deviation > FLAT * scale)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, deviation))


def is_flat(curves: np.ndarray) -> np.ndarray:
    """Whether each curve is constant and so correlates with nothing: (..., samples) to (...)."""
    return ~np.any(standardise(curves), axis=-1)


def pearson(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's r over the last axis, r = mean(z₁·z₂); 0 where either curve is constant.

    Args:
        first, second: (..., samples), broadcast against each other.

    Returns:
        (...) in [-1, 1].
    """
    return np.clip(np.mean(standardise(first) * standardise(second), axis=-1), -1.0, 1.0)


def shift_earlier(curves: np.ndarray, samples: int) -> np.ndarray:
    """Everything in a cyclic curve happens ``samples`` hundredths of the cycle earlier: y[i] = x[i +
    samples].

    Args:
        curves: (..., 100).
        samples: may be negative (later) and is taken modulo the number of samples.
    """
    return np.roll(curves, -samples, axis=-1)


def all_shifts(samples: int = SAMPLES) -> np.ndarray:
    """(shifts, samples) index so that x[..., index[k]] is ``shift_earlier(x, k)``, for every k at once."""
    steps = np.arange(samples)
    return (steps[:, None] + steps[None, :]) % samples


def resample_cycle(
    signal: np.ndarray, start_s: float, end_s: float, dt_s: float, first_sample_s: float
) -> np.ndarray:
    """One cycle of a signal on 100 samples, by linear interpolation at phases 0, 0.01 … 0.99.

    Args:
        signal: (T, channels) sampled every ``dt_s``.
        start_s, end_s: the cycle [s].
        dt_s: sampling period [s].
        first_sample_s: time of row 0 [s].

    Returns:
        (channels, 100).
    """
    position = (start_s + (end_s - start_s) * np.arange(SAMPLES) / SAMPLES - first_sample_s) / dt_s
    position = np.clip(position, 0.0, len(signal) - 1.0)
    below = np.minimum(position.astype(int), max(len(signal) - 2, 0))
    above = np.minimum(below + 1, len(signal) - 1)
    part = (position - below)[:, None]
    return ((1.0 - part) * signal[below] + part * signal[above]).T
