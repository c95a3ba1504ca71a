"""EMG and joint angles of Scherpereel et al. (Scientific Data 10:924, 2023): walking, running, backwards.

Read from the raw data set, ``RawData/ABxx/CSV_Data/<recording>/``: ``Raw_EMGs.csv``,
``GroundFrame_GRFs.csv``, ``Joint_Angle.csv`` and, where there is one, ``Activity_Flag.csv``; each has a
header row with ``time`` [s]. The recordings are ``normal_walk_N`` (walking, and running from 2 m/s on) and
``walk_backward_N``. Either the name of a recording ends in its speed in m/s (``normal_walk_1_1-2`` is
1.2 m/s), or it holds several speeds one after the other, and then the files of the processed data set,
``ProcessedData/ABxx/<recording>_<speed>/``, say by their times which part of it is which speed. For joint
angles the processed data set alone is enough (``…_angle.csv``, ``…_grf.csv``, ``…_activity_flag.csv``).

What of this was verified, and how, stands on the data card, ``datasets/emg_scherpereel2023``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.human.conditions import condition_name, require_activity, require_folder
from kinesis_bench.human.csv_tables import TIME, Recording, read_columns, read_header, read_recording
from kinesis_bench.human.electrodes import ELECTRODES, SCHERPEREEL_CODES, SCHERPEREEL_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS
from kinesis_bench.human.joint_curves import angles_of_people, check_signs, in_project_signs, require_signs
from kinesis_bench.human.raw_emg import EmgFilter, cycles_between, envelope, on_cycles, usual_cycles
from kinesis_bench.human.references import LEGS, HumanEmg, HumanJointAngles, from_people, nearest_speed
from kinesis_bench.human.settings import in_settings, require_known, require_side
from kinesis_bench.metrics.curves import SAMPLES, is_flat
from kinesis_bench.metrics.emg_references import mean_of_known, measured
from kinesis_bench.metrics.gait_events import GRAVITY_M_S2, heel_strikes_from_force

LAYOUT = "scherpereel2023"

RAW, PROCESSED, CSV = "RawData", "ProcessedData", "CSV_Data"
"""Folders of the two downloads, and of the tables of one person in the first."""

EMG_FILE = ("Raw_EMGs",)
FORCE_FILE = ("GroundFrame_GRFs", "grf")
ANGLE_FILE = ("Joint_Angle", "angle")
FLAG_FILE = ("Activity_Flag", "activity_flag")
"""File names without ``.csv``, in the raw and in the processed data set; a prefix ending in ``_`` is fine."""

RUN_FROM_M_S = 2.0
"""``normal_walk`` at this speed and above is running: the authors' figures of 2.0 and 2.5 m/s say so."""

SHOWN = 12
"""At most so many names of what was found stand in an error."""

SIDE_LETTER = {"l": "L", "r": "R"}

ELECTRODE_HEADERS = {
    "{side}" + code: name for code, name in zip(SCHERPEREEL_CODES, SCHERPEREEL_ELECTRODES, strict=True)
}
"""Regular expression of a column's whole header, with the leg's letter for ``{side}``, to electrode."""

CYCLE_ZERO = (
    "ground contact of the same foot (backwards: of its toes): vertical force above 5 % of body weight after "
    "100 ms below"
)

_RECORDING = re.compile(r"(normal_walk|walk_backward)_(\d+)(?:_(\d+)-(\d+))?")
_SUBJECT = re.compile(r"AB\d+")


@dataclass(frozen=True)
class ScherpereelSettings:
    """How the data set is read.

    Attributes:
        side: the leg, ``l`` or ``r``. EMG was measured on both, but the force under the right foot is missing
            from most recordings (a fault of the hardware), so only the left one has its cycles.
        electrodes: regular expression of a column's header, ``{side}`` for L or R, to electrode name.
        force: header of the vertical force [N], ``{side}`` for L or R.
        signs: joint to ours over the source's sign, 1 or -1. A hip or ankle that is left out has the source's
            sign: its coordinates are named as OpenSim's and taken to have its signs. A knee that is left out
            has the sign that its swing peak tells: users of the data set contradict each other about it.
        filter: from raw EMG to envelopes.
    """

    side: str = "l"
    electrodes: Mapping[str, str] = field(default_factory=lambda: dict(ELECTRODE_HEADERS))
    force: str = "{side}ForceY_Vertical"
    signs: Mapping[str, float] = field(default_factory=dict)
    filter: EmgFilter = field(default_factory=EmgFilter)

    def __post_init__(self) -> None:
        require_side(self.side)
        require_known("electrodes", tuple(self.electrodes.values()), ELECTRODES)
        for pattern in self.electrodes:
            try:
                re.compile(self.of_leg(pattern))
            except re.error as error:
                raise InputError(
                    f"electrodes: {pattern}", f"is no regular expression ({error})", "escape its marks by \\"
                ) from error
        require_signs(self.signs)

    @property
    def muscles(self) -> list[str]:
        """Electrode names, each once."""
        return list(dict.fromkeys(self.electrodes.values()))

    def of_leg(self, header: str) -> str:
        """A header with the leg's letter for ``{side}``."""
        return header.replace("{side}", SIDE_LETTER[self.side])


SETTINGS = ScherpereelSettings
"""The class of this layout's settings."""

DEFAULT_SETTINGS = ScherpereelSettings()
"""The settings that are used unless others are given."""


@dataclass(frozen=True)
class Trial:
    """A part of a recording at one speed.

    Attributes:
        folder: of the recording.
        activity: ``walk``, ``run`` or ``backward``.
        speed_m_s: of the treadmill [m/s].
        window: folder of the processed data whose times tell the part; None where it is the whole recording.
    """

    folder: Path
    activity: str
    speed_m_s: float
    window: Path | None

    def read(self, kind: tuple[str, ...], names: Sequence[str]) -> Recording:
        """Columns of one of the recording's files, over the trial's part of it."""
        recording = read_recording(_file(self.folder, kind), names)
        if self.window is None:
            return recording
        time_s = read_columns(_file(self.window, ANGLE_FILE), [TIME])[TIME]
        return recording.between(float(time_s[0]), float(time_s[-1]))


def read_emg(
    path: Path, activity: str, speed_kmh: float, *, settings: ScherpereelSettings = DEFAULT_SETTINGS
) -> HumanEmg:
    """EMG of all people who did an activity, at the nearest speed; each cycle is a trial.

    A person's recordings at that speed are pooled. A muscle that was not measured on a person (no column, or
    nothing but NaN) is NaN for this person and named in ``source``; one that nobody has is left out. A
    constant signal makes a constant curve: ``from_people`` finds and lists channels without variance. A
    person whose recordings at that speed have no raw EMG, or name no speed and are not in the processed data,
    is not among ``names``.

    Args:
        path: the folder that holds ``RawData``, or ``RawData`` itself.
        activity: ``walk``, ``run`` or ``backward``.
        speed_kmh: the nearest speed that anyone has is taken [km/h].
        settings: leg, columns, filters.

    Raises:
        InputError: nothing of the activity (what there is is listed), a file is missing or broken, unknown
            headers, uneven times, values that are not finite, or fewer than three cycles of a person.
    """
    path = Path(path)
    found = _with_emg(_all_trials(path))
    if not any(found.values()):
        raise InputError(
            path, f"no recording has a file {EMG_FILE[0]}.csv", f"raw EMG is in the raw data set only, {RAW}"
        )
    trials = _at_speed(path, found, activity, speed_kmh)
    singles = [_emg_of(subject, those, settings) for subject, those in trials.items()]
    curves = np.stack([mean_of_known(own, axis=0) for own in singles])
    there = measured(curves)
    known = np.flatnonzero(there.any(axis=0))
    lacking = [
        f"{name} ({', '.join(subject for subject, has in zip(trials, those, strict=True) if not has)})"
        for name, those in zip(settings.muscles, there.T, strict=True)
        if not those.all()
    ]
    speed_m_s = next(iter(trials.values()))[0].speed_m_s
    return from_people(
        curves[:, known],
        [settings.muscles[place] for place in known],
        condition=condition_name(activity, round(speed_m_s * 3.6, 1)),
        speed_m_s=speed_m_s,
        names=list(trials),
        cycle_zero=CYCLE_ZERO,
        source=f"{len(singles)} people, Scherpereel et al. 2023 (CC BY 4.0)"
        + (f"; not measured: {', '.join(lacking)}" if lacking else ""),
        side=settings.side,
        trials=[own[:, known] for own in singles],
    )


def read_joint_angles(
    path: Path, activity: str, speed_kmh: float, *, settings: ScherpereelSettings = DEFAULT_SETTINGS
) -> HumanJointAngles:
    """Joint angles of all people who did an activity, at the nearest speed, in our signs [deg].

    Args:
        path, activity, speed_kmh, settings: as for ``read_emg``.

    Raises:
        InputError: as for ``read_emg``, or a joint turns the wrong way for its sign.
    """
    path = Path(path)
    trials = _at_speed(path, _all_trials(path), activity, speed_kmh)
    names = tuple(trials)
    signs = np.array([settings.signs.get(joint, 1.0) for joint in JOINTS])
    people = signs[:, None] * np.stack(
        [_angles_of(subject, those, settings) for subject, those in trials.items()]
    )  # (N, J, 100)
    decided = "the knee's sign is that of the settings"
    if "knee_angle" not in settings.signs:
        people, decided = in_project_signs(path, people, names, degrees=True)
    check_signs(people.mean(axis=0), activity, path, LAYOUT)
    speed_m_s = next(iter(trials.values()))[0].speed_m_s
    return angles_of_people(
        people,
        names,
        condition=f"{activity}, {speed_m_s * 3.6:.1f} km/h",
        speed_m_s=speed_m_s,
        cycle_zero=CYCLE_ZERO,
        source=f"{len(people)} people, Scherpereel et al. 2023 (CC BY 4.0)",
        frame=f"OpenSim's inverse kinematics; hip flexion contains the pelvis's tilt; {decided}",
        side=settings.side,
    )


def conditions(
    path: Path, *, settings: ScherpereelSettings = DEFAULT_SETTINGS
) -> tuple[tuple[str, float], ...]:
    """Activities and speeds [km/h] of all recordings that have raw EMG; none in the processed data set.

    Raises:
        InputError: there is no such folder, nobody's recordings in it, or none whose speed is known.
    """
    return _held(_with_emg(_all_trials(path)))


def angle_conditions(
    path: Path, *, settings: ScherpereelSettings = DEFAULT_SETTINGS
) -> tuple[tuple[str, float], ...]:
    """Activities and speeds [km/h] of all recordings: joint angles are there wherever EMG is.

    Raises:
        InputError: as for ``conditions``.
    """
    return _held(_all_trials(path))


def _held(found: Mapping[str, list[Trial]]) -> tuple[tuple[str, float], ...]:
    every = [trial for trials in found.values() for trial in trials]
    return tuple(sorted({(trial.activity, trial.speed_m_s * 3.6) for trial in every}))


def _with_emg(found: Mapping[str, list[Trial]]) -> dict[str, list[Trial]]:
    """Those of the trials whose raw EMG is there."""
    return {
        subject: [trial for trial in trials if _find(trial.folder, EMG_FILE) is not None]
        for subject, trials in found.items()
    }


def _at_speed(
    path: Path, found: Mapping[str, list[Trial]], activity: str, speed_kmh: float
) -> dict[str, list[Trial]]:
    """By person, the trials of an activity at the nearest speed."""
    every = [trial for trials in found.values() for trial in trials]
    require_activity(path, activity, {trial.activity for trial in every})
    speeds = {trial.speed_m_s * 3.6 for trial in every if trial.activity == activity}
    chosen = nearest_speed(speed_kmh, list(speeds))
    return {
        subject: those
        for subject, trials in found.items()
        if (those := [t for t in trials if t.activity == activity and t.speed_m_s * 3.6 == chosen])
    }


def _all_trials(path: Path) -> dict[str, list[Trial]]:
    """By person, all trials whose speed is known."""
    path = require_folder(path)
    raw = next((at for at in (path / RAW, path / PROCESSED) if at.is_dir()), path)
    processed = raw.parent / PROCESSED
    subjects = [folder for folder in _folders(raw) if _SUBJECT.fullmatch(folder.name)]
    if not subjects:
        raise InputError(
            raw, "holds no folder of a person (AB01 to AB13)", f"give the folder that holds {RAW}"
        )
    found: dict[str, list[Trial]] = {}
    others: list[str] = []
    no_speed = None
    for subject in subjects:
        for folder in _folders(subject / CSV if (subject / CSV).is_dir() else subject):
            match = _RECORDING.fullmatch(folder.name)
            if match is None:
                others.append(folder.name)
                continue
            made = _trials_of(folder, match, processed / subject.name)
            if not made:
                no_speed = folder
            found.setdefault(subject.name, []).extend(made)
    if no_speed is not None and not any(found.values()):
        raise InputError(
            no_speed,
            "its name gives no speed",
            f"unpack the processed data set into {processed}, whose times tell the speeds",
        )
    if not any(found.values()):
        raise InputError(
            raw,
            "holds no recording named normal_walk_N or walk_backward_N of "
            f"{', '.join(subject.name for subject in subjects)}, but: "
            + (", ".join(list(dict.fromkeys(others))[:SHOWN]) or "nothing"),
            f"give the folder that holds {RAW} with the recordings unpacked in it",
        )
    return found


def _trials_of(folder: Path, match: re.Match[str], processed: Path) -> list[Trial]:
    if match[3] is not None:
        return [Trial(folder, *_speed(match), None)]
    if not processed.is_dir():
        return []
    parts = [(at, _RECORDING.fullmatch(at.name)) for at in _folders(processed)]
    return [
        Trial(folder, *_speed(part), at)
        for at, part in parts
        if part is not None and part[3] is not None and part[1] == match[1] and part[2] == match[2]
    ]


def _speed(match: re.Match[str]) -> tuple[str, float]:
    """Activity and speed [m/s] of a recording's name."""
    speed_m_s = float(f"{match[3]}.{match[4]}")
    if match[1] == "walk_backward":
        return "backward", speed_m_s
    return ("run" if speed_m_s >= RUN_FROM_M_S else "walk"), speed_m_s


def _folders(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if one.is_dir())


def _find(folder: Path, kind: tuple[str, ...]) -> Path | None:
    name = re.compile(rf"(.*_)?({'|'.join(kind)})\.csv")
    found = [at for at in sorted(folder.glob("*.csv")) if name.fullmatch(at.name)]
    if len(found) > 1:
        raise InputError(
            folder, f"holds {len(found)} files {kind[0]}", f"keep one of {', '.join(at.name for at in found)}"
        )
    return found[0] if found else None


def _file(folder: Path, kind: tuple[str, ...]) -> Path:
    path = _find(folder, kind)
    if path is None:
        raise InputError(
            folder,
            f"has no file {' or '.join(f'{name}.csv' for name in kind)}",
            "download the recording again (raw EMG is in the raw data set only) or take it away",
        )
    return path


def _cycles(trial: Trial, settings: ScherpereelSettings) -> np.ndarray:
    """(n, 2) start and end [s] of the cycles of the trial, from the force under the foot."""
    name = settings.of_leg(settings.force)
    force = trial.read(FORCE_FILE, [name])
    if np.isnan(force.columns[name]).all():
        raise InputError(
            f"{force.source}: {name}",
            "holds no force, so that heel strikes cannot be told (angles alone do not say where a foot is)",
            f"take the recording away, or name the other leg {in_settings(LAYOUT, 'side')}",
        )
    newton = force.table([name])[:, 0]
    # In steady gait each foot carries half of the body's weight, averaged over time.
    mass_kg = 2.0 * float(newton.mean()) / GRAVITY_M_S2
    strikes = heel_strikes_from_force(newton, 1.0 / force.rate_hz, mass_kg) if mass_kg > 0.0 else np.zeros(0)
    # The events' clock gives row 0 the time of one sample.
    strikes = strikes + force.first_s - 1.0 / force.rate_hz
    cycles = cycles_between(strikes, force.first_s, force.last_s)
    if _find(trial.folder, FLAG_FILE) is None:
        return cycles
    column = LEGS[settings.side]
    flag = trial.read(FLAG_FILE, [column])
    on = np.nan_to_num(flag.columns[column]) > 0.0
    time_s = flag.first_s + np.arange(flag.rows) / flag.rate_hz
    inside = [bool(on[(time_s >= start) & (time_s <= end)].all()) for start, end in cycles]
    return cycles[np.array(inside, dtype=bool)]


def _emg_of(subject: str, trials: list[Trial], settings: ScherpereelSettings) -> np.ndarray:
    """(n, electrodes, 100) of a person's usual cycles, NaN where a recording lacks an electrode."""
    curves, durations = [], []
    for trial in trials:
        columns = _electrode_columns(_file(trial.folder, EMG_FILE), settings)
        emg = trial.read(EMG_FILE, list(columns.values()))
        there = {name: column for name, column in columns.items() if not np.isnan(emg.columns[column]).all()}
        if not there:
            raise InputError(emg.source, "every channel is NaN", "take the recording away")
        cycles = _cycles(trial, settings)
        cycles = cycles[(cycles[:, 0] >= emg.first_s) & (cycles[:, 1] <= emg.last_s)]
        table = emg.table(list(there.values()))
        smooth = envelope(table, emg.rate_hz, settings.filter, where=str(emg.source))
        smooth[:, is_flat(table.T)] = 0.0  # not the filters' rounding, which varies
        own = np.full((len(cycles), len(settings.muscles), SAMPLES), np.nan)
        places = [settings.muscles.index(name) for name in there]
        own[:, places] = on_cycles(smooth, emg.rate_hz, emg.first_s, cycles)
        curves.append(own)
        durations.append(np.diff(cycles)[:, 0])
    where = f"{subject}, {trials[0].folder.parent}"
    return usual_cycles(np.concatenate(curves), np.concatenate(durations), where)


def _electrode_columns(path: Path, settings: ScherpereelSettings) -> dict[str, str]:
    """Electrode to its column in a file."""
    header = [name for name in read_header(path) if name != TIME]
    columns: dict[str, str] = {}
    for pattern, electrode in settings.electrodes.items():
        matching = [name for name in header if re.fullmatch(settings.of_leg(pattern), name, re.IGNORECASE)]
        if len(matching) > 1 or (matching and electrode in columns):
            raise InputError(
                path,
                f"several columns for {electrode}: "
                + ", ".join([*([columns[electrode]] if electrode in columns else []), *matching]),
                f"name one column {in_settings(LAYOUT, '[electrodes]')}",
            )
        if matching:
            columns[electrode] = matching[0]
    if not columns:
        raise InputError(
            path,
            f"no known muscle among the headers {', '.join(header) or '(none)'}",
            f"name the columns {in_settings(LAYOUT, '[electrodes]')}",
        )
    return columns


def _angles_of(subject: str, trials: list[Trial], settings: ScherpereelSettings) -> np.ndarray:
    """(J, 100) mean over a person's usual cycles [deg], in the source's signs."""
    names = [f"{joint}_{settings.side}" for joint in JOINTS]
    curves, durations = [], []
    for trial in trials:
        angles = trial.read(ANGLE_FILE, names)
        cycles = _cycles(trial, settings)
        cycles = cycles[(cycles[:, 0] >= angles.first_s) & (cycles[:, 1] <= angles.last_s)]
        curves.append(on_cycles(angles.table(names), angles.rate_hz, angles.first_s, cycles))
        durations.append(np.diff(cycles)[:, 0])
    where = f"{subject}, {trials[0].folder.parent}"
    return usual_cycles(np.concatenate(curves), np.concatenate(durations), where).mean(axis=0)
