"""Statistics equal those of all the data at once, and nothing but `learn` moves them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.training.normaliser import Normaliser  # noqa: E402


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_statistics_do_not_depend_on_how_data_are_cut(sizes, seed):
    rng = np.random.default_rng(seed)
    data = (rng.normal(size=(sum(sizes), 3)) * [1, 1e-3, 50] + [0, 5, -1000]).astype(np.float32)
    normaliser = Normaliser(3, 5.0)
    for part in np.split(data, np.cumsum(sizes)[:-1]):
        normaliser.learn(torch.from_numpy(part))
    assert normaliser.count == len(data)
    np.testing.assert_allclose(normaliser.mean, data.mean(0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(normaliser.variance, data.var(0, dtype=np.float64), rtol=1e-9, atol=1e-15)


def test_before_anything_is_learnt_observations_stay_as_they_are():
    observation = torch.tensor([[0.5, -2.0]])
    torch.testing.assert_close(Normaliser(2, 5.0)(observation), observation)


def test_normalised_data_have_mean_0_and_variance_1_and_are_cut():
    data = 3 + 2 * torch.randn(1000, 2, generator=torch.Generator().manual_seed(0))
    normaliser = Normaliser(2, 5.0)
    normaliser.learn(data)
    out = normaliser(data)
    assert out.dtype == data.dtype
    torch.testing.assert_close(out.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.var(0, correction=0), torch.ones(2), atol=1e-5, rtol=0)
    assert normaliser(torch.tensor([[1000.0, -1000.0]])).tolist() == [[5.0, -5.0]]


def test_a_part_that_never_changes_stays_at_0():
    normaliser = Normaliser(1, 5.0)
    normaliser.learn(torch.full((10, 1), 0.3))
    assert normaliser(torch.full((1, 1), 0.3)).abs() < 1e-3


def test_forward_moves_no_statistics():
    normaliser = Normaliser(2, 5.0).train()
    normaliser.learn(torch.randn(10, 2))
    before = {name: value.clone() for name, value in normaliser.state_dict().items()}
    normaliser(torch.randn(50, 2))
    assert all(torch.equal(before[name], value) for name, value in normaliser.state_dict().items())
    assert not list(normaliser.parameters())
