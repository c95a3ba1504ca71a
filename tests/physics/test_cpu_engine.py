"""The CPU engine: nothing carried over, fresh after each step, rows that know nothing of each other."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.physics.cpu import CpuEngine

FIELDS = ("xpos", "xmat", "cvel", "subtree_com", "sensordata", "actuator_length", "actuator_velocity")
STATE = ("qpos", "qvel", "act")


@pytest.fixture(scope="module")
def model():
    return load_body("legs").model


def states(model, count, seed=0):
    rng = np.random.default_rng(seed)
    qpos = np.tile(model.qpos0, (count, 1))
    qpos[:, 2] = 0.945
    qvel = 0.3 * rng.standard_normal((count, model.nv))
    return qpos, qvel, rng.uniform(0, 0.2, (count, model.na))


def started(model, count=4, threads=1, seed=0):
    engine = CpuEngine(model, count, threads, FIELDS)
    engine.set_state(np.arange(count), *states(model, count, seed))
    engine.control[:] = np.random.default_rng(seed + 1).uniform(0, 0.4, (count, model.nu))
    return engine


def copies(engine, rows=slice(None)):
    return {name: engine.field(name)[rows].copy() for name in (*STATE, *FIELDS)}


def assert_same(one, other):
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_positions_and_velocities_are_those_of_the_new_state(model):
    engine = started(model)
    engine.step(None)
    data = mujoco.MjData(model)
    for row in range(4):
        for name in STATE:
            getattr(data, name)[:] = engine.field(name)[row]
        mujoco.mj_forward(model, data)
        for name in ("xpos", "cvel", "subtree_com", "actuator_length", "actuator_velocity"):
            np.testing.assert_allclose(engine.field(name)[row], getattr(data, name), atol=1e-12, err_msg=name)


def test_nothing_is_carried_over_by_a_start(model):
    fresh = started(model)
    used = started(model, seed=5)
    used.step(None, substeps=40)
    used.set_state(np.arange(4), *states(model, 4))
    used.control[:] = fresh.control
    assert_same(copies(fresh), copies(used))
    for engine in (fresh, used):
        engine.step(None)
    assert_same(copies(fresh), copies(used))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_size_and_threads_do_not_change_a_bit(model, threads):
    many = started(model, count=7, threads=threads)
    many.step(None)
    for row in (0, 6):
        alone = CpuEngine(model, 1, 1, FIELDS)
        alone.set_state(np.array([0]), *(values[row : row + 1] for values in states(model, 7)))
        alone.control[:] = many.control[row]
        alone.step(None)
        assert_same(copies(alone, 0), copies(many, row))


def test_rows_that_are_not_stepped_stay(model):
    engine = started(model)
    before = copies(engine)
    engine.step(np.array([1, 3]))
    after = copies(engine)
    for name in before:
        np.testing.assert_array_equal(after[name][[0, 2]], before[name][[0, 2]])
    assert (after["qpos"][[1, 3]] != before["qpos"][[1, 3]]).any()
    assert not engine.failures(None)


def test_five_steps_of_one_are_one_of_five(model):
    one, five = started(model), started(model)
    one.step(None, substeps=5)
    for _ in range(5):
        five.step(None, substeps=1)
    assert_same(copies(one), copies(five))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("qpos", np.nan, "position"), ("qvel", 1e12, "velocity"), ("ctrl", np.nan, "excitation")],
)
def test_a_broken_row_is_reported_and_takes_no_other_down(model, name, value, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sound, broken = started(model), started(model)
    broken.field(name)[2, 5] = value
    for engine in (sound, broken):
        engine.step(None)
    others = [0, 1, 3]
    assert_same(copies(sound, others), copies(broken, others))
    assert not sound.failures(None)
    assert list(broken.failures(None)) == [2]
    assert reason in broken.failures(None)[2]
    assert not broken.failures(np.array(others))
    broken.set_state(np.array([2]), *(values[:1] for values in states(model, 1)))
    assert not broken.failures(None)
    assert not list(tmp_path.iterdir()), "MuJoCo wrote a log into the working folder"


def test_an_error_of_mujoco_in_one_row_is_reported(model):
    engine = started(model)
    sound = started(model)
    engine._batch.expand("opt.integrator")[1] = 99
    for one in (engine, sound):
        one.step(None)
    assert list(engine.failures(None)) == [1]
    assert "integrator" in engine.failures(None)[1]
    assert_same(copies(sound, [0, 2, 3]), copies(engine, [0, 2, 3]))
