"""Stable-Baselines3's zips: the same action as its own ``predict``, and nothing unpickled."""

from __future__ import annotations

import base64
import json
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from synthetic import synthetic_motions

pytest.importorskip("torch", reason="the zips hold tensors: pip install 'kinesis-bench[train]'")
pytest.importorskip(
    "stable_baselines3", reason="it saves the zips: pip install --no-deps stable-baselines3==2.9.2"
)

import torch
from damaged_files import refusals
from foreign_checkpoints import box_env
from stable_baselines3 import A2C, PPO, SAC, TD3
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.run import Job, context_of, run_policy
from kinesis_bench.policies.foreign import load_foreign
from kinesis_bench.policies.load import load_policy

N, A = 6, 4
OBSERVATION = np.random.default_rng(2).normal(3, 4, (8, N)).astype(np.float32)


def learner(kind=PPO, low: float = -1.0, *, normalised: bool = False, **policy_kwargs):
    """One short run, so that what the file keeps of it is there."""
    env = DummyVecEnv([box_env(N, A, low, 1.0)])
    if normalised:
        env = VecNormalize(env, clip_obs=2.0)
    options = {"n_steps": 16, "batch_size": 16, "n_epochs": 1} if kind is PPO else {}
    options |= {"buffer_size": 50, "learning_starts": 100} if kind in (SAC, TD3) else {}
    made = kind("MlpPolicy", env, device="cpu", seed=0, policy_kwargs=policy_kwargs, **options)
    made.learn(16)
    return made


@pytest.mark.parametrize(
    ("kind", "low", "policy_kwargs"),
    [
        (PPO, -1.0, {}),
        (PPO, 0.0, {"net_arch": [8, 8, 8], "activation_fn": torch.nn.ELU}),
        (A2C, -1.0, {"activation_fn": torch.nn.SiLU}),
        (PPO, -1.0, {"net_arch": []}),
        (SAC, -1.0, {}),
        (SAC, 0.0, {"net_arch": [16], "activation_fn": torch.nn.Tanh}),
    ],
)
def test_the_action_that_predict_gives(tmp_path: Path, kind, low: float, policy_kwargs: dict) -> None:
    made = learner(kind, low, **policy_kwargs)
    with torch.no_grad():  # far enough from zero that squashing and clipping matter
        for parameter in made.policy.parameters():
            parameter.mul_(2)
    made.save(tmp_path / "mine.zip")
    policy = load_foreign(f"sb3={tmp_path / 'mine.zip'}")
    wanted, _ = made.predict(OBSERVATION, deterministic=True)
    np.testing.assert_allclose([policy.act(row) for row in OBSERVATION], wanted, atol=1e-5)
    assert np.ptp(wanted) > 0.02
    assert (policy.observation_size, policy.action_size, policy.action_range) == (N, A, (low, 1.0))


@pytest.mark.parametrize("kind", [PPO, SAC])
def test_statistics_beside_the_zip(tmp_path: Path, kind) -> None:
    made = learner(kind, normalised=True)
    made.save(tmp_path / "mine.zip")
    given = f"sb3={tmp_path / 'mine.zip'}"
    if kind is PPO:
        with pytest.raises(
            InputError, match=r"VecNormalize, whose statistics are a pickle .*np\.savez\('mine\.npz'"
        ):
            load_foreign(given)
    else:
        assert "does not tell whether it was trained with VecNormalize" in load_foreign(given).notes[0]
    s = made.get_vec_normalize_env()
    np.savez(
        tmp_path / "mine.npz", mean=s.obs_rms.mean, var=s.obs_rms.var, epsilon=s.epsilon, clip_obs=s.clip_obs
    )
    policy = load_foreign(given)
    wanted, _ = made.predict(s.normalize_obs(OBSERVATION), deterministic=True)
    np.testing.assert_allclose([policy.act(row) for row in OBSERVATION], wanted, atol=1e-6)
    np.savez(tmp_path / "mine.npz", mean=s.obs_rms.mean)
    with pytest.raises(InputError, match=r"mine\.npz: holds no array var, .*np\.savez"):
        load_foreign(given)


def test_a_ppo_trained_here_is_scored_here(tmp_path: Path) -> None:
    body = load_body("legs")
    PPO("MlpPolicy", box_env(309, 80, -1.0, 1.0)(), device="cpu", seed=0).save(tmp_path / "ppo.zip")
    loaded = load_policy(f"sb3={tmp_path / 'ppo.zip'}")
    assert (loaded.name, loaded.deterministic, loaded.control) == ("ppo", True, "direct")
    motions = synthetic_motions(body, clips=2, frames=6)
    rollouts = run_policy(loaded, body, motions, Job(motions.select(), np.arange(2), 1, 0))
    assert [clip.failure for clip in rollouts.clips] == ["", ""]
    with pytest.raises(InputError, match="has 309 numbers, body 'legs_abs' has 363"):
        loaded.refuse_unless(context_of(load_body("legs_abs"), "direct").contract, 86)


def test_other_ranges_and_bare_zips_are_told_what_to_do(tmp_path: Path) -> None:
    learner(PPO, 0.0).save(tmp_path / "mine.zip")
    with pytest.raises(InputError, match="was trained on actions from 0 to 1, this suite's are -1 to 1"):
        load_policy(f"sb3={tmp_path / 'mine.zip'}")
    with pytest.raises(InputError, match=r"write sb3=.*mine\.zip"):
        load_policy(str(tmp_path / "mine.zip"))


def rewrite(path: Path, **parts: bytes) -> None:
    """Replace parts of a zip; dots in their names are written as underscores."""
    with zipfile.ZipFile(path) as file:
        content = {name: file.read(name) for name in file.namelist()}
    content |= {name.replace("_", "."): part for name, part in parts.items()}
    with zipfile.ZipFile(path, "w") as file:
        for name, part in content.items():
            file.writestr(name, part)


class Bomb:
    """What a malicious file would hold."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_pickles_in_the_zip_are_never_opened(tmp_path: Path) -> None:
    path, mark = tmp_path / "mine.zip", tmp_path / "ran"
    made = learner()
    made.save(path)
    with zipfile.ZipFile(path) as file:
        data = json.loads(file.read("data"))
    bomb = base64.b64encode(pickle.dumps(Bomb(mark))).decode()
    for value in data.values():
        if isinstance(value, dict) and ":serialized:" in value:
            value[":serialized:"] = bomb
    rewrite(path, data=json.dumps(data).encode())
    policy = load_foreign(f"sb3={path}")
    wanted, _ = made.predict(OBSERVATION[0], deterministic=True)
    np.testing.assert_allclose(policy.act(OBSERVATION[0]), wanted, atol=1e-6)
    torch.save({"a": Bomb(mark)}, tmp_path / "bomb.pth")
    rewrite(path, policy_pth=(tmp_path / "bomb.pth").read_bytes())
    with pytest.raises(InputError, match=r"policy\.pth: is not a readable file of tensors"):
        load_foreign(f"sb3={path}")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("kind", "options", "problem"),
    [
        (TD3, {}, "only MlpPolicy of PPO, A2C and SAC"),
        (PPO, {"activation_fn": torch.nn.Softplus}, "unknown name 'Softplus'"),
    ],
)
def test_other_policies_are_refused(tmp_path: Path, kind, options: dict, problem: str) -> None:
    learner(kind, **options).save(tmp_path / "mine.zip")
    with pytest.raises(InputError, match=problem):
        load_foreign(f"sb3={tmp_path / 'mine.zip'}")


def test_state_dependent_noise_is_refused(tmp_path: Path) -> None:
    SAC("MlpPolicy", box_env(N, A, -1.0, 1.0)(), use_sde=True, buffer_size=10, device="cpu").save(
        tmp_path / "a.zip"
    )
    with pytest.raises(InputError, match="use_sde: is true"):
        load_foreign(f"sb3={tmp_path / 'a.zip'}")


def test_what_is_no_such_zip_is_refused(tmp_path: Path) -> None:
    for name, content in (("text.zip", b"hello"), ("empty.zip", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=r"archive: cannot be read .*; give a zip as"):
            load_foreign(f"sb3={tmp_path / name}")
    shutil.make_archive(str(tmp_path / "other"), "zip", tmp_path, "text.zip")
    with pytest.raises(InputError, match="is no zip of Stable-Baselines3"):
        load_foreign(f"sb3={tmp_path / 'other.zip'}")
    with pytest.raises(InputError, match="no such file"):
        load_foreign(f"sb3={tmp_path / 'absent.zip'}")


def test_members_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    learner().save(path)
    with zipfile.ZipFile(path) as file:
        tensors = torch.load(file.open("policy.pth"), weights_only=True)
        data = file.read("data")
    space = json.loads(data)["action_space"] | {"low": "[-1e999]"}
    for text, problem in (
        ("[1, 2]", r"mine\.zip: data: is no JSON object but a list"),
        ("{", r"mine\.zip: data: is no JSON "),
        (json.dumps(json.loads(data) | {"action_space": space}), "action_space low: is"),
    ):
        rewrite(path, data=text.encode())
        with pytest.raises(InputError, match=problem):
            load_foreign(f"sb3={path}")
    for odd in (tensors["action_net.bias"].to_sparse(), tensors["action_net.bias"] + 1j):
        torch.save(tensors | {"action_net.bias": odd}, tmp_path / "odd.pth")
        rewrite(path, data=data, policy_pth=(tmp_path / "odd.pth").read_bytes())
        with pytest.raises(InputError, match=r"policy\.pth: action_net\.bias: is a (sparse|strided)"):
            load_foreign(f"sb3={path}")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"epsilon": [1e-8, 1e-8]}, r"epsilon: has shape \(2,\), it must be one number"),
        ({"clip_obs": "ten"}, "clip_obs: holds <U3, no numbers"),
        (
            {"mean": np.zeros(N + 1), "var": np.ones(N + 1)},
            "mean: has 7 numbers, the policy takes 6",
        ),
        ({"mean": np.full(N, np.nan)}, "mean: holds NaN in row 0"),
        ({"var": np.full(N, -1.0)}, r"var: is not above zero \(least -1\)"),
        ({"var": np.array(["1"] * N)}, "var: holds <U1, no numbers"),
        ({"clip_obs": 0.0}, "clip_obs: is 0"),
    ],
)
def test_statistics_that_do_not_fit_are_refused_at_once(tmp_path: Path, changes: dict, problem: str) -> None:
    learner().save(tmp_path / "mine.zip")
    given = {"mean": np.zeros(N), "var": np.ones(N), "epsilon": 1e-8, "clip_obs": 10.0}
    np.savez(tmp_path / "mine.npz", **(given | changes))
    with pytest.raises(InputError, match=rf"mine\.npz: {problem}.*; where you trained: .*np\.savez"):
        load_foreign(f"sb3={tmp_path / 'mine.zip'}")


def test_damaged_files_are_refused_in_one_line(tmp_path: Path) -> None:
    path, beside = tmp_path / "mine.zip", tmp_path / "mine.npz"
    learner(net_arch=[4]).save(path)
    with zipfile.ZipFile(path) as file:
        content = {name: file.read(name) for name in ("data", "policy.pth")}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in content.items():
            file.writestr(name, part)
    assert len(refusals(path, lambda: load_foreign(f"sb3={path}"))) > 30
    np.savez_compressed(beside, mean=np.zeros(N), var=np.ones(N), epsilon=1e-8, clip_obs=10.0)
    said = refusals(beside, lambda: load_foreign(f"sb3={path}"))
    assert len(said) > 20
    assert all("mine.npz" in line for line in said)
