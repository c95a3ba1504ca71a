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
from kinesis_bench.evaluation.tasks.trial_table import ENDING, NUMBER, STEPS, TOGETHER, TrialTable
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
    writer.writerow((NUMBER, *drawn, STEPS, ENDING, *columns, *figures))
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


def figure_parts(table: TrialTable, figures: TaskFigures) -> dict[str, Sums]:
    """The figures' parts by name, of all that ``write_trials`` wrote trial by trial.

    Args:
        table: ``trials.csv``.
        figures: of the ``result.json`` beside it.

    Raises:
        InputError: the file lacks a proportion, holds what is no number, or is of other trials than the
            figures.
    """

    def column(name: str) -> np.ndarray:
        return table.numbers_where_any(f"{FIGURE}{name}")

    known = [name for name in figures.means if f"{FIGURE}{name}" in table.columns]
    ratios = [name for name in known if f"{FIGURE}{name}{WEIGHT}" in table.columns]
    weighed = {name: (column(name), column(f"{name}{WEIGHT}")) for name in ratios}
    found = ByTrial(
        holds={name: column(name) == 1.0 for name in (SUCCESS, *figures.proportions)},
        numbers={name: column(name) for name in known if name not in ratios},
        ratios={name: (np.where(n > 0, x, 0.0) * n, n) for name, (x, n) in weighed.items()},
    )
    parts = found.sums()
    _check_belong(table.path, parts, table.trials, figures)
    return parts


def _check_belong(path: Path, parts: dict[str, Sums], trials: int, figures: TaskFigures) -> None:
    """Refuse trials that other figures were made from."""
    known = named_figures(figures)
    for name, sums in parts.items():
        (own,) = sums.figure(np.ones((1, trials)))
        told = known[name].value
        if (told is None) == math.isfinite(own) or (told is not None and abs(own - told) > ROUNDING):
            said = "none" if told is None else f"{told:.6g}"
            problem = f"{own:.6g}, but result.json beside it tells of {said}"
            raise InputError(f"{path}: {FIGURE}{name}", problem, TOGETHER)


def _shown(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6f}" if math.isfinite(value) else ""
    return value
