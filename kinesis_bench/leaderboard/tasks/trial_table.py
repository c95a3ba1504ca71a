"""``trials.csv`` of a scored task, read again."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.run import WHOLE
from kinesis_bench.tasks.registry import TaskInfo

NUMBER = "trial"
"""Column of a trial's number."""

_REMEDY = "score the policy anew with this version"


@dataclass(frozen=True)
class TrialTable:
    """N trials in the order of their numbers, 0 to N - 1.

    Attributes:
        columns: name to the (N,) texts of the cells.
        whole_steps: control steps of a whole trial.
        dt_s: control period [s].
    """

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
        return self.numbers("steps")

    @property
    def whole(self) -> np.ndarray:
        """(N,) bool, which lasted their whole time."""
        return np.array([ending == WHOLE for ending in self.columns["ending"]])

    def numbers(self, name: str) -> np.ndarray:
        """A column (N,) as numbers.

        Raises:
            ValueError: there is no such column, or a cell is no finite number.
        """
        if name not in self.columns:
            raise ValueError(f"lacks the column {name}")
        try:
            found = np.array([float(cell) for cell in self.columns[name]])
        except ValueError as error:
            raise ValueError(f"column {name}: {error}") from error
        if not np.isfinite(found).all():
            raise ValueError(f"column {name} holds a number that is not finite")
        return found

    def row(self, trial: int) -> dict[str, str]:
        """The cells of a trial, by column."""
        return {name: cells[trial] for name, cells in self.columns.items()}


def read_trials(path: Path, info: TaskInfo) -> TrialTable:
    """Read ``trials.csv``.

    Raises:
        InputError: it is missing, no such table, or does not hold trials 0, 1, 2 … once each.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "keep it beside its result.json, or score anew") from error
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", _REMEDY) from error
    try:
        return parse_trials(text, info)
    except ValueError as error:
        raise InputError(path, str(error), _REMEDY) from error


def parse_trials(text: str, info: TaskInfo) -> TrialTable:
    """``trials.csv`` from its text.

    Raises:
        ValueError: it is no such table.
    """
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(f"is no table ({error})") from error
    for place, row in enumerate(rows):
        if len(row) != len(header):
            raise ValueError(f"line {place + 2} has {len(row)} cells, the first {len(header)}")
    columns = dict(zip(header, zip(*rows, strict=True), strict=False))
    if len(columns) != len(header) or not {NUMBER, "steps", "ending"} <= set(columns):
        raise ValueError("holds no trials, or a column twice")
    for place, number in enumerate(columns[NUMBER]):
        if number != str(place):
            raise ValueError(f"has trial {number[:20]!r} in the place of {place}")
    table = TrialTable(columns, info.make.steps, info.make.dt_s)
    if not all(1 <= steps <= table.whole_steps and steps == int(steps) for steps in table.steps):
        raise ValueError(f"has a trial that did not last 1 to {table.whole_steps} steps")
    return table
