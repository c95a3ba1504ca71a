"""The folder that ``score --task`` writes, read again: ``result.json`` and ``trials.csv``."""

from __future__ import annotations

import csv
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.result import read_task_result
from kinesis_bench.evaluation.tasks.run import WHOLE
from kinesis_bench.evaluation.tasks.schema import TaskResult
from kinesis_bench.files import sha256_of_file
from kinesis_bench.metrics.paired import Sums
from kinesis_bench.tasks.registry import TaskInfo, task_info

NUMBER = "trial"
"""Column of a trial's number."""

_REMEDY = "score the policy anew with this version"


@dataclass(frozen=True)
class TrialTable:
    """``trials.csv``, N trials in the order of their numbers, 0 to N - 1.

    Attributes:
        columns: name to the (N,) texts of the cells.
        whole_steps: control steps of a whole trial.
        dt_s: control period [s].
    """

    columns: dict[str, tuple[str, ...]]
    whole_steps: int
    dt_s: float

    def numbers(self, name: str) -> np.ndarray:
        """A column (N,) as numbers.

        Raises:
            ValueError: there is no such column, or a cell is no finite number.
        """
        if name not in self.columns:
            raise ValueError(f"lacks the column {name!r}")
        found = np.array([float(cell) for cell in self.columns[name]])
        if not np.isfinite(found).all():
            raise ValueError(f"column {name} holds a number that is not finite")
        return found

    @property
    def trials(self) -> int:
        """N."""
        return len(self.columns[NUMBER])

    @property
    def steps(self) -> np.ndarray:
        """(N,) control steps that each lasted."""
        return self.numbers("steps")

    @property
    def whole(self) -> np.ndarray:
        """(N,) bool, which lasted their whole time."""
        return np.array([ending == WHOLE for ending in self.columns["ending"]])


class FiguresByTrial(Protocol):
    """The function ``by_trial`` of a task's module in ``evaluation.tasks``."""

    def __call__(self, table: TrialTable) -> dict[str, Sums]:
        """The figures that follow from ``trials.csv``, by their names in ``TaskFigures``, ``success`` too.

        Each as its parts, of N trials in one run; those of proportions are 0 and 1 over 1.
        """


@dataclass(frozen=True)
class ScoredTask:
    """A task's result, its trials, and where both were."""

    folder: Path
    result: TaskResult
    trials: TrialTable
    sha256: str

    @property
    def info(self) -> TaskInfo:
        """The task."""
        return task_info(self.result.task)

    @property
    def by_trial(self) -> dict[str, Sums]:
        """Figures that follow from its trials, see ``FiguresByTrial``."""
        return figures_by_trial(self.info, self.trials)


def figures_by_trial(info: TaskInfo, table: TrialTable) -> dict[str, Sums]:
    """See ``FiguresByTrial``."""
    of_task: FiguresByTrial = importlib.import_module(f"kinesis_bench.evaluation.tasks.{info.module}").by_trial
    return of_task(table)


def read_scored_task(folder: str | Path) -> ScoredTask:
    """Read a folder that ``score --task`` has written.

    Raises:
        InputError: it holds no result of a task, or its files do not belong together.
    """
    folder = Path(folder)
    result = read_task_result(folder / "result.json")
    table = read_trials(folder / "trials.csv", task_info(result.task))
    if table.trials != result.trials:
        problem = f"holds {table.trials} trials, result.json beside it tells of {result.trials}"
        raise InputError(folder / "trials.csv", problem, "put the files of one score together, or score anew")
    return ScoredTask(folder, result, table, sha256_of_file(folder / "result.json"))


def read_trials(path: Path, info: TaskInfo) -> TrialTable:
    """Read ``trials.csv``.

    Raises:
        InputError: it is missing, no table, lacks a column that the task's figures need, or does not hold
            trials 0, 1, 2 … once each.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "keep it beside its result.json, or score anew") from error
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({error})", _REMEDY) from error
    header = rows[0] if rows else []
    for place, row in enumerate(rows[1:]):
        if len(row) != len(header):
            raise InputError(path, f"line {place + 2} has {len(row)} cells, not {len(header)}", _REMEDY)
    columns = dict(zip(header, zip(*rows[1:], strict=True), strict=False))
    if len(columns) != len(header) or not {NUMBER, "steps", "ending"} <= set(columns):
        raise InputError(path, "holds no trials, or a column twice", _REMEDY)
    table = TrialTable(columns, info.make.steps, info.make.dt_s)
    numbers = [str(number) for number in range(table.trials)]
    wrong = next((i for i in range(table.trials) if columns[NUMBER][i] != numbers[i]), None)
    if wrong is not None:
        problem = f"has trial {columns[NUMBER][wrong][:20]!r} in the place of {wrong}"
        raise InputError(path, problem, _REMEDY)
    try:
        if not ((table.steps >= 1) & (table.steps <= table.whole_steps)).all():
            raise ValueError(f"has a trial of no step, or of more than {table.whole_steps}")
        figures_by_trial(info, table)
    except ValueError as error:
        raise InputError(path, str(error), _REMEDY) from error
    return table
