"""What a stage tells while it runs: a CSV file, TensorBoard, and the terminal."""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kinesis_bench.files import cannot_write, write_text
from kinesis_bench.terminal import console, table
from kinesis_bench.training.events import Events

if TYPE_CHECKING:
    from rich.table import Table

    from kinesis_bench.training.trial import Trial

LOG = "log.csv"

SHARES = {
    "success": "success",
    "coverage": "frame coverage",
    "strict_coverage": "strict coverage",
    "lasted": "time lasted",
}
"""Figures of a trial that are shares, and what they are called."""

NUMBERS = {"mpjpe_mm": "MPJPE [mm]", "excitation": "excitation", "distance_m": "distance at the end [m]"}
"""Other ones."""

LEARNING = {"reward": "reward", "error": "error of the excitations"}
"""What a stage learns by, as far as it knows it."""


@dataclass(frozen=True)
class Progress:
    """What is told after every update, or round of a student; ``trial`` only where one was run."""

    stage: str
    update: int
    steps: int
    steps_per_s: float
    figures: dict[str, float]
    trial: Trial | None


class Log:
    """Rows of ``log.csv``, one an update; a row is complete or, after a crash, cut off and removed.

    Args:
        folder: of the stage.

    Attributes:
        wall_s, steps: of the last row that ``cut`` has kept.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG
        self._columns: list[str] = []
        self.wall_s, self.steps = 0.0, 0

    def cut(self, updates: int) -> None:
        """Keep the rows of the first updates only: those of a checkpoint that a run goes on from."""
        self.wall_s, self.steps, self._columns = 0.0, 0, []
        try:
            rows = list(csv.reader(self._path.read_text(encoding="utf-8").splitlines()))
        except FileNotFoundError:
            return
        whole = [row for row in rows[1:] if len(row) == len(rows[0]) and row[0].isdigit()]
        kept = [row for row in whole if int(row[0]) <= updates]
        if not kept:
            self._path.unlink()
            return
        self._columns = rows[0]
        last = dict(zip(self._columns, kept[-1], strict=True))
        self.wall_s, self.steps = float(last["wall_s"]), int(last["steps"])
        write_text(self._path, _lines([self._columns, *kept]))

    def add(self, row: dict[str, Any]) -> None:
        """Write a row; numbers that are not finite are left empty."""
        lines = []
        if not self._columns:
            self._columns = list(row)
            lines.append(self._columns)
        lines.append([_shown(row[name]) for name in self._columns])
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8", newline="") as file:
                file.write(_lines(lines))
        except OSError as error:
            raise cannot_write(self._path, error) from error


class StageLog:
    """Tells everybody about a stage's progress; used as a context, called with every ``Progress``.

    Args:
        stage: its name.
        folder: of the stage.
        events: folder for TensorBoard's events; they are left out where it is not installed.
        max_steps: of the stage.
        figures: names of a trial's figures, empty in rows of updates without one.
    """

    def __init__(
        self, stage: str, folder: Path, events: Path, max_steps: int, figures: Sequence[str]
    ) -> None:
        self._figures = tuple(figures)
        self._log, self._events, self._max_steps = Log(folder), events, max_steps
        self._written: Events | None = None
        self._view = _view(stage, max_steps)
        self._trial: dict[str, float] = {}
        self._began, self._before_s = time.perf_counter(), 0.0

    @property
    def wall_s(self) -> float:
        """Time that the stage has taken, pauses left out [s]."""
        return self._before_s + time.perf_counter() - self._began

    def begin(self, updates: int) -> None:
        """A stage goes on, or begins, behind so many updates."""
        self._log.cut(updates)
        self._before_s, self._began = self._log.wall_s, time.perf_counter()
        with suppress(ImportError):
            self._written = Events(self._events, self._log.steps)
        self._view.start()

    def __call__(self, progress: Progress) -> None:
        """Write a row, and show it."""
        trial = progress.trial.figures() if progress.trial else {}
        self._trial = trial or self._trial
        row = {
            "update": progress.update,
            "steps": progress.steps,
            "wall_s": round(self.wall_s, 1),
            "steps_per_s": round(progress.steps_per_s, 1),
            **progress.figures,
            **{name: trial.get(name, math.nan) for name in self._figures},
        }
        self._log.add(row)
        if self._written is not None:
            known = {name: value for name, value in row.items() if math.isfinite(value)}
            self._written.add(
                {k: v for k, v in known.items() if k not in ("update", "steps")}, progress.steps
            )
        self._view.show(progress, self._trial, self.wall_s)

    def __enter__(self) -> StageLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._view.stop()


def tell_end(stage: str, steps: int, figures: Mapping[str, float]) -> None:
    """A line for a stage that is done; in a short one's log it may be the only one."""
    told = (f"{name} {value:.3f}" for name, value in figures.items())
    console().print(f"{stage} is done: {', '.join((f'{steps / 1e6:.3f} M steps', *told))}", soft_wrap=True)


class _Lines:
    """A line a trial, for terminals that are none."""

    def __init__(self, stage: str, max_steps: int) -> None:
        self._console = console()

    def start(self) -> None:
        """Nothing to prepare."""

    def show(self, progress: Progress, trial: dict[str, float], wall_s: float) -> None:
        """Print a line if there was a trial."""
        if progress.trial is None:
            return
        told = [
            f"{progress.stage}: update {progress.update}",
            f"{progress.steps / 1e6:.3f} M steps",
            f"{wall_s:.0f} s",
            f"{progress.steps_per_s:.0f} steps/s",
            *(f"{name} {progress.figures[name]:.3f}" for name in LEARNING if name in progress.figures),
            *(f"{name} {value:.3f}" for name, value in trial.items()),
        ]
        self._console.print(", ".join(told), soft_wrap=True)

    def stop(self) -> None:
        """Nothing to put back."""


class _Live:
    """A table that stays in its place."""

    def __init__(self, stage: str, max_steps: int) -> None:
        from rich.live import Live

        self._stage, self._max_steps = stage, max_steps
        self._live = Live(console=console(), auto_refresh=False)
        self._first: tuple[int, float] | None = None

    def start(self) -> None:
        """Take the terminal."""
        self._live.start()

    def show(self, progress: Progress, trial: dict[str, float], wall_s: float) -> None:
        """Draw the table anew."""
        self._live.update(self._drawn(progress, trial, wall_s), refresh=True)

    def stop(self) -> None:
        """Give the terminal back; the last table stays."""
        self._live.stop()

    def _drawn(self, progress: Progress, trial: dict[str, float], wall_s: float) -> Table:
        of = progress.figures
        left_s = (self._max_steps - progress.steps) * wall_s / progress.steps
        drawn = table(f"{self._stage}, update {progress.update}", "", "")
        rows = {
            "steps": f"{progress.steps / 1e6:.2f} of at most {round(self._max_steps / 1e6, 2):g} M",
            "steps/s": f"{progress.steps_per_s:.0f}",
            "time": f"{_time(wall_s)}, at most {_time(left_s)} left",
            **{label: f"{of[name]:.3f}" for name, label in LEARNING.items() if name in of},
            **{label: f"{100 * trial[name]:.1f} %" for name, label in SHARES.items() if name in trial},
            **{label: f"{trial[name]:.3f}" for name, label in NUMBERS.items() if name in trial},
        }
        for name, value in rows.items():
            drawn.add_row(name, value)
        return drawn


def _view(stage: str, max_steps: int) -> _Lines | _Live:
    kind: Callable[[str, int], _Lines | _Live] = _Live if console().is_terminal else _Lines
    return kind(stage, max_steps)


def _lines(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _shown(value: float) -> str:
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else ""
    return str(value)


def _time(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"
