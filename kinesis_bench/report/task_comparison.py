"""The terminal tables of results of one task beside one another, or of its mean over bodies."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinesis_bench.evaluation.tasks.comparison import TaskComparison
from kinesis_bench.metrics.statistics import Interval
from kinesis_bench.report.comparison import DASH, differences_table, headline, tests_line, why_null
from kinesis_bench.report.task_words import shown
from kinesis_bench.terminal import table


def print_task_comparison(comparison: TaskComparison, console: Console) -> None:
    """A table a pair, or one of all bodies, and a headline."""
    console.print()
    options = "".join(f", {name} {value}" for name, value in comparison.options.items())
    trials = f"the same {comparison.trials} trials of seed {comparison.trial_seed}"
    title = f"Task {comparison.task} (protocol {comparison.protocol}){options}, {trials}"
    console.print(Text(title, style="bold"))
    for note in task_comparison_notes(comparison):
        console.print(Text(note, style="yellow"))
    for pair in comparison.pairs:
        console.print(differences_table(pair), crop=False)
        for line in why_null(pair):
            console.print(Text(line, style="dim"))
    if comparison.pairs:
        console.print(Text(tests_line(comparison.pairs, comparison.tests, "trial"), style="dim"))
    if len(comparison.pairs) > 1:
        console.print(Text(f"every result against the first, {comparison.results[0].name}", style="dim"))
    for pair in comparison.pairs:
        console.print(Text(headline(pair), style="bold"), soft_wrap=True)
    if comparison.over_bodies:
        console.print(_bodies(comparison), crop=False)
        said = "in brackets: 95 % intervals; that of the mean resamples each trial on all bodies at once"
        console.print(Text(said, style="dim"))
        for one in comparison.over_bodies:
            if reason := one.reasons.get("mean"):
                console.print(Text(f"{DASH} {shown(one.figure).label}: {reason}", style="dim"))


def task_comparison_notes(comparison: TaskComparison) -> list[str]:
    """What a reader has to know before comparing."""
    notes = [comparison.diagnostic] if comparison.diagnostic else []
    if comparison.quick:
        notes.append("fewer trials than a score has: no full score")
    for one in comparison.results:
        if one.policy_task not in ("", comparison.task):
            notes.append(f"zero-shot: {one.name} learned task {one.policy_task}")
        if one.privileged:
            notes.append(f"privileged: {one.name} sees more than its observation")
    return notes


def _bodies(comparison: TaskComparison) -> Table:
    """A row a figure, a column a body, and their mean."""
    bodies = [f"{one.body}\n{one.policy}" for one in comparison.results]
    made = table("", "figure", *bodies, "mean")
    for one in comparison.over_bodies:
        told = shown(one.figure)
        cells = [
            _cell(value, ends, told.digits)
            for value, ends in zip((*one.values, one.mean), (*one.ci95, one.mean_ci95), strict=True)
        ]
        unit = f" [{told.unit}]" if told.unit else ""
        made.add_row(told.label + unit, *cells, style="bold" if one.figure == "success_pct" else "")
    return made


def _cell(value: float | None, ends: Interval | None, digits: int) -> str:
    if value is None:
        return DASH
    interval = "" if ends is None else f" [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]"
    return f"{value:.{digits}f}{interval}"
