from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.metrics.cycles import Walk, mean_curve, steady_cycles, usual_length

DT_S = 1 / 30.0
SPEED_M_S = 1.25


def walk(
    strikes_s: np.ndarray,
    *,
    seconds: float = 10.0,
    speed_m_s: float = SPEED_M_S,
    turn_deg_per_s: float = 0.0,
    heading: float = 0.7,
    covered: int | None = None,
) -> Walk:
    time = (np.arange(round(seconds / DT_S)) + 1) * DT_S
    yaw = heading + np.radians(turn_deg_per_s) * time
    path = speed_m_s * np.cumsum(np.stack([np.cos(yaw), np.sin(yaw)], axis=-1), axis=0) * DT_S
    return Walk("clip", DT_S, strikes_s, len(time) if covered is None else covered, path, yaw)


STRIKES = 0.5 + 1.1 * np.arange(9)


def test_all_but_the_first_cycle_of_a_clip_count() -> None:
    steady = steady_cycles([walk(STRIKES), walk(STRIKES)], SPEED_M_S)
    assert (steady.found, steady.first_of_clip, len(steady.cycles)) == (16, 2, 14)
    assert steady.mean_duration_s == pytest.approx(1.1)
    assert steady.cycles[0].speed_m_s == pytest.approx(SPEED_M_S)
    assert steady.cycles[0].heading_change_deg == pytest.approx(0.0, abs=1e-9)
    assert steady.reason == ""


def test_only_covered_cycles_count() -> None:
    end = STRIKES[4]
    exact = steady_cycles([walk(STRIKES, covered=int(np.ceil(end / DT_S)))], SPEED_M_S)
    short = steady_cycles([walk(STRIKES, covered=int(np.floor(end / DT_S)) - 1)], SPEED_M_S)
    assert (len(exact.cycles), exact.not_covered) == (3, 4)
    assert (len(short.cycles), short.not_covered) == (2, 5)


@pytest.mark.parametrize(("speed_m_s", "kept"), [(1.01, 7), (0.99, 0), (1.49, 7), (1.51, 0), (-1.25, 0)])
def test_speed_lies_within_a_quarter_metre_per_second_and_forward(speed_m_s: float, kept: int) -> None:
    steady = steady_cycles([walk(STRIKES, speed_m_s=speed_m_s)], SPEED_M_S)
    assert (len(steady.cycles), steady.other_speed) == (kept, 7 - kept)


@pytest.mark.parametrize(("turn_deg", "kept"), [(14.9, 7), (-14.9, 7), (15.1, 0), (-15.1, 0)])
def test_heading_changes_by_less_than_15_degrees(turn_deg: float, kept: int) -> None:
    steady = steady_cycles([walk(STRIKES, turn_deg_per_s=turn_deg / 1.1)], SPEED_M_S)
    assert (len(steady.cycles), steady.turning) == (kept, 7 - kept)


def test_odd_durations_are_dropped_over_all_clips() -> None:
    strikes = np.concatenate([STRIKES[:5], STRIKES[5:] + 0.6])
    steady = steady_cycles([walk(strikes, seconds=11), walk(STRIKES)], SPEED_M_S)
    assert steady.odd_duration == 1
    assert max(cycle.duration_s for cycle in steady.cycles) == pytest.approx(1.1)
    assert usual_length([]).size == 0
    assert usual_length([1.0, 1.0, 1.0]).all()
    # mean 1.3, SD 0.6: 2.5 lies exactly 2 SD away, and stays
    assert usual_length([1.0, 1.0, 1.0, 1.0, 2.5]).all()
    assert usual_length([1.0] * 5 + [2.5]).tolist() == [True] * 5 + [False]


def test_fewer_than_three_cycles_give_none_with_the_count() -> None:
    walks = [walk(STRIKES[:4])]
    steady = steady_cycles(walks, SPEED_M_S)
    assert len(steady.cycles) == 2
    assert mean_curve(steady, walks, lambda _: np.zeros((300, 2)), mean_over_step=False) is None
    assert steady.reason.startswith("2 steady gait cycles, 3 are needed")
    assert steady_cycles([], SPEED_M_S).mean_duration_s is None


def test_no_strikes_no_cycles() -> None:
    assert steady_cycles([walk(np.zeros(0)), walk(np.zeros(1))], SPEED_M_S).found == 0


@pytest.mark.parametrize("mean_over_step", [False, True])
def test_mean_curve_puts_a_signal_on_its_phase(mean_over_step: bool) -> None:
    walks = [walk(STRIKES), walk(STRIKES + 0.37)]
    steady = steady_cycles(walks, SPEED_M_S)

    def signal(index: int) -> np.ndarray:
        """A cosine that peaks 20 % of the cycle after each strike, or its mean over each step."""
        end = (np.arange(300) + 1) * DT_S
        time = end[:, None] - DT_S * (np.arange(50) + 0.5) / 50 if mean_over_step else end[:, None]
        phase = (time - walks[index].strikes_s[0]) / 1.1
        return np.cos(2 * np.pi * (phase - 0.2)).mean(axis=1, keepdims=True)

    curve = mean_curve(steady, walks, signal, mean_over_step=mean_over_step)
    assert curve is not None
    assert curve.shape == (1, 100)
    np.testing.assert_allclose(curve[0], np.cos(2 * np.pi * (np.arange(100) / 100 - 0.2)), atol=0.01)
