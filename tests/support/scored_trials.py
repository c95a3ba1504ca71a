"""Result folders of tasks as ``score --task`` writes them, from trials made without a simulator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from made_kicks import kick
from made_trials import DT_S, STEPS, made_run, trial
from made_walkers import walker
from walking_rollouts import walking

from kinesis_bench.evaluation.evaluate import versions
from kinesis_bench.evaluation.schema import BodyInfo, PolicyInfo
from kinesis_bench.evaluation.tasks.evaluate import TaskEvaluation, by_trial_of, headline_of, score_of
from kinesis_bench.evaluation.tasks.result import write_task_result, write_trials
from kinesis_bench.evaluation.tasks.run import TrialRun
from kinesis_bench.evaluation.tasks.schema import SCHEMA, TaskResult
from kinesis_bench.tasks.registry import TASKS

NEAR, FAR = (0.3, 0.2, 0.09, 0.05, 0.05), (0.3, 0.3, 0.3, 0.3, 0.4)
"""Distances of a trial that succeeds, and of one that does not."""


def target_run(successes: str) -> TrialRun:
    """A trial of target reaching a letter: ``+`` succeeds, ``-`` does not, ``x`` falls."""
    trials = []
    for number, one in enumerate(successes):
        distances = {"+": NEAR, "-": FAR, "x": FAR[:2]}[one]
        ending = "the body fell" if one == "x" else ""
        trials.append(trial(number, distances, ending, goal_x_m=0.3 + 0.01 * number))
    return TrialRun(tuple(trials), DT_S, STEPS)


def direction_run() -> TrialRun:
    """Who follows all, who turns late, who falls after the second switch, and who falls at once."""
    fell = "the body fell"
    trials = (
        walker(late_steps=0),
        walker(number=1, late_steps=40, aside_deg=10.0),
        walker(number=2, steps=210, ending=fell),
        walker(number=3, steps=20, ending=fell),
    )
    return TrialRun(trials, 1 / 30, 450)


def kick_run() -> TrialRun:
    """A goal, a ball in the net of a body that falls, a save, and nothing at all."""
    trials = (
        kick(0, "static", ("touched", "on_target", "in_net", "goal"), (0.0, 20.0, 12.0)),
        kick(1, "static", ("touched", "on_target", "in_net", "fell"), (0.0, 10.0, 4.0)),
        kick(2, "tracking", ("touched", "on_target"), (0.0, 6.0, 1.0), (3.0, 0.5, 4.0)),
        kick(3, "brownian", ("fell",)),
    )
    return TrialRun(trials, 0.01, 1000)


RUNS = {
    "target": made_run,
    "target-far": made_run,
    "direction": direction_run,
    "penalty-kick": kick_run,
}


def evaluated(task: str, run: TrialRun | None = None, **changes: Any) -> TaskEvaluation:
    """An evaluation of trials, the result with changes."""
    run = RUNS[task]() if run is None else run
    info = TASKS[task]
    endings: dict[str, int] = {}
    for one in run.trials:
        endings[one.ending or "whole"] = endings.get(one.ending or "whole", 0) + 1
    steps = sum(one.steps for one in run.trials)
    result = TaskResult(
        schema=SCHEMA,
        task=task,
        protocol=info.protocol,
        options={},
        policy=PolicyInfo("mine", control="direct", deterministic=True),
        body=BodyInfo(info.bodies[0], "b" * 64),
        policy_task="imitation",
        trials=len(run.trials),
        seed=0,
        quick=False,
        diagnostic="",
        versions=versions(),
        figures=score_of(info)(run, np.random.default_rng(0)),
        endings=endings,
        recorded=len(run.trials),
        wall_s=2.0,
        control_steps=steps,
        realtime_factor=steps * run.dt_s / 2.0,
    )
    parts = by_trial_of(info)(run)
    return TaskEvaluation(replace(result, **changes), run, parts, headline_of(info), walking())


def write_evaluated(folder: Path, evaluation: TaskEvaluation) -> Path:
    """Write what ``compare`` reads."""
    folder.mkdir(parents=True)
    write_task_result(folder / "result.json", evaluation.result)
    write_trials(folder / "trials.csv", evaluation.run, evaluation.by_trial)
    return folder
