"""The gate learns which frozen expert to take, and nothing but the gate changes."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.training.config import NetworkConfig, PPOConfig  # noqa: E402
from kinesis_bench.training.mixture import Categorical, Mixture  # noqa: E402
from kinesis_bench.training.networks import Actor, Critic  # noqa: E402
from kinesis_bench.training.ppo import PPO  # noqa: E402
from kinesis_bench.training.storage import Storage  # noqa: E402

CONFIG = NetworkConfig(actor=(8,), critic=(16,), gate=(16, 8), exploration="gaussian")
OBSERVATIONS, ACTIONS = 3, 2


def constant_expert(action: list[float]) -> Actor:
    """Always takes the same action."""
    expert = Actor(OBSERVATIONS, ACTIONS, CONFIG)
    torch.nn.init.zeros_(expert.head.weight)
    expert.head.bias.data = torch.tensor(action)
    return expert


def two_experts(seed: int = 0) -> Mixture:
    torch.manual_seed(seed)
    return Mixture([constant_expert([0.25, -0.5]), constant_expert([-1.0, 0.75])], CONFIG)


def prefer_by_sign(mixture: Mixture) -> None:
    """Set the gate by hand: expert 1 where the first observation is positive, else expert 0."""
    mixture.trunk = torch.nn.Sequential(torch.nn.Linear(OBSERVATIONS, 1))
    mixture.trunk[0].weight.data = torch.tensor([[1.0, 0.0, 0.0]])
    mixture.trunk[0].bias.data = torch.zeros(1)
    mixture.head = torch.nn.Linear(1, 2)
    mixture.head.weight.data = torch.tensor([[0.0], [3.0]])
    mixture.head.bias.data = torch.zeros(2)


def test_categorical_equals_torch_s_own() -> None:
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    ours, theirs = Categorical(logits), torch.distributions.Categorical(logits=logits)
    sample = torch.arange(50) % 4
    torch.testing.assert_close(ours.log_prob(sample[:, None].float()), theirs.log_prob(sample))
    torch.testing.assert_close(ours.entropy(), theirs.entropy())


def test_samples_have_the_gate_s_frequencies_and_follow_the_generator() -> None:
    n = 20_000
    probability = torch.tensor([0.1, 0.6, 0.3])
    distribution = Categorical(probability.log().expand(n, 3))
    sample = distribution.sample(torch.Generator().manual_seed(1))
    assert sample.shape == (n, 1)
    assert sample.dtype == torch.float32
    for number, p in enumerate(probability.tolist()):
        spread = math.sqrt(p * (1 - p) / n)
        assert abs(float((sample == number).float().mean()) - p) < 5 * spread
    assert torch.equal(sample, distribution.sample(torch.Generator().manual_seed(1)))
    assert not torch.equal(sample, distribution.sample(torch.Generator().manual_seed(2)))


def test_a_fresh_gate_takes_all_experts_alike() -> None:
    mixture = two_experts()
    distribution = mixture.distribution(torch.randn(5, OBSERVATIONS))
    torch.testing.assert_close(distribution.entropy(), torch.full((5,), math.log(2)))


def test_the_chosen_expert_acts_by_its_mean() -> None:
    mixture = two_experts()
    prefer_by_sign(mixture)
    observation = torch.tensor([[2.0, 0, 0], [-2.0, 0, 0], [1.0, 9, 9]])
    expected = torch.tensor([[-1.0, 0.75], [0.25, -0.5], [-1.0, 0.75]])
    assert torch.equal(mixture.act(observation), expected)
    sample = torch.tensor([[0.0], [0.0], [1.0]])
    assert torch.equal(mixture.to_action(observation, sample), expected[[1, 1, 2]])
    chance = mixture.distribution(observation).log_probability.exp()
    torch.testing.assert_close(chance[0, 1], torch.sigmoid(torch.tensor(6.0)))


def test_the_likeliest_expert_acts_however_little_likelier_it_is() -> None:
    """A chance of 0.5001 is enough, always: what is sampled would take the other nearly every second time."""
    mixture = two_experts()
    prefer_by_sign(mixture)
    observation = torch.zeros(1000, OBSERVATIONS)
    observation[:, 0] = 1e-4 * (torch.arange(1000) % 2 * 2 - 1)
    first = torch.tensor([[0.25, -0.5], [-1.0, 0.75]])
    assert torch.equal(mixture.act(observation), first[torch.arange(1000) % 2])


def test_experts_see_only_the_rows_that_chose_them(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = two_experts()
    rows: list[int] = []
    act = mixture.experts[0].act
    monkeypatch.setattr(mixture.experts[0], "act", lambda o: (rows.append(len(o)), act(o))[1])
    mixture.to_action(torch.zeros(4, OBSERVATIONS), torch.tensor([[0.0], [1.0], [1.0], [0.0]]))
    mixture.to_action(torch.zeros(4, OBSERVATIONS), torch.ones(4, 1))
    assert rows == [2]


def test_the_gate_learns_which_expert_is_right_and_the_experts_stay() -> None:
    """A contextual bandit of one step: each expert is right in one half of the states."""
    mixture = two_experts()
    critic = Critic(OBSERVATIONS, CONFIG, scale=1.0)
    frozen = {name: value.clone() for name, value in mixture.experts.state_dict().items()}
    steps, environments = 8, 64
    storage = Storage(steps, environments, OBSERVATIONS, samples=1)
    config = PPOConfig(learning_rate=3e-3, critic_learning_rate=3e-3, epochs=4, minibatch=256)
    ppo = PPO(mixture, critic, storage, config, torch.Generator().manual_seed(0))
    noise = torch.Generator().manual_seed(0)
    right = mixture.experts[1].head.bias

    def share_right() -> float:
        observation = torch.randn(2000, OBSERVATIONS, generator=torch.Generator().manual_seed(9))
        took_1 = (mixture.act(observation) == right).all(1)
        return float((took_1 == (observation[:, 0] > 0)).float().mean())

    assert share_right() < 0.7
    for _ in range(40):
        with torch.no_grad():
            while not storage.full:
                observation = torch.randn(environments, OBSERVATIONS, generator=noise)
                distribution = mixture.distribution(observation)
                sample = distribution.sample(noise)
                took_1 = (mixture.to_action(observation, sample) == right).all(1)
                storage.add(
                    observation,
                    sample,
                    distribution.log_prob(sample),
                    critic(observation),
                    (took_1 == (observation[:, 0] > 0)).float(),
                    torch.ones(environments, dtype=torch.bool),
                )
        seen = storage.observation.flatten(0, 1).clone()
        ppo.update(torch.zeros(environments))
        mixture.normaliser.learn(seen)
    assert share_right() >= 0.95
    assert float(mixture.normaliser.count) == 40 * steps * environments
    for name, value in mixture.experts.state_dict().items():
        assert torch.equal(value, frozen[name]), name
