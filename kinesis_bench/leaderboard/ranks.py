"""Ranks in which differences that may be chance are ties.

"Not different by more than chance" is not transitive: A may be no better than B, and B no better than C,
while A is better than C. So no ranking can give the same rank to all pairs that do not differ, and only to
these. This one keeps what a reader relies on:

* whoever is better by more than chance stands before;
* whoever shares a rank does not differ by more than chance;
* nobody stands behind a lower figure, and equal figures share a rank;
* a rank is 1 + the number of those before it (1, 1, 3), and the order of the input plays no part.

It goes down by figure. A submission joins the rank above it, unless one of those in that rank is better by
more than chance: then it opens the next. What it gives up: two neighbours of different rank may be alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.evaluation.comparison import Difference
from kinesis_bench.metrics.statistics import LEVEL

ERROR_RATE = 1.0 - LEVEL
"""Of the test that says that a difference is more than chance."""


def ranks(values: Sequence[float], beats: np.ndarray) -> list[int]:
    """Rank of each submission, 1 for the best.

    Args:
        values: (N,) figures, the larger the better.
        beats: (N, N) whether i is better than j by more than chance; such an i has the larger figure.

    Returns:
        (N,) ranks, in the order of ``values``.
    """
    figure = np.asarray(values, dtype=float)
    rank = np.zeros(len(figure), dtype=int)
    leading, members = 1, np.zeros(len(figure), dtype=bool)
    for value in np.unique(figure)[::-1]:
        equal = figure == value
        if beats[np.ix_(members, equal)].any():
            leading += int(members.sum())
            members = np.zeros_like(members)
        rank[equal] = leading
        members |= equal
    return rank.tolist()


def beyond_chance(found: Difference) -> bool:
    """Whether nought lies outside the paired interval of a difference, and the paired test finds it too.

    The interval alone would find too many with few clips, for it is too narrow there; the test keeps to its
    rate of errors whatever their number (``metrics.paired``). Where resampling does not change the
    difference, as between all and none, there is no interval and the test decides; where there is no test,
    the interval does.
    """
    if found.ci95 is None and found.p is None:
        return False
    outside = found.ci95 is None or not found.ci95[0] <= 0.0 <= found.ci95[1]
    return outside and (found.p is None or found.p < ERROR_RATE)
