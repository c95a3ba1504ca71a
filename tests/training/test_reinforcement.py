"""A stage as a whole: what stays and what moves."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from tiny_runs import motions_file, tiny_config  # noqa: E402

from kinesis_bench.training.chain import train  # noqa: E402
from kinesis_bench.training.checkpoint import checkpoints, read_checkpoint  # noqa: E402
from kinesis_bench.training.config import StageConfig  # noqa: E402
from kinesis_bench.training.networks import Critic  # noqa: E402
from kinesis_bench.training.ppo import PPO, UpdateReport  # noqa: E402
from kinesis_bench.training.reinforcement import Reinforcement  # noqa: E402
from kinesis_bench.training.run_folder import stage_folder  # noqa: E402


def test_while_only_values_are_learned_the_policy_is_the_same_to_the_bit(tmp_path):
    """Weights, noise and the statistics that its observations are normalised by; from the fifth update on
    they move."""
    config = tiny_config(motions_file(tmp_path / "m.h5"))
    config = replace(config, expert=replace(config.expert, critic_only_updates=4, checkpoint_every=2))
    train(tmp_path / "run", config, score=lambda _: None, only="expert-1")
    second, fourth, sixth = (
        read_checkpoint(folder)[0] for folder in checkpoints(stage_folder(tmp_path / "run", "expert-1"))
    )
    for name in (name for name in sixth if name.startswith(("actor.", "critic."))):
        assert torch.equal(second[name], fourth[name]) == name.startswith("actor."), name
    moved = {
        name for name in sixth if name.startswith("actor.") and not torch.equal(fourth[name], sixth[name])
    }
    assert {"actor.head.weight", "actor.normaliser.mean", "actor.normaliser.count"} <= moved


@pytest.mark.parametrize(("said", "believed"), [(-1e3, 0.0), (1e6, 1.0 / (1 - 0.97))])
def test_values_that_no_reward_can_give_are_not_believed(tmp_path, monkeypatch, said, believed):
    """Rewards lie between 0 and the sum of the weights, 1: so do values, times 1 / (1 - discount)."""
    config = tiny_config(motions_file(tmp_path / "m.h5"))
    config = replace(config, ppo=replace(config.ppo, discount=0.97))
    seen = []

    def update(ppo, last_value, critic_only):
        seen.append((ppo.storage.value.clone(), ppo.storage.reward.clone(), last_value))
        return UpdateReport(*[0.0] * len(fields(UpdateReport)))

    monkeypatch.setattr(PPO, "update", update)
    monkeypatch.setattr(Critic, "forward", lambda critic, observation: torch.full((len(observation),), said))
    train(tmp_path / "run", config, score=lambda _: None, only="expert-1")
    assert seen
    for value, reward, last_value in seen:
        for values in (value, last_value):
            torch.testing.assert_close(values, torch.full_like(values, believed))
        assert 0 <= float(reward.min()) <= float(reward.max()) <= 1 + 0.97 * believed


def test_where_an_episode_is_only_cut_off_the_value_of_its_last_state_is_added(tmp_path, monkeypatch):
    """No episode fails here, so each end is a clip's: its reward has 0.9 · 2 more than a step's 0 to 1."""
    config = tiny_config(motions_file(tmp_path / "m.h5"))
    config = replace(config, ppo=replace(config.ppo, discount=0.9))
    config = replace(config, episodes=replace(config.episodes, distance_m=1e9))
    seen = []

    def update(ppo, last_value, critic_only):
        seen.append((ppo.storage.reward.clone(), ppo.storage.ended.clone()))
        return UpdateReport(*[0.0] * len(fields(UpdateReport)))

    monkeypatch.setattr(PPO, "update", update)
    monkeypatch.setattr(Critic, "forward", lambda critic, observation: torch.full((len(observation),), 2.0))
    train(tmp_path / "run", config, score=lambda _: None, only="expert-1")
    reward, ended = (torch.cat(parts) for parts in zip(*seen, strict=True))
    assert ended.any()
    assert reward[ended].min() >= 1.8
    assert 0 <= reward[~ended].min() <= reward[~ended].max() <= 1


@pytest.mark.parametrize(
    ("history", "over"),
    [
        ([0.5, 0.6, 0.6], False),
        ([0.5, 0.6, 0.6, 0.6], True),
        ([0.5, 0.6, 0.6, 0.604], True),
        ([0.5, 0.6, 0.6, 0.606], False),
        ([0.0] * 30, False),
        ([0.0] * 30 + [0.1, 0.1, 0.1], True),
        ([], False),
    ],
)
def test_a_stage_is_over_when_success_has_stopped_rising_but_not_before_there_is_any(history, over):
    """Two evaluations in a row that are no better than the best before by 0.005."""
    config = StageConfig(max_steps=10, plateau_evaluations=2, plateau_rise=0.005)
    stage = SimpleNamespace(steps=5, config=config, history=history)
    assert Reinforcement.finished.fget(stage) is over
    assert Reinforcement.finished.fget(SimpleNamespace(steps=10, config=config, history=history))
