"""The score of target reaching."""

from __future__ import annotations

import numpy as np

from kinesis_bench.evaluation.tasks.figures import cell_map, curve, mean, proportion
from kinesis_bench.evaluation.tasks.run import Trial, TrialRun
from kinesis_bench.evaluation.tasks.schema import TaskFigures

ARRIVED_M = 0.1
"""The pelvis has arrived within this distance of the goal (paper) [m]."""

CELL_M = 0.25
"""Side of a cell of the success map [m]."""


def succeeded(trial: Trial) -> bool:
    """Within ARRIVED_M at the end, and standing all the time."""
    return trial.whole and bool(trial.measured["distance_m"][-1] < ARRIVED_M)


def score(run: TrialRun, rng: np.random.Generator) -> TaskFigures:
    """Success, falls, distances, time to arrive, effort, and the map of successes."""
    trials = run.trials
    success = np.array([succeeded(trial) for trial in trials])
    distance = run.measured("distance_m")
    reached = np.array([(trial.measured["distance_m"] < ARRIVED_M).any() for trial in trials])
    first = np.array([np.argmax(trial.measured["distance_m"] < ARRIVED_M) for trial in trials])
    arrival_s = np.where(reached, run.dt_s * (first + 1), np.nan)
    ahead, left = np.array([trial.start.goal_ahead_left_m for trial in trials]).T
    excitation = np.array([trial.measured["excitation"].mean() for trial in trials])
    standing_s = np.array([run.dt_s * trial.steps for trial in trials])
    return TaskFigures(
        success=proportion(success),
        proportions={
            "fell": proportion(np.array([not trial.whole for trial in trials])),
            "reached_at_any_time": proportion(reached),
        },
        means={
            "start_distance_m": mean(np.hypot(ahead, left), rng),
            "end_distance_m": mean(distance[:, -1], rng),
            "least_distance_m": mean(distance.min(axis=1), rng),
            "mean_distance_m": mean(distance.mean(axis=1), rng),
            "arrival_s": mean(arrival_s, rng, "no trial came within 0.1 m of its goal"),
            "standing_s": mean(standing_s, rng),
            "excitation": mean(excitation, rng),
        },
        curves={"distance_m": curve(run, "distance_m")},
        maps={"goal": cell_map(ahead, left, success, CELL_M, ("goal ahead [m]", "goal to the left [m]"))},
    )
