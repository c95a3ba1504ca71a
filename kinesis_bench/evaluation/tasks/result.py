"""Write and read ``result.json`` and ``trials.csv`` of a task."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.figures import SUCCESS, ByTrial, named_figures
from kinesis_bench.evaluation.tasks.run import TrialRun
from kinesis_bench.evaluation.tasks.schema import SCHEMA, TaskFigures, TaskResult
from kinesis_bench.evaluation.typed_file import read_typed, schema_text, write_typed
from kinesis_bench.files import write_text
from kinesis_bench.metrics.paired import Sums

SCHEMA_FILE = Path(__file__).with_name("task-1.schema.json")
"""The published JSON schema of a task's result."""

FIGURE = "figure_"
"""Begin of the name of a figure's column in ``trials.csv``."""

WEIGHT = "_weight"
"""End of the name of a column of weights in ``trials.csv``."""

ROUNDING = 1e-4
"""Figures made from ``trials.csv`` and in ``result.json`` differ by less than this."""

_ANEW = "score the policy anew with this version"
_REMEDY = "give a result.json that `score --task` of this version has written"


def write_task_result(path: str | Path, result: TaskResult) -> None:
    """Write a result, whole or not at all."""
    write_typed(path, result)


def read_task_result(path: str | Path) -> TaskResult:
    """Read a result.

    Raises:
        InputError: the file is missing, no JSON, of another schema, or has a wrong, missing or unknown field.
    """
    return read_typed(TaskResult, SCHEMA, path, _REMEDY)


def is_task_result(path: Path) -> bool:
    """Whether a file is a result of a task of trials, by the name of its schema alone."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("schema") == SCHEMA


def published_schema() -> str:
    """The text of SCHEMA_FILE, from the classes."""
    return schema_text(TaskResult, SCHEMA, "A result of a downstream task")


def write_trials(path: str | Path, run: TrialRun, by_trial: ByTrial) -> None:
    """A line a trial: what was drawn, how long it lasted, why it ended, its measures, and its figures.

    Of a measure there are the last and the mean value, of an angle the last alone. A figure's column is
    called FIGURE and then as in ``result.json``: the trial's own, 0 or 1 where it is counted, empty where it
    has none. In a figure over all steps or switches together a trial counts by its ``…_weight``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    first = run.trials[0]
    drawn, measured = [field.name for field in fields(first.start)], list(first.measured)
    kept = [
        (name, mean) for name in measured for mean in (False, True) if not (mean and name.endswith("_rad"))
    ]
    columns = [f"{'mean' if mean else 'last'}_{name}" for name, mean in kept]
    figures = _figure_columns(by_trial)
    writer.writerow(("trial", *drawn, "steps", "ending", *columns, *figures))
    for place, trial in enumerate(run.trials):
        start = list(drawn_cells(trial.start).values())
        found = [trial.measured[name].mean() if mean else trial.measured[name][-1] for name, mean in kept]
        own = [values[place] for values in figures.values()]
        writer.writerow([trial.number, *start, trial.steps, trial.ending, *map(_shown, [*found, *own])])
    write_text(path, text.getvalue())


def drawn_cells(start: Any) -> dict[str, object]:
    """What a trial drew, the task's own dataclass, by column of ``trials.csv``."""
    return {field.name: _shown(getattr(start, field.name)) for field in fields(start)}


def _figure_columns(by_trial: ByTrial) -> dict[str, np.ndarray]:
    """Columns of figures in ``trials.csv``; n trials.

    Returns:
        Name -> (n,): int of what is counted, float of numbers and ratios, and of these the weight.
    """
    columns: dict[str, np.ndarray] = {name: holds.astype(int) for name, holds in by_trial.holds.items()}
    columns |= by_trial.numbers
    for name, (top, bottom) in by_trial.ratios.items():
        columns[name] = np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)
        columns[f"{name}{WEIGHT}"] = bottom
    return {f"{FIGURE}{name}": values for name, values in columns.items()}


def read_trials(
    path: str | Path, figures: TaskFigures
) -> tuple[tuple[tuple[str, ...], ...], dict[str, Sums]]:
    """Read what ``write_trials`` wrote.

    Args:
        path: of ``trials.csv``.
        figures: of the ``result.json`` beside it.

    Returns:
        What was drawn, with the trial's number, of each trial; and the figures' parts by name, of all that
        the file has trial by trial.

    Raises:
        InputError: the file is missing or damaged, lacks a proportion, or is of other trials than the
            figures.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "keep it beside its result.json, or score anew") from error
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({error})", _ANEW) from error
    shares = {SUCCESS: figures.success, **figures.proportions}
    own = {name.removeprefix(FIGURE): place for place, name in enumerate(head) if name.startswith(FIGURE)}
    lacking = [name for name in ("trial", "steps") if name not in head]
    lacking += [f"{FIGURE}{name}" for name in shares if name not in own]
    if lacking:
        raise InputError(path, f"lacks the column {lacking[0]}", _ANEW)
    if any(len(row) != len(head) for row in rows):
        raise InputError(path, f"has a row of other than {len(head)} cells", _ANEW)

    def column(name: str) -> np.ndarray:
        try:
            return np.array([float(row[own[name]] or "nan") for row in rows])
        except ValueError as error:
            raise InputError(f"{path}: {FIGURE}{name}", str(error), _ANEW) from error

    known = [name for name in figures.means if name in own]
    ratios = {name: (column(name), column(f"{name}{WEIGHT}")) for name in known if f"{name}{WEIGHT}" in own}
    found = ByTrial(
        holds={name: column(name) == 1.0 for name in shares},
        numbers={name: column(name) for name in known if name not in ratios},
        ratios={name: (np.where(n > 0, x, 0.0) * n, n) for name, (x, n) in ratios.items()},
    )
    parts = found.sums()
    _check_belong(path, parts, len(rows), figures)
    return tuple(tuple(row[: head.index("steps")]) for row in rows), parts


def _check_belong(path: Path, parts: dict[str, Sums], trials: int, figures: TaskFigures) -> None:
    """Refuse trials that other figures were made from."""
    remedy = "put the files of one score together, or score anew"
    if trials != figures.success.trials:
        problem = f"{trials} trials, but result.json beside it tells of {figures.success.trials}"
        raise InputError(path, problem, remedy)
    known = named_figures(figures)
    for name, sums in parts.items():
        (own,) = sums.figure(np.ones((1, trials)))
        told = known[name].value
        if (told is None) == math.isfinite(own) or (told is not None and abs(own - told) > ROUNDING):
            said = "none" if told is None else f"{told:.6g}"
            problem = f"{own:.6g}, but result.json beside it tells of {said}"
            raise InputError(f"{path}: {FIGURE}{name}", problem, remedy)


def _shown(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6f}" if math.isfinite(value) else ""
    return value
