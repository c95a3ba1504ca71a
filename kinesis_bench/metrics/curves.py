"""Curves over one gait cycle: 100 samples, the last axis.

A model's curve is a ring: sample i lies at phase i/100 of the cycle, and phase 1, which is sample 0 of the
next cycle, is not repeated. People's curves lie where their source says: some repeat it, so that sample i
lies at phase i/99. The two are compared at the people's phases, at which the model's ring is read.
"""

from __future__ import annotations

import numpy as np

SAMPLES = 100
"""Samples of a gait cycle."""

PHASE = np.arange(SAMPLES) / SAMPLES
"""Phases of the samples of a model's curve, and of people's unless their source says otherwise [cycles]."""

CLOSED_PHASE = np.arange(SAMPLES) / (SAMPLES - 1)
"""Phases of the samples of a curve that ends where it began [cycles]."""

FLAT = 1e-12
"""A curve whose SD is below this part of its largest magnitude counts as constant."""


def standardise(curves: np.ndarray) -> np.ndarray:
    """z = (x - mean) / population SD over the last axis; a constant curve, or one of NaN, becomes zeros.

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


def at_phase(rings: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Rings read at any phases, by linear interpolation between their samples.

    Args:
        rings: (..., 100), sample i at phase i/100.
        phase: (...) in cycles, of any shape; only its part beyond whole cycles counts.

    Returns:
        The leading axes of ``rings``, then those of ``phase``.
    """
    position = np.asarray(phase) % 1.0 * SAMPLES
    whole = np.floor(position).astype(int)
    below, above = rings[..., whole % SAMPLES], rings[..., (whole + 1) % SAMPLES]
    return below + (position - whole) * (above - below)


def as_ring(curves: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """People's curves read at a ring's phases, by linear interpolation.

    Args:
        curves: (..., 100) at ``phase``.
        phase: (100,) of the samples [cycles]. Where it is ``CLOSED_PHASE``, the last sample is the cycle's
            end and nothing is read across it; else the curve goes on from its last sample to its first.

    Returns:
        (..., 100), sample i at phase i/100.
    """
    if np.array_equal(phase, PHASE):
        return curves
    flat = curves.reshape(-1, curves.shape[-1])
    closed = np.array_equal(phase, CLOSED_PHASE)
    read = [np.interp(PHASE, phase, row, period=None if closed else 1.0) for row in flat]
    return np.stack(read).reshape(curves.shape)


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
