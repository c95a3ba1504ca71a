"""How alike the muscle activity of people is: pairs, leave-one-out, and the identities for group figures.

z_p are the people's standardised curves, z̄ their mean over N people. With r(a, b) = mean(z_a·z_b):

* sum over all p, q of r(p, q) = N²·mean(z̄²), of which N are a person with oneself, so the mean over pairs is
  (N·mean(z̄²) - 1) / (N - 1);
* mean over people of r(model, p) = mean(z_model·z̄).

Both are exact, so group figures give what the people themselves would. Where a channel (a muscle of a person)
was not measured, its curve is NaN, and N is the number of people that have the muscle.
"""

from __future__ import annotations

import numpy as np

from kinesis_bench.metrics.curves import pearson, standardise


def measured(people: np.ndarray) -> np.ndarray:
    """Which channels there are: (N, M, 100) to (N, M)."""
    return ~np.isnan(people).any(axis=-1)


def mean_of_known(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean over an axis of the values that are not NaN; NaN where all are."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def correlation_table(people: np.ndarray) -> np.ndarray:
    """r between every two people, by muscle: (N, M, 100) to (M, N, N); NaN where one lacks the muscle."""
    z = standardise(people)
    there = measured(people).T
    table = np.einsum("pmi,qmi->mpq", z, z) / z.shape[-1]
    return np.where(there[:, :, None] & there[:, None, :], table, np.nan)


def pairs_r(people: np.ndarray) -> np.ndarray:
    """Mean r over all pairs of people, by muscle: (N, M, 100) to (M,).

    With the trials of one person in place of people, this is how well a person repeats oneself.
    """
    return weighted_pairs_r(correlation_table(people), np.ones((1, len(people))))[0]


def weighted_pairs_r(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean r over pairs of different people under resampling weights: Σ w_p·w_q·r / Σ w_p·w_q over p ≠ q.

    Args:
        table: (M, N, N) from ``correlation_table``.
        weights: (B, N).

    Returns:
        (B, M); nan where a sample holds one person only.
    """
    compared = ~np.isnan(table) & ~np.eye(table.shape[-1], dtype=bool)
    total = np.einsum("bp,mpq,bq->bm", weights, compared, weights, optimize=True)
    summed = np.einsum("bp,mpq,bq->bm", weights, np.where(compared, table, 0.0), weights, optimize=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, summed / total, np.nan)


def pairs_r_of_group(mean_of_standardised: np.ndarray, people: np.ndarray | int) -> np.ndarray:
    """Mean r over all pairs from z̄: (N·mean(z̄²) - 1) / (N - 1); (M, 100) to (M,), N a number or (M,).

    NaN for a muscle that fewer than two people have.
    """
    others = np.asarray(people) - 1.0
    summed = people * np.mean(mean_of_standardised**2, axis=-1) - 1.0
    return np.where(others > 0, summed / np.where(others > 0, others, 1.0), np.nan)


def mean_of_others(people: np.ndarray, *, standardised: bool) -> np.ndarray:
    """For each person, the mean of the others' curves, standardised first or raw; (N, M, 100) to the same."""
    there = measured(people)[..., None]
    curves = np.where(there, standardise(people) if standardised else people, 0.0)
    return (curves.sum(axis=0) - curves) / np.maximum(there.sum(axis=0) - there, 1)


def r_with_others(people: np.ndarray, *, standardised: bool = True) -> np.ndarray:
    """r of each person with the mean of the others: (N, M, 100) to (N, M), NaN without channel or others."""
    r = pearson(people, mean_of_others(people, standardised=standardised))
    there = measured(people)
    return np.where(there & (there.sum(axis=0) > 1), r, np.nan)


def leave_one_out_r(people: np.ndarray, *, standardised: bool = True) -> np.ndarray:
    """Mean over people of r(person, mean of the others), by muscle: (N, M, 100) to (M,).

    Args:
        people: (N, M, 100), N at least 2.
        standardised: whether the others' curves are standardised before their mean is taken (the protocol),
            or raw, so that people with strong signals count more (reported under ``kinesis-2025``).
    """
    return mean_of_known(r_with_others(people, standardised=standardised), axis=0)
