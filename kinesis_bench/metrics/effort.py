"""How much the muscles work: mean excitation, and co-contraction of antagonists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ANTAGONISTS = (
    ("soleus", "tibant"),
    ("gasmed", "tibant"),
    ("vaslat", "bflh"),
    ("recfem", "semimem"),
)
"""Antagonist pairs at the ankle and at the knee, by muscle without side."""


@dataclass(frozen=True)
class Effort:
    """Effort over the covered frames.

    Attributes:
        mean_excitation: mean over frames and muscles, 0 to 1.
        co_contraction: mean over pairs of the co-contraction index, 0 to 1.
        co_contraction_by_pair: index of each pair, named ``soleus_l:tibant_l``; pairs that never act are
            absent.
        reasons: field to why it is None.
    """

    mean_excitation: float | None
    co_contraction: float | None
    co_contraction_by_pair: dict[str, float]
    reasons: dict[str, str]


def co_contraction_index(first: np.ndarray, second: np.ndarray) -> float | None:
    """Common area under two curves over their mean area: 2·Σ min(a, b) / Σ (a + b).

    Falconer and Winter (Electromyogr Clin Neurophysiol 25:135, 1985): 1 where antagonists do the same, 0
    where they never act together.

    Args:
        first, second: (T,) excitation, 0 to 1.

    Returns:
        0 to 1, or None where neither ever acts.
    """
    total = float(np.sum(first) + np.sum(second))
    return 2.0 * float(np.sum(np.minimum(first, second))) / total if total > 0 else None


def score_effort(
    excitation: Sequence[np.ndarray],
    muscle_names: Sequence[str],
    pairs: Sequence[tuple[str, str]] = ANTAGONISTS,
) -> Effort:
    """Mean excitation and co-contraction, pooled over the covered frames of all clips.

    Args:
        excitation: of each clip, (covered frames, muscles), 0 to 1.
        muscle_names: the columns, such as ``soleus_l``.
        pairs: antagonists without side; both sides are taken, where the body has the muscles.
    """
    rows = np.concatenate(list(excitation)) if len(excitation) else np.zeros((0, len(muscle_names)))
    if not len(rows):
        why = "no frame was covered"
        return Effort(None, None, {}, {"mean_excitation": why, "co_contraction": why})
    names = list(muscle_names)
    by_pair: dict[str, float] = {}
    for side in ("r", "l"):
        for first, second in ((f"{a}_{side}", f"{b}_{side}") for a, b in pairs):
            if first in names and second in names:
                index = co_contraction_index(rows[:, names.index(first)], rows[:, names.index(second)])
                if index is not None:
                    by_pair[f"{first}:{second}"] = index
    return Effort(
        mean_excitation=float(rows.mean()),
        co_contraction=float(np.mean(list(by_pair.values()))) if by_pair else None,
        co_contraction_by_pair=by_pair,
        reasons={} if by_pair else {"co_contraction": "the body lacks the antagonists, or they never act"},
    )
