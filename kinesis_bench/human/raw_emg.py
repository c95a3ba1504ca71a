"""From raw surface EMG to curves over the gait cycle: band-pass, rectify, low-pass, cut at heel strikes.

The filters are run forwards and backwards, so that they delay nothing. That doubles their order and leaves
half of the amplitude at each corner frequency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from kinesis_bench.errors import InputError
from kinesis_bench.human.settings import in_settings
from kinesis_bench.metrics.curves import SAMPLES, resample_cycle
from kinesis_bench.metrics.cycles import MIN_CYCLES, usual_length

HIGHEST_ORDER = 8
"""Of a filter in one direction; published chains take up to 6."""


@dataclass(frozen=True)
class EmgFilter:
    """How raw EMG becomes an envelope; every constant is a setting.

    Attributes:
        band_low_hz: lower corner of the band-pass [Hz]. A Butterworth filter with a corner at 20 Hz is what
            De Luca et al. (J Biomech 43:1573, 2010) recommend against movement artefacts and baseline noise.
        band_high_hz: upper corner [Hz]. Surface EMG has little power above 400 to 500 Hz; SENIAM (Hermens et
            al., J Electromyogr Kinesiol 10:361, 2000, and its recommendations) puts the corner near 500 Hz,
            and 400 Hz lies below the Nyquist frequency of recordings at 1 kHz too.
        band_order: of the Butterworth band-pass in one direction. 2 is 12 dB an octave, the slope of De Luca
            et al.
        nyquist_part: the upper corner is held below this part of the Nyquist frequency, where a digital
            filter has no corner any more (our choice; it acts on recordings under 890 Hz only).
        envelope_hz: corner of the low-pass after rectification [Hz]. Winter (Biomechanics and Motor Control
            of Human Movement, chapter on EMG) takes 3 to 6 Hz for walking; 6 Hz blurs least.
        envelope_order: of the Butterworth low-pass in one direction, 2 as in Winter.
    """

    band_low_hz: float = 20.0
    band_high_hz: float = 400.0
    band_order: int = 2
    nyquist_part: float = 0.9
    envelope_hz: float = 6.0
    envelope_order: int = 2

    def __post_init__(self) -> None:
        for name in ("band_low_hz", "envelope_hz"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InputError(name, f"is {getattr(self, name):g} Hz", "it must be above 0")
        if not self.band_low_hz < self.band_high_hz < math.inf:
            raise InputError("band_high_hz", f"is {self.band_high_hz:g} Hz", "it must be above band_low_hz")
        if not 0.0 < self.nyquist_part < 1.0:
            raise InputError("nyquist_part", f"is {self.nyquist_part:g}", "it must lie between 0 and 1")
        for name in ("band_order", "envelope_order"):
            if not 1 <= getattr(self, name) <= HIGHEST_ORDER:
                raise InputError(
                    name, f"is {getattr(self, name)}", f"it must lie between 1 and {HIGHEST_ORDER}"
                )


DEFAULT_FILTER = EmgFilter()
"""The filter that is used unless another is given."""


def envelope(
    signal: np.ndarray, rate_hz: float, settings: EmgFilter = DEFAULT_FILTER, *, where: str = "EMG"
) -> np.ndarray:
    """Linear envelope of raw EMG.

    Args:
        signal: (T, channels), any unit.
        rate_hz: sampling rate [Hz].
        settings: filters.
        where: the file, for errors.

    Returns:
        (T, channels) in the same unit, sample for sample in time with ``signal``.

    Raises:
        InputError: values that are not finite, a rate too low for the filters, or fewer samples than they
            need.
    """
    if not np.isfinite(signal).all():
        raise InputError(where, "holds values that are NaN or infinite", "mend the file or take it away")
    limit_hz = settings.nyquist_part * rate_hz / 2.0
    high_hz = min(settings.band_high_hz, limit_hz)
    if not 0.0 < settings.band_low_hz < high_hz or not 0.0 < settings.envelope_hz < limit_hz:
        raise InputError(
            where,
            f"a rate of {rate_hz:g} Hz leaves no band from {settings.band_low_hz:g} to {high_hz:g} Hz",
            f"give raw EMG, not an envelope, or other corners {in_settings('LAYOUT', '[filter]')}",
        )
    # Padding of one period of the lowest frequency that passes, mirrored at each end.
    pad = [round(rate_hz / corner) for corner in (settings.band_low_hz, settings.envelope_hz)]
    if len(signal) <= max(pad):
        raise InputError(where, f"{len(signal)} samples", f"the filters need more than {max(pad)}")
    band = butter(
        settings.band_order, [settings.band_low_hz, high_hz], btype="bandpass", fs=rate_hz, output="sos"
    )
    low = butter(settings.envelope_order, settings.envelope_hz, fs=rate_hz, output="sos")
    rectified = np.abs(sosfiltfilt(band, signal, axis=0, padlen=pad[0]))
    return sosfiltfilt(low, rectified, axis=0, padtype="even", padlen=pad[1])


def cycles_between(strikes_s: np.ndarray, first_s: float, last_s: float) -> np.ndarray:
    """(n, 2) start and end [s] of the cycles between strikes that lie wholly in a recording.

    Args:
        strikes_s: (strikes,) increasing [s].
        first_s, last_s: times of the recording's first and last sample [s].
    """
    cycles = np.column_stack([strikes_s[:-1], strikes_s[1:]])
    return cycles[(cycles[:, 0] >= first_s) & (cycles[:, 1] <= last_s)]


def on_cycles(signal: np.ndarray, rate_hz: float, first_s: float, cycles_s: np.ndarray) -> np.ndarray:
    """Each cycle of a signal on 100 samples, sample i at phase i/100.

    Args:
        signal: (T, channels).
        rate_hz: sampling rate [Hz].
        first_s: time of row 0 [s].
        cycles_s: (n, 2) start and end [s].

    Returns:
        (n, channels, 100).
    """
    curves = [resample_cycle(signal, start, end, 1.0 / rate_hz, first_s) for start, end in cycles_s]
    return np.array(curves).reshape(len(cycles_s), signal.shape[1], SAMPLES)


def usual_cycles(curves: np.ndarray, durations_s: np.ndarray, where: str) -> np.ndarray:
    """The cycles whose duration lies within mean ± 2 SD of all: (n, channels, 100) to (k, channels, 100).

    Raises:
        InputError: fewer than three are left.
    """
    kept = curves[usual_length(list(durations_s))]
    if len(kept) < MIN_CYCLES:
        raise InputError(
            where,
            f"{len(kept)} gait cycles of usual duration (of {len(curves)} found)",
            f"at least {MIN_CYCLES} are needed",
        )
    return kept
