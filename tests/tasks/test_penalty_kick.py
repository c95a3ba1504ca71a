"""The penalty kick: what counts as a goal, what a row sees, earns and leaves behind."""

from __future__ import annotations

from dataclasses import replace

import gymnasium
import numpy as np
import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.tasks.observation import observation_layout
from kinesis_bench.tasks.penalty_kick import (
    ASIDE_M,
    BEHIND_BALL_M,
    FARTHEST_GOAL_M,
    KickTrial,
    PenaltyKick,
    _crossing,
)

ROWS = 4
KICK = KickTrial("static", 1.5, 0.3, -3.0, 3.0, 7)


def draws(task, count, seed=0):
    return [task.draw(np.random.default_rng((seed, trial))) for trial in range(count)]


def idle(task, rows):
    return np.full((len(rows), task.action_size), -1.0)


def run(task, rows, most=200):
    """Last measures of each row, steps taken, and how it ended."""
    live, last, ended = np.array(rows), {}, {}
    for step in range(1, most + 1):
        outcome = task.step(live, idle(task, live))
        assert not outcome.broken
        for place, row in enumerate(live):
            last[row] = {name: float(values[place]) for name, values in outcome.measured.items()}
            if outcome.failed[place] or outcome.finished[place]:
                ended[row] = ("failed" if outcome.failed[place] else "finished", step)
        live = live[~(outcome.failed | outcome.finished)]
        if not len(live):
            break
    return last, ended


@pytest.fixture(scope="module")
def body():
    return load_body("legs_back")


@pytest.fixture(scope="module")
def task(body):
    return PenaltyKick(body, ROWS, rewarded=True, needs=("state", "reference", "muscle"))


def test_a_kick_by_hand_is_a_goal_only_in_the_net_and_standing(task):
    """In the net while it stands; the same after it fell; wide; over the bar."""
    rows = np.arange(ROWS)
    task.start(rows, [KICK] * ROWS)
    run(task, [1], most=60)
    place = np.array([[48.0, 0.0, 0.2], [48.0, 0.0, 0.2], [48.0, 3.8, 0.2], [48.0, 0.0, 2.6]])
    task.place_ball(rows, place, np.tile([20.0, 0.0, 0.0], (ROWS, 1)))
    last, ended = run(task, rows)
    assert [last[row]["goal"] for row in rows] == [1, 0, 0, 0]
    assert [last[row]["in_net"] for row in rows] == [1, 1, 0, 0]
    assert [last[row]["on_target"] for row in rows] == [1, 1, 0, 0]
    assert [last[row]["touched"] for row in rows] == [1, 1, 1, 1]
    assert [last[row]["fell"] for row in rows] == [0, 1, 0, 0]
    assert all(ended[row] == ("finished", 11) for row in rows), "2.117 m at 20 m/s"


def test_a_ball_at_the_keeper_is_on_target_and_no_goal(task):
    rows = np.array([0, 2])
    task.start(rows, [replace(KICK, keeper_y_m=0.0)] * 2)
    task.place_ball(rows, [[48.0, 0.0, 0.3], [48.0, 0.9, 0.3]], [[15.0, 0.0, 0.0]] * 2)
    last, ended = run(task, rows, most=400)
    assert [last[row]["on_target"] for row in rows] == [1, 1]
    assert [last[row]["in_net"] for row in rows] == [0, 1]
    assert [last[row]["goal"] for row in rows] == [0, 1]
    assert ended[0][0] == "failed", "saved, and then the idle body fell"


def test_no_save_falls_between_two_control_steps(task):
    """A bounce of 9 ms off the keeper, begun at twelve times of a control step of 10 ms."""
    rows, found = np.arange(ROWS), []
    for turn in range(3):
        task.start(rows, [replace(KICK, keeper_y_m=0.0)] * ROWS)
        places = [[48.9 - 0.15 * (turn + 3 * row) / 12, 0.0, 0.3] for row in range(ROWS)]
        task.place_ball(rows, places, [[15.0, 0.0, 0.0]] * ROWS)
        last, _ = run(task, rows, most=12)
        found += [(last[row]["on_target"], last[row]["in_net"]) for row in rows]
    assert found == [(1, 0)] * 12


def test_a_fallen_body_is_waited_for_only_while_the_ball_may_still_get_there(task):
    rows = np.array([0, 1])
    task.start(rows, [KICK] * 2)
    task.place_ball(rows[1:], [[46.0, 0.0, 0.2]], [[6.0, 0.0, 0.0]])
    last, ended = run(task, rows, most=400)
    assert last[0]["fell"] == last[1]["fell"] == 1
    assert ended[0][0] == "failed"
    assert ended[0][1] < 50
    assert ended[1][0] == "finished"
    assert ended[1][1] > 60
    assert (last[1]["in_net"], last[1]["goal"]) == (1, 0)


def test_where_a_ball_crosses_is_taken_between_the_steps():
    """Its hind edge passes the line at 6/10 of the way, 3.36 m aside: wide, though it began inside."""
    line = 50.117
    before = np.array([[line - 0.6, 3.0, 1.0], [line - 0.6, 3.0, 1.0], [line + 0.1, 0.0, 1.0]])
    after = np.array([[line + 0.4, 3.6, 1.0], [line + 0.4, 3.4, 1.0], [line + 0.2, 0.0, 1.0]])
    crossed, inside = _crossing(before, after)
    assert crossed.tolist() == [True, True, False]
    assert inside.tolist() == [False, True, False]


def test_the_observation_is_the_targets_with_the_goal_at_the_ball(task, body):
    rows = np.arange(ROWS)
    task.start(rows, draws(task, ROWS))
    seen = task.observe(rows)
    parts = dict(observation_layout(body))
    difference = seen[:, parts["reference_position_difference"]].reshape(ROWS, -1, 3)
    pelvis = body.keypoints.index("pelvis")
    ahead = np.array([[trial.behind_m, -trial.aside_m] for trial in draws(task, ROWS)])
    np.testing.assert_allclose(difference[:, pelvis, :2], ahead, atol=2e-3)
    assert np.abs(np.delete(difference, pelvis, axis=1)).max() == 0
    assert np.abs(seen[:, parts["reference_velocity_difference"]]).max() == 0
    task.place_ball(rows, np.tile([48.0, 2.0, 0.117], (ROWS, 1)), np.zeros((ROWS, 3)))
    far = task.observe(rows)[:, parts["reference_position_difference"]].reshape(ROWS, -1, 3)[:, pelvis, :2]
    np.testing.assert_allclose(np.linalg.norm(far, axis=1), FARTHEST_GOAL_M, rtol=1e-5)
    start = np.array([[40 - trial.behind_m, trial.aside_m] for trial in draws(task, ROWS)])
    way = np.array([48.0, 2.0]) - start
    np.testing.assert_allclose(far, FARTHEST_GOAL_M * way / np.linalg.norm(way, axis=1)[:, None], atol=2e-3)


def test_a_policy_that_needs_the_ball_sees_ball_net_and_keeper_after_all_else(task, body):
    rows, trial = np.array([0]), replace(KICK, keeper_y_m=2.0)
    seeing = PenaltyKick(body, 1, needs=("ball",))
    for one in (seeing, task):
        one.start(rows, [trial])
        one.place_ball(rows, [[42.0, 1.0, 0.5]], [[3.0, 1.0, 2.0]])
    seen, plain = seeing.observe(rows), task.observe(rows)
    assert seen.shape == (1, seeing.observation_size) == (1, task.observation_size + 12)
    np.testing.assert_array_equal(seen[:, :-12], plain)
    height = plain[0, 0]  # the standing pose looks 0.3 mrad past +x
    expected = [
        *(3.5, 0.7, 0.5 - height),
        *(3.0, 1.0, 2.0),
        *(11.5, -0.3, -height),
        *(11.5, 1.7, -height),
    ]
    np.testing.assert_allclose(seen[0, -12:], expected, atol=5e-3)


def test_the_reward_is_the_balls_speed_above_all(task):
    rows = np.arange(ROWS)
    task.start(rows, [KICK] * ROWS)
    first = task.step(rows, idle(task, rows))
    assert np.abs(first.reward).max() < 1
    assert first.reward_terms["ball_speed"].max() < 1e-6
    task.place_ball(rows[:2], [[41.0, 0.0, 0.2], [41.0, 0.0, 0.2]], [[10.0, 0.0, 0.0], [-10.0, 0.0, 0.0]])
    kicked = task.step(rows, idle(task, rows))
    np.testing.assert_allclose(kicked.reward_terms["ball_speed"][:2], [10, 0], atol=1e-3)
    np.testing.assert_array_equal(kicked.reward_terms["touch"], [1, 1, 0, 0])
    np.testing.assert_array_equal(kicked.reward_terms["progress"][:2], 0)
    other = 0.2 * kicked.reward_terms["energy"] + 0.0 * kicked.reward_terms["upright"]
    np.testing.assert_allclose(kicked.reward[:2] - other[:2], [30, 20], atol=1e-3)
    np.testing.assert_allclose(
        kicked.reward[2:] - other[2:], 16 * kicked.reward_terms["progress"][2:], atol=1e-9
    )
    low, high = task.reward_range
    assert low < kicked.reward.min()
    assert kicked.reward.max() < high


def test_nothing_is_earned_after_a_fall(task):
    rows = np.array([0])
    task.start(rows, [KICK])
    run(task, rows, most=60)
    task.place_ball(rows, [[41.0, 0.0, 0.2]], [[10.0, 0.0, 0.0]])
    outcome = task.step(rows, idle(task, rows))
    assert outcome.measured["fell"] == [1]
    assert outcome.reward == [0]


def test_trials_come_from_their_own_numbers(task, body):
    trials = draws(task, 300)
    assert trials[7] == draws(task, 8)[7]
    assert {trial.keeper for trial in trials} == {"static", "brownian", "tracking"}
    only = PenaltyKick(body, 1, keeper="tracking")
    for one, other in zip(draws(only, 20), trials, strict=False):
        assert one == replace(other, keeper="tracking")
    for name, (low, high) in {
        "behind_m": BEHIND_BALL_M,
        "aside_m": (-ASIDE_M, ASIDE_M),
        "keeper_y_m": (-3.3, 3.3),
        "keeper_speed_m_s": (1, 5),
    }.items():
        values = np.array([getattr(trial, name) for trial in trials])
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values.max() <= high


def test_keepers_move_on_the_line_and_show_in_the_scene(task):
    rows = np.arange(3)
    trials = [
        replace(KICK, keeper=name, keeper_y_m=1.0, keeper_speed_m_s=4.0)
        for name in ("static", "brownian", "tracking")
    ]
    task.start(rows, trials)
    task.place_ball(rows, np.tile([44.0, -1.0, 0.117], (3, 1)), np.zeros((3, 3)))
    path = np.array([task.step(rows, idle(task, rows)).measured["keeper_y_m"] for _ in range(20)])
    steps = np.diff(np.concatenate((np.ones((1, 3)), path)), axis=0)
    assert (path[:, 0] == 1.0).all()
    assert np.abs(steps[:, 1]).max() <= 0.04 + 1e-12
    assert len(np.unique(steps[:, 1].round(9))) == 2, "a velocity is held for 0.1 s"
    np.testing.assert_allclose(path[:, 2], -1 + 2 * 0.99 ** np.arange(1, 21))
    np.testing.assert_allclose(task.engine.field("mocap_pos")[:3, 0, 1], path[-1])


def test_rows_know_nothing_of_each_other(body, task):
    rows = np.arange(ROWS)
    trials = draws(task, ROWS)
    task.start(rows, trials)
    alone = PenaltyKick(body, 1, rewarded=True)
    alone.start(np.array([0]), [trials[3]])
    rng = np.random.default_rng(0)
    for _ in range(5):
        action = rng.uniform(-1, 1, (ROWS, task.action_size))
        many, one = task.step(rows, action), alone.step(np.array([0]), action[3:])
        for name in many.measured:
            np.testing.assert_array_equal(many.measured[name][3], one.measured[name][0], err_msg=name)
        np.testing.assert_array_equal(many.reward[3], one.reward[0])
    np.testing.assert_array_equal(task.observe(rows)[3], alone.observe(np.array([0]))[0])


def test_state_views_and_records_are_the_bodys_own(body, task):
    rows = np.array([1])
    task.start(rows, [KICK])
    assert [part.shape for part in task.state(rows)] == [(1, 53), (1, 52), (1, 290)]
    view = task.view(rows, ("state", "reference", "muscle"))
    assert view["qpos"].shape == view["reference_qpos"].shape == view["reference_qpos_next"].shape == (1, 53)
    np.testing.assert_allclose(view["reference_qpos"], view["qpos"], atol=1e-12)
    recording = PenaltyKick(body, 1, record=True)
    recording.start(np.array([0]), [KICK])
    record = recording.step(np.array([0]), idle(task, rows)).record
    assert record.qpos.shape == (1, 53)
    assert record.qvel.shape == (1, 52)
    assert record.touch.shape == (1, 5, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"keeper": "brown"}, "--keeper: unknown name 'brown'; did you mean 'brownian'"),
        ({"needs": ("moment_arm",)}, "shows no moment arms"),
        ({"control": "tracking"}, "follows a reference motion"),
    ],
)
def test_what_it_cannot_do_is_refused(body, arguments, words):
    with pytest.raises(InputError, match=words):
        PenaltyKick(body, 1, **arguments)


def test_another_body_is_refused():
    with pytest.raises(InputError, match="legs_back"):
        PenaltyKick(load_body("legs"), 1)


def test_gymnasium_knows_it():
    env = gymnasium.make("kinesis_bench/PenaltyKick-v1", keeper="tracking", needs=("ball",))
    seen, _ = env.reset(seed=1)
    again, _ = env.reset(seed=1)
    assert seen.shape == env.observation_space.shape == (465,)
    np.testing.assert_array_equal(seen, again)
    assert env.unwrapped.task.dt_s == pytest.approx(0.01)
    env.reset(options={"trial": KICK})
    env.unwrapped.task.place_ball(np.array([0]), [[50.0, 0.0, 0.2]], [[20.0, 0.0, 0.0]])
    _, reward, terminated, truncated, info = env.step(np.full(290, -1.0))
    assert (info["goal"], info["touched"], terminated, truncated) == (1, 1, True, False)
    assert reward == pytest.approx(40.2, abs=0.1), "20 for the touch, 20 m/s, and energy"
    vector = gymnasium.make_vec("kinesis_bench/PenaltyKick-v1", num_envs=2)
    seen, _ = vector.reset(seed=3)
    assert seen.shape == (2, 453)
    assert vector.step(np.zeros((2, 290)))[1].shape == (2,)
