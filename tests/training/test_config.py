"""Presets are what they claim to be; settings that mean nothing are refused by their flag."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import fields, is_dataclass, replace

import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.typed_json import from_json, to_json
from kinesis_bench.tasks.reward import reward_config
from kinesis_bench.training.config import EpisodeConfig, PPOConfig, TrainConfig, check
from kinesis_bench.training.presets import POSITION_RATE, preset
from kinesis_bench.training.run_folder import CONFIG, read_config, write_config

PRESETS = ("paper", "gpu", "laptop")


def test_paper_is_table_2_and_upstream_s_code() -> None:
    paper = preset("paper")
    assert paper.method == "kinesis"
    assert paper.control == "direct"
    assert paper.networks.actor == paper.networks.critic == (2048, 1536, 1024, 1024, 512, 512)
    assert paper.networks.gate == (1024, 512, 256)
    assert paper.networks.exploration == "lattice"
    assert paper.episodes.environments * paper.episodes.steps == paper.ppo.minibatch == 51_200
    assert paper.episodes.environments == 128
    assert paper.episodes.distance_m == 0.15
    assert (paper.episodes.hard_share, paper.episodes.push_m_s, paper.episodes.activation) == (0, 0, 0)
    ppo = paper.ppo
    assert (ppo.learning_rate, ppo.critic_learning_rate, ppo.epochs) == (5e-5, 3e-4, 10)
    assert (ppo.discount, ppo.gae_lambda, ppo.clip) == (0.99, 0.95, 0.2)
    assert ppo.target_kl is None
    assert not paper.networks.symmetric


@pytest.mark.parametrize("body", ["legs", "legs_abs", "legs_back"])
@pytest.mark.parametrize("name", PRESETS)
def test_reward_weights_are_the_body_s(name, body) -> None:
    config = preset(name, body, "kinesis")
    weights, paper = config.reward, reward_config(body)
    assert config.body == body
    assert (weights.position, weights.velocity) == (paper.position_weight, paper.velocity_weight)
    assert (weights.energy, weights.upright) == (paper.energy_weight, paper.upright_weight)
    for rate in ("velocity_rate", "energy_rate", "upright_rate"):
        assert getattr(weights, rate) == getattr(paper, rate)
    assert weights.position_rate == (paper.position_rate if name == "paper" else POSITION_RATE)
    assert config.expert.energy is None


@pytest.mark.parametrize("method", ["kinesis", "distilled", None])
@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_and_come_back_from_json(name, method) -> None:
    config = preset(name, "legs", method)
    check(config)
    assert config.preset == name
    assert from_json(TrainConfig, json.loads(json.dumps(to_json(config)))) == config


def test_distillation_raises_the_weight_of_energy_afterwards() -> None:
    config = preset("laptop")
    assert config.method == "distilled"
    assert config.teacher.energy < config.reward.energy < config.expert.energy


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"ppo": PPOConfig(learning_rate=0.0)}, "--ppo.learning-rate"),
        ({"ppo": PPOConfig(discount=1.0)}, "--ppo.discount"),
        ({"ppo": PPOConfig(gae_lambda=1.1)}, "--ppo.gae-lambda"),
        ({"ppo": PPOConfig(target_kl=-1.0)}, "--ppo.target-kl"),
        ({"episodes": EpisodeConfig(environments=0)}, "--episodes.environments"),
        ({"episodes": EpisodeConfig(hard_share=float("nan"))}, "--episodes.hard-share"),
        ({"episodes": EpisodeConfig(activation=1.1)}, "--episodes.activation"),
        ({"max_experts": 0}, "--max-experts"),
        ({"threads": -1}, "--threads"),
    ],
)
def test_numbers_that_mean_nothing(change, flag) -> None:
    with pytest.raises(InputError) as refused:
        check(replace(TrainConfig(), **change))
    assert refused.value.where == flag


@pytest.mark.parametrize("control", ["pd", "tracking", "synergy"])
def test_a_control_law_that_students_do_not_have(control) -> None:
    for method, refused in (("kinesis", False), ("distilled", True)):
        config = replace(TrainConfig(), method=method, control=control)
        with pytest.raises(InputError, match="add --method kinesis") if refused else nullcontext():
            check(config)


def test_networks_without_layers() -> None:
    with pytest.raises(InputError, match=r"--networks\.actor"):
        check(replace(TrainConfig(), networks=replace(TrainConfig().networks, actor=())))


def test_what_is_written_is_read_back(tmp_path) -> None:
    config = preset("gpu", "legs_back")
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda text: text.replace('"seed"', '"sead"'), "sead is unknown"),
        (lambda text: text.replace('"discount"', '"discont"'), r"ppo\.discont is unknown"),
        (lambda text: text.replace('"laptop"', '"desktop"'), "one of paper, gpu, laptop"),
        (lambda text: text[:-20], "damaged"),
        (lambda text: text.replace('"threads": 0', '"threads": "0"'), "threads"),
    ],
)
def test_damaged_config_is_refused_by_name(tmp_path, damage, named) -> None:
    write_config(tmp_path, preset("laptop"))
    path = tmp_path / CONFIG
    path.write_text(damage(path.read_text()))
    with pytest.raises(InputError, match=named):
        read_config(tmp_path)


def test_every_setting_is_explained() -> None:
    """The command line's help is made of the classes' docstrings."""

    def walk(kind: type) -> None:
        for field in fields(kind):
            assert f"{field.name}" in (kind.__doc__ or ""), f"{kind.__name__}.{field.name}"
            if is_dataclass(field.default):
                walk(type(field.default))

    walk(TrainConfig)
