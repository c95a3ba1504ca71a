"""The example trains for a few steps on small motions."""

from __future__ import annotations

import numpy as np
import pytest
from example_scripts import example
from synthetic import synthetic_motions

pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")
pytest.importorskip(
    "stable_baselines3", reason="for the example: pip install --no-deps stable-baselines3==2.9.2"
)

from kinesis_bench.bodies.contract import load_body


def test_a_plain_ppo_trains(capsys, tmp_path):
    script = example("train_with_sb3")
    ppo = script.learner(2, 16, seed=0, motions=synthetic_motions(load_body("legs")))
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
    again, _ = script.PPO.load(tmp_path / "ppo.zip").predict(observation, deterministic=True)
    np.testing.assert_array_equal(action, again)
    assert "ep_rew_mean" in capsys.readouterr().out
