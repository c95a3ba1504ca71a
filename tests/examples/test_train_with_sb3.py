"""The example trains for a few steps on small motions."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from synthetic import synthetic_motions

pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")
pytest.importorskip(
    "stable_baselines3", reason="for the example: pip install --no-deps stable-baselines3==2.9.2"
)

from kinesis_bench.bodies.contract import load_body

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "train_with_sb3.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("train_with_sb3", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_plain_ppo_trains(example, capsys, tmp_path):
    ppo = example.learner(2, 16, seed=0, motions=synthetic_motions(load_body("legs")))
    before = [p.detach().clone() for p in ppo.policy.parameters()]
    ppo.learn(64)
    assert ppo.num_timesteps == 64
    assert ppo.ep_info_buffer, "episodes end and are counted"
    assert any((a != b).any() for a, b in zip(before, ppo.policy.parameters(), strict=True))
    observation = ppo.env.reset()
    action, _ = ppo.predict(observation, deterministic=True)
    assert observation.shape == (2, 309)
    assert action.shape == (2, 80)
    assert (np.abs(action) <= 1).all()
    ppo.save(tmp_path / "ppo.zip")
    again, _ = example.PPO.load(tmp_path / "ppo.zip").predict(observation, deterministic=True)
    np.testing.assert_array_equal(action, again)
    assert "ep_rew_mean" in capsys.readouterr().out
