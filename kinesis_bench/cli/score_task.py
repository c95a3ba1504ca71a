"""``kinesis-bench score --task NAME``, for the tasks of trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinesis_bench.cli.progress import Progress
from kinesis_bench.cli.whole_folder import whole_folder

if TYPE_CHECKING:
    from kinesis_bench.cli.score import Score
    from kinesis_bench.evaluation.tasks.evaluate import TaskEvaluation
    from kinesis_bench.tasks.registry import TaskInfo

FILES = (
    *("rollouts.h5", "trials.csv", "maps.png", "curves.png", "paths.png", "fatigue.json", "fatigue.png"),
    *("report.html", "result.json"),
)
"""What a result's folder may hold; the result itself is put there last."""

OF_SOME_TASK = ("keeper",)
"""Flags that some tasks have, see ``TaskInfo.options``."""

QUICK_TRIALS = 64
"""Trials of a quick look, which is no full score."""


def score_task(score: Score) -> None:
    """Run the trials, print the score, and write the files.

    Raises:
        InputError: there is no such task, the policy cannot be used, or it failed by itself in every trial.
    """
    from kinesis_bench.bodies.contract import load_body
    from kinesis_bench.cli.score import POLICY, SCORES
    from kinesis_bench.errors import InputError
    from kinesis_bench.evaluation.tasks.evaluate import evaluate_task
    from kinesis_bench.evaluation.tasks.run import TrialJob, blamed
    from kinesis_bench.policies.load import load_policy
    from kinesis_bench.report.fatigue import print_fatigue
    from kinesis_bench.report.tasks import print_task_result
    from kinesis_bench.tasks.registry import task_info
    from kinesis_bench.terminal import console

    info = task_info(score.task)
    body = load_body(info.bodies[0] if score.body is None else score.body)
    info.refuse_body(body.name)
    policy = load_policy(POLICY if score.policy is None else score.policy, body.name)
    trials = score.trials or (min(QUICK_TRIALS, info.trials) if score.quick else info.trials)
    job = TrialJob(
        info,
        trials,
        score.seed,
        task_options(score, info),
        refine=score.refine,
        push_m_s=score.push or 0.0,
        fatigue=score.fatigue_setup(),
    )
    folder = score.out or SCORES / _name(score, policy.name, body.name, trials != info.trials, trials)
    score.refuse_other_recording(folder)
    with whole_folder(folder, FILES) as temporary:
        with Progress(
            console(stderr=True), f"{policy.name} on {body.name}, {info.name}", "steps"
        ) as progress:
            evaluation = evaluate_task(
                policy, body, job, threads=score.threads or 0, progress=progress.advance
            )
        _write(temporary, evaluation, info.what, score.command())
    print_task_result(evaluation.result, console())
    if evaluation.fatigue is not None:
        print_fatigue(evaluation.fatigue, console())
    console().print(f"written to {folder}", soft_wrap=True)
    console().print(f"report: {folder / 'report.html'}", soft_wrap=True)
    if reason := blamed(evaluation.run):
        raise InputError(f"policy {policy.name}", f"no trial could be run: {reason}", "correct the policy")


def task_options(score: Score, info: TaskInfo) -> dict[str, str]:
    """The options of the task that were given.

    Raises:
        InputError: one is of another task.
    """
    from kinesis_bench.errors import InputError

    given = {name: value for name in OF_SOME_TASK if (value := getattr(score, name)) is not None}
    for name in given:
        if name not in info.options:
            raise InputError(f"--{name}", f"means nothing for task {info.name}", "leave it out")
    return given


def _write(folder: Path, evaluation: TaskEvaluation, asked: str, command: str) -> None:
    from kinesis_bench.evaluation.fatigue import write_fatigue
    from kinesis_bench.evaluation.tasks.result import write_task_result, write_trials
    from kinesis_bench.report.fatigue import draw_bouts
    from kinesis_bench.report.page.task import write_task_report
    from kinesis_bench.report.task_figures import write_task_figures
    from kinesis_bench.report.task_paths import write_paths
    from kinesis_bench.rollouts.store import write_rollouts

    write_rollouts(folder / "rollouts.h5", evaluation.rollouts)
    write_trials(folder / "trials.csv", evaluation.run, evaluation.by_trial)
    write_task_result(folder / "result.json", evaluation.result)
    write_task_figures(folder, evaluation.result)
    if evaluation.fatigue is not None:
        write_fatigue(folder / "fatigue.json", evaluation.fatigue)
        draw_bouts(folder / "fatigue.png", evaluation.fatigue)
    if "command_rad" in evaluation.run.trials[0].measured:
        write_paths(folder / "paths.png", evaluation)
    write_task_report(folder / "report.html", evaluation, asked, command=command, folder=folder)


def _name(score: Score, policy: str, body: str, other: bool, trials: int) -> str:
    """A folder's name: what is scored, and all that differs from the defaults."""
    parts = [policy, body, score.task]
    parts += [f"{name}_{value}" for name in OF_SOME_TASK if (value := getattr(score, name)) is not None]
    parts += [f"trials{trials}"] if other else []
    parts += [f"seed{score.seed}"] if score.seed else []
    parts += [f"timestep{1 / (150 * score.refine):.3g}"] if score.refine != 1 else []
    parts += [f"push{score.push:g}"] if score.push else []
    parts += score.fatigue_name()
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in "-".join(parts))
