"""Figures of the same trials twice: their differences, paired trial by trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kinesis_bench.evaluation.compare import SEED, Units, difference_of
from kinesis_bench.evaluation.comparison import Difference
from kinesis_bench.evaluation.tasks.figures import named_figures
from kinesis_bench.evaluation.tasks.schema import TaskFigures
from kinesis_bench.metrics.paired import Sums


def trial_differences(
    names: Sequence[str],
    figures: tuple[TaskFigures, TaskFigures],
    parts: tuple[Mapping[str, Sums], Mapping[str, Sums]],
) -> tuple[Difference, ...]:
    """Figures of two runs of the same trials, the second minus the first, each with interval and paired test.

    Args:
        names: of the figures, as ``named_figures`` calls them.
        figures: of the two.
        parts: of the same figures, trial by trial in the same order.
    """
    first, second = map(named_figures, figures)
    made = []
    for name in names:
        a, b = first[name], second[name]
        one, other = (of_run[name] for of_run in parts)
        units = Units("trials", one, other, strata=("",) * len(one.numerator))
        why_not = next((side.reason for side in (a, b) if side.value is None), "")
        made.append(difference_of(name, a.value, b.value, units, why_not, np.random.default_rng(SEED)))
    return tuple(made)
