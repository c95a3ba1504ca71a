"""Recordings in comma-separated files: a header row, then numbers.

The sampling rate is told from the column ``time``, never assumed.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file

TIME = "time"
"""Header of the column of times [s]."""

UNEVEN = 0.25
"""A time step that differs from the usual one by more than this part of it is a gap; less is rounding."""


@dataclass(frozen=True)
class Recording:
    """Evenly sampled signals.

    Attributes:
        source: the file.
        first_s: time of row 0 [s].
        rate_hz: sampling rate [Hz].
        columns: header -> (T,) values, in the file's own units.
    """

    source: Path
    first_s: float
    rate_hz: float
    columns: dict[str, np.ndarray]

    @property
    def rows(self) -> int:
        """T."""
        return len(next(iter(self.columns.values())))

    @property
    def last_s(self) -> float:
        """Time of the last row [s]."""
        return self.first_s + (self.rows - 1) / self.rate_hz

    def between(self, start_s: float, end_s: float) -> Recording:
        """The rows from one time to another, both included.

        Raises:
            InputError: fewer than two rows lie there.
        """
        first = max(0, int(np.ceil((start_s - self.first_s) * self.rate_hz - 1e-6)))
        last = min(self.rows, int(np.floor((end_s - self.first_s) * self.rate_hz + 1e-6)) + 1)
        if last - first < 2:
            raise InputError(
                self.source,
                f"has no rows from {start_s:g} to {end_s:g} s (it lasts from {self.first_s:g} to "
                f"{self.last_s:g} s)",
                "check that the files belong to the same recording",
            )
        return Recording(
            self.source,
            self.first_s + first / self.rate_hz,
            self.rate_hz,
            {name: column[first:last] for name, column in self.columns.items()},
        )

    def table(self, names: Sequence[str]) -> np.ndarray:
        """(T, names) values, all of them finite.

        Raises:
            InputError: a value is NaN or infinite.
        """
        for name in names:
            bad = ~np.isfinite(self.columns[name])
            if bad.any():
                when = self.first_s + int(np.argmax(bad)) / self.rate_hz
                raise InputError(
                    f"{self.source}: {name}",
                    f"{int(bad.sum())} of {bad.size} values are NaN or infinite, the first at {when:.3f} s",
                    "mend the file or take it away",
                )
        return np.column_stack([self.columns[name] for name in names])


def read_header(path: Path) -> tuple[str, ...]:
    """The column names of a file.

    Raises:
        InputError: the file is missing, empty or no text, or a name occurs twice.
    """
    require_file(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = tuple(name.strip() for name in next(csv.reader(file), []))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, f"cannot be read as text ({error})", "download or export it again") from error
    if not any(header):
        raise InputError(path, "has no header row", "download or export it again")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InputError(f"{path}: {twice}", "is the name of two columns", "remove one of them")
    return header


def read_columns(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Some columns of a file as numbers; the others are not looked at.

    Raises:
        InputError: a column is missing, a value is no number, or there are no rows.
    """
    header = read_header(path)
    for name in names:
        if name not in header:
            raise InputError(
                f"{path}: {name}", "no such column", f"the file must have it; it has {', '.join(header)}"
            )
    places = [header.index(name) for name in names]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # numpy's, about files without rows
            data = np.loadtxt(
                path,
                delimiter=",",
                skiprows=1,
                usecols=places,
                ndmin=2,
                comments=None,
                encoding="utf-8-sig",
            )
    except (OSError, ValueError) as error:
        raise InputError(
            path, f"holds something that is no number ({error})", "download or export it again"
        ) from error
    if not len(data):
        raise InputError(path, "holds no rows", "download or export it again")
    return dict(zip(names, data.T.copy(), strict=True))


def read_recording(path: Path, names: Sequence[str]) -> Recording:
    """Some columns of a file that has a column ``time``.

    Raises:
        InputError: as ``read_columns`` and ``sampling_rate_hz``.
    """
    columns = read_columns(path, [TIME, *names])
    time_s = columns.pop(TIME)
    return Recording(path, float(time_s[0]), sampling_rate_hz(time_s, f"{path}: {TIME}"), columns)


def sampling_rate_hz(time_s: np.ndarray, where: str) -> float:
    """The rate of evenly spaced times [Hz].

    Raises:
        InputError: fewer than two times, or they hold NaN, do not increase, or have a gap.
    """
    if len(time_s) < 2:
        raise InputError(where, f"{len(time_s)} rows", "a recording of at least one cycle is needed")
    if not np.isfinite(time_s).all():
        raise InputError(where, "holds NaN", "remove the rows without a time")
    steps = np.diff(time_s)
    if steps.min() <= 0.0:
        raise InputError(
            where,
            f"does not increase at line {int(np.argmax(steps <= 0.0)) + 3}",
            "sort the rows, drop repeated times",
        )
    usual = float(np.median(steps))
    odd = np.abs(steps / usual - 1.0) > UNEVEN
    if odd.any():
        place = int(np.argmax(odd))
        raise InputError(
            where,
            f"is uneven: a step of {steps[place]:.6g} s at line {place + 3}, usually {usual:.6g} s",
            "resample the recording to an even rate, or cut it at the gap",
        )
    return float((len(time_s) - 1) / (time_s[-1] - time_s[0]))
