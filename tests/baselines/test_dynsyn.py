"""DynSyn's actor from a zip that Stable-Baselines3 saves, against the paper's formula written in torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="checkpoints are tensors: pip install 'kinesis-bench[train]'")
pytest.importorskip(
    "stable_baselines3", reason="it saves the zips: pip install --no-deps stable-baselines3==2.9.2"
)

import torch
from foreign_checkpoints import box_env
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from stable_baselines3.sac.policies import SACPolicy
from torch import nn

from kinesis_bench.errors import InputError
from kinesis_bench.policies.foreign import load_foreign

GROUPS = [[0, 3], [2], [1, 4, 5]]
N, A = 7, 6
OBSERVATION = np.random.default_rng(1).normal(3, 2, (9, N)).astype(np.float32)


class GroupPolicy(SACPolicy):
    """SAC whose actor gives an action a group and keeps the factors' layer under DynSyn's name."""

    def __init__(self, *given, dynsyn, dynsyn_log_std, **more) -> None:
        self.dynsyn = dynsyn
        super().__init__(*given, **more)

    def make_actor(self, features_extractor=None):
        actor = super().make_actor(features_extractor)
        last = actor.net_arch[-1]
        actor.mu, actor.log_std = nn.Linear(last, len(self.dynsyn)), nn.Linear(last, len(self.dynsyn))
        actor.dynsyn_layer = nn.Module()
        actor.dynsyn_layer.mu = nn.Sequential(nn.Linear(last, A - len(self.dynsyn)))
        nn.init.normal_(actor.dynsyn_layer.mu[0].weight, std=2.0)
        return actor


class GroupSac(SAC):
    """SAC with DynSyn's settings among its own."""

    def __init__(self, *given, dynsyn_k=0.0, dynsyn_a=0.0, dynsyn_weight_amp=None, **more) -> None:
        self.dynsyn_k, self.dynsyn_a, self.dynsyn_weight_amp = dynsyn_k, dynsyn_a, dynsyn_weight_amp
        super().__init__(*given, **more)


def save(
    folder: Path, *, groups=GROUPS, steps: int = 0, low: float = -1.0, **settings
) -> tuple[GroupSac, VecNormalize]:
    """A folder as DynSyn's runner leaves it, but for the replay buffer."""
    env = VecNormalize(DummyVecEnv([box_env(N, A, low, 1.0)]), norm_reward=False, clip_obs=1.5)
    kwargs = {"dynsyn": groups, "dynsyn_log_std": 0.5, "net_arch": [8, 8]}
    sac = GroupSac(GroupPolicy, env, policy_kwargs=kwargs, device="cpu", seed=0, buffer_size=10, **settings)
    env.reset()
    for _ in range(20):
        env.step(np.zeros((1, A), np.float32))
    sac.num_timesteps = steps
    folder.mkdir(parents=True, exist_ok=True)
    sac.save(folder / "model.zip")
    env.save(str(folder / "env.zip"))
    np.savez(
        folder / "model.npz",
        mean=env.obs_rms.mean,
        var=env.obs_rms.var,
        epsilon=env.epsilon,
        clip_obs=env.clip_obs,
    )
    return sac, env


def formula(sac: GroupSac, env: VecNormalize, amplitude: float) -> np.ndarray:
    """a_i = u_g(i) (1 + clip(0.1 tanh(w_i), -amp, amp)), the first of a group without a factor."""
    actor = sac.policy.actor
    with torch.no_grad():
        latent = actor.latent_pi(torch.as_tensor(env.normalize_obs(OBSERVATION)))
        group_action, factor = torch.tanh(actor.mu(latent)), 0.1 * torch.tanh(actor.dynsyn_layer.mu(latent))
    action, place = np.zeros((len(OBSERVATION), A)), 0
    for group, members in enumerate(GROUPS):
        action[:, members[0]] = group_action[:, group]
        for muscle in members[1:]:
            action[:, muscle] = group_action[:, group] * (1 + factor[:, place].clamp(-amplitude, amplitude))
            place += 1
    return action.clip(-1, 1)


@pytest.mark.parametrize(
    ("settings", "amplitude"),
    [
        ({"dynsyn_weight_amp": 0.05}, 0.05),
        ({"dynsyn_k": 1e-3, "dynsyn_a": 100.0, "steps": 130}, 0.03),
        ({"dynsyn_k": 1e-3, "dynsyn_a": 100.0, "steps": 5000}, 0.1),
        ({"dynsyn_k": 1e-3, "dynsyn_a": 100.0, "steps": 50}, 0.0),
    ],
)
def test_groups_factors_and_statistics(tmp_path: Path, settings: dict, amplitude: float) -> None:
    sac, env = save(tmp_path, **settings)
    policy = load_foreign(f"dynsyn={tmp_path}")
    actions = np.stack([policy.act(row) for row in OBSERVATION])
    np.testing.assert_allclose(actions, formula(sac, env, amplitude), atol=1e-6)
    assert f"3 groups, corrections up to {amplitude:g}" in policy.notes
    assert (policy.observation_size, policy.action_size, policy.action_range) == (N, A, (-1.0, 1.0))


def test_actions_are_stretched_to_the_range_of_the_environment(tmp_path: Path) -> None:
    sac, env = save(tmp_path, low=0.0, dynsyn_weight_amp=0.1)
    policy = load_foreign(f"dynsyn={tmp_path / 'model.zip'}")
    actions = np.stack([policy.act(row) for row in OBSERVATION])
    np.testing.assert_allclose(actions, (formula(sac, env, 0.1) + 1) / 2, atol=1e-6)


@pytest.mark.parametrize("beside", ["checkpoint/best/config.json", "config.json"])
def test_groups_come_from_the_run_s_config_where_the_zip_lacks_them(tmp_path: Path, beside: str) -> None:
    """Beside the zip, or where DynSyn's runner leaves it."""
    folder = tmp_path / "checkpoint/best"
    sac, env = save(folder, dynsyn_weight_amp=0.1)
    sac.policy_kwargs = {}
    sac.save(folder / "model.zip")
    with pytest.raises(InputError, match=r"the groups of muscles are unknown; put the run's config\.json"):
        load_foreign(f"dynsyn={folder}")
    config = {"agent": "DynSynSAC", "agent_kwargs": {"policy_kwargs": {"dynsyn": GROUPS}}}
    (tmp_path / beside).write_text(json.dumps(config))
    policy = load_foreign(f"dynsyn={folder}")
    np.testing.assert_allclose(policy.act(OBSERVATION[0]), formula(sac, env, 0.1)[0], atol=1e-6)


@pytest.mark.parametrize(
    ("groups", "problem"),
    [
        ([[0, 1], [2, 3], [4, 5], []], "every muscle's number once"),
        ([[0, 1], [1, 2], [3, 4, 5]], "every muscle's number once"),
        ([[0, 1], [2, 3], [4, 9]], "every muscle's number once"),
        ([[0, 1], [2, 3, 4, 5]], "has 3 group actions and 3 factors, the 2 groups hold 6 muscles"),
        ("all", "the groups of muscles are unknown"),
    ],
)
def test_groups_that_do_not_fit_are_refused(tmp_path: Path, groups: object, problem: str) -> None:
    sac, _ = save(tmp_path)
    sac.policy_kwargs = {"dynsyn": groups}
    sac.save(tmp_path / "model.zip")
    with pytest.raises(InputError) as error:
        load_foreign(f"dynsyn={tmp_path}")
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"dynsyn_weight_amp": [0.1]}, r"dynsyn_weight_amp: is \[0\.1\], no number"),
        ({"dynsyn_weight_amp": "much"}, "dynsyn_weight_amp: is 'much', no number"),
        ({"dynsyn_weight_amp": float("nan")}, "dynsyn_weight_amp: is nan, no number"),
        ({"dynsyn_weight_amp": -0.1}, r"dynsyn_weight_amp: is -0\.1"),
        ({"dynsyn_k": {"a": 1}}, "dynsyn_k: is {'a': 1}, no number"),
        ({"dynsyn_k": 10**400}, "dynsyn_k: is 1000.*, no number"),
    ],
)
def test_settings_that_are_no_numbers_are_refused(tmp_path: Path, settings: dict, problem: str) -> None:
    save(tmp_path, **settings)
    with pytest.raises(InputError, match=problem):
        load_foreign(f"dynsyn={tmp_path}")


def test_a_config_that_is_no_object_is_refused(tmp_path: Path) -> None:
    sac, _ = save(tmp_path, dynsyn_weight_amp=0.1)
    sac.policy_kwargs = {}
    sac.save(tmp_path / "model.zip")
    for text, problem in ((b"\xff", "is no JSON "), (b"[1]", "is no JSON object but a list")):
        (tmp_path / "config.json").write_bytes(text)
        with pytest.raises(InputError, match=rf"config\.json: {problem}"):
            load_foreign(f"dynsyn={tmp_path}")


def test_statistics_that_are_only_a_pickle_are_asked_for(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "model.npz").unlink()
    with pytest.raises(InputError, match=r"env\.zip: is a pickle and is not read; .*np\.savez\('model\.npz'"):
        load_foreign(f"dynsyn={tmp_path}")


def test_a_plain_sac_is_no_dynsyn(tmp_path: Path) -> None:
    SAC("MlpPolicy", box_env(N, A, -1.0, 1.0)(), device="cpu", buffer_size=10).save(tmp_path / "model.zip")
    with pytest.raises(InputError, match=r"has no tensor actor\.dynsyn_layer"):
        load_foreign(f"dynsyn={tmp_path}")
    with pytest.raises(InputError, match="no such file"):
        load_foreign(f"dynsyn={tmp_path / 'other.zip'}")
