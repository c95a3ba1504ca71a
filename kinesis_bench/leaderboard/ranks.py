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
