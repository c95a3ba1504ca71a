"""Target reaching: what a row sees, what it earns, when it ends; and what is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.tasks.goal import GoalReward, goal_reward
from kinesis_bench.tasks.observation import observation_layout
from kinesis_bench.tasks.reward import reward_config
from kinesis_bench.tasks.standing import standing
from kinesis_bench.tasks.target import Target, TargetFar, TargetTrial

ROWS = 4
ALL = np.arange(ROWS)


def made(rows: int = ROWS, **options) -> Target:
    return Target(load_body("legs"), rows, threads=1, rewarded=True, **options)


def trials(task: Target, count: int = ROWS, seed: int = 0) -> list[TargetTrial]:
    rng = np.random.default_rng(seed)
    return [task.draw(rng) for _ in range(count)]


def actions(seed: int, rows: int = ROWS) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(-0.8, 0.1, (rows, 80)), -1, 1)


def test_only_the_pelvis_has_somewhere_to_go() -> None:
    """Facing +y, the goal 0.6 m ahead and 0.2 m to the right."""
    task, parts = made(1), dict(observation_layout(load_body("legs")))
    task.start(np.array([0]), [TargetTrial(np.pi / 2, 0.2, 0.6)])
    seen = task.observe(np.array([0]))[0]
    heading = np.arctan2(*task._now.heading[0, ::-1])
    ahead, left = 0.6 * np.sin(heading) + 0.2 * np.cos(heading), 0.6 * np.cos(heading) - 0.2 * np.sin(heading)
    assert abs(heading - np.pi / 2) < 0.06
    difference = seen[parts["reference_position_difference"]].reshape(-1, 3)
    np.testing.assert_allclose(difference[0], [ahead, left, 0], atol=1e-6)
    np.testing.assert_allclose([ahead, left], [0.6, -0.2], atol=0.04)
    assert not difference[1:].any()
    assert not seen[parts["reference_velocity_difference"]].any()
    place = seen[parts["reference_position"]].reshape(-1, 3)
    own = task._now.keypoint_position[0] - task._now.position[0, 0]
    lengths = np.linalg.norm(own, axis=1)
    np.testing.assert_allclose(np.linalg.norm(place - difference, axis=1), lengths, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(turn=st.floats(-np.pi, np.pi), seed=st.integers(0, 5))
def test_what_is_seen_does_not_depend_on_where_the_world_faces(turn: float, seed: int) -> None:
    task = made(2)
    trial = trials(task, 1, seed)[0]
    c, s = np.cos(turn), np.sin(turn)
    x, y = trial.goal_x_m, trial.goal_y_m
    turned = replace(
        trial, heading_rad=trial.heading_rad + turn, goal_x_m=c * x - s * y, goal_y_m=s * x + c * y
    )
    np.testing.assert_allclose(trial.goal_ahead_left_m, turned.goal_ahead_left_m, atol=1e-9)
    task.start(np.arange(2), [trial, turned])
    one, other = task.observe(np.arange(2))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_the_reward_by_hand() -> None:
    task = made()
    begun = trials(task)
    begun[1] = replace(begun[1], goal_x_m=0.03, goal_y_m=-0.02)
    task.start(ALL, begun)
    goal = np.array([(trial.goal_x_m, trial.goal_y_m) for trial in begun])
    before = np.linalg.norm(goal, axis=1)
    for count in range(3):
        step = task.step(ALL, actions(count))
        pelvis = np.stack([step.measured["pelvis_x_m"], step.measured["pelvis_y_m"]], axis=1)
        distance = np.linalg.norm(goal - pelvis, axis=1)
        np.testing.assert_allclose(step.measured["distance_m"], distance, atol=1e-12)
        terms = step.reward_terms
        expected = 0.8 * 20 * (before - distance) + 20 * (distance < 0.1)
        expected += 0.1 * terms["energy"] + 0.1 * terms["upright"]
        np.testing.assert_allclose(step.reward, expected, atol=1e-9)
        assert (distance < 0.1).tolist() == [False, True, False, False]
        least, most = task.reward_range
        assert ((least < step.reward) & (step.reward < most)).all()
        before = distance


@pytest.mark.parametrize("body", ["legs", "legs_abs", "legs_back"])
def test_energy_and_uprightness_weigh_what_they_weigh_in_imitation(body: str) -> None:
    reward, of = goal_reward(body), reward_config(body)
    assert (reward.energy_weight, reward.upright_weight) == (of.energy_weight, of.upright_weight)
    assert (reward.progress_weight, reward.progress_per_m, reward.arrival) == (0.8, 20.0, 20.0)
    assert reward.progress_weight + reward.energy_weight + reward.upright_weight == pytest.approx(1.0)
    assert GoalReward().arrival_m == 0.1


def test_a_limp_body_falls_and_one_that_is_held_up_does_not() -> None:
    task = made()
    task.start(ALL, trials(task))
    height = np.full(ROWS, standing("legs").pelvis_height_m)
    for _ in range(12):
        step = task.step(ALL, np.full((ROWS, 80), -1.0))
        np.testing.assert_array_equal(step.failed, step.measured["pelvis_height_m"] < 0.7)
        assert (step.measured["pelvis_height_m"] < height + 0.02).all()
        height = step.measured["pelvis_height_m"]
    assert step.failed.all()


def test_time_is_up_after_five_seconds() -> None:
    task = made(1)
    task.start(np.array([0]), trials(task, 1))
    task.age[:] = 148
    assert not task.step(np.array([0]), actions(0, 1)).finished[0]
    assert task.step(np.array([0]), actions(1, 1)).finished[0]
    assert task.steps * task.dt_s == pytest.approx(5.0)


def test_rows_threads_and_recording_change_no_bit() -> None:
    small, large = made(1), Target(load_body("legs"), ROWS, threads=2, rewarded=True, record=True)
    begun = trials(small)
    large.start(ALL, begun)
    given = [actions(count) for count in range(4)]
    steps = [large.step(ALL, action) for action in given]
    for row, trial in enumerate(begun):
        small.start(np.array([0]), [trial])
        for step, action in zip(steps, given, strict=True):
            alone = small.step(np.array([0]), action[row : row + 1])
            assert alone.reward[0] == step.reward[row]
            assert alone.measured["distance_m"][0] == step.measured["distance_m"][row]
    np.testing.assert_array_equal(small.observe(np.array([0]))[0], large.observe(ALL)[-1])


def test_a_record_holds_the_goal_where_the_pelvis_is_to_be() -> None:
    task = made(record=True)
    begun = trials(task)
    task.start(ALL, begun)
    record = task.step(ALL, actions(0)).record
    goal = [(t.goal_x_m, t.goal_y_m, standing("legs").pelvis_height_m) for t in begun]
    np.testing.assert_allclose(record.reference_keypoint_position[:, 0], goal, atol=1e-12)
    np.testing.assert_array_equal(record.reference_keypoint_position[:, 1:], record.keypoint_position[:, 1:])


def test_a_push_moves_the_root() -> None:
    task = made()
    push = np.random.default_rng(1).normal(0, 0.3, (ROWS, 3))
    task.start(ALL, trials(task), push_m_s=push)
    np.testing.assert_array_equal(task.state(ALL)[1][:, :3], push)


@pytest.mark.parametrize(("kind", "reach"), [(Target, 1.0), (TargetFar, 2.0)])
def test_goals_fill_the_square_and_bodies_face_anywhere(kind: type[Target], reach: float) -> None:
    task, rng = kind(load_body("legs"), 1, threads=1), np.random.default_rng(0)
    drawn = [task.draw(rng) for _ in range(2000)]
    for values, most in (
        ([t.goal_x_m for t in drawn], reach),
        ([t.goal_y_m for t in drawn], reach),
        ([t.heading_rad for t in drawn], np.pi),
    ):
        assert max(map(abs, values)) <= most
        counts, _ = np.histogram(values, bins=8, range=(-most, most))
        assert (abs(counts - 250) < 5 * np.sqrt(250)).all()


def test_what_is_seen_by_a_policy_that_asks_for_a_pose_is_the_standing_one() -> None:
    task = made(needs=("reference", "state"))
    task.start(ALL, trials(task))
    begun = task.view(ALL, ("state",))["qpos"]
    task.step(ALL, actions(0))
    seen = task.view(ALL, ("reference",))
    np.testing.assert_array_equal(seen["reference_qpos"], begun)
    np.testing.assert_array_equal(seen["reference_qpos_next"], begun)


def test_a_law_that_follows_motions_is_refused() -> None:
    with pytest.raises(InputError, match="control: tracking follows a reference motion"):
        made(control="tracking")
