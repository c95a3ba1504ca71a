"""The text files of Wang et al. (2023): a person's mean over the gait cycles of one condition a file.

Known of the record are names such as ``Subj04_walk_09_ikAngAve_l.txt`` (joint angles, person 04, walking at
0.9 km/h, left leg), ``…_idTrqAve_…`` (torques), ``…_musForAve_…`` (muscle forces), and ``run_81`` for running
at 8.1 km/h. Not known, as no such file was at hand: the stem of the EMG files, the names of the columns, how
columns are separated, and whether there are 100 rows or 101. Names are therefore settings with guesses for
defaults, which a settings file changes, and an error shows what the files hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.human.conditions import require_activity
from kinesis_bench.human.electrodes import ELECTRODES, WANG_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS
from kinesis_bench.human.joint_curves import require_signs
from kinesis_bench.human.references import nearest_speed
from kinesis_bench.human.settings import in_settings, require_known, require_side
from kinesis_bench.human.text_tables import TextTable, read_text_table
from kinesis_bench.metrics.curves import CLOSED_PHASE, PHASE, SAMPLES

LAYOUT = "wang2023"

_FILE = re.compile(r"Subj(\d+)_(walk|run)_(\d+)_(.+)\.txt")


@dataclass(frozen=True)
class WangText:
    """How the text files are named and their columns called; every default but ``angle_stem`` is a guess.

    A column is found under its name whatever its case, blanks and marks, with or without ``_`` and the side
    behind it.

    Attributes:
        side: the leg, as in the files' names.
        emg_stem, angle_stem: kind of file: the name's part between the speed and the side.
        electrodes: electrode name to the column of the EMG files.
        joints: joint name without side to the column of the joint-angle files; one that is left out has the
            column of its own name.
        signs: joint to our sign over the files', 1 or -1; the knee's is told from its curve.
        columns: names of all columns in order, for files that do not name them; () otherwise.
    """

    side: str = "l"
    emg_stem: str = "emgAve"
    angle_stem: str = "ikAngAve"
    electrodes: Mapping[str, str] = field(default_factory=lambda: {name: name for name in WANG_ELECTRODES})
    joints: Mapping[str, str] = field(default_factory=lambda: {name: name for name in JOINTS})
    signs: Mapping[str, float] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_side(self.side)
        require_known("electrodes", self.electrodes, ELECTRODES)
        require_known("joints", self.joints, dict.fromkeys(JOINTS))
        require_signs(self.signs)


@dataclass(frozen=True)
class WangCurves:
    """Curves of all people in one condition.

    Attributes:
        names: of the N people, as in the files.
        speed_kmh: [km/h].
        phase: (100,) of the samples [cycles].
        curves: (N, columns, 100) in the files' units, NaN where a person's file lacks a column.
    """

    names: tuple[str, ...]
    speed_kmh: float
    phase: np.ndarray
    curves: np.ndarray


def text_files(folder: Path) -> list[tuple[Path, re.Match[str]]]:
    """The record's text files in a folder and below it, sorted, with the parts of their names."""
    return sorted((path, match) for path in folder.rglob("*.txt") if (match := _FILE.fullmatch(path.name)))


def of_kind(
    found: list[tuple[Path, re.Match[str]]], stem: str, side: str
) -> list[tuple[Path, re.Match[str]]]:
    """Those of the text files that are of a kind, with or without the leg behind it."""
    return [(path, match) for path, match in found if match[4] in (stem, f"{stem}_{side}")]


def no_such_kind(folder: Path, found: list[tuple[Path, re.Match[str]]], stem: str, side: str) -> InputError:
    """For a folder without files of a kind; names the kinds that were found."""
    kinds = ", ".join(sorted({match[4] for _, match in found})) or "none"
    return InputError(
        folder,
        f"no file named SubjNN_walk_SS_{stem}_{side}.txt; the kinds found are: {kinds}",
        f"name the kind of file {in_settings(LAYOUT, 'emg_stem, angle_stem or side')}",
    )


def read_text(
    folder: Path,
    stem: str,
    wanted: Mapping[str, str],
    activity: str,
    speed_kmh: float,
    settings: WangText,
    *,
    may_lack: bool = False,
) -> WangCurves:
    """Read one kind of file of every person who has it at the nearest speed.

    101 rows are the phases 0, 0.01 … 1, of which the last repeats the first and is left out. 100 rows are
    taken as closed, sample i at phase i/99, as KINESIS's repacking of the same record is.

    Args:
        folder: where the files are, directly or in folders below.
        stem: kind of file.
        wanted: what is read, to the name of its column.
        activity: ``walk`` or ``run``.
        speed_kmh: the nearest speed that any person has is taken [km/h].
        settings: names of files and columns.
        may_lack: whether a person's file may lack a column that another person's has.

    Raises:
        InputError: no such files, activity or columns, fewer than two people, people with different numbers
            of rows, or a file that is damaged or holds unusable values.
    """
    found = text_files(folder)
    files = of_kind(found, stem, settings.side)
    if not files:
        raise no_such_kind(folder, found, stem, settings.side)
    require_activity(folder, activity, {match[2] for _, match in files})
    files = [(path, match) for path, match in files if match[2] == activity]
    speed = nearest_speed(speed_kmh, [int(match[3]) / 10.0 for _, match in files])
    chosen: dict[str, Path] = {}
    for path, match in files:
        if int(match[3]) / 10.0 != speed:
            continue
        if match[1] in chosen:
            raise InputError(
                path, f"is person {match[1]} at {speed:g} km/h again, after {chosen[match[1]]}", "keep one"
            )
        chosen[match[1]] = path
    if len(chosen) < 2:
        raise InputError(folder, f"only one person at {speed:g} km/h", "references need at least two people")
    people = {name: _person(path, wanted, settings) for name, path in chosen.items()}
    for what in wanted:
        lacking = [name for name, (_, curves) in people.items() if what not in curves]
        if len(lacking) == len(people) or (lacking and not may_lack):
            raise InputError(
                f"{chosen[lacking[0]]}: {what}",
                f"no column {wanted[what]!r}; the columns found are: {', '.join(people[lacking[0]][0])}",
                f"name it {in_settings(LAYOUT, '[electrodes] or [joints]')}, or take this person away",
            )
    rows = {name: len(next(iter(curves.values()))) for name, (_, curves) in people.items() if curves}
    if len(set(rows.values())) > 1:
        raise InputError(
            folder,
            "people differ in length: "
            + ", ".join(f"{name} has {count} rows" for name, count in rows.items()),
            "export them with the same number of rows",
        )
    whole = next(iter(rows.values())) > SAMPLES
    absent = np.full(SAMPLES, np.nan)
    curves = np.array(
        [[curves.get(what, absent)[:SAMPLES] for what in wanted] for _, curves in people.values()]
    )
    return WangCurves(tuple(people), speed, PHASE if whole else CLOSED_PHASE, curves)


def _person(
    path: Path, wanted: Mapping[str, str], settings: WangText
) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """The columns of one file, and (rows,) of each that is wanted and there."""
    table = read_text_table(path)
    if len(table.data) not in (SAMPLES, SAMPLES + 1):
        raise InputError(
            path,
            f"holds {len(table.data)} rows",
            f"a cycle has {SAMPLES} or {SAMPLES + 1}: download it again",
        )
    names = table.names or _given_names(path, table, settings)
    places = {_plain(name): place for place, name in enumerate(names)}
    curves: dict[str, np.ndarray] = {}
    for what, column in wanted.items():
        place = places.get(_plain(column), places.get(_plain(column + settings.side)))
        if place is None:
            continue
        curve = table.data[:, place]
        if not np.isfinite(curve).all():
            raise InputError(f"{path}: {what}", "not a number", "mend the file or remove this person")
        curves[what] = curve
    return names, curves


def _given_names(path: Path, table: TextTable, settings: WangText) -> tuple[str, ...]:
    if len(settings.columns) != table.data.shape[1]:
        raise InputError(
            path,
            f"does not name its {table.data.shape[1]} columns, and the settings name {len(settings.columns)}",
            f"give the names of all columns in order {in_settings(LAYOUT, 'columns')}",
        )
    return settings.columns


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
