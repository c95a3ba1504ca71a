from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.errors import InputError
from kinesis_bench.human.raw_emg import EmgFilter, cycles_between, envelope, on_cycles, usual_cycles

RATE_HZ = 2000.0
TIME = np.arange(8000) / RATE_HZ


def level(frequency_hz: float, rate_hz: float = RATE_HZ) -> float:
    """Mean envelope of a tone of amplitude 1, away from the ends."""
    time = np.arange(int(4 * rate_hz)) / rate_hz
    smooth = envelope(np.sin(2 * np.pi * frequency_hz * time + 0.3)[:, None], rate_hz)[:, 0]
    return float(smooth[len(smooth) // 4 : -len(smooth) // 4].mean())


def test_a_tone_in_the_band_gives_the_mean_of_a_rectified_sine() -> None:
    assert level(100.0) == pytest.approx(2 / np.pi, rel=0.01)


@pytest.mark.parametrize("corner_hz", [20.0, 400.0])
def test_half_of_the_amplitude_is_left_at_each_corner(corner_hz: float) -> None:
    """|H|² of a Butterworth filter is 1/2 at its corner, and forwards and backwards it acts as |H|²."""
    assert level(corner_hz) == pytest.approx(0.5 * 2 / np.pi, rel=0.03)


@pytest.mark.parametrize("frequency_hz", [1.0, 2.0, 4.0, 900.0])
def test_tones_out_of_the_band_are_gone(frequency_hz: float) -> None:
    assert level(frequency_hz) < 0.005


def test_the_band_ends_below_the_nyquist_frequency() -> None:
    assert level(100.0, 500.0) == pytest.approx(2 / np.pi, rel=0.02)
    limited = EmgFilter(nyquist_part=0.8)
    signal = np.random.default_rng(1).standard_normal((2000, 1))
    np.testing.assert_allclose(
        envelope(signal, 500.0, limited), envelope(signal, 500.0, EmgFilter(band_high_hz=200.0))
    )


def test_an_offset_and_the_sign_do_not_matter() -> None:
    signal = np.random.default_rng(2).standard_normal((6000, 2))
    middle = slice(1000, -1000)
    smooth = envelope(signal, RATE_HZ)
    np.testing.assert_allclose(envelope(-signal, RATE_HZ), smooth)
    np.testing.assert_allclose(envelope(signal + 5.0, RATE_HZ)[middle], smooth[middle], atol=1e-3)


@given(st.floats(1e-6, 1e3))
def test_the_envelope_scales_with_the_signal(scale: float) -> None:
    signal = np.random.default_rng(3).standard_normal((1000, 1))
    np.testing.assert_allclose(envelope(scale * signal, 1000.0), scale * envelope(signal, 1000.0), rtol=1e-9)


def test_nothing_is_delayed() -> None:
    """A burst that is symmetric in time gives an envelope that is symmetric about the same instant."""
    from_centre = TIME - TIME[4000]
    burst = np.exp(-0.5 * (from_centre / 0.05) ** 2) * np.cos(2 * np.pi * 90.0 * from_centre)
    smooth = envelope(burst[:, None], RATE_HZ)[:, 0]
    assert np.argmax(smooth) == 4000
    around = smooth[4000 - 1500 : 4000 + 1501]
    np.testing.assert_allclose(around, around[::-1], atol=1e-4 * smooth.max())


def test_a_wider_low_pass_follows_a_burst_more_closely() -> None:
    burst = np.where(np.abs(TIME - 2.0) < 0.05, 1.0, 0.0) * np.random.default_rng(4).standard_normal(8000)
    peak = [
        envelope(burst[:, None], RATE_HZ, EmgFilter(envelope_hz=corner)).max() for corner in (3.0, 6.0, 12.0)
    ]
    assert peak[0] < peak[1] < peak[2]


def refused(action, *args, **named) -> str:
    with pytest.raises(InputError) as caught:
        action(*args, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_signals_that_cannot_be_filtered_are_refused() -> None:
    signal = np.random.default_rng(5).standard_normal((1000, 2))
    for bad in (np.nan, np.inf):
        broken = signal.copy()
        broken[500, 1] = bad
        assert "here: holds values that are NaN or infinite" in refused(
            envelope, broken, 1000.0, where="here"
        )
    assert "leaves no band" in refused(envelope, signal, 40.0)
    message = refused(envelope, signal, 800.0, EmgFilter(band_low_hz=390.0))
    assert "leaves no band from 390 to 360 Hz" in message
    assert "settings.toml with [filter]" in message
    assert "100 samples" in refused(envelope, signal[:100], 1000.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"band_low_hz": 450.0}, "band_high_hz: is 400 Hz; it must be above band_low_hz"),
        ({"band_low_hz": 0.0}, "band_low_hz: is 0 Hz"),
        ({"envelope_hz": -6.0}, "envelope_hz: is -6 Hz"),
        ({"band_high_hz": float("inf")}, "band_high_hz: is inf Hz"),
        ({"envelope_hz": float("nan")}, "envelope_hz: is nan Hz"),
        ({"nyquist_part": 1.0}, "nyquist_part: is 1"),
        ({"band_order": 0}, "band_order: is 0; it must lie between 1 and 8"),
        ({"envelope_order": 9}, "envelope_order: is 9"),
    ],
)
def test_filters_that_are_none_are_refused(wrong: dict[str, float], message: str) -> None:
    assert message in refused(EmgFilter, **wrong)


def test_cycles_lie_wholly_in_the_recording() -> None:
    strikes = np.array([0.5, 1.5, 2.5, 3.5])
    np.testing.assert_array_equal(cycles_between(strikes, 1.0, 3.5), [[1.5, 2.5], [2.5, 3.5]])
    assert cycles_between(strikes[:1], 0.0, 9.0).shape == (0, 2)


def test_a_cycle_is_read_at_hundredths_of_it() -> None:
    signal = np.column_stack([TIME, 10.0 - TIME])
    curves = on_cycles(signal, RATE_HZ, 0.0, np.array([[0.5, 1.5], [1.5, 3.0]]))
    assert curves.shape == (2, 2, 100)
    np.testing.assert_allclose(curves[0, 0], 0.5 + np.arange(100) / 100)
    np.testing.assert_allclose(curves[1, 1], 8.5 - 1.5 * np.arange(100) / 100)
    np.testing.assert_allclose(
        on_cycles(signal, RATE_HZ, 7.0, np.array([[7.5, 8.5]]))[0, 0], 0.5 + np.arange(100) / 100
    )


def test_cycles_of_odd_duration_are_dropped() -> None:
    curves = np.arange(10.0)[:, None, None] * np.ones((10, 1, 100))
    durations = np.array([1.0] * 9 + [2.0])
    np.testing.assert_array_equal(usual_cycles(curves, durations, "x"), curves[:9])


def test_two_cycles_are_not_enough() -> None:
    message = refused(usual_cycles, np.zeros((2, 1, 100)), np.ones(2), "AB01")
    assert message.startswith("AB01: 2 gait cycles of usual duration (of 2 found)")
