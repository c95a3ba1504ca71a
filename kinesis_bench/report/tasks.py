"""The terminal tables of a task's result."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinesis_bench.evaluation.tasks.schema import Group, Mean, Proportion, TaskFigures, TaskResult
from kinesis_bench.metrics.statistics import Interval
from kinesis_bench.report.tables import DASH
from kinesis_bench.report.task_words import words
from kinesis_bench.terminal import table


def print_task_result(result: TaskResult, console: Console) -> None:
    """The score, what else was counted, groups if there are such, and one headline."""
    console.print()
    options = "".join(f", {name} {value}" for name, value in result.options.items())
    trials = f"{result.trials} trials, seed {result.seed}"
    title = f"{result.policy.name} on {result.body.name}, task {result.task}{options}, {trials}"
    console.print(Text(title, style="bold"))
    for note in (*result.policy.notes, *task_notes(result)):
        console.print(Text(note, style="yellow"))
    console.print(_figures(result.figures), crop=False)
    for kind, groups in result.figures.groups.items():
        console.print(_groups(kind, groups), crop=False)
    endings = ", ".join(f"{count} {ending}" for ending, count in result.endings.items())
    console.print(f"endings: {endings}", soft_wrap=True)
    console.print(Text(task_headline(result), style="bold"), soft_wrap=True)


def task_headline(result: TaskResult) -> str:
    """One line that sums a result up."""
    success = result.figures.success
    return (
        f"{result.policy.name}: success {_number(success.pct)} % of {success.trials} trials"
        f"{_interval(success.ci95)} · {result.control_steps / result.wall_s:.0f} control steps/s"
    )


def task_notes(result: TaskResult) -> list[str]:
    """What a reader has to know before comparing."""
    notes = []
    if result.policy_task not in ("", result.task):
        notes.append(f"zero-shot: the policy learned task {result.policy_task}")
    if result.policy.privileged:
        seen = ", ".join(result.policy.needs) or result.policy.control
        notes.append(f"privileged: it sees more than its observation ({seen})")
    if result.quick:
        notes.append("fewer trials than a score has: not comparable")
    if result.diagnostic:
        notes.append(result.diagnostic)
    return notes


def _figures(figures: TaskFigures) -> Table:
    made = table("", "figure", "value", "95 % interval", "SD", "trials")
    for name, share in {"success": figures.success, **figures.proportions}.items():
        made.add_row(f"{words(name)} [%]", _number(share.pct), _interval(share.ci95), "", _of(share))
    for name, mean in figures.means.items():
        made.add_row(words(name), *_mean(mean))
    return made


def _groups(kind: str, groups: dict[str, Group]) -> Table:
    """A row a group, a column a figure."""
    first = next(iter(groups.values()))
    columns = [f"{words(name)} [%]" for name in first.proportions] + [words(name) for name in first.means]
    made = table("", kind, *columns, "trials")
    for name, group in groups.items():
        shares = [f"{_number(share.pct)}{_interval(share.ci95)}" for share in group.proportions.values()]
        means = [_number(mean.mean, 3) for mean in group.means.values()]
        counts = [share.trials for share in group.proportions.values()]
        counts += [mean.trials for mean in group.means.values()]
        made.add_row(name, *shares, *means, str(max(counts, default=0)))
    return made


def _mean(mean: Mean) -> tuple[str, ...]:
    return _number(mean.mean, 3), _interval(mean.ci95, 3), _number(mean.sd, 3), str(mean.trials)


def _of(share: Proportion) -> str:
    return f"{share.count} of {share.trials}"


def _number(value: float | None, digits: int = 1) -> str:
    return DASH if value is None else f"{value:.{digits}f}"


def _interval(ends: Interval | None, digits: int = 1) -> str:
    return "" if ends is None else f" [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]"
