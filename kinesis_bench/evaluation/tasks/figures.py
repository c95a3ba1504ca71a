"""The pieces that tasks make their figures from: proportions, means, curves and maps of trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from kinesis_bench.evaluation.tasks.run import TrialRun
from kinesis_bench.evaluation.tasks.schema import CellMap, Curve, Mean, Proportion, TaskFigures
from kinesis_bench.metrics.paired import Sums
from kinesis_bench.metrics.statistics import Interval, resample, wilson_interval

SUCCESS = "success"
"""Name of the headline among what holds of a trial."""


@dataclass(frozen=True)
class ByTrial:
    """What figures are made of, trial by trial; n trials.

    Attributes:
        holds: proportion's name, SUCCESS among them, to (n,) bool.
        numbers: mean's name to (n,), nan where a trial has none.
        ratios: name to numerators and denominators, (n,) each, of Σ numerator / Σ denominator.
    """

    holds: dict[str, np.ndarray]
    numbers: dict[str, np.ndarray]
    ratios: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def sums(self) -> dict[str, Sums]:
        """Every figure's parts by its name; that of a proportion ends in ``_pct``."""
        parts = {f"{name}_pct": (100.0 * holds, np.ones(len(holds))) for name, holds in self.holds.items()}
        for name, values in self.numbers.items():
            known = np.isfinite(values)
            parts[name] = (np.where(known, values, 0.0), known.astype(float))
        parts |= self.ratios
        return {name: Sums(top[:, None], bottom[:, None]) for name, (top, bottom) in parts.items()}

    def proportions(self) -> dict[str, Proportion]:
        """All but SUCCESS."""
        return {name: proportion(holds) for name, holds in self.holds.items() if name != SUCCESS}


class FiguresByTrial(Protocol):
    """The function ``by_trial`` of a task's module in ``evaluation.tasks``."""

    def __call__(self, run: TrialRun) -> ByTrial:
        """What the figures of a run are made of."""


@dataclass(frozen=True)
class Named:
    """A figure's value, its interval, and why the value is None."""

    value: float | None
    ci95: Interval | None
    reason: str


def shares_of(figures: TaskFigures) -> dict[str, Proportion]:
    """Success and all other proportions of a task; their names end in ``_pct``."""
    shares = {SUCCESS: figures.success, **figures.proportions}
    return {f"{name}_pct": share for name, share in shares.items()}


def named_figures(figures: TaskFigures) -> dict[str, Named]:
    """All proportions and means of a task by one kind of name; that of a proportion ends in ``_pct``."""
    none = "there are no trials"
    return {
        **{name: Named(share.pct, share.ci95, none) for name, share in shares_of(figures).items()},
        **{name: Named(one.mean, one.ci95, one.reason) for name, one in figures.means.items()},
    }


def proportion(holds: np.ndarray) -> Proportion:
    """How many of n trials; ``holds`` (n,) bool."""
    count, trials = int(np.sum(holds)), len(holds)
    if not trials:
        return Proportion(0, 0, None, None)
    low, high = wilson_interval(count, trials)
    return Proportion(count, trials, 100.0 * count / trials, (100.0 * low, 100.0 * high))


def mean(values: np.ndarray, rng: np.random.Generator, why_none: str = "") -> Mean:
    """The mean of (n,) numbers of trials.

    Args:
        values: nan where a trial has none.
        rng: for the interval.
        why_none: why a trial may have none.
    """
    found = values[np.isfinite(values)]
    if not len(found):
        return Mean(None, None, None, 0, why_none or "there are no trials")
    drawn = resample(np.zeros(len(found)), rng)
    interval = drawn.interval(drawn.weights @ found / len(found))
    sd = float(found.std(ddof=1)) if len(found) > 1 else None
    reason = "" if interval else "all trials have the same number" if len(found) > 1 else "there is one trial"
    return Mean(float(found.mean()), sd, interval, len(found), reason)


def curve(run: TrialRun, name: str) -> Curve:
    """A measured quantity over time, its start left out."""
    values = run.measured(name)
    low, high = np.percentile(values, (25, 75), axis=0)
    time_s = run.dt_s * np.arange(1, run.steps + 1)
    parts = (time_s, values.mean(axis=0), low, high)
    return Curve(*(tuple(part.tolist()) for part in parts))


def cell_map(
    x_m: np.ndarray, y_m: np.ndarray, success: np.ndarray, cell_m: float, axes: tuple[str, str]
) -> CellMap:
    """Trials and successes by cells, whose corners include the origin, over as much as is needed.

    Args:
        x_m, y_m, success: (n,) of each trial.
        cell_m: side of a cell.
        axes: what x and y are.
    """
    half = cell_m * max(1, int(np.ceil(max(np.abs(x_m).max(), np.abs(y_m).max()) / cell_m - 1e-9)))
    edges = np.linspace(-half, half, 2 * round(half / cell_m) + 1)
    trials, _, _ = np.histogram2d(x_m, y_m, bins=(edges, edges))
    successes, _, _ = np.histogram2d(x_m[success], y_m[success], bins=(edges, edges))
    counts = [tuple(tuple(int(n) for n in row) for row in cells) for cells in (trials, successes)]
    steps = tuple(edges.tolist())
    return CellMap(cell_m, steps, steps, counts[0], counts[1], axes)
