"""Paired tests against answers worked out by hand, and their rates under chance and under a real shift."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.metrics.paired import EXACT_UNITS, Sums, holm, mean_of, paired_interval, paired_test
from kinesis_bench.metrics.statistics import resample

VALUES = st.lists(st.integers(-20, 20), min_size=1, max_size=9)


def p_of(differences: list[float]) -> float:
    """Of the test of these differences between pairs."""
    values = np.asarray(differences, dtype=float)
    return paired_test(mean_of(np.zeros(len(values))), mean_of(values), np.random.default_rng(0)).p


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1, 2, 3], 2 / 8),  # sum 6, reached only by all signs alike
        ([-1, 2, 3], 4 / 8),  # sum 4; of ±1 ±2 ±3, 6, 4, -4 and -6 are as far
        ([1, 2, -3], 8 / 8),  # sum 0
        ([1, 2, 3, 4], 2 / 16),
        ([-1, 2, 3, 4], 4 / 16),  # sum 8; 10, 8, -8, -10
        ([1, 1, 1, 1], 2 / 16),
        ([1, 1, 1, -1], 10 / 16),  # sum 2; only the 6 ways to a sum of 0 are nearer
        ([5], 1.0),
        ([0, 0, 0], 1.0),
    ],
)
def test_sign_flips_worked_out_by_hand(differences: list[float], p: float) -> None:
    assert p_of(differences) == pytest.approx(p)


def test_swaps_of_ratios_are_those_gone_through_one_by_one() -> None:
    a = np.array([[10.0, 30.0, 8.0, 21.0], [10.0, 15.0, 4.0, 3.0]])
    b = np.array([[12.0, 31.0, 40.0, 20.0], [10.0, 16.0, 9.0, 4.0]])

    def difference(swaps: tuple[bool, ...]) -> float:
        first, second = np.where(swaps, b, a).sum(axis=1), np.where(swaps, a, b).sum(axis=1)
        return float(second[0] / second[1] - first[0] / first[1])

    every = [abs(difference(swaps)) for swaps in itertools.product([False, True], repeat=4)]
    expected = np.mean([far >= every[0] - 1e-12 for far in every])
    test = paired_test(
        *(Sums(numerator[:, None], denominator[:, None]) for numerator, denominator in (a, b)),
        np.random.default_rng(0),
    )
    assert 2 / 16 < expected < 1
    assert (test.p, test.exact, test.units) == (pytest.approx(expected), True, 4)


@given(VALUES, st.integers(0, 3))
def test_a_result_against_itself_differs_by_nothing(values: list[int], seed: int) -> None:
    same = mean_of(values)
    assert paired_test(same, same, np.random.default_rng(seed)).p == 1.0
    resampling = resample(np.zeros(len(values)), np.random.default_rng(seed), samples=50)
    assert paired_interval(same, same, resampling) is None


@given(VALUES.flatmap(lambda a: st.tuples(st.just(a), st.lists(st.integers(-20, 20), min_size=len(a)))))
def test_which_comes_first_changes_the_sign_only(both: tuple[list[int], list[int]]) -> None:
    a, b = mean_of(both[0]), mean_of(both[1][: len(both[0])])
    there, back = (paired_test(*pair, np.random.default_rng(0)).p for pair in ((a, b), (b, a)))
    assert there == pytest.approx(back)
    resampling = resample(np.zeros(len(both[0])), np.random.default_rng(0), samples=200)
    forth, reverse = paired_interval(a, b, resampling), paired_interval(b, a, resampling)
    if forth is None:
        assert reverse is None
    else:
        assert reverse is not None
        assert forth == pytest.approx((-reverse[1], -reverse[0]), abs=1e-9)


def test_pairs_without_a_difference_change_no_p() -> None:
    assert p_of([1.0, -2.0, 4.0] + [0.0] * 40) == p_of([1.0, -2.0, 4.0])


@pytest.mark.parametrize("units", [8, 30])
def test_under_chance_p_is_uniform(units: int) -> None:
    rng = np.random.default_rng(1)
    p = []
    for _ in range(400):
        a, b = (mean_of(rng.normal(size=units)) for _ in range(2))
        p.append(paired_test(a, b, rng).p)
    for level in (0.05, 0.2, 0.5, 0.8):
        assert np.mean(np.array(p) <= level) == pytest.approx(
            level, abs=3 * np.sqrt(level * (1 - level) / 400)
        )


def test_a_real_shift_is_found() -> None:
    rng = np.random.default_rng(2)
    people = rng.normal(0.4, 0.2, size=(100, 9))
    shifted = people + rng.normal(0.1, 0.05, size=(100, 9))
    p = [paired_test(mean_of(a), mean_of(b), rng).p for a, b in zip(people, shifted, strict=True)]
    assert np.mean(np.array(p) < 0.05) > 0.95
    assert min(p) == pytest.approx(2 / 2**9)


def test_drawn_swaps_agree_with_all_of_them() -> None:
    """Six differences too small to matter bring the units above those of which all ways are gone through."""
    rng = np.random.default_rng(3)
    differences = rng.normal(0.4, 1.0, size=EXACT_UNITS)
    exact = p_of(differences.tolist())
    tiny = [*differences, *[1e-7] * 6]
    drawn = paired_test(mean_of(np.zeros(len(tiny))), mean_of(tiny), rng)
    assert not drawn.exact
    assert drawn.p == pytest.approx(exact, abs=4 * np.sqrt(exact / 9999))


def test_runs_are_averaged_within_their_clip() -> None:
    a = Sums(np.array([[1.0, 3.0], [2.0, 2.0], [4.0, 0.0]]), np.ones((3, 2)))
    b = mean_of([3.0, 4.0, 5.0])
    assert paired_test(a, b, np.random.default_rng(0)).p == p_of([1.0, 2.0, 3.0])


def test_units_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        paired_test(mean_of([1.0]), mean_of([1.0, 2.0]), np.random.default_rng(0))


def test_paired_interval_of_a_constant_shift_is_much_narrower_than_either() -> None:
    rng = np.random.default_rng(0)
    clips = rng.normal(50.0, 20.0, size=30)
    resampling = resample(np.zeros(30), rng)
    interval = paired_interval(mean_of(clips), mean_of(clips + rng.normal(3.0, 1.0, size=30)), resampling)
    assert interval is not None
    assert 2.0 < interval[0] < 3.0 < interval[1] < 4.0


def test_holm_by_hand() -> None:
    # sorted 0.01, 0.02, 0.03, 0.4: times 4, 3, 2, 1 = 0.04, 0.06, 0.06, 0.4
    assert holm([0.03, 0.01, 0.4, 0.02]) == pytest.approx([0.06, 0.04, 0.4, 0.06])
    # 0.02 times 3 is 0.06; 0.025 times 2 would be less and is raised to it
    assert holm([0.02, 0.025, 0.9]) == pytest.approx([0.06, 0.06, 0.9])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0.0, 1.0), max_size=8))
def test_holm_never_lowers_p_and_keeps_their_order(p: list[float]) -> None:
    corrected = holm(p)
    assert all(one >= given for one, given in zip(corrected, p, strict=True))
    for i, j in itertools.combinations(range(len(p)), 2):
        if p[i] < p[j]:
            assert corrected[i] <= corrected[j]
