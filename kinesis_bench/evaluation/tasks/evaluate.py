"""From a policy and a task to a result."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.evaluation.compare import corrected
from kinesis_bench.evaluation.comparison import Pair
from kinesis_bench.evaluation.evaluate import diagnostic_of, policy_info, versions
from kinesis_bench.evaluation.fatigue import SCHEMA as FATIGUE_SCHEMA
from kinesis_bench.evaluation.fatigue import Bout, FatigueResult, bout_of, joint_by_muscle, joints_of
from kinesis_bench.evaluation.schema import BodyInfo
from kinesis_bench.evaluation.tasks.differences import trial_differences
from kinesis_bench.evaluation.tasks.figures import ByTrial, FiguresByTrial, named_figures
from kinesis_bench.evaluation.tasks.run import ScoreTrials, TrialJob, TrialRun, run_trials
from kinesis_bench.evaluation.tasks.schema import SCHEMA, TaskFigures, TaskResult
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.physics.engines import MakeEngine, cpu_engine
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.tasks.fatigue import fatigability
from kinesis_bench.tasks.registry import TaskInfo

WHOLE_WORD = "whole"
"""In ``endings``, for a trial that lasted its whole time."""


@dataclass(frozen=True)
class TaskEvaluation:
    """A result, the trials that it was computed from, and the recording of the first of them.

    Where muscles tire these are of the first bout, and ``fatigue`` is of all.

    Attributes:
        by_trial: what the figures are made of, trial by trial.
        headline: names of the figures that are looked at first.
    """

    result: TaskResult
    run: TrialRun
    by_trial: ByTrial
    headline: tuple[str, ...]
    rollouts: Rollouts
    fatigue: FatigueResult | None = None


def score_of(info: TaskInfo) -> ScoreTrials:
    """What makes a task's figures."""
    score: ScoreTrials = _module(info).score
    return score


def by_trial_of(info: TaskInfo) -> FiguresByTrial:
    """What makes the parts of a task's figures, trial by trial."""
    by_trial: FiguresByTrial = _module(info).by_trial
    return by_trial


def headline_of(info: TaskInfo) -> tuple[str, ...]:
    """A task's figures that are compared between results, and followed from bout to bout."""
    headline: tuple[str, ...] = _module(info).HEADLINE
    return headline


def _module(info: TaskInfo) -> ModuleType:
    return importlib.import_module(f"kinesis_bench.evaluation.tasks.{info.module}")


def evaluate_task(
    policy: LoadedPolicy,
    body: Body,
    job: TrialJob,
    *,
    threads: int = 0,
    make_engine: MakeEngine = cpu_engine,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TaskEvaluation:
    """Run a policy on a task and score it.

    Args:
        policy, body: who drives what.
        job: which trials of which task.
        threads: for physics, 0 for all cores.
        make_engine: of ``physics.engines``.
        progress: told the control steps done since the last call, and the total.

    Raises:
        InputError: see ``run_trials``.
    """
    info, fatigue = job.info, job.fatigue
    total = job.trials * info.make.steps * (fatigue.bouts if fatigue else 1)

    def run_bout(fatigued: np.ndarray | None = None) -> tuple[TrialRun, Rollouts]:
        return run_trials(
            policy,
            body,
            job,
            threads=threads,
            make_engine=make_engine,
            fatigued=fatigued,
            progress=lambda steps: progress(steps, total),
        )

    began = time.perf_counter()
    run, rollouts = run_bout()
    wall_s = time.perf_counter() - began
    steps = sum(trial.steps for trial in run.trials)
    endings: dict[str, int] = {}
    for trial in run.trials:
        word = trial.ending or WHOLE_WORD
        endings[word] = endings.get(word, 0) + 1
    result = TaskResult(
        schema=SCHEMA,
        task=info.name,
        protocol=info.protocol,
        options={name: str(value) for name, value in job.options.items()},
        policy=policy_info(policy),
        body=BodyInfo(body.name, body.sha256),
        policy_task=policy.contract.task if policy.contract else "",
        trials=job.trials,
        seed=job.seed,
        quick=job.trials < info.trials,
        diagnostic=diagnostic_of(job.refine, job.push_m_s, fatigue),
        versions=versions(),
        figures=score_of(info)(run, np.random.default_rng(job.seed)),
        endings=endings,
        recorded=len(rollouts.clips),
        wall_s=wall_s,
        control_steps=steps,
        realtime_factor=steps * run.dt_s / wall_s,
    )
    of_first, headline = by_trial_of(info)(run), headline_of(info)
    kept = {"task": info.name, "protocol": info.protocol, "policy": json.dumps(to_json(result.policy))}
    rollouts = replace(rollouts, attributes={**kept, "seed": str(job.seed)})
    if fatigue is None:
        return TaskEvaluation(result, run, of_first, headline, rollouts)
    bouts, last = [_bout(1, body.name, result.figures, run)], run
    changes: list[Pair] = []
    for number in range(2, fatigue.bouts + 1):
        assert last.fatigued_after is not None
        last, _ = run_bout(fatigability(body.name).rested(last.fatigued_after, fatigue.rest_s))
        figures = score_of(info)(last, np.random.default_rng(job.seed))
        bouts.append(_bout(number, body.name, figures, last))
        parts = by_trial_of(info)(last).sums()
        between = trial_differences(headline, (result.figures, figures), (of_first.sums(), parts))
        changes += corrected([Pair("bout 1", f"bout {number}", between)])
    of_all = FatigueResult(
        schema=FATIGUE_SCHEMA,
        task=info.name,
        fatigue=fatigue,
        policy=result.policy,
        body=result.body,
        motions=None,
        trials=job.trials,
        runs=1,
        seed=job.seed,
        joints=joints_of(body.name),
        muscle_joints=joint_by_muscle(body.name),
        bouts=tuple(bouts),
        changes=tuple(changes),
    )
    return TaskEvaluation(result, run, of_first, headline, rollouts, of_all)


def _bout(number: int, body: str, figures: TaskFigures, run: TrialRun) -> Bout:
    """What a bout of trials counts and means."""
    known = named_figures(figures)
    found = {name: (one.value, one.reason) for name, one in known.items()}
    ci95 = {name: one.ci95 for name, one in known.items()}
    assert run.fatigued_before is not None
    assert run.fatigued_after is not None
    return bout_of(number, body, found, ci95, run.fatigued_before, run.fatigued_after)
