"""Whether the EMG of two groups of people agrees, and by how much one runs behind the other.

Groups are compared by their mean curves, muscle by muscle. Where both data sets put the cycle's zero at the
same event, the lags of their muscles scatter around nought; a lag that all muscles share is the data sets'
own. A positive lag says that what the first group does comes later in its cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kinesis_bench.human.references import HumanEmg
from kinesis_bench.metrics.curves import as_ring, standardise
from kinesis_bench.metrics.emg_lag import CURVE_PCT, r_by_lag


@dataclass(frozen=True)
class MuscleAgreement:
    """One muscle of two groups: r at zero lag, and at its own best lag within ±20 % of the cycle."""

    zero_lag_r: float
    best_r: float
    best_lag_pct: int


@dataclass(frozen=True)
class Agreement:
    """Two groups, muscle by muscle and over the muscles that both have.

    Attributes:
        per_muscle: by electrode.
        zero_lag_r: mean over muscles without a lag.
        common_r, common_lag_pct: the best mean over muscles with one lag for all, and that lag.
        lag_pct, mean_r: mean r over muscles against lag over ±20 %.
    """

    per_muscle: Mapping[str, MuscleAgreement]
    zero_lag_r: float
    common_r: float
    common_lag_pct: int
    lag_pct: tuple[int, ...]
    mean_r: tuple[float, ...]


def agreement(first: HumanEmg, second: HumanEmg) -> Agreement | None:
    """Compare the mean curves of two groups; None where they share no muscle.

    Args:
        first: the group whose curves are shifted.
        second: the group that they are laid on.
    """
    shared = [muscle for muscle in first.muscles if muscle in second.muscles]
    if not shared:
        return None
    model = as_ring(first.only(shared).mean, first.phase)
    table = r_by_lag(model, standardise(second.only(shared).mean), second.phase)
    lags = np.arange(-CURVE_PCT, CURVE_PCT + 1)
    table = table[:, lags]
    zero = int(np.flatnonzero(lags == 0)[0])
    best, mean = table.argmax(axis=1), table.mean(axis=0)
    return Agreement(
        per_muscle={
            muscle: MuscleAgreement(float(row[zero]), float(row[place]), int(lags[place]))
            for muscle, row, place in zip(shared, table, best, strict=True)
        },
        zero_lag_r=float(mean[zero]),
        common_r=float(mean.max()),
        common_lag_pct=int(lags[mean.argmax()]),
        lag_pct=tuple(lags.tolist()),
        mean_r=tuple(mean.tolist()),
    )
