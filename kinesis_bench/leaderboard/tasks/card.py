"""``card.md`` of a task's submission."""

from __future__ import annotations

from kinesis_bench.evaluation.tasks.schema import Mean, Proportion, TaskResult
from kinesis_bench.leaderboard.card import (
    OF_COSTS,
    as_code,
    by_whom,
    cost_rows,
    how,
    number,
    option_word,
    plain,
    policy_option,
    rows_table,
    with_interval,
)
from kinesis_bench.leaderboard.submission import TaskSubmission

UNITS = {"_m_s": "m/s", "_deg": "°", "_pct": "%", "_m": "m", "_s": "s"}
"""Ends of figures' names, longer ones first, and the units that they stand for."""


def task_card(submission: TaskSubmission, result: TaskResult) -> str:
    """The text of a submission's card.

    Args:
        submission: what it says of itself.
        result: its figures.
    """
    where = (
        f"Board `{submission.board}`, protocol {as_code(submission.protocol)}, body "
        f"{as_code(result.body.name)}, {result.trials} trials of task {as_code(result.task)}."
    )
    parts = [
        f"# {plain(submission.name)}",
        by_whom(submission),
        where,
        "## Figures",
        rows_table(_figures(result)),
        _notes(result),
        "## Costs",
        rows_table(cost_rows(submission)),
        OF_COSTS,
        "## How to reproduce",
        how(submission, result.policy, result.seed, result.versions, _options(result)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _figures(result: TaskResult) -> list[tuple[str, str]]:
    figures = result.figures
    shares = {"success": figures.success, **figures.proportions}
    rows = [(_words(name), _share(share)) for name, share in shares.items()]
    rows += [(_words(name), _mean(name, mean)) for name, mean in figures.means.items()]
    for kind, groups in figures.groups.items():
        for group, own in groups.items():
            rows += [
                (f"… {plain(kind)} {plain(group)}: {_words(name)}", _share(share))
                for name, share in own.proportions.items()
            ]
    return rows


def _words(name: str) -> str:
    for end in UNITS:
        name = name.removesuffix(end)
    return plain(name.replace("_", " "))


def _share(share: Proportion) -> str:
    if share.pct is None or share.ci95 is None:
        return number(share.pct, 1, " %")
    return f"{share.pct:.1f} % [{share.ci95[0]:.1f}, {share.ci95[1]:.1f}]"


def _mean(name: str, mean: Mean) -> str:
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
    return with_interval(mean, 3, f" {unit}" if unit else "")


def _notes(result: TaskResult) -> str:
    notes = ["In brackets 95 % intervals, over trials."]
    if result.policy_task not in ("", result.task):
        notes.append(f"Zero-shot: the policy learned task {as_code(result.policy_task)}.")
    if result.policy.privileged:
        notes.append("Privileged: it saw more than its observation.")
    notes += [f"{plain(note)}." for note in result.policy.notes]
    return "\n".join(note[0].upper() + note[1:] for note in notes)


def _options(result: TaskResult) -> str:
    given = {
        "--task": result.task,
        "--policy": policy_option(result.policy),
        "--body": result.body.name,
        **{f"--{name}": value for name, value in result.options.items()},
        "--seed": str(result.seed) if result.seed else "",
    }
    return " ".join(f"{option} {option_word(value)}" for option, value in given.items() if value)
