"""The score of target reaching."""

from __future__ import annotations

import numpy as np

from kinesis_bench.evaluation.tasks.figures import SUCCESS, ByTrial, cell_map, curve, mean, proportion
from kinesis_bench.evaluation.tasks.run import Trial, TrialRun
from kinesis_bench.evaluation.tasks.schema import TaskFigures

ARRIVED_M = 0.1
"""The pelvis has arrived within this distance of the goal (paper) [m]."""

CELL_M = 0.25
"""Side of a cell of the success map [m]."""

HEADLINE = (
    *("success_pct", "reached_at_any_time_pct", "fell_pct", "end_distance_m", "mean_distance_m"),
    *("standing_s", "excitation"),
)
"""Figures that are compared between results, and followed from bout to bout."""


def succeeded(trial: Trial) -> bool:
    """Within ARRIVED_M at the end, and standing all the time."""
    return trial.whole and bool(trial.measured["distance_m"][-1] < ARRIVED_M)


def by_trial(run: TrialRun) -> ByTrial:
    """Success, falls, distances, time to arrive and effort of each trial."""
    trials = run.trials
    distance = run.measured("distance_m")
    reached = np.array([(trial.measured["distance_m"] < ARRIVED_M).any() for trial in trials])
    first = np.array([np.argmax(trial.measured["distance_m"] < ARRIVED_M) for trial in trials])
    return ByTrial(
        holds={
            SUCCESS: np.array([succeeded(trial) for trial in trials]),
            "fell": np.array([not trial.whole for trial in trials]),
            "reached_at_any_time": reached,
        },
        numbers={
            "start_distance_m": np.array([np.hypot(*trial.start.goal_ahead_left_m) for trial in trials]),
            "end_distance_m": distance[:, -1],
            "least_distance_m": distance.min(axis=1),
            "mean_distance_m": distance.mean(axis=1),
            "arrival_s": np.where(reached, run.dt_s * (first + 1), np.nan),
            "standing_s": np.array([run.dt_s * trial.steps for trial in trials]),
            "excitation": np.array([trial.measured["excitation"].mean() for trial in trials]),
        },
    )


def score(run: TrialRun, rng: np.random.Generator) -> TaskFigures:
    """The figures of each trial together, the distance over time, and the map of successes."""
    found = by_trial(run)
    success = found.holds[SUCCESS]
    ahead, left = np.array([trial.start.goal_ahead_left_m for trial in run.trials]).T
    why_none = {"arrival_s": "no trial came within 0.1 m of its goal"}
    return TaskFigures(
        success=proportion(success),
        proportions=found.proportions(),
        means={name: mean(values, rng, why_none.get(name, "")) for name, values in found.numbers.items()},
        curves={"distance_m": curve(run, "distance_m")},
        maps={"goal": cell_map(ahead, left, success, CELL_M, ("goal ahead [m]", "goal to the left [m]"))},
    )
