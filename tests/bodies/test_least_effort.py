"""Bounded least squares against scipy's, and against the conditions that a solution has to meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear, nnls

from kinesis_bench.bodies.least_effort import least_effort


def problems(count, equations, unknowns, seed, scale=20.0):
    """Sparse, like moment arms; some targets are out of reach."""
    rng = np.random.default_rng(seed)
    matrix = scale * rng.normal(size=(count, equations, unknowns))
    matrix *= rng.random(matrix.shape) < 0.3
    return matrix, 2 * scale * rng.normal(size=(count, equations))


@pytest.mark.parametrize("slack", [10.0, 1.0, 0.1, 0.01, 1e-3])
def test_it_is_scipys_solution_at_any_slack(slack):
    matrix, target = problems(4, 14, 80, seed=1)
    solution = least_effort(matrix, target, slack)
    for a, b, u in zip(matrix, target, solution, strict=True):
        rows, wanted = np.vstack([a / slack, np.eye(80)]), np.concatenate([b / slack, np.zeros(80)])
        theirs = lsq_linear(rows, wanted, (0, 1), method="bvls", tol=1e-14, max_iter=5000).x
        if slack >= 0.01:  # below, scipy's own answer is rounded
            np.testing.assert_allclose(u, theirs, atol=1e-6)
        cost, other = (np.square(rows @ x - wanted).sum() for x in (u, theirs))
        assert cost <= other * (1 + 1e-9)
        assert 3 < (u > 0).sum() < 80
        assert (u == 1).any()


def test_without_a_bound_it_is_non_negative_least_squares():
    matrix, target = problems(5, 6, 24, seed=2, scale=1.0)
    solution = least_effort(matrix, target, 0.05, upper=np.inf)
    assert solution.max() > 1
    for a, b, u in zip(matrix, target, solution, strict=True):
        rows, wanted = np.vstack([a / 0.05, np.eye(24)]), np.concatenate([b / 0.05, np.zeros(24)])
        np.testing.assert_allclose(u, nnls(rows, wanted)[0], atol=1e-7)


def test_one_muscle_by_hand():
    """½u² + ½((3u - 6) / s)² is least at u = 18 / (9 + s²), but u is at most 1; pulling cannot push."""
    matrix = np.full((3, 1, 1), 3.0)
    solution = least_effort(matrix, np.array([[6.0], [6.0], [-6.0]]), np.array([[9.0], [1.0], [1.0]]))
    np.testing.assert_allclose(solution[:, 0], [18 / 90, 1.0, 0.0], atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    equations=st.integers(1, 8),
    unknowns=st.integers(1, 30),
    slack=st.floats(0.05, 30),
    upper=st.sampled_from([0.3, 1.0, np.inf]),
)
def test_the_conditions_of_a_least_value_hold(seed, equations, unknowns, slack, upper):
    """u = clip(Aᵀ(b - A u) / slack², 0, upper), and a row's solution does not depend on its company."""
    matrix, target = problems(3, equations, unknowns, seed, scale=5.0)
    solution = least_effort(matrix, target, slack, upper)
    left = target - (matrix @ solution[:, :, None])[:, :, 0]
    pull = (matrix.swapaxes(1, 2) @ left[:, :, None])[:, :, 0] / slack**2
    np.testing.assert_allclose(solution, np.clip(pull, 0, upper), atol=1e-4)
    alone = least_effort(matrix[1:2], target[1:2], slack, upper)
    np.testing.assert_array_equal(alone[0], solution[1])


def test_bad_numbers_are_refused():
    matrix, target = problems(2, 3, 5, seed=0)
    for slack in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="slack"):
            least_effort(matrix, target, slack)
    with pytest.raises(ValueError, match="finite"):
        least_effort(matrix, target * np.nan, 1.0)
