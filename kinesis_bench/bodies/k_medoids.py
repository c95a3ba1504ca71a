"""k-medoids clustering of a few hundred things by their distances."""

from __future__ import annotations

import numpy as np

STARTS = 10
"""Random choices to begin with, besides the built one: for ``legs_abs`` most end better than that one."""

LEAST_GAIN = 1e-9
"""A swap must lower the total distance by more than this, so that rounding errors decide nothing."""


def k_medoids(distance: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose the things whose distances to all others, each to its nearest, have the least sum.

    PAM of Kaufman and Rousseeuw (Finding Groups in Data, 1990, chapter 2): medoids are added one by one
    (build), then the best exchange of a medoid for another thing is made until none helps (swap). The same
    is done from a few random choices, since a swap finds a local optimum only, and the best is taken. The
    result is the same every time; of equals the first is taken.

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
    rng = np.random.default_rng(0)
    starts = [_build(distance, count), *(rng.permutation(things)[:count].tolist() for _ in range(STARTS))]
    medoids, least = starts[0], np.inf
    for chosen in starts:
        while (swap := _best_swap(distance, chosen)) is not None:
            chosen[swap[0]] = swap[1]
        if (total := distance[:, chosen].min(axis=1).sum()) < least - LEAST_GAIN:
            medoids, least = chosen, total
    medoids.sort()
    return np.array(medoids), distance[:, medoids].argmin(axis=1)


def _build(distance: np.ndarray, count: int) -> list[int]:
    """Medoids one by one, each the thing that lowers the total distance most."""
    medoids: list[int] = []
    nearest = np.full(len(distance), distance.sum() + 1.0)
    for _ in range(count):
        gain = np.maximum(nearest[:, None] - distance, 0).sum(axis=0)
        gain[medoids] = -1.0
        medoids.append(int(gain.argmax()))
        nearest = np.minimum(nearest, distance[:, medoids[-1]])
    return medoids


def _best_swap(distance: np.ndarray, medoids: list[int]) -> tuple[int, int] | None:
    """Which medoid to exchange for which thing, or None where no exchange helps.

    Of all exchanges at once, from each thing's nearest and second nearest medoid, as in FastPAM (Schubert and
    Rousseeuw, SISAP 2019, doi 10.1007/978-3-030-32047-8_16).
    """
    to_medoid = distance[:, medoids]
    member = to_medoid.argmin(axis=1) == np.arange(len(medoids))[:, None]
    nearest = to_medoid.min(axis=1)
    second = np.where(member.T, np.inf, to_medoid).min(axis=1)
    kept = np.minimum(distance, nearest[:, None])
    lost = np.minimum(distance, second[:, None]) - kept
    total = kept.sum(axis=0) + member.astype(float) @ lost
    total[:, medoids] = np.inf
    place, thing = np.unravel_index(total.argmin(), total.shape)
    return (int(place), int(thing)) if total[place, thing] < nearest.sum() - LEAST_GAIN else None
