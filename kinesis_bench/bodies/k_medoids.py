"""k-medoids clustering of a few hundred things by their distances."""

from __future__ import annotations

import numpy as np

LEAST_GAIN = 1e-9
"""A swap must lower the total distance by more than this, so that rounding errors decide nothing."""


def k_medoids(distance: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose the things whose distances to all others, each to its nearest, have the least sum.

    PAM of Kaufman and Rousseeuw (Finding Groups in Data, 1990, chapter 2): medoids are added one by one
    (build), then the best exchange of a medoid for another thing is made until none helps (swap). The result
    is a local optimum, the same every time; of equals the first is taken.

    Args:
        distance: (n, n) symmetric, zero on its diagonal.
        count: how many medoids, 1 to n.

    Returns:
        medoids: (count,) places among the things, in ascending order.
        cluster: (n,) which of the medoids is nearest to each thing.

    Raises:
        ValueError: there are fewer things than medoids, or no medoids.
    """
    things = len(distance)
    if not 1 <= count <= things:
        raise ValueError(f"{count} medoids of {things} things")
    medoids: list[int] = []
    nearest = np.full(things, distance.sum() + 1.0)
    for _ in range(count):
        gain = np.maximum(nearest[:, None] - distance, 0).sum(axis=0)
        gain[medoids] = -1.0
        medoids.append(int(gain.argmax()))
        nearest = np.minimum(nearest, distance[:, medoids[-1]])
    while (swap := _best_swap(distance, medoids)) is not None:
        medoids[swap[0]] = swap[1]
    medoids.sort()
    return np.array(medoids), distance[:, medoids].argmin(axis=1)


def _best_swap(distance: np.ndarray, medoids: list[int]) -> tuple[int, int] | None:
    """Which medoid to exchange for which thing, or None where no exchange helps."""
    best, least = None, distance[:, medoids].min(axis=1).sum() - LEAST_GAIN
    for place in range(len(medoids)):
        others = medoids[:place] + medoids[place + 1 :]
        left = distance[:, others].min(axis=1, initial=np.inf)
        total = np.minimum(left[:, None], distance).sum(axis=0)
        total[medoids] = np.inf
        thing = int(total.argmin())
        if total[thing] < least:
            best, least = (place, thing), total[thing]
    return best
