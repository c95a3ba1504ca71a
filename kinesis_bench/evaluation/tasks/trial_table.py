"""``trials.csv`` of a scored task, read again."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.run import WHOLE
from kinesis_bench.tasks.registry import TaskInfo

NUMBER, STEPS, ENDING = "trial", "steps", "ending"
"""Columns that every task has. What was drawn stands between the first two."""

TOGETHER = "put the files of one score together, or score anew"
"""What to do where ``trials.csv`` and ``result.json`` are of two scores."""

_ANEW = "score the policy anew with this version"


@dataclass(frozen=True)
class TrialTable:
    """N trials in the order of their numbers, 0 to N - 1.

    Attributes:
        path: of the file.
        columns: name to the (N,) texts of the cells.
        whole_steps: control steps of a whole trial.
        dt_s: control period [s].
    """

    path: Path
    columns: dict[str, tuple[str, ...]]
    whole_steps: int
    dt_s: float

    @property
    def trials(self) -> int:
        """N."""
        return len(self.columns[NUMBER])

    @property
    def steps(self) -> np.ndarray:
        """(N,) control steps that each lasted."""
        return self.numbers(STEPS)

    @property
    def whole(self) -> np.ndarray:
        """(N,) bool, which lasted their whole time."""
        return np.array([ending == WHOLE for ending in self.columns[ENDING]])

    @property
    def drawn(self) -> tuple[tuple[str, ...], ...]:
        """(N,) what was drawn, with the trial's number."""
        names = list(self.columns)
        return tuple(zip(*(self.columns[name] for name in names[: names.index(STEPS)]), strict=True))

    def numbers(self, name: str) -> np.ndarray:
        """A column (N,) as numbers.

        Raises:
            InputError: there is no such column, or a cell is no finite number.
        """
        found = self.numbers_where_any(name)
        if not np.isfinite(found).all():
            raise InputError(f"{self.path}: {name}", "holds a number that is not finite", _ANEW)
        return found

    def numbers_where_any(self, name: str) -> np.ndarray:
        """A column (N,) as numbers, nan where a cell is empty.

        Raises:
            InputError: there is no such column, or a cell is no number.
        """
        if name not in self.columns:
            raise InputError(self.path, f"lacks the column {name}", _ANEW)
        try:
            return np.array([float(cell or "nan") for cell in self.columns[name]])
        except ValueError as error:
            raise InputError(f"{self.path}: {name}", str(error), _ANEW) from error

    def row(self, trial: int) -> dict[str, str]:
        """The cells of a trial, by column."""
        return {name: cells[trial] for name, cells in self.columns.items()}


def read_trial_table(path: Path, info: TaskInfo, trials: int) -> TrialTable:
    """Read ``trials.csv``.

    Args:
        path: of the file.
        info: the task.
        trials: how many ``result.json`` beside it tells of.

    Raises:
        InputError: it is missing, no such table, or does not hold so many trials, 0, 1, 2 … once each.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "keep it beside its result.json, or score anew") from error
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({error})", _ANEW) from error
    if not lines:
        raise InputError(path, "cannot be read, as it is empty", _ANEW)
    header, *rows = lines
    if lacking := [name for name in (NUMBER, STEPS, ENDING) if name not in header]:
        raise InputError(path, f"lacks the column {lacking[0]}", _ANEW)
    if twice := [name for place, name in enumerate(header) if name in header[:place]]:
        raise InputError(path, f"has the column {twice[0]} twice", _ANEW)
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            problem = f"has a row of other than {len(header)} cells: line {line} has {len(row)}"
            raise InputError(path, problem, _ANEW)
    if len(rows) != trials:
        problem = f"{len(rows)} trials, but result.json beside it tells of {trials}"
        raise InputError(path, problem, TOGETHER)
    columns = {name: tuple(row[place] for row in rows) for place, name in enumerate(header)}
    for place, number in enumerate(columns[NUMBER]):
        if number != str(place):
            raise InputError(path, f"has trial {number[:20]!r} in the place of {place}", _ANEW)
    table = TrialTable(path, columns, info.make.steps, info.make.dt_s)
    if not all(1 <= steps <= table.whole_steps and steps == int(steps) for steps in table.steps):
        problem = f"has a trial that did not last 1 to {table.whole_steps} steps"
        raise InputError(path, problem, _ANEW)
    return table
