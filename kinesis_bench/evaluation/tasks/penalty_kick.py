"""The score of the penalty kick."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.evaluation.tasks.figures import mean, proportion
from kinesis_bench.evaluation.tasks.run import Trial, TrialRun
from kinesis_bench.evaluation.tasks.schema import Group, TaskFigures

FLAGS = {
    "on_target": "on_target",
    "in_net": "in_net",
    "ball_contact": "touched",
    "fell": "fell",
}
"""Proportion to the measured flag that it counts, in its last state. ``in_net`` is what MyoChallenge counts:
balls in the net whether or not the body stands."""


def score(run: TrialRun, rng: np.random.Generator) -> TaskFigures:
    """Goals, shots, contact, falls and the ball's speed, in all and by keeper."""
    keepers = sorted({trial.start.keeper for trial in run.trials})
    groups = {
        keeper: _group([trial for trial in run.trials if trial.start.keeper == keeper], run.dt_s, rng)
        for keeper in keepers
    }
    whole = _group(run.trials, run.dt_s, rng)
    proportions = dict(whole.proportions)
    of_all = {
        "least_distance_m": [trial.measured["distance_m"].min() for trial in run.trials],
        "trial_s": [run.dt_s * trial.steps for trial in run.trials],
        "excitation": [trial.measured["excitation"].mean() for trial in run.trials],
    }
    return TaskFigures(
        success=proportions.pop("goal"),
        proportions=proportions,
        means={
            **whole.means,
            **{name: mean(np.array(values), rng) for name, values in of_all.items()},
        },
        groups={"keeper": groups},
    )


def _group(trials: Sequence[Trial], dt_s: float, rng: np.random.Generator) -> Group:
    """Figures of some trials; speed and time of contact are of those that touched the ball."""
    touched = np.array([trial.measured["touched"][-1] > 0 for trial in trials])
    fastest = np.array([trial.measured["ball_speed_m_s"].max() for trial in trials])
    contact = np.array([1 + np.argmax(trial.measured["touched"] > 0) for trial in trials])
    untouched = "no trial touched the ball"
    return Group(
        proportions={
            name: proportion(np.array([trial.measured[flag][-1] > 0 for trial in trials]))
            for name, flag in {"goal": "goal", **FLAGS}.items()
        },
        means={
            "ball_speed_m_s": mean(np.where(touched, fastest, np.nan), rng, untouched),
            "contact_s": mean(np.where(touched, dt_s * contact, np.nan), rng, untouched),
        },
    )
