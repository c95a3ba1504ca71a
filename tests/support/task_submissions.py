"""Small submissions of downstream tasks that come from real runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from submissions import SAID

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.tasks.evaluate import evaluate_task
from kinesis_bench.evaluation.tasks.result import write_task_result, write_trials
from kinesis_bench.evaluation.tasks.run import TrialJob, run_trials
from kinesis_bench.leaderboard import record
from kinesis_bench.leaderboard.submit import submit
from kinesis_bench.leaderboard.tasks import statements
from kinesis_bench.policies.load import load_policy
from kinesis_bench.rollouts.store import write_rollouts
from kinesis_bench.tasks.registry import TASKS

RECORDED = 6


@contextmanager
def short_scores(trials: Mapping[str, int]) -> Iterator[None]:
    """Scores have so few trials, the first RECORDED recorded; four steps are a second: a fall has several."""
    with pytest.MonkeyPatch.context() as patch:
        for task, count in trials.items():
            patch.setitem(TASKS, task, replace(TASKS[task], trials=count))
        patch.setattr(record, "PERIOD", 4)
        patch.setattr(statements, "RECORDED", RECORDED)
        patch.setitem(run_trials.__kwdefaults__, "recorded", RECORDED)
        yield


def scored_task(folder: Path, policy: str, task: str, seed: int = 0, **options: str) -> Path:
    """Run and score a policy as ``kinesis-bench score --task`` does."""
    info = TASKS[task]
    body = load_body(info.bodies[0])
    job = TrialJob(info, info.trials, seed, options)
    evaluation = evaluate_task(load_policy(policy, body.name), body, job, threads=1)
    folder.mkdir(parents=True)
    write_rollouts(folder / "rollouts.h5", evaluation.rollouts)
    write_trials(folder / "trials.csv", evaluation.run, evaluation.by_trial)
    write_task_result(folder / "result.json", evaluation.result)
    return folder


def submitted_task(place: Path, policy: str, task: str, **options: str) -> Path:
    """Folder of a submission that verifies."""
    result = scored_task(place / f"scored-{policy}", policy, task, **options)
    folder, _ = submit(result, replace(SAID, name=policy), [], place / "leaderboards", threads=1)
    return folder
