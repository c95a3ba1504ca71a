"""Results of one task of trials beside one another. Trial n of a seed is the same for every policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.compare import SEED, corrected, names_of, result_folders
from kinesis_bench.evaluation.comparison import Pair
from kinesis_bench.evaluation.schema import BodyInfo
from kinesis_bench.evaluation.tasks.comparison import SCHEMA, ComparedTask, OverBodies, TaskComparison
from kinesis_bench.evaluation.tasks.differences import trial_differences
from kinesis_bench.evaluation.tasks.evaluate import headline_of
from kinesis_bench.evaluation.tasks.figures import named_figures, shares_of
from kinesis_bench.evaluation.tasks.result import FIGURE, figure_parts, read_task_result
from kinesis_bench.evaluation.tasks.schema import TaskResult
from kinesis_bench.evaluation.tasks.trial_table import TrialTable, read_trial_table
from kinesis_bench.files import sha256_of_file
from kinesis_bench.metrics.paired import Sums
from kinesis_bench.metrics.reasons import reasons_of_nulls
from kinesis_bench.metrics.statistics import exact_proportion_interval, resample
from kinesis_bench.tasks.registry import TASKS

SAME_OPTIONS = "score all of them with the same options (--task, --trials, --quick, --seed, --body, --keeper)"
ONE_TASK = "score all of them on one task, with the same --trials, --seed and --keeper"
OVER_BODIES = "compare policies on one body; --over-bodies averages one task over several"


@dataclass(frozen=True)
class ScoredTrials:
    """A result of a task, its trials, and where both were.

    Attributes:
        folder, sha256: of the result.
        result: the figures.
        table: ``trials.csv``.
        parts: of the figures, trial by trial.
    """

    folder: Path
    sha256: str
    result: TaskResult
    table: TrialTable
    parts: Mapping[str, Sums]


def read_scored_trials(folder: Path) -> ScoredTrials:
    """Read a folder that ``score --task`` has written.

    Raises:
        InputError: it holds no such result, or its files do not belong together.
    """
    file = folder / "result.json"
    result = read_task_result(file)
    if result.task not in TASKS:
        raise InputError(
            f"{file}: task", f"{result.task!r} is not known here", "use the version that scored it"
        )
    info = TASKS[result.task]
    table = read_trial_table(folder / "trials.csv", info, result.figures.success.trials)
    parts = figure_parts(table, result.figures)
    if lacking := [name for name in headline_of(info) if name not in parts]:
        problem = f"lacks the column {FIGURE}{lacking[0]}"
        raise InputError(table.path, problem, "score the policy anew with this version")
    return ScoredTrials(folder, sha256_of_file(file), result, table, parts)


def compare_trials(folders: Sequence[str | Path]) -> TaskComparison:
    """Compare every other result of a task with the first, trial by trial.

    Args:
        folders: two or more that ``score --task`` has written.

    Raises:
        InputError: see ``result_folders``; or results that cannot be compared: the message says what differs.
    """
    scored = [read_scored_trials(path) for path in result_folders(folders)]
    first = scored[0]
    for other in scored[1:]:
        _refuse_unlike(first, other, _sides(first, other) | _bodies(first, other), _remedy(first, other))
    names = names_of([one.folder for one in scored])
    headline = headline_of(TASKS[first.result.task])
    pairs = [
        Pair(
            names[0],
            name,
            trial_differences(headline, (first.result.figures, one.result.figures), (first.parts, one.parts)),
        )
        for name, one in zip(names[1:], scored[1:], strict=True)
    ]
    return _comparison(scored, names, pairs=corrected(pairs))


def average_over_bodies(folders: Sequence[str | Path]) -> TaskComparison:
    """One task on several bodies: the figures of each, and their plain mean.

    The trials of a seed are the same on all bodies, so a trial is resampled on all at once.

    Args:
        folders: two or more that ``score --task`` has written, each of another body.

    Raises:
        InputError: see ``result_folders``; or results of other trials, or two of one body.
    """
    scored = [read_scored_trials(path) for path in result_folders(folders)]
    first = scored[0]
    for place, other in enumerate(scored[1:], start=1):
        _refuse_unlike(first, other, _sides(first, other), ONE_TASK)
        for one in scored[:place]:
            if one.result.body.name == other.result.body.name:
                problem = f"is of body {other.result.body.name}, as {one.folder} is"
                raise InputError(other.folder, problem, "give one result a body, or leave out --over-bodies")
    names = names_of([one.folder for one in scored])
    averages = [_average(figure, scored) for figure in headline_of(TASKS[first.result.task])]
    return _comparison(scored, names, over_bodies=tuple(averages))


def _average(figure: str, scored: Sequence[ScoredTrials]) -> OverBodies:
    known = {one.result.body.name: named_figures(one.result.figures)[figure] for one in scored}
    values = [one.value for one in known.values() if one.value is not None]
    why_none = next((f"{body}: {one.reason}" for body, one in known.items() if one.value is None), "")
    mean = None if why_none else float(np.mean(values))
    interval = None
    if mean is not None:
        drawn = resample(np.zeros(scored[0].table.trials), np.random.default_rng(SEED))
        by_body = np.stack([one.parts[figure].figure(drawn.weights) for one in scored])
        interval = drawn.interval(by_body.mean(axis=0))
        if mean in (0.0, 100.0) and figure in shares_of(scored[0].result.figures):
            trials = scored[0].table.trials
            low, high = exact_proportion_interval(trials if mean else 0, trials)
            interval = (100.0 * low, 100.0 * high)
    made = OverBodies(
        figure,
        tuple(one.value for one in known.values()),
        tuple(one.ci95 for one in known.values()),
        mean,
        interval,
        reasons={},
    )
    told = {"mean": why_none, "mean_ci95": why_none or "resampling does not change the mean"}
    of_bodies = {
        "values": [f"{body}: {one.reason}" for body, one in known.items() if one.value is None],
        "ci95": [f"{body}: {one.reason}" for body, one in known.items() if one.ci95 is None],
    }
    reasons = {name: "; ".join(lines) for name, lines in of_bodies.items() if lines}
    return replace(made, reasons=reasons_of_nulls(made, told) | reasons)


def _comparison(
    scored: Sequence[ScoredTrials],
    names: Sequence[str],
    *,
    pairs: tuple[Pair, ...] = (),
    over_bodies: tuple[OverBodies, ...] = (),
) -> TaskComparison:
    first = scored[0].result
    return TaskComparison(
        schema=SCHEMA,
        task=first.task,
        protocol=first.protocol,
        options=first.options,
        trials=first.trials,
        trial_seed=first.seed,
        quick=first.quick,
        diagnostic=first.diagnostic,
        seed=SEED,
        results=tuple(
            ComparedTask(
                name=name,
                folder=str(one.folder),
                result_sha256=one.sha256,
                policy=one.result.policy.name,
                policy_task=one.result.policy_task,
                privileged=one.result.policy.privileged,
                body=one.result.body.name,
            )
            for name, one in zip(names, scored, strict=True)
        ),
        pairs=pairs,
        tests=sum(one.p is not None for pair in pairs for one in pair.differences),
        over_bodies=over_bodies,
    )


def _sides(first: ScoredTrials, other: ScoredTrials) -> dict[str, tuple[str, str]]:
    """Both sides of all that makes trials the same."""
    a, b = first.result, other.result
    sides = {
        name: (str(getattr(a, name)), str(getattr(b, name)))
        for name in ("task", "protocol", "trials", "seed")
    }
    sides["options"] = (_options(a), _options(b))
    sides["diagnostic"] = (a.diagnostic or "none", b.diagnostic or "none")
    drawn = (first.table.drawn, other.table.drawn)
    if all(one == two for one, two in sides.values()) and drawn[0] != drawn[1]:
        one, two = next(pair for pair in zip(*drawn, strict=True) if len({*pair}) > 1)
        sides["what was drawn"] = (", ".join(one), ", ".join(two))
    return sides


def _bodies(first: ScoredTrials, other: ScoredTrials) -> dict[str, tuple[str, str]]:
    one, two = (f"{info.name} ({info.model_sha256[:12] or 'no hash'})" for info in _infos(first, other))
    return {"body": (one, two)}


def _remedy(first: ScoredTrials, other: ScoredTrials) -> str:
    one, two = _infos(first, other)
    same_trials = all(a == b for a, b in _sides(first, other).values())
    return OVER_BODIES if one.name != two.name and same_trials else SAME_OPTIONS


def _infos(first: ScoredTrials, other: ScoredTrials) -> list[BodyInfo]:
    return [one.result.body for one in (first, other)]


def _options(result: TaskResult) -> str:
    return ", ".join(f"{name} {value}" for name, value in result.options.items()) or "none"


def _refuse_unlike(
    first: ScoredTrials, other: ScoredTrials, sides: Mapping[str, tuple[str, str]], remedy: str
) -> None:
    unlike = [f"{what}: {one} against {two}" for what, (one, two) in sides.items() if one != two]
    if unlike:
        problem = f"cannot be compared with {first.folder}, as these differ (first against this one): "
        raise InputError(other.folder, problem + "; ".join(unlike), remedy)
