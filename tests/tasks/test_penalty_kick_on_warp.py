"""The penalty kick on the GPU engine, on Warp's CPU device: ball, keeper and goals as on the CPU engine."""

from __future__ import annotations

import numpy as np
import pytest
from warp_on_cpu import warp_engine

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.physics.engines import cpu_engine
from kinesis_bench.tasks.penalty_kick import KickTrial, PenaltyKick

pytest.importorskip("mujoco_warp", reason="MuJoCo Warp is not installed (pip install 'kinesis-bench[gpu]')")
torch = pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[gpu]')")

ROWS = 4
TRIALS = [
    KickTrial("static", 1.5, 0.3, -3.0, 3.0, 7),
    KickTrial("static", 1.2, -0.3, 0.0, 3.0, 7),
    KickTrial("brownian", 1.9, 0.9, -2.0, 4.0, 8),
    KickTrial("tracking", 1.0, 0.0, 2.0, 4.0, 9),
]


def test_one_kick_on_two_engines():
    """A goal, a save, a wide ball and one that rolls, beside bodies whose muscles twitch."""
    body = load_body("legs_back")
    rows = np.arange(ROWS)
    places = [[48.8, 0.5, 0.3], [48.8, 0.0, 0.3], [48.8, 3.6, 0.3], [41.0, 0.5, 0.117]]
    speeds = [[20.0, 1.0, 0.0], [15.0, 0.0, 0.0], [20.0, 1.0, 0.0], [4.0, 2.0, 0.0]]
    action = np.random.default_rng(0).uniform(-1, -0.7, (8, ROWS, 290))
    found = []
    for make_engine in (cpu_engine, warp_engine):
        task = PenaltyKick(body, ROWS, threads=1, make_engine=make_engine, rewarded=True, needs=("ball",))
        task.start(rows, TRIALS)
        task.place_ball(rows, places, speeds)
        steps = [task.step(rows, one) for one in action]
        assert not any(step.broken for step in steps)
        found.append((steps, task.observe(rows)))
    (cpu, seen), (warp, warp_seen) = found
    assert isinstance(warp_seen, torch.Tensor)
    assert warp_seen.shape == seen.shape
    for one, other in zip(cpu, warp, strict=True):
        assert other.measured.keys() == one.measured.keys()
        for name, values in one.measured.items():
            np.testing.assert_allclose(other.measured[name].numpy(), values, atol=2e-2, err_msg=name)
        np.testing.assert_array_equal(other.finished.numpy(), one.finished)
        np.testing.assert_array_equal(other.failed.numpy(), one.failed)
        np.testing.assert_allclose(other.reward.numpy(), one.reward, atol=2e-2)
    last = cpu[-1].measured
    assert last["goal"].tolist() == [1, 0, 0, 0]
    assert last["on_target"].tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(warp_seen[:, -12:].numpy(), seen[:, -12:], atol=5e-3)
