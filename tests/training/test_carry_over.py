"""A policy of one body as the beginning of one of another: what both have, by name; the rest unheeded."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from tiny_runs import motions_file, tiny_config  # noqa: E402

from kinesis_bench.bodies.contract import load_body  # noqa: E402
from kinesis_bench.errors import InputError  # noqa: E402
from kinesis_bench.evaluation.run import context_of  # noqa: E402
from kinesis_bench.policies.load import reference_policies  # noqa: E402
from kinesis_bench.tasks.control import action_names  # noqa: E402
from kinesis_bench.tasks.observation import observation_layout, observation_names  # noqa: E402
from kinesis_bench.training.carry_over import carried_over  # noqa: E402
from kinesis_bench.training.chain import train  # noqa: E402
from kinesis_bench.training.checkpoint import load_module  # noqa: E402
from kinesis_bench.training.config import NetworkConfig  # noqa: E402
from kinesis_bench.training.export import read_weights, write_policy_folder  # noqa: E402
from kinesis_bench.training.mixture import Mixture  # noqa: E402
from kinesis_bench.training.networks import Actor, Critic  # noqa: E402

NETWORK = NetworkConfig(actor=(32, 16), critic=(16,), exploration="gaussian")
BODIES = ("legs", "legs_abs", "legs_back")


def networks(body: str, control: str) -> tuple[Actor, Critic]:
    seen, done = len(observation_names(load_body(body))), len(action_names(control, load_body(body)))
    return Actor(seen, done, NETWORK), Critic(seen, NETWORK, 1.0)


def trained(control: str) -> dict[str, torch.Tensor]:
    """Tensors of networks of ``legs`` whose every part matters."""
    torch.manual_seed(0)
    tensors = {}
    for prefix, module in zip(("actor", "critic"), networks("legs", control), strict=True):
        torch.nn.init.normal_(module.head.weight)
        torch.nn.init.normal_(module.head.bias)
        module.normaliser.learn(torch.randn(500, len(module.normaliser.mean)) * 2 + 1)
        tensors |= {f"{prefix}.{key}": tensor for key, tensor in module.state_dict().items()}
    tensors["actor.log_action_std"] = torch.randn_like(tensors["actor.log_action_std"])
    return tensors


@pytest.mark.parametrize("mode", [None, "observed"])
@pytest.mark.parametrize("body", BODIES)
def test_every_number_of_an_observation_has_a_name(body, mode) -> None:
    loaded = load_body(body)
    names, layout = observation_names(loaded, mode), observation_layout(loaded, mode)
    assert len(set(names)) == len(names) == layout[-1][1].stop
    for part, places in layout:
        assert {name.split("/")[0] for name in names[places]} == {part}
    place = dict(layout)["segment_position"].start + 3 * (loaded.segments.index("tibia_r") - 1)
    assert names[place : place + 3] == tuple(f"segment_position/tibia_r/{axis}" for axis in range(3))


@pytest.mark.parametrize("control", ["direct", "tracking"])
@pytest.mark.parametrize("body", ["legs_abs", "legs_back"])
def test_what_both_bodies_have_is_done_and_valued_as_before_whatever_else_is_seen(body, control) -> None:
    old, new, tensors = load_body("legs"), load_body(body), trained(control)
    before, after = networks("legs", control), networks(body, control)
    made = carried_over(tensors, old, new, control, None)
    for prefix, one, other in zip(("actor", "critic"), before, after, strict=True):
        load_module(prefix, one, tensors, "old")
        load_module(prefix, other, made, "new")
    seen = dict(zip(observation_names(old), torch.randn(len(observation_names(old)), 5), strict=True))
    names = observation_names(new)
    assert set(seen) < set(names)
    other = torch.stack([seen.get(name, 9 * torch.randn(5)) for name in names], dim=1)
    own = torch.stack(list(seen.values()), dim=1)
    with torch.no_grad():
        done = dict(zip(action_names(control, new), after[0](other).T, strict=True))
        for name, action in zip(action_names(control, old), before[0](own).T, strict=True):
            torch.testing.assert_close(done.pop(name), action)
        resting = {"direct": -0.9, "tracking": 0.0}[control]
        assert done
        assert all((action == resting).all() for action in done.values())
        torch.testing.assert_close(after[1](other), before[1](own))


def test_a_constant_of_the_old_body_is_not_heeded() -> None:
    tensors = trained("direct")
    for network in ("actor", "critic"):
        tensors[f"{network}.normaliser.variance"][7] = 0.0
    made = carried_over(tensors, load_body("legs"), load_body("legs_abs"), "direct", None)
    place = observation_names(load_body("legs_abs")).index(observation_names(load_body("legs"))[7])
    assert (made["actor.normaliser.mean"][place], made["actor.normaliser.variance"][place]) == (0, 1)
    assert not made["actor.trunk.0.weight"][:, place].any()
    assert made["actor.trunk.0.weight"][:, 0].all()


def test_there_and_back_is_where_it_began() -> None:
    legs, back = load_body("legs"), load_body("legs_back")
    tensors = trained("tracking")
    again = carried_over(carried_over(tensors, legs, back, "tracking", None), back, legs, "tracking", None)
    assert again.keys() == tensors.keys()
    assert all(torch.equal(tensor, again[key]) for key, tensor in tensors.items())


def test_the_reference_of_legs_is_read_for_another_body() -> None:
    body = load_body("legs_abs")
    tensors, task = read_weights(reference_policies()["legs"], context_of(body, "direct").contract)
    assert task == "imitation"
    assert tensors["actor.head.weight"].shape[0] == 86
    assert tensors["actor.normaliser.mean"].shape == (363,)
    assert tensors["actor.trunk.0.weight"].isfinite().all()
    with pytest.raises(
        InputError, match="control: the policy was made for 'direct', this run has 'tracking'"
    ):
        read_weights(reference_policies()["legs"], context_of(load_body("legs"), "tracking").contract)
    with pytest.raises(InputError, match="the policy was made for 'legs', this run has 'legs_abs'"):
        read_weights(reference_policies()["legs"], context_of(body, "pd").contract)


def test_a_mixture_is_refused_for_another_body(tmp_path) -> None:
    """A gate knows no parts of bodies by name."""
    legs = load_body("legs")
    contract = context_of(legs, "direct").contract
    actors = [networks("legs", "direct")[0] for _ in range(2)]
    mixture, critic = Mixture(actors, NETWORK), networks("legs", "direct")[1]
    write_policy_folder(tmp_path, mixture, critic, contract, name="mixed", description="", facts={})
    assert read_weights(tmp_path, contract)[1] == "imitation"
    with pytest.raises(InputError, match="the policy was made for 'legs', this run has 'legs_abs'"):
        read_weights(tmp_path, context_of(load_body("legs_abs"), "direct").contract)


def test_a_run_of_another_body_begins_as_a_policy_of_legs(tmp_path) -> None:
    legs = replace(tiny_config(motions_file(tmp_path / "legs.h5"), updates=2), max_experts=1)
    train(tmp_path / "legs", legs, score=lambda _: None)
    motions = motions_file(tmp_path / "abs.h5", body="legs_abs")
    begun = replace(tiny_config(motions, updates=2), body="legs_abs", max_experts=1)
    begun = replace(begun, start_from=str(tmp_path / "legs" / "policy"))
    train(tmp_path / "abs", begun, score=lambda _: None, only="expert-1")
    assert (tmp_path / "abs" / "stages" / "expert-1" / "best").is_dir()
