"""Write and read ``result.json`` and ``trials.csv`` of a task."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from pathlib import Path
from typing import Any

from kinesis_bench.evaluation.tasks.run import TrialRun
from kinesis_bench.evaluation.tasks.schema import SCHEMA, TaskResult
from kinesis_bench.evaluation.typed_file import read_typed, schema_text, write_typed
from kinesis_bench.files import write_text

SCHEMA_FILE = Path(__file__).with_name("task-1.schema.json")
"""The published JSON schema of a task's result."""

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


def published_schema() -> str:
    """The text of SCHEMA_FILE, from the classes."""
    return schema_text(TaskResult, SCHEMA, "A result of a downstream task")


def write_trials(path: str | Path, run: TrialRun) -> None:
    """A line a trial: what was drawn, how long it lasted, why it ended, and its last and mean measures.

    Angles have no plain mean, so only their last value is there.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    first = run.trials[0]
    drawn, measured = [field.name for field in fields(first.start)], list(first.measured)
    kept = [
        (name, mean) for name in measured for mean in (False, True) if not (mean and name.endswith("_rad"))
    ]
    columns = [f"{'mean' if mean else 'last'}_{name}" for name, mean in kept]
    writer.writerow(("trial", *drawn, "steps", "ending", *columns))
    for trial in run.trials:
        start = drawn_cells(trial.start).values()
        found = [trial.measured[name].mean() if mean else trial.measured[name][-1] for name, mean in kept]
        writer.writerow([trial.number, *start, trial.steps, trial.ending, *map(_shown, found)])
    write_text(path, text.getvalue())


def drawn_cells(start: Any) -> dict[str, object]:
    """What a trial drew, the task's own dataclass, by column of ``trials.csv``."""
    return {field.name: _shown(getattr(start, field.name)) for field in fields(start)}


def _shown(value: object) -> object:
    return f"{value:.6f}" if isinstance(value, float) else value
