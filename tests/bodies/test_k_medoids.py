"""k-medoids against all possible choices of medoids."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.bodies.k_medoids import k_medoids


def distances(seed: int, things: int) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(things, 2))
    return np.linalg.norm(points[:, None] - points, axis=2)


def total(distance, medoids) -> float:
    return distance[:, list(medoids)].min(axis=1).sum()


@given(st.integers(0, 10_000), st.integers(1, 9), st.data())
def test_no_exchange_of_one_medoid_is_better(seed, things, data):
    distance = distances(seed, things)
    count = data.draw(st.integers(1, things))
    medoids, cluster = k_medoids(distance, count)
    assert len(set(medoids)) == count
    assert list(medoids) == sorted(medoids)
    np.testing.assert_array_equal(cluster[medoids], np.arange(count))
    np.testing.assert_array_equal(distance[np.arange(things), medoids[cluster]], distance[:, medoids].min(1))
    here = total(distance, medoids)
    for one in medoids:
        for other in set(range(things)) - set(medoids):
            assert here <= total(distance, {*medoids, other} - {one}) + 1e-8


def test_the_best_of_all_choices():
    for seed in range(50):
        distance = distances(seed, 9)
        least = min(total(distance, choice) for choice in combinations(range(9), 3))
        assert total(distance, k_medoids(distance, 3)[0]) == pytest.approx(least)


def test_clusters_that_are_apart_are_found():
    """On a line: 0 1 2, 10 11 12, 20 21 22, in another order; the middle ones are the medoids."""
    place = np.array([20, 0, 11, 1, 22, 10, 2, 12, 21.0])
    medoids, cluster = k_medoids(np.abs(place[:, None] - place), 3)
    np.testing.assert_array_equal(medoids, [2, 3, 8])
    np.testing.assert_array_equal(cluster, [2, 1, 0, 1, 2, 0, 1, 0, 2])


def test_of_equals_the_first_is_taken():
    medoids, cluster = k_medoids(1.0 - np.eye(4), 2)
    np.testing.assert_array_equal(medoids, [0, 1])
    np.testing.assert_array_equal(cluster, [0, 1, 0, 0])


@pytest.mark.parametrize("count", [0, 5])
def test_as_many_medoids_as_there_are_things_at_most(count):
    with pytest.raises(ValueError, match="of 4 things"):
        k_medoids(np.zeros((4, 4)), count)
