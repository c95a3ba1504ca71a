"""Target reaching on the GPU engine, on Warp's CPU device: the same numbers as on the CPU engine."""

from __future__ import annotations

import numpy as np
import pytest
from warp_on_cpu import warp_engine

from kinesis_bench.physics.engines import cpu_engine
from kinesis_bench.tasks.observation import observation_layout
from kinesis_bench.tasks.target import Target

pytest.importorskip("mujoco_warp", reason="MuJoCo Warp is not installed (pip install 'kinesis-bench[gpu]')")
torch = pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[gpu]')")

ROWS = 3


def test_one_task_on_two_engines(legs) -> None:
    both = [
        Target(legs, ROWS, threads=1, make_engine=make_engine, rewarded=True)
        for make_engine in (cpu_engine, warp_engine)
    ]
    cpu, warp = both
    rng = np.random.default_rng(0)
    begun = [cpu.draw(rng) for _ in range(ROWS)]
    kinematic = np.delete(np.arange(cpu.observation_size), dict(observation_layout(legs))["touch"])
    for task in both:
        task.start(np.arange(ROWS), begun)
        task.start(np.array([1]), begun[:1])
    for rows in (np.arange(ROWS), np.array([0, 2])):
        action = np.clip(rng.normal(-0.9, 0.05, (len(rows), 80)), -1, 1)
        one, other = cpu.step(rows, action), warp.step(rows, action)
        assert not one.broken
        assert not other.broken
        np.testing.assert_array_equal(one.failed, other.failed)
        np.testing.assert_array_equal(one.finished, other.finished)
        np.testing.assert_array_equal(cpu.age, warp.age)
        assert isinstance(other.reward, torch.Tensor)
        np.testing.assert_allclose(other.reward.numpy(), one.reward, atol=5e-3)
        for name, values in one.measured.items():
            np.testing.assert_allclose(other.measured[name].numpy(), values, atol=2e-4, err_msg=name)
        seen, observed = cpu.observe(rows), warp.observe(rows)
        assert observed.dtype == torch.float32
        np.testing.assert_allclose(observed[:, kinematic].numpy(), seen[:, kinematic], atol=2e-2)


def test_the_trainer_s_rows_and_trials_run_on_it(legs) -> None:
    from kinesis_bench.evaluation.tasks.target import score
    from kinesis_bench.training.environment import TrialEnvironment
    from kinesis_bench.training.task_trial import TaskTrials
    from kinesis_bench.training.tiring import Tiring

    tiring = Tiring.of("legs", "observed", 1.0)
    task = Target(legs, ROWS, make_engine=warp_engine, rewarded=True, fatigue=tiring.mode)
    environment = TrialEnvironment(task, push_m_s=0.0, rng=np.random.default_rng(0), tiring=tiring)
    environment.restart()
    fatigued = task.fatigued(np.arange(ROWS))
    assert torch.equal(environment.observe()[:, 309:], fatigued)
    assert ((fatigued > 0) & (fatigued < torch.from_numpy(tiring.most))).all()
    while not environment.lengths:
        transition = environment.step(torch.full((ROWS, 80), -1.0))
        assert torch.isfinite(transition.reward).all()
    assert transition.failed.all()
    assert (environment.observe()[:, 0] > 0.9).all()
    assert not torch.isclose(environment.observe()[:, 309:], fatigued, atol=1e-3).all(dim=1).any()

    class Limp:
        def act(self, observation):
            return torch.full((len(observation), 80), -1.0)

    trial = TaskTrials(task, score, "target", tiring).run(Limp())
    assert (trial.success, trial.lasted) == (0.0, environment.lengths[0] / 150)
