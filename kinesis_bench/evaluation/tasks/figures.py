"""The pieces that tasks make their figures from: proportions, means, curves and maps of trials."""

from __future__ import annotations

import numpy as np

from kinesis_bench.evaluation.tasks.run import TrialRun
from kinesis_bench.evaluation.tasks.schema import CellMap, Curve, Mean, Proportion
from kinesis_bench.metrics.statistics import resample, wilson_interval


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
