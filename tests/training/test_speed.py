"""The trainer's rate, and with it updates on either engine."""

from __future__ import annotations

import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body

pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[train]')")

from kinesis_bench.training import setting
from kinesis_bench.training.speed import measure


def test_updates_are_timed():
    body = load_body("legs")
    assert measure(body, synthetic_motions(body), "cpu", 4, 0.01) > 0


def test_the_trainer_runs_on_mujoco_warp(monkeypatch):
    """On Warp's CPU device: actions, observations, new starts and updates on tensors."""
    pytest.importorskip(
        "mujoco_warp", reason="MuJoCo Warp is not installed (pip install 'kinesis-bench[gpu]')"
    )
    from kinesis_bench.physics.warp import WarpEngine

    made = []

    def warp_engine(model, size, *, fields=(), threads=0, fatigability=None):
        made.append(WarpEngine(model, size, "cpu", fatigability=fatigability))
        return made[-1]

    monkeypatch.setattr(setting, "engine_maker", lambda name: warp_engine)
    body = load_body("legs")
    assert measure(body, synthetic_motions(body), "cpu", 4, 0.01) > 0
    assert made[0].field("time").max() > 0
    assert not made[0].failures(None)
