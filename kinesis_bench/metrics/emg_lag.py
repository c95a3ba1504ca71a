"""Lag between a model's curves and people's: what it is, which is best, and what chance would reach.

A model's curve is shifted EARLIER by the lag before it is compared: beside a sample of people's at a phase
stands the model's value at that phase + lag. A positive lag thus says that the model's excitation comes
later in its cycle than people's EMG does in theirs. EMG leads force by 40 to 100 ms (electromechanical
delay), and data sets put the cycle's zero at slightly different events, so three figures stand side by side:
r at zero lag; r after the one lag, common to all muscles, that is best within 0 to 120 ms; and the whole
curve of r.

Lags are whole hundredths of the cycle, about 11 ms in walking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinesis_bench.metrics.curves import PHASE, SAMPLES, at_phase, standardise

MAX_LAG_S = 0.12
"""The common lag is chosen between 0 and this [s]."""

CURVE_PCT = 20
"""r is shown for lags of plus and minus this part of the cycle [%]."""

CHANCE_SAMPLES = 2000
"""Random models behind each chance level."""


@dataclass(frozen=True)
class LagCurve:
    """Mean r of the model against lag; the three tuples run together."""

    lag_pct: tuple[int, ...]
    lag_ms: tuple[float, ...]
    mean_r: tuple[float, ...]


@dataclass(frozen=True)
class Chance:
    """``mean_r`` at its best lag for random models: its mean and 95th percentile, and how they were made.

    Attributes:
        circular_shift_mean_r, circular_shift_p95_r: each muscle's curve shifted by its own random amount.
        permuted_mean_r, permuted_p95_r: the curves of the muscles dealt out among the muscles at random.
    """

    circular_shift_mean_r: float
    circular_shift_p95_r: float
    permuted_mean_r: float
    permuted_p95_r: float


class Lags:
    """The lags that may be chosen for a cycle of a given duration."""

    def __init__(self, cycle_s: float) -> None:
        self.cycle_s = cycle_s
        most = int(MAX_LAG_S / cycle_s * SAMPLES + 1e-9)
        self.allowed = np.arange(min(most, SAMPLES // 2) + 1)

    def to_ms(self, lag_pct: int) -> float:
        """Hundredths of the cycle to milliseconds."""
        return float(lag_pct / SAMPLES * self.cycle_s * 1000.0)

    def best(self, by_lag: np.ndarray) -> np.ndarray:
        """Best allowed lag of (..., 100) r by lag: (...)."""
        return np.argmax(by_lag[..., self.allowed], axis=-1)


def r_by_lag(model: np.ndarray, people: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Mean over people's samples of z_model times z of people, for every lag of whole hundredths.

    At each lag the model is read at people's phases + lag and standardised there, so that this is Pearson's
    r where ``people`` are single people, and the mean of their r where it is the mean of their z.

    Args:
        model: (M, 100) rings.
        people: (..., M, 100), standardised already.
        phase: (100,) of people's samples [cycles].

    Returns:
        (..., M, 100), the last axis over the lag: 0, 1 … 99 % of the cycle.
    """
    z_model = standardise(at_phase(model, PHASE[:, None] + phase))
    return np.einsum("mki,...mi->...mk", z_model, people, optimize=True) / SAMPLES


def lag_curve(model: np.ndarray, z_bar: np.ndarray, phase: np.ndarray, lags: Lags) -> LagCurve:
    """Mean r over muscles and people against lag over ±20 % of the cycle.

    Args:
        model: (M, 100) rings.
        z_bar: (M, 100) mean of people's standardised curves.
        phase: (100,) of people's samples [cycles].
        lags: of the model's cycle.
    """
    by_lag = r_by_lag(model, z_bar, phase).mean(axis=0)
    percents = tuple(range(-CURVE_PCT, CURVE_PCT + 1))
    return LagCurve(percents, tuple(map(lags.to_ms, percents)), tuple(float(by_lag[p]) for p in percents))


def chance_level(
    model: np.ndarray, z_bar: np.ndarray, phase: np.ndarray, lags: Lags, rng: np.random.Generator
) -> Chance:
    """Random models judged like the model: the best common lag is chosen for each.

    Args:
        model, z_bar, phase, lags: as for ``lag_curve``.
        rng: source of chance.
    """
    count = len(model)
    shifts = rng.integers(SAMPLES, size=(CHANCE_SAMPLES, count))
    table = np.stack([r_by_lag(np.tile(curve, (count, 1)), z_bar, phase) for curve in model])
    muscle = np.arange(count)
    at = (shifts[:, None, :] + lags.allowed[None, :, None]) % SAMPLES
    shifted = table[muscle, muscle, at].mean(axis=-1).max(axis=-1)
    order = rng.permuted(np.tile(muscle, (CHANCE_SAMPLES, 1)), axis=1)
    permuted = table[order[:, None, :], muscle, lags.allowed[None, :, None]].mean(axis=-1).max(axis=-1)
    return Chance(
        circular_shift_mean_r=float(shifted.mean()),
        circular_shift_p95_r=float(np.quantile(shifted, 0.95)),
        permuted_mean_r=float(permuted.mean()),
        permuted_p95_r=float(np.quantile(permuted, 0.95)),
    )
