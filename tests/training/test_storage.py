"""Advantages against hand-made figures and a slow reference; parts that hold every sample once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.training.storage import Storage, generalised_advantage, minibatches  # noqa: E402


def slow_advantage(reward, value, ended, last_value, discount, gae_lambda):
    """One environment: the λ-return, a mean of n-step returns weighed by (1 - λ) λⁿ⁻¹, less the value."""
    steps = len(reward)
    advantage = np.zeros(steps)
    for t in range(steps):
        end = next((k for k in range(t, steps) if ended[k]), steps - 1)
        n_step = []
        for last in range(t, end + 1):
            total = sum(discount ** (k - t) * reward[k] for k in range(t, last + 1))
            if not ended[last]:
                after = value[last + 1] if last + 1 < steps else last_value
                total += discount ** (last + 1 - t) * after
            n_step.append(total)
        weight = [(1 - gae_lambda) * gae_lambda**k for k in range(len(n_step) - 1)]
        weight.append(gae_lambda ** (len(n_step) - 1))
        advantage[t] = np.dot(weight, n_step) - value[t]
    return advantage


def column(values):
    return torch.tensor(values)[:, None]


def test_advantages_by_hand():
    """γ = λ = 1/2; the episode ends at the second step. δ = 1/2, 1, 2, 4."""
    advantage = generalised_advantage(
        column([1.0, 2.0, 3.0, 4.0]),
        column([1.0, 1.0, 2.0, 2.0]),
        column([False, True, False, False]),
        torch.tensor([4.0]),
        0.5,
        0.5,
    )
    assert advantage.flatten().tolist() == [0.75, 1.0, 3.0, 4.0]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(1, 3), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_advantages_equal_the_slow_reference(steps, environments, discount, gae_lambda, seed):
    rng = np.random.default_rng(seed)
    reward, value = rng.normal(size=(2, steps, environments))
    ended = rng.random((steps, environments)) < 0.3
    last = rng.normal(size=environments)
    ours = generalised_advantage(*map(torch.tensor, (reward, value, ended, last)), discount, gae_lambda)
    for e in range(environments):
        theirs = slow_advantage(reward[:, e], value[:, e], ended[:, e], last[e], discount, gae_lambda)
        np.testing.assert_allclose(ours[:, e], theirs, atol=1e-12)


def test_a_cut_off_is_valued_and_an_end_is_not():
    """Rewards of 1 for ever are worth 1 / (1 - γ); a value network that knows it leaves no advantage."""
    discount, steps = 0.9, 5
    worth = 1 / (1 - discount)
    reward, value, ended = torch.ones(steps, 2), torch.full((steps, 2), worth), torch.zeros(steps, 2)
    ended[2] = 1
    reward[2, 0] += discount * worth  # cut off: the value of the state it was cut off in, as Storage.add says
    advantage = generalised_advantage(reward, value, ended.bool(), torch.full((2,), worth), discount, 0.95)
    torch.testing.assert_close(advantage[:, 0], torch.zeros(steps))
    assert advantage[2, 1] == pytest.approx(1 - worth)
    torch.testing.assert_close(advantage[3:, 1], torch.zeros(2))


def filled(steps=3, environments=2):
    storage = Storage(steps, environments, 4, 5)
    for t in range(steps):
        rows = torch.arange(environments) + 10.0 * t
        observation, sample = rows[:, None].expand(-1, 4), -rows[:, None].expand(-1, 5)
        ended = torch.zeros(environments, dtype=torch.bool)
        storage.add(observation, sample, rows + 1, rows + 2, rows + 3, ended)
    return storage


def test_a_batch_keeps_each_sample_s_parts_together():
    storage = filled()
    assert storage.full
    batch = storage.batch(torch.zeros(2), 0.99, 0.95)
    rows = torch.tensor([0.0, 1.0, 10.0, 11.0, 20.0, 21.0])
    torch.testing.assert_close(batch.observation, rows[:, None].expand(-1, 4))
    torch.testing.assert_close(batch.sample, -rows[:, None].expand(-1, 5))
    torch.testing.assert_close(batch.log_prob, rows + 1)
    torch.testing.assert_close(batch.value_target - batch.advantage, rows + 2)
    storage.clear()
    assert not storage.full


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_parts_are_even_and_hold_every_sample_once(steps, size, seed):
    batch = filled(steps, 1).batch(torch.zeros(1), 1.0, 1.0)
    parts = list(minibatches(batch, size, torch.Generator().manual_seed(seed)))
    sizes = [len(part) for part in parts]
    assert len(parts) == max(1, round(steps / size))
    assert max(sizes) - min(sizes) <= 1
    seen = torch.cat([part.observation[:, 0] for part in parts])
    assert sorted(seen.tolist()) == [10.0 * t for t in range(steps)]
    for part in parts:
        torch.testing.assert_close(part.log_prob, part.observation[:, 0] + 1)
