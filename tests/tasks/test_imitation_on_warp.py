"""The imitation task on the GPU engine, on Warp's CPU device: the same numbers as on the CPU engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from warp_on_cpu import warp_engine

from kinesis_bench.physics.engines import cpu_engine
from kinesis_bench.tasks.control import CONTROLS
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.observation import observation_layout
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import reward_config
from kinesis_bench.tasks.termination import TRAINING

pytest.importorskip("mujoco_warp", reason="MuJoCo Warp is not installed (pip install 'kinesis-bench[gpu]')")
torch = pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[gpu]')")

NEEDS = ("state", "reference", "muscle")
ROWS = 4


def tasks(body, motions, control, **options):
    reference = Reference.of(motions, body)
    return [
        Imitation(
            body,
            reference,
            ROWS,
            control=control,
            threads=1,
            make_engine=make_engine,
            reward=replace(reward_config(body.name), correction_weight=0.1),
            termination=TRAINING,
            needs=NEEDS,
            **options,
        )
        for make_engine in (cpu_engine, warp_engine)
    ]


def gentle(task, rows, seed):
    """Actions under which no muscle does anything violent."""
    noise = 0.1 * np.random.default_rng(seed).standard_normal((len(rows), task.action_size))
    if task.law.name == "pd":
        return np.clip(task.law.action(task.view(rows, ("muscle",))["muscle_length"]) + 0.1 * noise, -1, 1)
    return np.clip(noise - 0.9 if task.law.name in ("direct", "synergy") else noise, -1, 1)


def assert_near(warp, cpu, atol, **options):
    assert isinstance(warp, torch.Tensor)
    assert isinstance(cpu, np.ndarray)
    np.testing.assert_allclose(warp.numpy(), cpu, atol=atol, **options)


@pytest.mark.parametrize("control", CONTROLS)
def test_one_task_on_two_engines(legs, legs_motions, control):
    cpu, warp = both = tasks(legs, legs_motions, control)
    touch = dict(observation_layout(legs))["touch"]
    kinematic = np.delete(np.arange(cpu.observation_size), touch)
    rng = np.random.default_rng(0)
    beginnings = [
        (np.arange(ROWS), np.array([0, 1, 2, 0]), np.array([0, 3, 5, 9])),
        (np.array([1, 2]), np.array([2, 0]), np.array([int(legs_motions.length[2]) - 3, 4])),
    ]
    for turn, (rows, clip, frame) in enumerate(beginnings):
        activation, push = rng.uniform(0, 0.1, (len(rows), 80)), rng.normal(0, 0.1, (len(rows), 3))
        for task in both:
            task.start(rows, clip, frame, activation=activation, push_m_s=push)
        rows = [np.arange(ROWS), np.array([0, 1, 2])][turn]
        for count in range(2):
            action = gentle(cpu, rows, seed=count)
            one, other = cpu.step(rows, action), warp.step(rows, action)
            assert not one.broken
            assert not other.broken
            np.testing.assert_array_equal(one.finished, other.finished)
            np.testing.assert_array_equal(one.failed, other.failed)
            np.testing.assert_array_equal(cpu.frame, warp.frame)
            assert_near(other.keypoint_error_m, one.keypoint_error_m, 1e-4)
            assert_near(other.reward, one.reward, 2e-3)
            for name, term in one.reward_terms.items():
                assert_near(other.reward_terms[name], term, 3e-3, err_msg=name)
            seen, observed = cpu.observe(rows), warp.observe(rows)
            assert observed.dtype == torch.float32
            assert_near(observed[:, touch], seen[:, touch], 1.0)  # of some 1000 N
            assert_near(observed[:, kinematic], seen[:, kinematic], 2e-2)
            views = cpu.view(rows, NEEDS), warp.view(rows, NEEDS)
            for name, values in views[0].items():
                assert_near(views[1][name], values, 2e-2, err_msg=name)
    assert one.finished[1]


def test_recordings_are_numpys_on_either_engine(legs, legs_motions):
    both = tasks(legs, legs_motions, "direct", record=True, fatigue="hidden")
    rows = np.array([0, 2])
    for task in both:
        task.start(rows, np.array([0, 1]), 2)
    action = gentle(both[0], rows, seed=0)
    one, other = (task.step(rows, action).record for task in both)
    for name, values in vars(one).items():
        got = getattr(other, name)
        assert isinstance(got, np.ndarray)
        assert got.shape == values.shape
        scale = 0.5 if name in ("touch", "ground_force") else 1e-2
        np.testing.assert_allclose(got, values, atol=scale, err_msg=name)


def test_a_bad_action_breaks_its_row_only(legs, legs_motions):
    _, warp = tasks(legs, legs_motions, "direct")
    rows = np.arange(ROWS)
    warp.start(rows, np.array([0, 1, 2, 0]), 3)
    action = gentle(warp, rows, seed=0)
    sound = warp.step(rows, action)
    warp.start(rows, np.array([0, 1, 2, 0]), 3)
    action[2, 7] = np.nan
    outcome = warp.step(rows, action)
    assert list(outcome.broken) == [2]
    others = [0, 1, 3]
    np.testing.assert_array_equal(outcome.keypoint_error_m[others], sound.keypoint_error_m[others])
