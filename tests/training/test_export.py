"""What is exported does what was trained, is scored like any policy, and can be trained on from."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.errors import InputError  # noqa: E402
from kinesis_bench.policies.contract import Contract  # noqa: E402
from kinesis_bench.policies.load import load_policy  # noqa: E402
from kinesis_bench.tasks.observation import FATIGUED  # noqa: E402
from kinesis_bench.training import export  # noqa: E402
from kinesis_bench.training.config import NetworkConfig  # noqa: E402
from kinesis_bench.training.export import load_weights, write_policy_folder  # noqa: E402
from kinesis_bench.training.mixture import Mixture  # noqa: E402
from kinesis_bench.training.networks import Actor, Critic  # noqa: E402
from kinesis_bench.training.symmetry import Mirror  # noqa: E402

N, A = 6, 4
CONFIG = NetworkConfig(actor=(16, 8), critic=(8,), gate=(8,))
CONTRACT = Contract("legs", "ab" * 32, (("height", 1), ("touch", 5)), ("pelvis",), ("pelvis",), "direct")
FACTS = {"steps": 1000, "config_sha256": "cd" * 32}
ROWS = 512
MIRROR = Mirror(
    *(torch.tensor([1, 0, 2, 3, 5, 4]), torch.tensor([1.0, 1, -1, 1, -1, -1])),
    *(torch.tensor([1, 0, 2, 3]), torch.tensor([1.0, 1, -1, 1])),
)


def observations(seed: int = 3) -> np.ndarray:
    return 3 * np.random.default_rng(seed).standard_normal((ROWS, N)).astype(np.float32)


def trained_actor(seed: int, mirror: Mirror | None = None) -> Actor:
    """Random weights, large enough that actions are cut, and a normaliser that has seen something."""
    torch.manual_seed(seed)
    actor = Actor(N, A, CONFIG, mirror)
    torch.nn.init.normal_(actor.head.weight, std=0.8)
    torch.nn.init.normal_(actor.head.bias)
    actor.normaliser.learn(torch.randn(100, N) * torch.arange(1.0, N + 1) + 0.3)
    return actor


def trained_mixture() -> Mixture:
    mixture = Mixture([trained_actor(i) for i in range(3)], CONFIG)
    torch.nn.init.normal_(mixture.head.weight, std=0.3)
    mixture.normaliser.learn(torch.randn(100, N))
    return mixture


def write(folder: Path, actor: Actor | Mixture, **options: bool) -> dict[str, int]:
    return write_policy_folder(
        folder,
        actor,
        Critic(N, CONFIG, scale=100.0),
        CONTRACT,
        name="mine",
        description='says "hello"\n',
        facts=FACTS,
        **options,
    )


def act(path: Path, rows: np.ndarray, seeds: range = range(ROWS)) -> np.ndarray:
    return load_policy(str(path)).make().act(rows, [np.random.default_rng(seed) for seed in seeds])


@pytest.mark.parametrize("mirror", [None, MIRROR], ids=["plain", "symmetric"])
def test_the_exported_policy_is_the_mean_action_clipped(tmp_path: Path, mirror: Mirror | None) -> None:
    actor = trained_actor(0, mirror)
    sizes = write(tmp_path, actor)
    assert sizes == {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"policy.onnx", "policy.toml", "weights.safetensors"}
    loaded = load_policy(str(tmp_path))
    assert (loaded.name, loaded.contract, loaded.deterministic, loaded.notes) == ("mine", CONTRACT, True, ())
    rows = observations()
    with torch.no_grad():
        expected = actor(torch.from_numpy(rows)).numpy()
    assert (np.abs(expected) > 1).any()
    np.testing.assert_allclose(act(tmp_path, rows), expected.clip(-1, 1), atol=1e-5)


def test_files_carry_contract_and_facts(tmp_path: Path) -> None:
    import onnx
    from safetensors import safe_open

    write(tmp_path, trained_actor(0))
    expected = CONTRACT.to_metadata() | {f"kinesis_bench.{key}": str(value) for key, value in FACTS.items()}
    model = onnx.load(tmp_path / "policy.onnx")
    assert {prop.key: prop.value for prop in model.metadata_props} == expected
    with safe_open(tmp_path / "weights.safetensors", framework="pt") as file:
        assert file.metadata() == expected


def test_a_mixture_is_exported_by_argmax_and_sampled(tmp_path: Path) -> None:
    mixture = trained_mixture()
    write(tmp_path, mixture)
    assert not (tmp_path / "policy.onnx").exists()
    loaded = load_policy(str(tmp_path))
    assert (loaded.name, loaded.deterministic) == ("mine", True)
    rows = observations()
    with torch.no_grad():
        expected = mixture.act(torch.from_numpy(rows)).clamp(-1, 1).numpy()
    np.testing.assert_allclose(act(tmp_path, rows), expected, atol=1e-5)

    assert not load_policy(str(tmp_path / "sampled.onnx")).deterministic
    sampled = act(tmp_path / "sampled.onnx", rows)
    assert np.array_equal(sampled, act(tmp_path / "sampled.onnx", rows))
    assert not np.array_equal(sampled, act(tmp_path / "sampled.onnx", rows, range(ROWS, 2 * ROWS)))


@pytest.mark.parametrize("mirror", [None, MIRROR], ids=["plain", "symmetric"])
def test_a_policy_that_does_not_see_fatigue_is_begun_as_where_it_is_seen(tmp_path, mirror) -> None:
    """It acts and values as before, whatever the fatigue, and can learn to heed it."""
    blind, values = trained_actor(0, mirror), Critic(N, CONFIG, scale=100.0)
    values.normaliser.learn(torch.randn(100, N))
    write_policy_folder(tmp_path, blind, values, CONTRACT, name="mine", description="", facts={})
    seen = replace(CONTRACT, observation=(*CONTRACT.observation, (FATIGUED, A)))
    actor, critic = Actor(N + A, A, CONFIG, wider(mirror)), Critic(N + A, CONFIG, scale=100.0)
    load_weights(tmp_path, seen, actor, critic)
    rows = torch.from_numpy(observations())
    tired = torch.cat((rows, torch.rand(ROWS, A)), dim=1)
    torch.testing.assert_close(actor(tired), blind(rows))
    torch.testing.assert_close(critic(tired), values(rows))
    actor(tired).square().sum().backward()
    gradient = actor.trunk[0].weight.grad
    assert gradient is not None
    assert (gradient[:, N:].abs().sum(dim=0) > 0).all()


def wider(mirror: Mirror | None) -> Mirror | None:
    """The mirror of an observation that ends with a number for each action."""
    if mirror is None:
        return None
    place, sign = torch.cat((mirror.observation_place, N + mirror.action_place)), torch.ones(N + A)
    sign[:N] = mirror.observation_sign
    return Mirror(place, sign, mirror.action_place, mirror.action_sign)


def test_a_policy_that_sees_fatigue_is_not_begun_as_where_it_is_not_seen(tmp_path) -> None:
    seen = replace(CONTRACT, observation=(*CONTRACT.observation[:-1], (FATIGUED, 5)))
    actor, critic = trained_actor(0), Critic(N, CONFIG, scale=100.0)
    write_policy_folder(tmp_path, actor, critic, seen, name="mine", description="", facts={})
    with pytest.raises(InputError, match=r"observation: .*; use --fatigue --observe-fatigue"):
        load_weights(tmp_path, replace(CONTRACT, observation=CONTRACT.observation[:-1]), actor, critic)


def test_nothing_is_left_of_an_earlier_export(tmp_path: Path) -> None:
    for actor, files in ((trained_actor(0), {"policy"}), (trained_mixture(), {"argmax", "sampled"})):
        write(tmp_path, actor)
        assert {path.stem for path in tmp_path.glob("*.onnx")} == files


def test_sampled_experts_have_the_gate_s_frequencies(tmp_path: Path) -> None:
    mixture = trained_mixture()
    write(tmp_path, mixture)
    one = torch.from_numpy(observations()[:1])
    with torch.no_grad():
        chance = mixture.logits(one).softmax(1)[0].numpy()
        of_expert = np.stack([expert(one).clamp(-1, 1).numpy()[0] for expert in mixture.experts])
    assert chance.max() < 0.95, "the test needs a gate that is in doubt"
    n = 4096
    sampled = act(tmp_path / "sampled.onnx", np.repeat(one.numpy(), n, axis=0), range(n))
    near = np.abs(sampled[:, None] - of_expert).max(-1) < 1e-5
    assert (near.sum(1) == 1).all()
    for share, p in zip(near.mean(0), chance, strict=True):
        assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / n)


def test_half_precision_halves_the_network_and_is_the_rounded_policy(tmp_path: Path) -> None:
    config = NetworkConfig(actor=(64, 64), critic=(8,))
    actor = Actor(N, A, config)
    torch.nn.init.normal_(actor.head.weight)
    weights = copy.deepcopy(actor.state_dict())
    whole, half = write(tmp_path / "whole", actor), write(tmp_path / "half", actor, half=True)
    assert half["policy.onnx"] < 0.6 * whole["policy.onnx"]
    assert half["weights.safetensors"] == whole["weights.safetensors"]
    for name, value in actor.state_dict().items():
        assert torch.equal(value, weights[name]), "the trained network itself is not rounded"
    rows = observations()
    difference = np.abs(act(tmp_path / "half", rows) - act(tmp_path / "whole", rows)).max()
    assert 1e-6 < difference < 2e-2


@pytest.mark.parametrize("make", [trained_actor, lambda _: trained_mixture()])
def test_weights_come_back_to_the_bit(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    actor = make(0)
    write(tmp_path, actor)
    fresh = copy.deepcopy(actor)
    for parameter in fresh.parameters():
        torch.nn.init.normal_(parameter.data)
    critic = Critic(N, CONFIG, scale=100.0)
    load_weights(tmp_path, CONTRACT, fresh, critic)
    for name, value in actor.state_dict().items():
        assert torch.equal(value, fresh.state_dict()[name]), name


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    write(tmp_path, trained_actor(0))
    critic = Critic(N, CONFIG, scale=100.0)

    def refusal(actor: Actor, contract: Contract = CONTRACT, folder: Path = tmp_path) -> str:
        with pytest.raises(InputError) as error:
            load_weights(folder, contract, actor, critic)
        return str(error.value)

    wider = Actor(N, A, NetworkConfig(actor=(16, 9), critic=(8,)))
    assert "actor.log_latent_std: has shape (8,), this network's has (9,)" in refusal(wider)
    shallower = Actor(N, A, NetworkConfig(actor=(16,), critic=(8,)))
    assert "weights.safetensors: actor.trunk.2.bias: this network has none" in refusal(shallower)
    deeper = Actor(N, A, NetworkConfig(actor=(16, 8, 8), critic=(8,)))
    assert "is missing" in refusal(deeper)
    other_body = Contract(**vars(CONTRACT) | {"body": "legs_abs"})
    assert "made for 'legs', this run has 'legs_abs'" in refusal(trained_actor(0), other_body)
    assert "no such file" in refusal(trained_actor(0), folder=tmp_path / "nowhere")
    path = tmp_path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert "weights.safetensors: is damaged" in refusal(trained_actor(0))


def test_a_policy_that_would_act_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = trained_actor(0)
    off = copy.deepcopy(actor)
    off.head.bias.data[0] += 1e-3
    exported = export.actor_model
    monkeypatch.setattr(export, "actor_model", lambda _, *rest, **more: exported(off, *rest, **more))
    with pytest.raises(InputError, match=r"policy\.onnx: the exported network's actions differ .* by 0\.001"):
        write(tmp_path / "new", actor)
    monkeypatch.undo()
    actor.head.bias.data[0] = math.nan
    with pytest.raises(InputError, match="differ from the trained one's by nan"):
        write(tmp_path / "new", actor)
    assert not (tmp_path / "new").exists()


def test_a_mixture_that_would_choose_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixture = trained_mixture()
    off = copy.deepcopy(mixture)
    off.head.bias.data[0] += 0.3
    exported = export.mixture_model
    for kind in (False, True):

        def wrong(
            right: Mixture, *rest: object, sampled: bool, wrong_kind: bool = kind, **more: bool
        ) -> object:
            return exported(off if sampled == wrong_kind else right, *rest, sampled=sampled, **more)

        monkeypatch.setattr(export, "mixture_model", wrong)
        with pytest.raises(InputError, match="sampled.onnx" if kind else "argmax.onnx"):
            write(tmp_path / "new", mixture)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, trained_actor(0))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(self: Path, content: bytes) -> int:
        if "weights" in self.name:
            raise OSError(28, "No space left on device")
        with self.open("wb") as file:
            return file.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="the disk is full"):
        write(tmp_path, trained_actor(1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
