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
from kinesis_bench.human.electrodes import SCHERPEREEL_CODES, SCHERPEREEL_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS
from kinesis_bench.human.joint_curves import angles_of_people, in_project_signs
from kinesis_bench.human.raw_emg import EmgFilter, cycles_between, envelope, on_cycles, usual_cycles
from kinesis_bench.human.references import HumanEmg, HumanJointAngles, from_people, nearest_speed
from kinesis_bench.metrics.curves import SAMPLES, is_flat
from kinesis_bench.metrics.gait_events import GRAVITY_M_S2, heel_strikes_from_force

RAW, PROCESSED, CSV = "RawData", "ProcessedData", "CSV_Data"
"""Folders of the two downloads, and of the tables of one person in the first."""

EMG_FILE = ("Raw_EMGs",)
FORCE_FILE = ("GroundFrame_GRFs", "grf")
ANGLE_FILE = ("Joint_Angle", "angle")
FLAG_FILE = ("Activity_Flag", "activity_flag")
"""File names without ``.csv``, in the raw and in the processed data set; a prefix ending in ``_`` is fine."""

RUN_FROM_M_S = 2.0
"""``normal_walk`` at this speed and above is running: the authors' figures of 2.0 and 2.5 m/s say so."""

SIDE_LETTER = {"l": "L", "r": "R"}

ELECTRODE_HEADERS = {
    "{side}" + code: name for code, name in zip(SCHERPEREEL_CODES, SCHERPEREEL_ELECTRODES, strict=True)
}
"""Regular expression of a column's whole header, with the leg's letter for ``{side}``, to electrode."""

JOINT_SIGNS = {"hip_flexion": 1.0, "hip_adduction": 1.0, "ankle_angle": 1.0}
"""Ours over the source's: its coordinates are named as OpenSim's, whose signs these are. The knee's sign is
told from the data: two users of the data set contradict each other about it."""

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
        signs: joint to ours over the source's sign.
        filter: from raw EMG to envelopes.
    """

    side: str = "l"
    electrodes: Mapping[str, str] = field(default_factory=lambda: dict(ELECTRODE_HEADERS))
    force: str = "{side}ForceY_Vertical"
    signs: Mapping[str, float] = field(default_factory=lambda: dict(JOINT_SIGNS))
    filter: EmgFilter = field(default_factory=EmgFilter)


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

    A person's recordings at that speed are pooled. Kept are the muscles that everybody has; what somebody
    lacks (no column, nothing but NaN, a constant signal) is named in ``source``. A person whose recordings at
    that speed are absent, or name no speed and are not in the processed data, is not among ``names``.

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
    trials = _trials(path, activity, speed_kmh, settings.side)
    cycles = {subject: _emg_of(subject, those, settings) for subject, those in trials.items()}
    names = list(dict.fromkeys(settings.electrodes.values()))
    muscles = [name for name in names if all(name in own for own, _ in cycles.values())]
    if not muscles:
        raise InputError(path, "no muscle that everybody has", "take the person with missing channels away")
    lacking = [
        f"{name} ({', '.join(subject for subject, (own, _) in cycles.items() if name not in own)})"
        for name in names
        if name not in muscles
    ]
    singles = [curves[:, [own.index(name) for name in muscles]] for own, curves in cycles.values()]
    speed_m_s = next(iter(trials.values()))[0].speed_m_s
    return from_people(
        np.stack([curves.mean(axis=0) for curves in singles]),
        muscles,
        condition=condition_name(activity, round(speed_m_s * 3.6, 1)),
        speed_m_s=speed_m_s,
        names=list(trials),
        cycle_zero=CYCLE_ZERO,
        source=f"{len(singles)} people, Scherpereel et al. 2023 (CC BY 4.0)"
        + (f"; without {', '.join(lacking)}, which they lack" if lacking else ""),
        side=settings.side,
        trials=singles,
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
    trials = _trials(path, activity, speed_kmh, settings.side)
    names = tuple(trials)
    signs = np.array([settings.signs.get(joint, 1.0) for joint in JOINTS])
    people = signs[:, None] * np.stack(
        [_angles_of(subject, those, settings) for subject, those in trials.items()]
    )  # (N, J, 100)
    decided = "the knee's sign is that of the settings"
    if "knee_angle" not in settings.signs:
        people, decided = in_project_signs(path, people, names, degrees=True)
    _check_signs(people.mean(axis=0), activity, path)
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
    """Activities and speeds [km/h] of all that the folder holds.

    Raises:
        InputError: there is no such folder, nobody's recordings in it, or none whose speed is known.
    """
    every = [trial for trials in _all_trials(path).values() for trial in trials]
    return tuple(sorted({(trial.activity, trial.speed_m_s * 3.6) for trial in every}))


angle_conditions = conditions
"""Joint angles are there wherever EMG is."""


def _trials(path: Path, activity: str, speed_kmh: float, side: str) -> dict[str, list[Trial]]:
    """By person, the trials of an activity at the nearest speed."""
    if side not in SIDE_LETTER:
        raise InputError(f"side {side!r}", "no such leg", "choose 'l' or 'r'")
    found = _all_trials(path)
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
    no_speed = None
    for subject in subjects:
        for folder in _folders(subject / CSV if (subject / CSV).is_dir() else subject):
            match = _RECORDING.fullmatch(folder.name)
            if match is None:
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
    letter = SIDE_LETTER[settings.side]
    name = settings.force.format(side=letter)
    force = trial.read(FORCE_FILE, [name])
    if np.isnan(force.columns[name]).all():
        raise InputError(
            f"{force.source}: {name}",
            "holds no force, so that heel strikes cannot be told (angles alone do not say where a foot is)",
            "take the recording away, or read the other leg",
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
    column = {"l": "left", "r": "right"}[settings.side]
    flag = trial.read(FLAG_FILE, [column])
    on = np.nan_to_num(flag.columns[column]) > 0.0
    time_s = flag.first_s + np.arange(flag.rows) / flag.rate_hz
    inside = [bool(on[(time_s >= start) & (time_s <= end)].all()) for start, end in cycles]
    return cycles[np.array(inside, dtype=bool)]


def _emg_of(subject: str, trials: list[Trial], settings: ScherpereelSettings) -> tuple[list[str], np.ndarray]:
    """Electrodes that all of a person's trials have, and their usual cycles (n, electrodes, 100)."""
    letter = SIDE_LETTER[settings.side]
    read: list[tuple[list[str], np.ndarray, np.ndarray]] = []
    for trial in trials:
        columns = _electrode_columns(_file(trial.folder, EMG_FILE), settings.electrodes, letter)
        emg = trial.read(EMG_FILE, list(columns.values()))
        alive = [name for name, column in columns.items() if not _dead(emg.columns[column])]
        cycles = _cycles(trial, settings)
        cycles = cycles[(cycles[:, 0] >= emg.first_s) & (cycles[:, 1] <= emg.last_s)]
        if not alive:
            raise InputError(emg.source, "every channel is dead", "take the recording away")
        table = emg.table([columns[name] for name in alive])
        smooth = envelope(table, emg.rate_hz, settings.filter, where=str(emg.source))
        curves = on_cycles(smooth, emg.rate_hz, emg.first_s, cycles)
        read.append((alive, curves, np.diff(cycles)[:, 0]))
    common = [name for name in read[0][0] if all(name in alive for alive, _, _ in read)]
    pooled = np.concatenate([curves[:, [alive.index(name) for name in common]] for alive, curves, _ in read])
    durations_s = np.concatenate([duration for _, _, duration in read])
    return common, usual_cycles(pooled, durations_s, f"{subject}, {trials[0].folder.parent}")


def _electrode_columns(path: Path, electrodes: Mapping[str, str], letter: str) -> dict[str, str]:
    """Electrode to its column in a file."""
    header = [name for name in read_header(path) if name != TIME]
    columns: dict[str, str] = {}
    for pattern, electrode in electrodes.items():
        matching = [
            name for name in header if re.fullmatch(pattern.replace("{side}", letter), name, re.IGNORECASE)
        ]
        if len(matching) > 1 or (matching and electrode in columns):
            raise InputError(
                path,
                f"several columns for {electrode}: {', '.join(matching)}",
                "name one in the header table",
            )
        if matching:
            columns[electrode] = matching[0]
    if not columns:
        raise InputError(
            path,
            f"no known muscle among the headers {', '.join(header) or '(none)'}",
            "give a table of header to electrode",
        )
    return columns


def _dead(signal: np.ndarray) -> bool:
    return bool(np.isnan(signal).all() or (np.isfinite(signal).all() and is_flat(signal)))


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


def _check_signs(mean_deg: np.ndarray, activity: str, path: Path) -> None:
    """Refuse mean curves that contradict what every gait does, and so have another sign than was thought."""
    curve = dict(zip(JOINTS, mean_deg, strict=True))
    hip, ankle, adduction = curve["hip_flexion"], curve["ankle_angle"], curve["hip_adduction"]
    half = SAMPLES // 2
    right = {"hip_flexion": hip[0] < hip[half] if activity == "backward" else hip[0] > hip[half]}
    if activity == "walk":
        # Dorsiflexed late in stance, plantar flexed around toe-off; adducted in stance, abducted in swing.
        right["ankle_angle"] = ankle[30:55].max() > ankle[60:72].mean()
        right["hip_adduction"] = adduction[10:40].mean() > adduction[60:80].mean()
    for joint, fine in right.items():
        if not fine:
            raise InputError(
                f"{path}: {joint}", "moves against the sign that was expected", "turn it by a setting"
            )
