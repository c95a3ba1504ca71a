"""Files of motion laboratories as tables: time and named columns, nothing interpreted yet.

Three kinds of file:

- OpenSim's text tables ``.mot`` and ``.sto``: header lines of ``name=value`` (or ``name value`` in SIMM's
  older form) up to ``endheader``, a line of column names, rows of numbers.
- The same tables in MATLAB files, as MATLAB's ``importdata`` leaves them: a struct with ``data``,
  ``colheaders`` and ``textdata`` (the header lines). Falisse et al. (2019) publish theirs so.
- loco-mujoco's ``.npz``: one array ``q_<coordinate>`` a coordinate [rad, m] and its velocity
  ``dq_<coordinate>``, no time; pelvis_ty counts from the model's standing height.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.archives import numbers, read_npz
from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file

SUFFIXES = (".mot", ".sto", ".mat", ".npz")
"""File name endings that are read."""

COMMON_RATES_HZ = (50.0, 60.0, 100.0, 120.0, 150.0, 200.0, 240.0, 250.0, 300.0, 500.0, 1000.0)
"""Sampling rates of motion laboratories; a rate worked out from velocities is set to one within 3 % of it."""

LOCO_MUJOCO_PELVIS_HEIGHT_M = 0.975
"""Height of the pelvis at pelvis_ty = 0 in loco-mujoco's humanoid (its model's body ``pelvis``) [m]."""


@dataclass(frozen=True)
class TimeTable:
    """A table as the file holds it: joint angles, or any other signals over time.

    Attributes:
        time_s: (N,) strictly increasing [s].
        columns: name in the file -> (N,) values, in the file's own units.
        degrees: what the file says of its angles: degrees, radians, or None where it says nothing.
        source: the file.
    """

    time_s: np.ndarray
    columns: dict[str, np.ndarray]
    degrees: bool | None
    source: Path


def read_table(path: str | Path) -> TimeTable:
    """Read a ``.mot``, ``.sto``, ``.mat`` or ``.npz`` file.

    Raises:
        InputError: the file is missing, broken, of another kind, or its time does not increase.
    """
    source = Path(path)
    readers = {".mot": _read_opensim, ".sto": _read_opensim, ".mat": _read_mat, ".npz": _read_npz}
    reader = readers.get(source.suffix.lower())
    if reader is None:
        raise InputError(
            source, f"unknown kind of file {source.suffix!r}", f"give one of {', '.join(SUFFIXES)}"
        )
    require_file(source)
    table = reader(source)
    if len(table.time_s) < 2:
        raise InputError(
            source, f"holds {len(table.time_s)} frames", "give a recording of at least one second"
        )
    if not np.isfinite(table.time_s).all():
        raise InputError(f"{source}: time", "holds NaN", "remove the rows without a time")
    steps = np.diff(table.time_s)
    if steps.min() <= 0:
        row = int(np.argmax(steps <= 0)) + 2
        raise InputError(
            f"{source}: time", f"does not increase at row {row}", "sort the rows, drop repeated times"
        )
    return table


def _read_opensim(source: Path) -> TimeTable:
    try:
        lines = source.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(source, f"cannot be read ({error.strerror})", "check the file") from error
    end = next((i for i, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None:
        raise InputError(
            source, "has no line 'endheader'", "give an OpenSim motion (.mot) or storage (.sto) file"
        )
    body = [line for line in lines[end + 1 :] if line.strip()]
    if len(body) < 2:
        raise InputError(source, "holds zero frames", "export it from OpenSim again")
    header = _header(lines[:end])
    names = _names(body[0])
    data = _numbers(source, body[1:], len(names))
    # nColumns is not compared: OpenSim's own example states 40 and holds 32.
    stated = header.get("nrows", "")
    if stated.isdecimal() and stated.lstrip("0") != str(len(data)):
        raise InputError(
            f"{source}: nRows",
            f"states {stated} rows but it holds {len(data)}",
            "copy or export the file again",
        )
    if "time" in names and len(data) > 2 and data[-1, names.index("time")] == data[-2, names.index("time")]:
        data = data[:-1]  # OpenSim's analyses write their last frame twice
    return _table(source, names, data, _degrees(source, header))


def text_columns(path: Path) -> tuple[str, ...]:
    """Names of the columns of a ``.mot`` or ``.sto``, time among them, without its rows; () where unclear."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            if not any(line.strip().lower() == "endheader" for line in file):
                return ()
            return tuple(_names(next((line for line in file if line.strip()), "")))
    except OSError:
        return ()


def _names(line: str) -> list[str]:
    """Names have no blanks in OpenSim, but some programs separate them by tabs and numbers by blanks."""
    return [name for part in (line.split("\t") if "\t" in line else line.split()) if (name := part.strip())]


def _header(lines: list[str]) -> dict[str, str]:
    """Header entries by lower-case name; SIMM's ``datarows`` under OpenSim's name."""
    entries: dict[str, str] = {}
    for line in lines:
        name, sign, value = line.partition("=") if "=" in line else line.strip().partition(" ")
        if sign:
            key = name.strip().lower()
            entries["nrows" if key == "datarows" else key] = value.strip()
    return entries


def _degrees(source: Path, header: dict[str, str]) -> bool | None:
    stated = header.get("indegrees")
    if stated is None:
        return None
    if stated.lower() not in ("yes", "no"):
        raise InputError(f"{source}: inDegrees", f"is {stated!r}", "write inDegrees=yes or inDegrees=no")
    return stated.lower() == "yes"


def _numbers(source: Path, lines: list[str], count: int) -> np.ndarray:
    rows: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if len(fields) != count:
            raise InputError(
                f"{source}: row {number}",
                f"holds {len(fields)} values for {count} columns",
                "the file is cut off or damaged: copy or export it again",
            )
        try:
            rows.append([float(field) for field in fields])
        except ValueError as error:
            raise InputError(
                f"{source}: row {number}",
                f"holds something that is no number ({error})",
                "export the file again",
            ) from error
    return np.array(rows).reshape(-1, count)


def _table(source: Path, names: list[str], data: np.ndarray, degrees: bool | None) -> TimeTable:
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{source}: {twice}", "is the name of two columns", "remove one of them")
    columns = dict(zip(names, data.T, strict=True))
    time = columns.pop("time", None)
    if time is None:
        raise InputError(source, "has no column 'time'", "add the time of each row [s]")
    return TimeTable(time, columns, degrees, source)


def _read_mat(source: Path) -> TimeTable:
    from scipy.io import loadmat

    try:
        content = loadmat(source, squeeze_me=True, struct_as_record=False)
    except NotImplementedError as error:
        raise InputError(source, "is a MATLAB 7.3 file", "save it with -v7 in MATLAB") from error
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise InputError(
            source, f"is not a readable MATLAB file ({error})", "copy or export it again"
        ) from error
    tables = {
        name: value
        for name, value in content.items()
        if hasattr(value, "colheaders") and isinstance(getattr(value, "data", None), np.ndarray)
    }
    if len(tables) != 1:
        raise InputError(
            source,
            f"holds {len(tables)} OpenSim tables (structs with 'data' and 'colheaders')",
            "give a file with exactly one",
        )
    table: Any = next(iter(tables.values()))
    names = [str(name).strip() for name in np.atleast_1d(table.colheaders)]
    if table.data.ndim != 2 or table.data.shape[1] != len(names) or table.data.dtype.kind != "f":
        raise InputError(
            f"{source}: data",
            f"has shape {table.data.shape} for {len(names)} columns",
            "export the table again",
        )
    text = np.atleast_1d(getattr(table, "textdata", np.array([], dtype=object))).ravel()
    header = _header([cell for cell in text if isinstance(cell, str)])
    return _table(source, names, table.data, _degrees(source, header))


def _read_npz(source: Path) -> TimeTable:
    remedy = "copy or download it again"
    arrays = {
        name: numbers(f"{source}: {name}", values, remedy).astype(float)
        for name, values in read_npz(source, lambda name: name.startswith(("q_", "dq_")), remedy).items()
    }
    columns = {name[2:]: array for name, array in arrays.items() if name.startswith("q_")}
    if not columns:
        raise InputError(source, "holds no array 'q_<coordinate>'", "give a loco-mujoco trajectory")
    frames = {array.shape for array in columns.values()}
    if len(frames) != 1 or len(next(iter(frames))) != 1:
        raise InputError(
            source, "its coordinates differ in length", "give one array of N frames a coordinate"
        )
    velocities = {name[3:]: array for name, array in arrays.items() if name.startswith("dq_")}
    step = _step_from_velocities(source, columns, velocities)
    count = len(next(iter(columns.values())))
    if "pelvis_ty" in columns:
        columns["pelvis_ty"] = columns["pelvis_ty"] + LOCO_MUJOCO_PELVIS_HEIGHT_M
    # MuJoCo's coordinates are radians and metres, always.
    return TimeTable(step * np.arange(count), columns, False, source)


def _step_from_velocities(
    source: Path, columns: dict[str, np.ndarray], velocities: dict[str, np.ndarray]
) -> float:
    """Time between frames [s]: change of a coordinate over its velocity, the median over coordinates.

    Per coordinate (q(t+1) - q(t-1)) / (2 dq(t)), the median over the frames in which it moves fast.
    """
    steps = []
    for name, position in columns.items():
        velocity = velocities.get(name)
        if velocity is None or velocity.shape != position.shape or len(position) < 3:
            continue
        change, speed = (position[2:] - position[:-2]) / 2.0, velocity[1:-1]
        fast = np.abs(speed) > 0.5 * np.abs(speed).max()
        if fast.any() and np.abs(change[fast]).max() > 1e-6:
            steps.append(float(np.median(change[fast] / speed[fast])))
    if not steps or not np.median(steps) > 0:
        raise InputError(source, "has an unknown frame rate", "add the velocities 'dq_<coordinate>'")
    rate = 1.0 / float(np.median(steps))
    near = min(COMMON_RATES_HZ, key=lambda common: abs(common - rate))
    return 1.0 / (near if abs(near - rate) < 0.03 * near else rate)
