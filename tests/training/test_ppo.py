"""The update, term by term, against figures made by hand."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.training import ppo as module  # noqa: E402
from kinesis_bench.training.config import NetworkConfig, PPOConfig  # noqa: E402
from kinesis_bench.training.exploration import Gaussian  # noqa: E402
from kinesis_bench.training.networks import Actor, Critic  # noqa: E402
from kinesis_bench.training.ppo import FASTEST, PPO, RATE_STEP, SLOWEST, clipped_objective  # noqa: E402
from kinesis_bench.training.storage import Storage  # noqa: E402

STEPS, ENVIRONMENTS, OBSERVATIONS, ACTIONS = 4, 8, 5, 3


@pytest.fixture
def double():
    """Everything in double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def make(*, steps=STEPS, exploration="lattice", scale=1.0, seed=0, **config) -> PPO:
    torch.manual_seed(seed)
    network = NetworkConfig(actor=(16, 12), critic=(16,), exploration=exploration, learn_std=True)
    actor, critic = Actor(OBSERVATIONS, ACTIONS, network), Critic(OBSERVATIONS, network, scale)
    storage = Storage(steps, ENVIRONMENTS, OBSERVATIONS, ACTIONS)
    order = torch.Generator().manual_seed(seed)
    return PPO(actor, critic, storage, PPOConfig(**{"epochs": 1} | config), order)


@torch.no_grad()
def fill(ppo: PPO, seed=1) -> torch.Tensor:
    """Experience of the present policy, with rewards drawn at random; values after the last step."""
    rng = torch.Generator().manual_seed(seed)
    for _ in range(len(ppo.storage.reward)):
        observation = torch.randn(ENVIRONMENTS, OBSERVATIONS, generator=rng)
        distribution = ppo.actor.distribution(observation)
        sample = distribution.sample(rng)
        ppo.storage.add(
            observation,
            sample,
            distribution.log_prob(sample),
            ppo.critic(observation),
            torch.randn(ENVIRONMENTS, generator=rng),
            torch.rand(ENVIRONMENTS, generator=rng) < 0.2,
        )
    return torch.randn(ENVIRONMENTS, generator=rng)


@pytest.fixture
def seen(monkeypatch):
    """Ratios and advantages that the objective was handed."""
    handed = []

    def record(ratio, advantage, clip):
        handed.append((ratio.detach().clone(), advantage.clone()))
        return clipped_objective(ratio, advantage, clip)

    monkeypatch.setattr(module, "clipped_objective", record)
    return handed


def test_the_clipped_objective_by_hand():
    """ε = 0.2: too large a ratio is cut where the advantage is positive, too small a one where it is not."""
    ratio = torch.tensor([1.5, 1.5, 0.5, 0.5, 1.1], requires_grad=True)
    loss = clipped_objective(ratio, torch.tensor([1.0, -1.0, 1.0, -1.0, 2.0]), 0.2)
    assert loss.item() == pytest.approx(-(1.2 - 1.5 + 0.5 - 0.8 + 2.2) / 5)
    loss.backward()
    torch.testing.assert_close(ratio.grad, torch.tensor([0.0, 1.0, -1.0, 0.0, -2.0]) / 5)


def test_the_first_ratio_is_exactly_1(seen, monkeypatch):
    """To the bit, with rows batched as they were when sampled: old and new policy are one computation."""
    ppo = make(steps=1)
    ppo.actor.normaliser.learn(3 + 2 * normal(100, OBSERVATIONS))
    last = fill(ppo)
    monkeypatch.setattr(module, "minibatches", lambda batch, *_: [batch])
    report = ppo.update(last)
    assert torch.equal(seen[0][0], torch.ones(ENVIRONMENTS))
    assert report.divergence == 0
    assert report.clipped == 0


def test_the_first_ratio_is_1_in_any_order(seen, double):
    ppo = make(epochs=2, minibatch=STEPS * ENVIRONMENTS, learning_rate=1e-2)
    ppo.update(fill(ppo))
    torch.testing.assert_close(seen[0][0], torch.ones(STEPS * ENVIRONMENTS), atol=1e-13, rtol=0)
    assert (seen[1][0] - 1).abs().max() > 1e-3


def test_an_update_moves_no_normaliser():
    ppo = make(epochs=3)
    before = [m.normaliser.state_dict() for m in (ppo.actor, ppo.critic)]
    before = [{name: value.clone() for name, value in state.items()} for state in before]
    ppo.update(fill(ppo))
    for state, network in zip(before, (ppo.actor, ppo.critic), strict=True):
        assert all(torch.equal(state[name], value) for name, value in network.normaliser.state_dict().items())


def test_advantages_have_mean_0_and_deviation_1(seen):
    """In single precision too, where they are large beside their spread."""
    ppo = make(minibatch=10**6)
    last = fill(ppo)
    ppo.storage.reward.copy_(1e4 + normal(STEPS, ENVIRONMENTS))
    ppo.storage.ended.fill_(True)
    ppo.storage.value.zero_()
    ppo.update(last)
    advantage = seen[0][1].double()
    assert float(advantage.mean()) == pytest.approx(0, abs=1e-3)
    assert float(advantage.std(correction=0)) == pytest.approx(1, rel=1e-3)


def test_the_value_loss_by_hand():
    ppo = make(scale=10.0)
    last = fill(ppo)
    batch = ppo.storage.batch(last, 0.99, 0.95)
    error = [
        (ppo.critic(batch.observation[i : i + 1]).item() - batch.value_target[i].item()) / 10
        for i in range(len(batch))
    ]
    assert float(ppo.value_loss(batch)) == pytest.approx(np.mean(np.square(error)), rel=1e-5)


def shifted(n=20_000, shift=0.1, std=0.2):
    """An update on samples of an old policy N(m - shift, std²), of which the new one is N(m, std²)."""
    ppo = make(exploration="gaussian", minibatch=10**9, learning_rate=1e-12)
    ppo.storage = Storage(1, n, OBSERVATIONS, ACTIONS)
    with torch.no_grad():
        ppo.actor.log_action_std.fill_(np.log(std))
        observation = normal(n, OBSERVATIONS)
        old = Gaussian(ppo.actor(observation) - shift, torch.full((ACTIONS,), std))
        sample = old.sample(torch.Generator().manual_seed(3))
        flat = (torch.zeros(n), normal(n, seed=4), torch.ones(n, dtype=torch.bool))
        ppo.storage.add(observation, sample, old.log_prob(sample), *flat)
        ratio = (ppo.actor.distribution(observation).log_prob(sample) - old.log_prob(sample)).exp()
    return ppo.update(torch.zeros(n)), ratio


def test_the_divergence_is_that_of_old_from_new():
    """KL of two normals whose means lie d apart: Σ d² / 2σ² = 3 (0.1 / 0.2)² / 2 = 0.375."""
    report, ratio = shifted()
    assert report.divergence == pytest.approx(0.375, rel=0.05)
    assert report.clipped == pytest.approx(float(((ratio < 0.8) | (ratio > 1.2)).float().mean()))
    normal_entropy = 0.5 * np.log(2 * np.pi * np.e * 0.2**2)
    assert report.entropy == pytest.approx(ACTIONS * normal_entropy, rel=1e-4)


def test_explained_variance_by_hand():
    ppo = make()
    last = fill(ppo)
    target = ppo.storage.batch(last, 0.99, 0.95).value_target.numpy()
    value = ppo.storage.value.flatten().numpy().copy()
    report = ppo.update(last)
    assert report.explained_variance == pytest.approx(1 - np.var(target - value) / np.var(target), rel=1e-5)


def test_one_gradient_step_is_adam_on_the_objective(double):
    """A whole update beside one written out with torch's own distribution and autograd."""
    config = {"minibatch": 10**6, "learning_rate": 1e-3, "entropy_weight": 0.01, "max_gradient_norm": 0.05}
    ours, theirs = make(**config), make(**config)
    last = fill(ours)
    fill(theirs)
    ours.update(last)

    batch = theirs.storage.batch(last, 0.99, 0.95)
    advantage = (batch.advantage - batch.advantage.mean()) / batch.advantage.std(correction=0)
    actor = theirs.actor
    weight, own, latent = actor.head.weight, actor.log_action_std.exp(), actor.log_latent_std.exp()
    covariance = torch.diag(own**2) + weight @ torch.diag(latent**2) @ weight.T
    normal = torch.distributions.MultivariateNormal(actor(batch.observation), covariance)
    ratio = (normal.log_prob(batch.sample) - batch.log_prob).exp()
    gain = torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    (-gain - 0.01 * normal.entropy().mean()).backward()
    (theirs.critic(batch.observation) - batch.value_target).square().mean().backward()
    for network, rate in ((theirs.actor, 1e-3), (theirs.critic, theirs.config.critic_learning_rate)):
        norm = torch.sqrt(sum(p.grad.square().sum() for p in network.parameters()))
        assert norm > 0.05
        for p in network.parameters():
            p.grad *= 0.05 / norm
        torch.optim.Adam(network.parameters(), lr=rate).step()
    for a, b in ((ours.actor, theirs.actor), (ours.critic, theirs.critic)):
        for mine, other in zip(a.parameters(), b.parameters(), strict=True):
            torch.testing.assert_close(mine, other, rtol=0, atol=1e-8)


def test_critic_only_leaves_the_policy_alone():
    ppo = make(epochs=2, target_kl=0.01)
    actor = {name: value.clone() for name, value in ppo.actor.state_dict().items()}
    critic = [p.clone() for p in ppo.critic.parameters()]
    last = fill(ppo)
    report = ppo.update(last, critic_only=True)
    assert all(torch.equal(actor[name], value) for name, value in ppo.actor.state_dict().items())
    assert not any(torch.equal(a, b) for a, b in zip(critic, ppo.critic.parameters(), strict=True))
    assert not ppo.actor_optimiser.state_dict()["state"]
    assert report.value_loss > 0
    assert report.policy_loss == report.divergence == 0
    assert ppo.learning_rate == ppo.config.learning_rate
    assert not ppo.storage.full


@pytest.mark.parametrize(
    ("rate", "target", "wanted"),
    [
        (1e-1, 1e-4, 1e-1 / RATE_STEP**3),  # the first step's divergence is nought, to rounding
        (1e-5, 10.0, 1e-5 * RATE_STEP**3),
        (1e-3, None, 1e-3),
    ],
)
def test_the_rate_follows_the_divergence(rate, target, wanted, double):
    ppo = make(epochs=4, minibatch=10**6, learning_rate=rate, target_kl=target)
    ppo._adapt_rate(0.0)
    assert ppo.learning_rate == rate
    last = fill(ppo)
    report = ppo.update(last)
    assert report.learning_rate == ppo.learning_rate
    assert wanted / RATE_STEP * 0.999 <= ppo.learning_rate <= wanted * RATE_STEP * 1.001
    assert (ppo.learning_rate < rate) == (wanted < rate)


def test_the_rate_stays_within_its_bounds():
    ppo = make(target_kl=0.01)
    for divergence, bound in ((1.0, SLOWEST), (1e-6, FASTEST)):
        for _ in range(50):
            ppo._adapt_rate(divergence)
        assert ppo.learning_rate == bound
    ppo.learning_rate = 1e-4
    for divergence in (0.0051, 0.0199):
        ppo._adapt_rate(divergence)
    assert ppo.learning_rate == 1e-4


def test_it_finds_the_best_action():
    """One state, reward -|a - (0.5, -0.3, 0)|²: after 60 updates the mean action is there."""
    best = torch.tensor([0.5, -0.3, 0.0])
    ppo = make(learning_rate=3e-3, minibatch=16, epochs=4, exploration="gaussian")
    observation, ended = torch.zeros(ENVIRONMENTS, OBSERVATIONS), torch.ones(ENVIRONMENTS, dtype=torch.bool)
    noise = torch.Generator().manual_seed(0)
    for _ in range(60):
        with torch.no_grad():
            while not ppo.storage.full:
                distribution = ppo.actor.distribution(observation)
                sample = distribution.sample(noise)
                reward = -(sample - best).square().sum(1)
                value = ppo.critic(observation)
                ppo.storage.add(observation, sample, distribution.log_prob(sample), value, reward, ended)
        ppo.update(torch.zeros(ENVIRONMENTS))
    found = ppo.actor.act(observation[:1])[0]
    assert (found - best).abs().max() < 0.1
