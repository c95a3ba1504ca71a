"""Directional control: its schedule, where the goal is, what is seen, earned and measured."""

from __future__ import annotations

import numpy as np
import pytest
from warp_on_cpu import warp_engine

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.physics.engines import cpu_engine
from kinesis_bench.tasks.direction import (
    COMMAND_STEPS,
    COMMANDS,
    DIRECTIONS,
    LEAD_M,
    Direction,
    DirectionTrial,
)
from kinesis_bench.tasks.goal import goal_reward
from kinesis_bench.tasks.observation import observation_layout

ROWS = 3
TRIALS = [
    DirectionTrial(0.4, (0, 2, 4, 6, 0)),
    DirectionTrial(-2.0, (3, 1, 7, 2, 5)),
    DirectionTrial(3.0, (5, 6, 5, 6, 5)),
]


@pytest.fixture(scope="module")
def task() -> Direction:
    return Direction(load_body("legs"), ROWS, threads=1, rewarded=True)


def some_action(task: Direction, rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 0, (rows, task.action_size))


def pelvis(task: Direction) -> np.ndarray:
    return np.array(task._pelvis_at(np.arange(ROWS)))


def ahead(direction: int) -> np.ndarray:
    angle = 2 * np.pi * direction / DIRECTIONS
    return LEAD_M * np.array([np.cos(angle), np.sin(angle)])


def test_what_is_drawn(task: Direction) -> None:
    drawn = [task.draw(np.random.default_rng(seed)) for seed in range(4000)]
    directions = np.array([trial.directions for trial in drawn])
    assert directions.shape == (4000, COMMANDS)
    turns = np.diff(directions, axis=1) % DIRECTIONS
    assert (turns != 0).all()
    expected = 4000 * (COMMANDS - 1) / (DIRECTIONS - 1)
    assert np.bincount(turns.ravel(), minlength=8)[1:] == pytest.approx(expected, rel=0.1)
    for command in directions.T:
        assert np.bincount(command, minlength=8) == pytest.approx(500, rel=0.2)
    heading = np.array([trial.heading_rad for trial in drawn])
    assert np.abs(np.exp(1j * heading).mean()) < 0.05
    assert task.draw(np.random.default_rng(7)) == drawn[7]


def test_the_goal_is_ahead_of_where_the_pelvis_is(task: Direction) -> None:
    rows = np.arange(ROWS)
    task.start(rows, TRIALS)
    for seed in range(4):
        goals = pelvis(task) + [ahead(trial.directions[0]) for trial in TRIALS]
        np.testing.assert_allclose(task.goal, goals, atol=1e-12)
        assert not task.step(rows, some_action(task, ROWS, seed)).broken


def test_directions_switch_every_3_s_in_each_row_by_its_own_age(task: Direction) -> None:
    """A row that began 2 steps later switches 2 steps later; what is measured is the command that was on."""
    rows = np.arange(ROWS)
    task.start(rows, TRIALS)
    task.age[:] = [COMMAND_STEPS - 1, COMMAND_STEPS - 3, task.steps - 1]
    outcome = task.step(rows, some_action(task, ROWS))
    commands = [trial.commands_rad for trial in TRIALS]
    before = [commands[0][0], commands[1][0], commands[2][4]]
    np.testing.assert_allclose(outcome.measured["command_rad"], before)
    goals = pelvis(task) + np.stack([ahead(2), ahead(3), ahead(5)])
    np.testing.assert_allclose(task.goal, goals, atol=1e-12)
    assert outcome.finished.tolist() == [False, False, True]


def test_what_is_seen_of_the_goal(task: Direction) -> None:
    """The pelvis's reference lies LEAD_M away in the commanded direction, as the pelvis looks at it."""
    rows = np.arange(ROWS)
    task.start(rows, TRIALS)
    task.step(rows, some_action(task, ROWS))
    layout = dict(observation_layout(task.body))
    seen = task.observe(rows)[:, layout["reference_position_difference"]].reshape(ROWS, -1, 3)
    at = task.body.keypoints.index("pelvis")
    others = np.delete(seen, at, axis=1)
    np.testing.assert_allclose(others, 0.0, atol=1e-6)
    heading = np.arctan2(*task._now.heading.T[::-1])
    for row, trial in enumerate(TRIALS):
        angle = trial.commands_rad[0] - heading[row]
        expected = LEAD_M * np.array([np.cos(angle), np.sin(angle)])
        np.testing.assert_allclose(seen[row, at, :2], expected, atol=1e-5)


def test_reward_counts_what_is_covered_in_the_commanded_direction(task: Direction) -> None:
    """By hand from the path; over a switch too, where the distance from the new goal is another."""
    rows = np.arange(ROWS)
    task.start(rows, TRIALS)
    task.age[:] = COMMAND_STEPS - 2
    config, total = goal_reward("legs"), np.zeros(ROWS)
    for seed in range(4):
        before = pelvis(task)
        goal = np.array(task.goal)
        outcome = task.step(rows, some_action(task, ROWS, seed))
        command = outcome.measured["command_rad"]
        moved = pelvis(task) - before
        along = moved[:, 0] * np.cos(command) + moved[:, 1] * np.sin(command)
        nearer = np.hypot(*(before - goal).T) - np.hypot(*(pelvis(task) - goal).T)
        np.testing.assert_allclose(nearer, along, atol=3e-4, err_msg="but for a move aside, which is small")
        np.testing.assert_allclose(outcome.reward_terms["progress"], 20.0 * nearer, atol=1e-9)
        terms = outcome.reward_terms
        expected = 0.8 * terms["progress"] + config.energy_weight * terms["energy"]
        np.testing.assert_allclose(outcome.reward, expected + config.upright_weight * terms["upright"])
        assert (outcome.reward < task.reward_range[1]).all()
        total += along
        np.testing.assert_allclose(outcome.measured["progress_m"], total, atol=1e-12)


def test_turning_the_world_changes_nothing(task: Direction) -> None:
    """A quarter turn of facing and commands: the same observations, progress and reward."""
    rows = np.arange(ROWS)
    task.start(rows, TRIALS)
    first = [task.observe(rows), task.step(rows, some_action(task, ROWS)), task.observe(rows)]
    turned = [
        DirectionTrial(trial.heading_rad + np.pi / 2, tuple((d + 2) % 8 for d in trial.directions))
        for trial in TRIALS
    ]
    task.start(rows, turned)
    again = [task.observe(rows), task.step(rows, some_action(task, ROWS)), task.observe(rows)]
    for place in (0, 2):
        np.testing.assert_allclose(again[place], first[place], atol=2e-4)
    np.testing.assert_allclose(again[1].reward, first[1].reward, atol=1e-5)
    np.testing.assert_allclose(again[1].measured["progress_m"], first[1].measured["progress_m"], atol=1e-6)


def test_rows_do_not_touch_each_other(task: Direction) -> None:
    rows = np.arange(ROWS)
    task.start(rows, TRIALS)
    action = some_action(task, ROWS)
    whole = task.step(rows, action)
    task.start(rows, TRIALS)
    part = task.step(np.array([1]), action[1:2])
    for name, values in whole.measured.items():
        assert part.measured[name][0] == values[1], name
    np.testing.assert_array_equal(task.goal[0], ahead(0) + pelvis(task)[0])


def test_it_falls_below_070_m(task: Direction) -> None:
    rows = np.arange(ROWS)
    task.start(rows, TRIALS)
    for _ in range(60):
        outcome = task.step(rows, np.full((ROWS, task.action_size), -1.0))
        assert (outcome.failed == (outcome.measured["pelvis_height_m"] < 0.7)).all()
    assert outcome.failed.all()


def test_steering(task: Direction) -> None:
    rows = np.arange(ROWS)
    task.start(rows, TRIALS)
    task.steer(np.array([1]), np.pi / 2, 0.5)
    np.testing.assert_allclose(task.goal[1] - pelvis(task)[1], [0.0, 0.5], atol=1e-12)
    task.age[:] = 10 * task.steps
    task.step(rows, some_action(task, ROWS))
    np.testing.assert_allclose(task.goal[1] - pelvis(task)[1], [0.0, 0.5], atol=1e-12)
    task.steer(np.array([1]), 0.0, 0.0)
    np.testing.assert_allclose(task.goal[1], pelvis(task)[1], atol=1e-12)
    task.start(rows, TRIALS)
    np.testing.assert_allclose(task.goal, [ahead(trial.directions[0]) for trial in TRIALS], atol=1e-12)


@pytest.mark.parametrize("name", ["legs_abs", "legs_back"])
def test_other_bodies(name: str) -> None:
    task = Direction(load_body(name), 1, threads=1, rewarded=True, record=True)
    task.start(np.array([0]), TRIALS[:1])
    assert task.observe(np.array([0])).shape == (1, task.observation_size)
    outcome = task.step(np.array([0]), some_action(task, 1))
    assert outcome.record is not None
    at = task.body.keypoints.index("pelvis")
    goal = outcome.record.reference_keypoint_position[0, at, :2]
    np.testing.assert_allclose(goal, ahead(0), atol=1e-9, err_msg="the goal as it was during the step")


def test_it_has_no_reference_to_track() -> None:
    with pytest.raises(InputError, match="follows a reference motion"):
        Direction(load_body("legs"), 1, control="tracking")


def test_gymnasium() -> None:
    import gymnasium

    import kinesis_bench  # noqa: F401

    env = gymnasium.make_vec(
        "kinesis_bench/Direction-v1", num_envs=2, vectorization_mode="vector_entry_point", threads=1
    )
    seen, _ = env.reset(seed=3, options={"trial": TRIALS[:2]})
    assert seen.shape == (2, 309)
    _, reward, _, _, info = env.step(np.zeros(env.action_space.shape, np.float32))
    assert np.isfinite(reward).all()
    np.testing.assert_allclose(info["command_rad"], [trial.commands_rad[0] for trial in TRIALS[:2]])
    single = gymnasium.make("kinesis_bench/Direction-v1")
    again, _ = single.reset(seed=3, options={"trial": TRIALS[0]})
    np.testing.assert_array_equal(again, seen[0])


def test_on_warp() -> None:
    """The same numbers on the GPU engine, on Warp's CPU device, over a switch."""
    pytest.importorskip(
        "mujoco_warp", reason="MuJoCo Warp is not installed (pip install 'kinesis-bench[gpu]')"
    )
    pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[gpu]')")

    found = []
    for make_engine in (cpu_engine, warp_engine):
        task = Direction(load_body("legs"), ROWS, threads=1, rewarded=True, make_engine=make_engine)
        task.start(np.arange(ROWS), TRIALS)
        task.age[:] = COMMAND_STEPS - 1
        outcome = task.step(np.arange(ROWS), some_action(task, ROWS))
        seen = task.observe(np.array([0, 2]))
        found.append((np.asarray(seen), np.asarray(outcome.reward), outcome.measured))
    np.testing.assert_allclose(found[1][0], found[0][0], atol=2e-2)
    np.testing.assert_allclose(found[1][1], found[0][1], atol=2e-3)
    assert list(found[0][2]) == list(found[1][2])
    for name, values in found[0][2].items():
        np.testing.assert_allclose(np.asarray(found[1][2][name]), values, atol=2e-3, err_msg=name)
