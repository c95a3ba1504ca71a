"""The score of the penalty kick."""

from __future__ import annotations

import numpy as np

from kinesis_bench.evaluation.tasks.figures import SUCCESS, ByTrial, mean, proportion
from kinesis_bench.evaluation.tasks.run import TrialRun
from kinesis_bench.evaluation.tasks.schema import Group, Mean, TaskFigures

FLAGS = {
    "on_target": "on_target",
    "in_net": "in_net",
    "ball_contact": "touched",
    "fell": "fell",
}
"""Proportion to the measured flag that it counts, in its last state. ``in_net`` is what MyoChallenge counts:
balls in the net whether or not the body stands."""


HEADLINE = (
    *("success_pct", "on_target_pct", "in_net_pct", "ball_contact_pct", "fell_pct"),
    *("ball_speed_m_s", "least_distance_m", "excitation"),
)
"""Figures that are compared between results, and followed from bout to bout."""

OF_CONTACT = ("ball_speed_m_s", "contact_s")
"""Numbers that only a trial with contact has."""


def by_trial(run: TrialRun) -> ByTrial:
    """Goals, shots, contact, falls, the ball's speed and effort of each trial."""
    trials = run.trials
    touched = np.array([trial.measured["touched"][-1] > 0 for trial in trials])
    fastest = np.array([trial.measured["ball_speed_m_s"].max() for trial in trials])
    contact = np.array([1 + np.argmax(trial.measured["touched"] > 0) for trial in trials])
    return ByTrial(
        holds={
            name: np.array([trial.measured[flag][-1] > 0 for trial in trials])
            for name, flag in {SUCCESS: "goal", **FLAGS}.items()
        },
        numbers={
            "ball_speed_m_s": np.where(touched, fastest, np.nan),
            "contact_s": np.where(touched, run.dt_s * contact, np.nan),
            "least_distance_m": np.array([trial.measured["distance_m"].min() for trial in trials]),
            "trial_s": np.array([run.dt_s * trial.steps for trial in trials]),
            "excitation": np.array([trial.measured["excitation"].mean() for trial in trials]),
        },
    )


def score(run: TrialRun, rng: np.random.Generator) -> TaskFigures:
    """Goals, shots, contact, falls and the ball's speed, in all and by keeper."""
    found = by_trial(run)
    keeper = np.array([trial.start.keeper for trial in run.trials])
    groups = {str(name): _group(found, keeper == name, rng) for name in np.unique(keeper)}
    return TaskFigures(
        success=proportion(found.holds[SUCCESS]),
        proportions=found.proportions(),
        means={name: _mean(name, values, rng) for name, values in found.numbers.items()},
        groups={"keeper": groups},
    )


def _group(found: ByTrial, chosen: np.ndarray, rng: np.random.Generator) -> Group:
    """Figures of some trials."""
    holds = {"goal" if name == SUCCESS else name: values for name, values in found.holds.items()}
    return Group(
        proportions={name: proportion(values[chosen]) for name, values in holds.items()},
        means={name: _mean(name, found.numbers[name][chosen], rng) for name in OF_CONTACT},
    )


def _mean(name: str, values: np.ndarray, rng: np.random.Generator) -> Mean:
    return mean(values, rng, "no trial touched the ball" if name in OF_CONTACT else "")
