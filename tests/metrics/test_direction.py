"""Speed along a command, angles off it, time to turn: by hand, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.metrics.direction import (
    HELD_S,
    TOLERANCE_RAD,
    circular_mean,
    circular_sd,
    progress_m,
    seconds_to_turn,
    time_of_half,
    travel_rad,
    wrapped,
)

DT_S = 1 / 30
ANGLES = st.floats(-20.0, 20.0, allow_nan=False)


def walk(seed: int, steps: int = 60) -> np.ndarray:
    """A path of 4 cm a step or so, never slow."""
    rng = np.random.default_rng(seed)
    heading = np.cumsum(rng.normal(0, 0.1, steps)) + rng.uniform(-3, 3)
    moved = 0.04 * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    return np.concatenate([np.zeros((1, 2)), np.cumsum(moved, axis=0)])


def turned(path: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return path @ np.array([[c, s], [-s, c]])


def test_angles_wrap() -> None:
    degrees = np.degrees(wrapped(np.radians([0.0, 190.0, -190.0, 359.0, 725.0, 180.0, -180.0])))
    np.testing.assert_allclose(degrees, [0, -170, 170, -1, 5, -180, -180], atol=1e-9)


@given(ANGLES)
def test_wrapping_keeps_the_direction(angle: float) -> None:
    assert -np.pi <= wrapped(angle) < np.pi
    assert np.exp(1j * wrapped(angle)) == pytest.approx(np.exp(1j * angle))


def test_the_mean_of_359_and_1_degree_is_0() -> None:
    angles = np.radians([359.0, 1.0])
    sums = np.cos(angles).sum(), np.sin(angles).sum()
    assert np.degrees(circular_mean(*sums)) == pytest.approx(0.0, abs=1e-9)
    # R = cos 1 deg, and √(-2 ln R) is 1 deg to first order
    assert np.degrees(circular_sd(*sums, 2)) == pytest.approx(1.0, rel=1e-4)


def test_circular_figures_agree_with_scipy() -> None:
    from scipy.stats import circmean, circstd

    angles = np.random.default_rng(0).vonmises(2.5, 1.5, 400)
    sums = np.cos(angles).sum(), np.sin(angles).sum()
    assert circular_mean(*sums) == pytest.approx(circmean(angles, np.pi, -np.pi))
    assert circular_sd(*sums, len(angles)) == pytest.approx(circstd(angles, np.pi, -np.pi))


def test_there_is_no_mean_of_nothing() -> None:
    assert np.isnan(circular_mean(np.array(0.0), np.array(0.0)))


def test_progress_by_hand() -> None:
    """A metre east, then a metre north while north-east is commanded, then back west while east is."""
    path = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]])
    along = progress_m(path, np.array([0.0, np.pi / 4, 0.0]))
    np.testing.assert_allclose(along, [1.0, np.sqrt(0.5), -0.5])


def test_travel_by_hand() -> None:
    """East at 1 m/s for a second, then north: halfway through the window the direction is 45 degrees."""
    moved = np.repeat([[1.0, 0.0], [0.0, 1.0]], 10, axis=0) * 0.1
    path = np.concatenate([np.zeros((1, 2)), np.cumsum(moved, axis=0)])
    degrees = np.degrees(travel_rad(path, 0.1, window_s=0.4))
    np.testing.assert_allclose(degrees[:10], 0.0, atol=1e-9)
    np.testing.assert_allclose(
        degrees[10:14], [np.degrees(np.arctan2(1, 3)), 45, np.degrees(np.arctan2(3, 1)), 90]
    )
    np.testing.assert_allclose(degrees[14:], 90.0)


def test_who_stands_has_no_direction_of_travel() -> None:
    sway = 0.02 * np.sin(np.linspace(0, 20, 91))[:, None] * [1.0, 0.3]
    assert np.isnan(travel_rad(sway, DT_S)[15:]).all()


@given(st.integers(0, 1000), ANGLES)
def test_turning_the_world_changes_no_error(seed: int, angle: float) -> None:
    path = walk(seed)
    command = np.random.default_rng(seed).uniform(-np.pi, np.pi, len(path) - 1)
    error = wrapped(travel_rad(path, DT_S) - command)
    again = wrapped(travel_rad(turned(path, angle), DT_S) - (command + angle))
    np.testing.assert_allclose(np.exp(1j * again), np.exp(1j * error), atol=1e-9)
    np.testing.assert_allclose(
        progress_m(turned(path, angle), command + angle), progress_m(path, command), atol=1e-12
    )


@given(st.integers(0, 1000))
def test_a_mirrored_walk_errs_to_the_other_side(seed: int) -> None:
    path = walk(seed)
    command = np.random.default_rng(seed).uniform(-np.pi, np.pi, len(path) - 1)
    error = wrapped(travel_rad(path, DT_S) - command)
    mirrored = wrapped(travel_rad(path * [1.0, -1.0], DT_S) + command)
    np.testing.assert_allclose(np.exp(1j * mirrored), np.exp(-1j * error), atol=1e-9)
    same = seconds_to_turn(mirrored, DT_S), seconds_to_turn(error, DT_S)
    assert same[0] == pytest.approx(same[1], nan_ok=True)


def test_seconds_to_turn_by_hand() -> None:
    """Off course for 9 steps, on course for 5, off for one, on course for the other 75: 16 steps."""
    error = np.full(90, 0.1)
    error[:9], error[14] = 1.0, -1.0
    assert seconds_to_turn(error, DT_S) == pytest.approx(16 / 30)


def test_who_never_strays_has_turned_after_a_step() -> None:
    assert seconds_to_turn(np.zeros(90), DT_S) == pytest.approx(DT_S)


def test_the_tolerance_is_inclusive_and_on_both_sides() -> None:
    assert np.isfinite(seconds_to_turn(np.full(90, -TOLERANCE_RAD), DT_S))
    assert np.isnan(seconds_to_turn(np.full(90, TOLERANCE_RAD + 1e-9), DT_S))


def test_it_has_to_be_held() -> None:
    steps = round(HELD_S / DT_S)
    error = np.ones(90)
    error[-steps:] = 0.0
    assert seconds_to_turn(error, DT_S) == pytest.approx(DT_S * (90 - steps + 1))
    error[-steps] = 1.0
    assert np.isnan(seconds_to_turn(error, DT_S))


def test_standing_is_not_turning() -> None:
    assert np.isnan(seconds_to_turn(np.full(90, np.nan), DT_S))


def test_the_time_of_half_counts_those_who_never_turn() -> None:
    """Two of four turn, at 1 and 2 s: half have by 2 s; without those who never do it would be 1 s."""
    time_s = np.array([2.0, np.nan, 1.0, np.nan])
    weights = np.array([[1, 1, 1, 1], [1, 0, 1, 0], [1, 2, 1, 0.5], [0, 0, 0, 0]], float)
    np.testing.assert_array_equal(time_of_half(time_s, weights), [2.0, 1.0, np.inf, np.nan])
    np.testing.assert_array_equal(time_of_half(time_s[[1, 3]], weights[:, :2]), [np.inf] * 3 + [np.nan])


@given(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=20), st.integers(0, 20))
def test_the_time_of_half_is_the_lower_median(times: list[float], never: int) -> None:
    time_s = np.array(times + [np.nan] * never)
    ordered = np.sort(np.where(np.isnan(time_s), np.inf, time_s))
    expected = ordered[(len(ordered) + 1) // 2 - 1]
    assert time_of_half(time_s, np.ones((1, len(time_s))))[0] == expected
