"""Actor and critic: what they compute, what is trained, and when Lattice's factor is worked out anew."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.training import networks  # noqa: E402
from kinesis_bench.training.config import NetworkConfig  # noqa: E402
from kinesis_bench.training.exploration import Gaussian, Lattice, lattice_factor  # noqa: E402
from kinesis_bench.training.networks import Actor, Critic  # noqa: E402
from kinesis_bench.training.symmetry import Mirror  # noqa: E402

CONFIG = NetworkConfig(actor=(16, 12), critic=(16, 12), learn_std=True)
SEEN = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
SAMPLE = torch.randn(7, 3, generator=torch.Generator().manual_seed(1))


def actor(**changes) -> Actor:
    torch.manual_seed(0)
    return Actor(5, 3, NetworkConfig(**{"actor": (16, 12), "learn_std": True} | changes))


def log_prob(policy: Actor):
    """With a factor that was certainly worked out just now."""
    factor = lattice_factor(policy.log_action_std.exp(), policy.log_latent_std.exp(), policy.head.weight)
    return Lattice(policy(SEEN), factor).log_prob(SAMPLE)


@pytest.fixture
def factorisations(monkeypatch):
    """How often a factor was worked out."""
    calls = []
    monkeypatch.setattr(networks, "lattice_factor", lambda *parts: calls.append(1) or lattice_factor(*parts))
    return calls


def test_while_experience_is_collected_one_factor_serves_all_steps(factorisations):
    policy = actor()
    with torch.no_grad():
        found = [policy.distribution(SEEN).log_prob(SAMPLE) for _ in range(10)]
        assert len(factorisations) == 1
        assert all(torch.equal(each, log_prob(policy)) for each in found)


@pytest.mark.parametrize("optimiser", [{"foreach": True}, {"foreach": False}, {"fused": True}])
def test_an_update_makes_the_factor_anew(optimiser, factorisations):
    policy = actor()
    with torch.no_grad():
        before = policy.distribution(SEEN).log_prob(SAMPLE)
    adam = torch.optim.Adam(policy.parameters(), lr=0.1, **optimiser)
    policy.distribution(SEEN).log_prob(SAMPLE).sum().backward()
    adam.step()
    with torch.no_grad():
        after = policy.distribution(SEEN).log_prob(SAMPLE)
        assert len(factorisations) == 3
        assert torch.equal(after, log_prob(policy))
    assert not torch.allclose(before, after)


def test_loaded_and_copied_weights_make_the_factor_anew():
    policy, other = actor(), actor(action_std=0.5)
    with torch.no_grad():
        policy.distribution(SEEN)
        policy.load_state_dict(other.state_dict())
        assert torch.equal(policy.distribution(SEEN).log_prob(SAMPLE), log_prob(other))
        copied = copy.deepcopy(policy)
        copied.log_latent_std += 1
        assert torch.equal(copied.distribution(SEEN).log_prob(SAMPLE), log_prob(copied))
        assert torch.equal(policy.distribution(SEEN).log_prob(SAMPLE), log_prob(other))


def test_gradients_flow_through_a_factor_even_after_one_was_kept():
    policy = actor()
    with torch.no_grad():
        policy.distribution(SEEN)
    policy.distribution(SEEN).log_prob(SAMPLE).sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in policy.parameters())


def test_deviations_are_trained_only_where_asked():
    fixed = actor(learn_std=False)
    assert not fixed.log_action_std.requires_grad
    assert not fixed.log_latent_std.requires_grad
    assert actor(exploration="gaussian").log_latent_std is None


def test_the_kinds_of_noise_and_their_initial_deviation():
    gaussian = actor(exploration="gaussian", action_std=0.3).distribution(SEEN)
    assert isinstance(gaussian, Gaussian)
    torch.testing.assert_close(gaussian.std, torch.full((3,), 0.3))
    assert isinstance(actor().distribution(SEEN), Lattice)


def test_the_mean_is_the_layers_by_hand():
    policy = actor()
    policy.normaliser.learn(3 + 2 * SEEN)
    hidden = ((SEEN - policy.normaliser.mean.float()) / policy.normaliser.scale.float()).clamp(-5, 5)
    for layer in policy.trunk[::2]:
        hidden = hidden @ layer.weight.T + layer.bias
        hidden = hidden * torch.sigmoid(hidden)
    by_hand = hidden @ policy.head.weight.T + policy.head.bias
    torch.testing.assert_close(policy(SEEN), by_hand)
    assert torch.equal(policy.act(SEEN), policy(SEEN))
    assert torch.equal(policy.to_action(SEEN, SAMPLE), SAMPLE)


def test_the_first_actions_are_small_and_layers_are_orthogonal():
    policy = actor()
    assert policy(SEEN).abs().max() < 0.1
    weight = policy.trunk[2].weight
    torch.testing.assert_close(weight @ weight.T, 2 * torch.eye(12), atol=1e-5, rtol=0)


def test_values_have_the_critic_s_scale():
    torch.manual_seed(0)
    one = Critic(5, CONFIG, 1.0)
    torch.manual_seed(0)
    hundred = Critic(5, CONFIG, 100.0)
    assert one(SEEN).shape == (7,)
    torch.testing.assert_close(hundred(SEEN), 100 * one(SEEN))


MIRROR = Mirror(
    torch.tensor([1, 0, 2, 3, 4]),
    torch.tensor([1.0, 1.0, -1.0, 1.0, -1.0]),
    torch.tensor([1, 0, 2]),
    torch.tensor([1.0, 1.0, -1.0]),
)


@pytest.mark.parametrize("exploration", ["gaussian", "lattice"])
def test_a_mirrored_state_has_the_mirrored_distribution(exploration):
    """Of any weights and statistics: p(M a | M o) = p(a | o), and one value for both."""
    torch.manual_seed(0)
    config = NetworkConfig(actor=(16, 12), critic=(16, 12), exploration=exploration)
    policy, critic = Actor(5, 3, config, MIRROR), Critic(5, config, 10.0, MIRROR)
    with torch.no_grad():
        for network in (policy, critic):
            network.normaliser.learn(3 + 2 * SEEN)
            for p in network.parameters():
                p.add_(0.3 * torch.randn(p.shape))
    seen, sample = MIRROR.observation(SEEN), MIRROR.action(SAMPLE)
    torch.testing.assert_close(policy(seen), MIRROR.action(policy(SEEN)))
    torch.testing.assert_close(critic(seen), critic(SEEN))
    torch.testing.assert_close(
        policy.distribution(seen).log_prob(sample),
        policy.distribution(SEEN).log_prob(SAMPLE),
        rtol=1e-4,
        atol=1e-4,
    )
    assert not torch.allclose(policy(SEEN), MIRROR.action(policy(SEEN)))
