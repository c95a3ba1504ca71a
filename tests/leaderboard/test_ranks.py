"""Ranks by hand, and what they promise whatever the figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.leaderboard.ranks import ranks


def better(count: int, pairs: str) -> np.ndarray:
    """``"ac bc"``: a is better than c, b better than c, by more than chance."""
    beats = np.zeros((count, count), dtype=bool)
    for first, second in pairs.split():
        beats[ord(first) - ord("a"), ord(second) - ord("a")] = True
    return beats


@pytest.mark.parametrize(
    ("values", "pairs", "expected"),
    [
        ([], "", []),
        ([3.0], "", [1]),
        ([98.0, 97.0, 12.0], "ac bc", [1, 1, 3]),  # two that are alike, and one far behind
        ([98.0, 97.0, 12.0], "ab ac bc", [1, 2, 3]),
        ([12.0, 97.0, 98.0], "ca ba", [3, 1, 1]),  # the order of the input plays no part
        # Not transitive: a like b, b like c, a better than c. c is like b, but cannot share with a.
        ([9.0, 8.0, 7.0], "ac", [1, 1, 3]),
        ([9.0, 8.0, 7.0, 6.0], "ac bd", [1, 1, 3, 3]),
        # An uncertain c in between: nobody is better than c, but a and b are better than d.
        ([9.0, 8.0, 7.0, 6.0], "ad bd", [1, 1, 1, 4]),
        # b beats c, and a, whose figure is higher but less certain, does not: c opens a rank all the same.
        ([9.0, 8.0, 6.0, 7.0], "bc", [1, 1, 4, 1]),
        ([5.0, 5.0, 4.0], "ac", [1, 1, 3]),  # equal figures share, and so does their being beaten
        ([9.0, 5.0, 5.0], "ab", [1, 2, 2]),
    ],
)
def test_ranks_worked_out_by_hand(values: list[float], pairs: str, expected: list[int]) -> None:
    assert ranks(values, better(len(values), pairs)) == expected


@st.composite
def boards(draw: st.DrawFn) -> tuple[list[float], np.ndarray]:
    """Figures, and any differences at all between those that differ."""
    values = [float(value) for value in draw(st.lists(st.integers(0, 6), min_size=1, max_size=8))]
    coins = draw(st.lists(st.booleans(), min_size=len(values) ** 2, max_size=len(values) ** 2))
    beats = np.array(coins).reshape(len(values), -1)
    return values, beats & np.greater.outer(values, values)


@given(boards(), st.randoms())
def test_ranks_do_not_depend_on_the_order(board: tuple[list[float], np.ndarray], random: object) -> None:
    values, beats = board
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = ranks([values[place] for place in order], beats[np.ix_(order, order)])
    assert shuffled == [ranks(values, beats)[place] for place in order]


@given(boards())
def test_ranks_keep_what_they_promise(board: tuple[list[float], np.ndarray]) -> None:
    values, beats = board
    rank = ranks(values, beats)
    for i, one in enumerate(values):
        for j, other in enumerate(values):
            if beats[i, j]:
                assert rank[i] < rank[j]
            if one > other:
                assert rank[i] <= rank[j]
            if one == other:
                assert rank[i] == rank[j]
        assert rank[i] == 1 + sum(place < rank[i] for place in rank)


def test_one_more_at_the_end_changes_no_rank_before_it() -> None:
    beats = better(4, "ac bc ad bd cd")
    assert ranks([9.0, 8.0, 7.0, 1.0], beats)[:3] == ranks([9.0, 8.0, 7.0], beats[:3, :3])
