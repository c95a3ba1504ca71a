"""Whether the files of a task's submission say the same of what was run, and what the task says."""

from __future__ import annotations

from kinesis_bench.bodies.contract import Body
from kinesis_bench.evaluation.tasks.run import RECORDED, TrialJob
from kinesis_bench.evaluation.tasks.schema import TaskResult
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.leaderboard.folder import MOST_RECORD_MIB, RECORD, SubmittedTask
from kinesis_bench.leaderboard.movement import BROKEN
from kinesis_bench.leaderboard.record import About
from kinesis_bench.leaderboard.statements import differs, hides_privilege, told_otherwise
from kinesis_bench.leaderboard.submission import board_of_task
from kinesis_bench.leaderboard.tasks.card import task_card
from kinesis_bench.policies.blocks import BLAME
from kinesis_bench.tasks.registry import task_info

SEED = 0
"""Seed of a score that a board takes: all on a board ran the same trials, and none chose its own."""

HARDLY = 0.25
"""Part of the largest record above which twice as many trials, some longer than others, may not fit."""


def no_task_score(result: TaskResult) -> str:
    """Why a task's result is no score that belongs on a board, "" if it is one.

    Raises:
        InputError: there is no such task.
    """
    if result.diagnostic or result.quick:
        return result.diagnostic or "only a few trials were run (quick)"
    try:
        to_json(result)
    except ValueError as error:
        return str(error)
    info = task_info(result.task)
    if result.protocol != info.protocol:
        return f"protocol {result.protocol!r} is not {info.protocol}"
    if result.trials != info.trials:
        return f"it has {result.trials} trials, a score {info.trials}"
    if result.seed != SEED:
        return f"seed {result.seed}, boards take seed {SEED}"
    if result.body.name not in info.bodies:
        return f"body {result.body.name!r} is not of the task"
    if strange := set(result.options) - set(info.options):
        return f"options: {', '.join(sorted(strange))} is none of the task"
    return hides_privilege(result.policy)


def broken_off(result: TaskResult) -> int:
    """Trials in which the policy raised or the physics broke."""
    return sum(count for word, count in result.endings.items() if word.startswith((BLAME, BROKEN)))


def wrong_task_submission(submitted: SubmittedTask) -> list[str]:
    """What ``submission.json``, ``card.md`` and ``result.json`` say differently, a line each."""
    one, result = submitted.submission, submitted.scored.result
    sides = (
        ("protocol", one.protocol, result.protocol),
        ("body", one.body, result.body),
        ("task", one.task, result.task),
        ("options", one.options, result.options),
        ("trials", one.trials, result.trials),
        ("seed", one.seed, result.seed),
        ("board", one.board, board_of_task(result)),
        ("costs.real_time_factor", one.costs.real_time_factor, result.realtime_factor),
    )
    return told_otherwise(submitted.folder, sides, task_card(one, result))


def counts_that_fit(recorded: int, record_bytes: int) -> list[int]:
    """How many of the recorded trials a record may hold, the most first.

    All; or, only where a record is so large that twice as many would hardly fit, half of them, and so on.
    """
    counts = [recorded]
    while record_bytes > (MOST_RECORD_MIB << 20) * HARDLY and counts[-1] > 1:
        counts.append(counts[-1] // 2)
    return counts


def wrong_task_record(
    about: About, record_bytes: int, result: TaskResult, job: TrialJob, body: Body
) -> list[str]:
    """What the record, of so many bytes, says otherwise than ``result.json`` and the task, a line each."""
    steps, dt_s = job.info.make.steps, job.info.make.dt_s
    sides = (
        ("result.json: body hash", result.body.model_sha256, body.sha256),
        (f"{RECORD}: kind", about.kind, "simulated"),
        (f"{RECORD}: body", about.body, body.name),
        (f"{RECORD}: body hash", about.model_sha256, body.sha256),
        (f"{RECORD}: control law", about.control, result.policy.control),
        ("result.json: recorded", result.recorded, min(RECORDED, result.trials)),
    )
    wrong = [differs(name, told, found) for name, told, found in sides if told != found]
    if about.kind == "simulated" and len(about.clips) not in counts_that_fit(result.recorded, record_bytes):
        wrong.append(f"{RECORD}: holds {len(about.clips)} trials, not the first {result.recorded}")
    for place, clip in enumerate(about.clips):
        if (clip.key, clip.run) != (job.key(place), 0):
            wrong.append(f"{RECORD}: trial {place} is missing, {clip.key} stands in its place")
            break
        if (clip.frames, clip.dt_s, clip.skill) != (steps, dt_s, job.info.name):
            told = f"{clip.frames} steps of {clip.dt_s:.6f} s of {clip.skill}"
            wrong.append(differs(f"{RECORD}: {clip.key}", told, f"{steps} of {dt_s:.6f} of {job.info.name}"))
            break
    return wrong
