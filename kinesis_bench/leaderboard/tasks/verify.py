"""Verify a submission of a downstream task: its trials must follow from what is recorded, figures from them.

The recorded trials are simulated again as imitation's clips are (``leaderboard.verify``): second by second
from the recorded states with the recorded actions, and whole; each from the start that seed and number draw.
Their lines in ``trials.csv`` must be what was simulated. The lines of all other trials must begin with what
they drew, and every figure that follows from ``trials.csv`` must be in ``result.json``.

What the others did stays the author's word: a score has more trials than a repository can keep. As recorded
ones are no choice of the author's, the others must at least look like them.

A kick hangs on the ball, whose state is not recorded, so its trials are simulated whole alone, which agrees
on machines that round alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.evaluate import versions
from kinesis_bench.evaluation.tasks.evaluate import by_trial_of
from kinesis_bench.evaluation.tasks.figures import SUCCESS, ByTrial, named_figures
from kinesis_bench.evaluation.tasks.result import drawn_cells, write_trials
from kinesis_bench.evaluation.tasks.run import TrialJob, TrialRun
from kinesis_bench.evaluation.tasks.schema import TaskFigures
from kinesis_bench.evaluation.tasks.trial_table import read_trial_table
from kinesis_bench.files import sha256_of_file
from kinesis_bench.leaderboard.figures import Difference
from kinesis_bench.leaderboard.folder import RECORD, SUMS, TRIALS, SubmittedTask, misplaced, wrong_sums
from kinesis_bench.leaderboard.found import Found, other_versions
from kinesis_bench.leaderboard.movement import passage, wrong_shapes, wrong_starts
from kinesis_bench.leaderboard.record import Simulated, read_record
from kinesis_bench.leaderboard.submission import VERIFICATION_SCHEMA, Figures, Verification
from kinesis_bench.leaderboard.tasks.figures import (
    derived_differences,
    draw_differences,
    recorded_differences,
    result_differences,
    trial_differences,
)
from kinesis_bench.leaderboard.tasks.stage import TrialStage, simulated_trials
from kinesis_bench.leaderboard.tasks.statements import (
    no_task_score,
    wrong_task_record,
    wrong_task_submission,
)
from kinesis_bench.tasks.registry import task_info


def verify_task(
    submitted: SubmittedTask,
    *,
    threads: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Found:
    """Verify one submission of a task; nothing is written.

    Args:
        submitted: what lies in its folder.
        threads: for physics, 0 for all cores.
        progress: told the control steps simulated since the last call, and the total.

    Raises:
        InputError: a file of the folder cannot be read.
    """
    folder, scored = submitted.folder, submitted.scored
    result, info = scored.result, task_info(scored.result.task)
    table = scored.table
    wrong = [*wrong_sums(folder), *misplaced(folder, submitted.submission)]
    wrong += wrong_task_submission(submitted)
    record = read_record(folder / RECORD)
    if why := no_task_score(result):
        return Found((*wrong, f"result.json: is no full score: {why}"), None)
    assert result.body.name in BODIES
    body = load_body(result.body.name)
    job = TrialJob(info, result.trials, result.seed, result.options)
    odd = wrong_task_record(record.about, (folder / RECORD).stat().st_size, result, job, body)
    if not odd and isinstance(record, Simulated):
        odd = wrong_shapes(record, body)
    if table.trials != result.trials:
        odd.append(f"{TRIALS}: holds {table.trials} trials, not {result.trials}")
    if odd or not isinstance(record, Simulated):
        return Found((*wrong, *odd), None)
    stage = TrialStage(job, record.about, body, threads)
    passed = passage(record, stage, progress, restarts=stage.task.resumable)
    trials, badly = simulated_trials(stage, record, passed)
    wrong += [*wrong_starts(record, stage.starts(record)), *passed.wrong, *badly]
    run = TrialRun(tuple(trials), stage.task.dt_s, stage.task.steps)
    by_trial = by_trial_of(info)(run)
    with tempfile.TemporaryDirectory() as temporary:
        anew = Path(temporary) / TRIALS
        write_trials(anew, run, by_trial)
        recorded = read_trial_table(anew, info, len(run.trials))
    of_trials = derived_differences(info.module, table)
    of_trials += draw_differences(table, [drawn_cells(one) for one in stage.drawn])
    of_trials += trial_differences(table, recorded, passed.same)
    of_file = {TRIALS: of_trials, "result.json": result_differences(scored, table)}
    different = [
        Difference(f"{file}: {one.where}", one.told, one.found, one.size, one.unit, one.refused)
        for file, several in of_file.items()
        for one in several
    ]
    wrong += [str(one) for one in different if one.refused]
    wrong += recorded_differences(scored.parts, recorded.trials)
    if wrong:
        return Found((*dict.fromkeys(wrong), *other_versions(result.versions)), None)
    seconds = len(passed.seconds.spans) if passed.seconds else 0
    return Found((), _verification(submitted, by_trial, seconds, dict(passed.worst), different))


def _verification(
    submitted: SubmittedTask,
    recorded: ByTrial,
    seconds: int,
    worst: dict[str, float],
    different: Sequence[Difference],
) -> Verification:
    figures = submitted.scored.result.figures
    total, count = submitted.scored.result.trials, len(recorded.holds[SUCCESS])
    for one in different:
        name = f"figures [{one.unit}]" if one.unit else "figures"
        worst[name] = max(worst.get(name, 0.0), one.size)
    how = f"the ends of {seconds} seconds, simulated again" if seconds else "whole trials, simulated again"
    left = ["authors, links, costs, and the policy's name"]
    left.append("that the policy gave these actions, from what it says that it sees")
    if count < total:
        left.append(
            f"what trials {count} to {total - 1} did after their start, and so figures over all trials"
        )
    others = ", ".join(_unfollowed(figures, submitted.scored.parts))
    left.append(f"what does not follow from {TRIALS}: {others}")
    return Verification(
        schema=VERIFICATION_SCHEMA,
        status="re-simulated",
        sums_sha256=sha256_of_file(submitted.folder / SUMS),
        runs=count,
        figures=Figures(
            success_pct=100.0 * float(recorded.holds[SUCCESS].mean()),
            strict_success_pct=None,
            frame_coverage_pct=None,
            mpjpe_mm=None,
            emg_mean_r=None,
            emg_lag_ms=None,
            emg_zero_lag_r=None,
            emg_ratio=None,
            mpjae_deg=None,
            mean_excitation=float(recorded.numbers["excitation"].mean()),
        ),
        compared=(
            how,
            f"{TRIALS}: the start of all {total} trials, and all of the {count} recorded ones",
            f"every figure that follows from {TRIALS}: {', '.join(submitted.scored.parts)}",
        ),
        self_reported=tuple(left),
        worst=worst,
        versions=versions(),
    )


def _unfollowed(figures: TaskFigures, followed: Collection[str]) -> list[str]:
    """Names of figures that are not computed anew."""
    names = named_figures(figures)
    more = [*(f"by {kind}" for kind in figures.groups), *(f"curve of {name}" for name in figures.curves)]
    return [*(name for name in names if name not in followed), *more, *(f"map of {n}" for n in figures.maps)]
