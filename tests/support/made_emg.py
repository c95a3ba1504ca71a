"""Made recordings in the layouts of raw EMG data sets: known envelopes times band-limited noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt

Envelope = Callable[[np.ndarray], np.ndarray]


def bursts(*places: tuple[float, float, float]) -> Envelope:
    """Periodic envelope: Gaussian bursts (phase, SD in cycles, height) on a floor of 0.05."""

    def at(phase: np.ndarray) -> np.ndarray:
        value = np.full(np.shape(phase), 0.05)
        for centre, width, height in places:
            distance = (np.asarray(phase) - centre + 0.5) % 1.0 - 0.5
            value = value + height * np.exp(-0.5 * (distance / width) ** 2)
        return value

    return at


def strikes(rng: np.random.Generator, cycles: int, cycle_s: float, first_s: float) -> np.ndarray:
    """Times of ``cycles`` + 1 heel strikes, durations scattered by 1.5 %."""
    durations = cycle_s * (1.0 + 0.015 * rng.standard_normal(cycles))
    return first_s + np.concatenate([[0.0], np.cumsum(durations)])


def phase_at(time_s: np.ndarray, strikes_s: np.ndarray) -> np.ndarray:
    """Phase of each time, straight on beyond the first and last strike [cycles]."""
    usual = float(np.mean(np.diff(strikes_s)))
    knots = np.concatenate([[strikes_s[0] - 5 * usual], strikes_s, [strikes_s[-1] + 5 * usual]])
    count = np.concatenate([[-5.0], np.arange(len(strikes_s)), [len(strikes_s) + 4.0]])
    return np.interp(time_s, knots, count) % 1.0


def emg(
    rng: np.random.Generator, time_s: np.ndarray, strikes_s: np.ndarray, envelopes: Mapping[str, Envelope]
) -> dict[str, np.ndarray]:
    """Envelope × Gaussian noise of 30 to 350 Hz, with an offset and an artefact of 2 Hz twice as high."""
    rate_hz = 1.0 / (time_s[1] - time_s[0])
    band = butter(4, [30.0, 350.0], btype="bandpass", fs=rate_hz, output="sos")
    phase = phase_at(time_s, strikes_s)
    made = {}
    for name, envelope in envelopes.items():
        noise = sosfiltfilt(band, rng.standard_normal(len(time_s)))
        artefact = 2.0 * np.sin(2 * np.pi * 2.0 * time_s) + 0.7
        made[name] = envelope(phase) * noise / noise.std() + artefact
    return made


def write_csv(path: Path, columns: Mapping[str, np.ndarray], decimals: int = 5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(
        path,
        np.column_stack(list(columns.values())),
        fmt=f"%.{decimals}f",
        delimiter=",",
        header=",".join(columns),
        comments="",
    )
