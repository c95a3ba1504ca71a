"""The score of directional control, on walkers whose course is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_walkers import DT_S, SPEED_M_S, START, STEPS, walker

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.tasks.direction import course, score
from kinesis_bench.evaluation.tasks.run import Trial, TrialJob, TrialRun, run_trials
from kinesis_bench.evaluation.tasks.schema import TaskFigures
from kinesis_bench.policies.load import load_policy
from kinesis_bench.tasks.direction import COMMAND_STEPS, DirectionTrial
from kinesis_bench.tasks.registry import task_info


def scored(*trials: Trial) -> TaskFigures:
    return score(TrialRun(trials, DT_S, STEPS), np.random.default_rng(0))


def value(figures: TaskFigures, name: str) -> float:
    found = figures.means[name].mean
    assert found is not None
    return found


def test_a_walker_by_hand() -> None:
    """Half a second late, then the window's half second until the turn is all but seen."""
    figures = scored(walker(), walker(number=1))
    assert (figures.success.count, figures.proportions["fell"].count) == (2, 0)
    # of every 90 steps 75 go as commanded; the other 15 go as before: cosines of the turns
    cosines = np.cos(np.radians([90, 90, 45, 180, 135]))
    expected = SPEED_M_S * (75 * 5 + 15 * cosines.sum()) / STEPS
    assert value(figures, "velocity_along_command_m_s") == pytest.approx(expected)
    assert value(figures, "velocity_along_command_while_standing_m_s") == pytest.approx(expected)
    assert value(figures, "heading_error_deg") == pytest.approx(15 * 540 / STEPS)
    assert value(figures, "settled_heading_error_deg") == pytest.approx(0.0, abs=1e-9)
    assert value(figures, "settled_travel_error_deg") == pytest.approx(0.0, abs=1e-6)
    assert value(figures, "followed_commands") == 5
    assert value(figures, "switches_met") == 4
    assert value(figures, "turned_pct") == 100

    # within 22.5 deg once the new way is long enough: n of 15 steps of the window, of turn T:
    # the mean of 15 - n old and n new steps, found here by drawing it
    def steps_until(turn_deg: float) -> int:
        share = np.arange(1, 16) / 15
        off = np.angle((1 - share) * np.exp(-1j * np.radians(turn_deg)) + share)
        return 15 + 1 + int(np.argmax(np.abs(off) <= np.radians(22.5)))

    turns = [steps_until(turn) for turn in (90, 45, 180 - 1e-9, 135)]
    times = course(walker(), DT_S).turn_s[1:]
    assert times[[0, 1, 3]] == pytest.approx(np.array(turns)[[0, 1, 3]] / 30)
    assert times[2] == pytest.approx((15 + 8) / 30, abs=1 / 30)
    assert value(figures, "mean_time_of_the_turned_s") == pytest.approx(times.mean())
    assert value(figures, "half_turned_after_s") == pytest.approx(np.sort(times)[1])
    assert set(figures.groups["turn"]) == {"45 deg", "90 deg", "135 deg", "180 deg"}
    by_size = figures.groups["turn"]["45 deg"].means["mean_time_of_the_turned_s"]
    assert (by_size.mean, by_size.trials) == (pytest.approx(times[1]), 2)


def test_turns_are_signed_and_the_first_is_from_the_facing() -> None:
    turns = np.degrees(course(walker(), DT_S).turn_rad)
    np.testing.assert_allclose(np.where(np.isclose(turns, 180), -180, turns), [-90, 90, -45, -180, -135])


@pytest.mark.parametrize("aside_deg", [20.0, -20.0, 25.0, -25.0])
def test_who_walks_aside(aside_deg: float) -> None:
    """20 degrees off is within the tolerance and 25 is not; the bias has its sign."""
    figures = scored(
        walker(aside_deg=aside_deg, late_steps=0), walker(number=1, late_steps=0, aside_deg=aside_deg)
    )
    followed = abs(aside_deg) < 22.5
    assert figures.success.count == (2 if followed else 0)
    assert value(figures, "turned_pct") == (100 if followed else 0)
    for name in ("heading_bias_deg", "settled_travel_error_deg"):
        expected = aside_deg if "bias" in name else abs(aside_deg)
        assert value(figures, name) == pytest.approx(expected)
    assert value(figures, "heading_spread_deg") == pytest.approx(0.0, abs=1e-4)
    along = SPEED_M_S * np.cos(np.radians(aside_deg))
    assert value(figures, "velocity_along_command_m_s") == pytest.approx(along)
    half = figures.means["half_turned_after_s"]
    assert (half.mean is not None) == followed
    assert "fewer than half" in half.reason or followed


def test_turning_the_world_and_mirroring_the_schedule_change_nothing() -> None:
    plain = scored(walker(), walker(late_steps=40))
    turned = replace(START, heading_rad=START.heading_rad + np.pi / 4, directions=(1, 3, 2, 6, 3))
    mirrored = DirectionTrial(-np.pi / 2, (0, 6, 7, 3, 6))
    for start in (turned, mirrored):
        again = scored(walker(start), walker(start, late_steps=40))
        assert again.success == plain.success
        for name, figure in plain.means.items():
            assert figure.mean is not None
            sign = -1 if name.endswith("bias_deg") and start is mirrored else 1
            assert value(again, name) == pytest.approx(sign * figure.mean, abs=1e-6), name


def test_a_fall_counts() -> None:
    """It falls a second into the third command: two followed, one switch turned into of two met."""
    fallen = walker(steps=210, ending="the body fell")
    figures = scored(fallen, walker(number=1))
    assert (figures.success.count, figures.proportions["fell"].count) == (1, 1)
    assert value(figures, "followed_commands") == (2 + 5) / 2
    assert value(figures, "switches_met") == (2 + 4) / 2
    assert value(figures, "turned_pct") == pytest.approx(100 * 5 / 6)
    whole = value(scored(walker()), "velocity_along_command_m_s")
    short = fallen.measured["progress_m"][-1]
    assert value(figures, "velocity_along_command_m_s") == pytest.approx((short / 15 + whole) / 2)
    standing = value(figures, "velocity_along_command_while_standing_m_s")
    assert standing == pytest.approx((short + 15 * whole) / (7 + 15))


def test_a_fall_in_a_commands_last_step_is_no_turn() -> None:
    times = course(walker(steps=2 * COMMAND_STEPS, ending="the body fell"), DT_S).turn_s
    assert np.isfinite(times).tolist() == [True, False]
    times = course(walker(steps=2 * COMMAND_STEPS + 1, ending="the body fell"), DT_S).turn_s
    assert np.isfinite(times).tolist() == [True, True, False]


def test_who_falls_at_once_has_no_turns() -> None:
    figures = scored(*(walker(number=n, steps=20, ending="the body fell") for n in range(3)))
    assert figures.proportions["fell_before_the_first_switch"].count == 3
    for name in ("turned_pct", "half_turned_after_s", "mean_time_of_the_turned_s"):
        assert figures.means[name].mean is None
        assert figures.means[name].reason
    assert figures.groups == {}
    at_the_end = walker(steps=COMMAND_STEPS, ending="the body fell")
    assert scored(at_the_end).proportions["fell_before_the_first_switch"].count == 1
    after = walker(steps=COMMAND_STEPS + 1, ending="the body fell")
    assert scored(after).proportions["fell_before_the_first_switch"].count == 0


def test_who_stands_travels_nowhere() -> None:
    still = walker()
    nowhere = {name: np.zeros(STEPS) for name in ("pelvis_x_m", "pelvis_y_m", "progress_m")}
    figures = scored(replace(still, measured={**still.measured, **nowhere}))
    assert figures.success.count == 0
    assert figures.means["travel_error_deg"].mean is None
    assert "direction of travel" in figures.means["travel_bias_deg"].reason
    assert value(figures, "time_on_course_pct") == 0


def test_an_interval_of_the_bias_may_cross_180_degrees() -> None:
    about = [170.0, -170.0, 175.0, -175.0, 180.0, 165.0]
    figures = scored(*(walker(number=n, late_steps=0, aside_deg=a) for n, a in enumerate(about)))
    bias = figures.means["heading_bias_deg"]
    assert bias.mean is not None
    assert abs(bias.mean) > 170
    assert bias.ci95 is not None
    assert bias.ci95[0] < bias.mean < bias.ci95[1]
    assert bias.ci95[1] - bias.ci95[0] < 30


def test_few_who_turn_leave_the_median_without_an_interval() -> None:
    starts = [walker(number=n, late_steps=15 if n % 2 else 90) for n in range(10)]
    half = scored(*starts).means["half_turned_after_s"]
    assert half.mean is not None
    assert half.ci95 is None
    assert "too few" in half.reason


def test_trials_are_the_same_whatever_their_number() -> None:
    policy, body, info = load_policy("zero", "legs"), load_body("legs"), task_info("direction")
    many, recording = run_trials(policy, body, TrialJob(info, 5), threads=1)
    few, _ = run_trials(policy, body, TrialJob(info, 2), threads=1)
    assert [trial.start for trial in few.trials] == [trial.start for trial in many.trials[:2]]
    for one, other in zip(few.trials, many.trials, strict=False):
        for name, values in one.measured.items():
            np.testing.assert_array_equal(values, other.measured[name], err_msg=name)
    clip = recording.clips[0]
    assert clip.reference_keypoint_position is not None
    assert clip.keypoint_position is not None
    goal, at = clip.reference_keypoint_position[:, 0, :2], recording.keypoint_names.index("pelvis")
    found = many.trials[0].measured
    path = np.stack([found["pelvis_x_m"], found["pelvis_y_m"]], axis=-1)
    np.testing.assert_allclose(clip.keypoint_position[:, at, :2], path, atol=1e-6)
    apart = goal[1:] - path[:-1]
    np.testing.assert_allclose(np.hypot(*apart.T), 1.265, atol=1e-5)
    way = np.arctan2(apart[:, 1], apart[:, 0]) - found["command_rad"][1:]
    np.testing.assert_allclose(np.exp(1j * way), 1.0, atol=1e-5)
