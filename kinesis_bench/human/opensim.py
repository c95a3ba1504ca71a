"""EMG and joint angles of a walk in OpenSim's own files, such as those of its example with Rajagopal's model.

Three tables over time in one folder: EMG that is an envelope already (``.sto``), ground reaction forces with
one column ``ground_force_<side>_vy`` a foot (``.mot``), and joint angles with the pelvis's path over ground
(``.sto``). Cycles run from a foot's strike on a force plate to its next. Force plates are short: OpenSim's
example has two strikes of the right foot, so one cycle, and one of the left, so none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file
from kinesis_bench.human.conditions import condition_name, require_activity, require_folder
from kinesis_bench.human.electrodes import OPENSIM_COLUMNS, OPENSIM_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS
from kinesis_bench.human.joint_curves import angles_of_people, in_project_signs
from kinesis_bench.human.raw_emg import cycles_between, on_cycles
from kinesis_bench.human.references import LEGS, HumanEmg, HumanJointAngles, from_people
from kinesis_bench.human.settings import in_settings, require_side
from kinesis_bench.metrics.curves import PHASE, is_flat
from kinesis_bench.metrics.cycles import usual_length
from kinesis_bench.metrics.gait_events import FORCE_BODY_WEIGHTS, GRAVITY_M_S2, heel_strikes_from_force
from kinesis_bench.time_tables import TimeTable, read_table

LAYOUT = "opensim"

PEAK_BODY_WEIGHTS = 1.1
"""Largest vertical force under one foot in walking [body weights], from which body weight is told.

Measured: 1.12 in OpenSim's example, whose body weight is the mean force of both feet over the step that both
plates saw; 0.95 to 1.14 in the eleven trials of Falisse et al. (2019). A tenth more or less moves the
example's strikes by less than 2 ms.
"""

MIN_SPEED_M_S = 0.2
"""A pelvis slower than this over ground is on a treadmill or standing [m/s]."""


@dataclass(frozen=True)
class OpenSimWalk:
    """What the files do not say, and their names.

    Attributes:
        emg, forces, coordinates: names of the three files in the folder.
        side: the leg that was measured. In OpenSim's example it is the right one: its soleus is active in the
            second half of the right foot's stances.
        min_cycles: fewer cycles of EMG are refused. A person is a reference with one cycle already, unlike a
            model's score, which needs three.
    """

    emg: str = "electromyography.sto"
    forces: str = "grf_walk.mot"
    coordinates: str = "coordinates.sto"
    side: str = "r"
    min_cycles: int = 1

    def __post_init__(self) -> None:
        require_side(self.side)
        if self.min_cycles < 1:
            raise InputError("min_cycles", f"is {self.min_cycles}", "it must be 1 or more")


SETTINGS = OpenSimWalk
"""The class of this layout's settings."""

DEFAULT_SETTINGS = OpenSimWalk()
"""Those of OpenSim's example, which are used unless others are given."""


def conditions(path: Path, *, settings: OpenSimWalk = DEFAULT_SETTINGS) -> tuple[tuple[str, float], ...]:
    """The one activity and its speed [km/h].

    Raises:
        InputError: as ``read_emg``.
    """
    return (("walk", 3.6 * _speed_m_s(_read(require_folder(path), settings.coordinates, "coordinates"))),)


def read_emg(
    path: Path, activity: str, speed_kmh: float, *, settings: OpenSimWalk = DEFAULT_SETTINGS
) -> HumanEmg:
    """EMG of the one person, the mean over the cycles of one leg; ``source`` states their number.

    Cycles outside mean ± 2 SD of duration are left out.

    Args:
        path: folder of the three files.
        activity: ``walk``.
        speed_kmh: there is one speed, which is taken whatever is asked [km/h].
        settings: names of the files, the leg, and how many cycles are enough.

    Raises:
        InputError: a file or column is missing or damaged, another activity, a recording on a treadmill, or
            too few cycles, with their number.
    """
    folder = require_folder(path)
    require_activity(folder, activity, {"walk"})
    emg = _read(folder, settings.emg, "emg")
    strikes = _strikes_s(folder, settings)
    cycles = cycles_between(strikes, float(emg.time_s[0]), float(emg.time_s[-1]))
    cycles = cycles[usual_length(np.diff(cycles)[:, 0].tolist())]
    if len(cycles) < settings.min_cycles:
        raise InputError(
            folder / settings.emg,
            f"{len(cycles)} gait cycles of the {LEGS[settings.side]} leg between strikes on force plates, "
            f"{settings.min_cycles} are needed",
            f"choose the other leg {in_settings(LAYOUT, 'side')}, or give a longer recording",
        )
    signal = np.column_stack([_column(emg, name) for name in OPENSIM_COLUMNS])
    trials = on_cycles(signal, 1.0 / _period_s(emg), float(emg.time_s[0]), cycles)
    curves = trials.mean(axis=0)
    for column, flat in zip(OPENSIM_COLUMNS, is_flat(curves), strict=True):
        if flat:
            raise InputError(f"{emg.source}: {column}", "a constant curve", "export it again")
    speed_m_s = _speed_m_s(_read(folder, settings.coordinates, "coordinates"))
    return from_people(
        curves[None],
        tuple(OPENSIM_ELECTRODES),
        condition=condition_name(activity, round(speed_m_s * 3.6, 1)),
        speed_m_s=speed_m_s,
        names=_names(folder),
        cycle_zero=_zero(settings),
        source=f"1 person, {LEGS[settings.side]} leg, {_count(len(cycles))}, OpenSim files in {folder.name}",
        side=settings.side,
        trials=(trials,) if len(trials) > 1 else None,
    )


angle_conditions = conditions
"""Joint angles are there wherever EMG is."""


def read_joint_angles(
    path: Path, activity: str, speed_kmh: float, *, settings: OpenSimWalk = DEFAULT_SETTINGS
) -> HumanJointAngles:
    """Joint angles of the one person over the gait cycle of one leg.

    Angles may be known for another stretch of time than forces, so strikes are continued at the mean stride
    before the first and after the last, and a phase is the mean of all instants recorded at it. In OpenSim's
    example the two instants of a phase differ by at most 1.4°.

    Args:
        path: folder of the files; EMG is not needed.
        activity: ``walk``.
        speed_kmh: there is one speed, which is taken whatever is asked [km/h].
        settings: names of the files, and the leg.

    Raises:
        InputError: as ``read_emg``, and where the angles do not cover a whole cycle.
    """
    folder = require_folder(path)
    require_activity(folder, activity, {"walk"})
    table = _read(folder, settings.coordinates, "coordinates")
    strikes = _strikes_s(folder, settings)
    if len(strikes) < 2:
        raise InputError(
            folder / settings.forces,
            f"{len(strikes)} strikes of the {LEGS[settings.side]} foot on force plates, two make a cycle",
            f"choose the other leg {in_settings(LAYOUT, 'side')}, or give a longer recording",
        )
    instants = _instants_s(strikes, float(table.time_s[0]), float(table.time_s[-1]))
    recorded = (instants >= table.time_s[0]) & (instants <= table.time_s[-1])
    if not recorded.any(axis=0).all():
        raise InputError(
            table.source,
            f"covers {table.time_s[-1] - table.time_s[0]:.2f} s, less than a gait cycle of "
            f"{np.diff(strikes).mean():.2f} s",
            "give a recording of a whole gait cycle",
        )
    angles = []
    for joint in JOINTS:
        values = np.interp(instants, table.time_s, _column(table, f"{joint}_{settings.side}"))
        angles.append(np.where(recorded, values, 0.0).sum(axis=0) / recorded.sum(axis=0))
    curves, decided = in_project_signs(
        table.source, np.array(angles)[None], _names(folder), degrees=table.degrees
    )
    speed_m_s = _speed_m_s(table)
    return angles_of_people(
        curves,
        _names(folder),
        condition=f"{activity}, {speed_m_s * 3.6:.1f} km/h",
        speed_m_s=speed_m_s,
        cycle_zero=_zero(settings),
        source=(
            f"1 person, {LEGS[settings.side]} leg, {table.time_s[-1] - table.time_s[0]:.2f} s of strides of "
            f"{np.diff(strikes).mean():.2f} s, OpenSim files in {folder.name}"
        ),
        frame=f"OpenSim's inverse kinematics; {decided}",
        side=settings.side,
    )


def _read(folder: Path, name: str, setting: str) -> TimeTable:
    """One of the three files."""
    require_file(folder / name, f"name the file {in_settings(LAYOUT, setting)}")
    return read_table(folder / name)


def _strikes_s(folder: Path, settings: OpenSimWalk) -> np.ndarray:
    """Times of the leg's foot strikes, on the clock of the files [s].

    Body weight is the largest force under the foot over ``PEAK_BODY_WEIGHTS``.
    """
    forces = _read(folder, settings.forces, "forces")
    force_n = _column(forces, f"ground_force_{settings.side}_vy")
    weight_n = float(force_n.max()) / PEAK_BODY_WEIGHTS
    if not weight_n > 0.0:
        raise InputError(
            f"{forces.source}: ground_force_{settings.side}_vy",
            "never above zero",
            f"choose the other leg {in_settings(LAYOUT, 'side')}",
        )
    dt_s = _period_s(forces)
    # heel_strikes_from_force dates sample i at (i + 1)·dt_s, the files at i·dt_s after their first.
    strikes = heel_strikes_from_force(force_n, dt_s, weight_n / GRAVITY_M_S2) - dt_s
    return strikes + float(forces.time_s[0])


def _instants_s(strikes_s: np.ndarray, first_s: float, last_s: float) -> np.ndarray:
    """(strides, 100) instants of each phase, with strides added until they reach over the recording [s]."""
    stride = float(np.diff(strikes_s).mean())
    before = max(0, int(np.ceil((strikes_s[0] - first_s) / stride)))
    after = max(0, int(np.ceil((last_s - strikes_s[-1]) / stride)))
    starts = np.concatenate(
        (
            strikes_s[0] - stride * np.arange(before, 0, -1),
            strikes_s,
            strikes_s[-1] + stride * np.arange(1, after + 1),
        )
    )
    return starts[:-1, None] + np.diff(starts)[:, None] * PHASE


def _column(table: TimeTable, name: str) -> np.ndarray:
    """A column by its name or by OpenSim's path to the value of a coordinate of that name."""
    for column, values in table.columns.items():
        if column == name or column.endswith(f"/{name}/value"):
            if not np.isfinite(values).all():
                raise InputError(f"{table.source}: {column}", "not a number", "export it again")
            return values
    raise InputError(table.source, f"no column {name!r}, but: {_some(tuple(table.columns))}", "export it too")


def _some(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _period_s(table: TimeTable) -> float:
    steps = np.diff(table.time_s)
    if np.ptp(steps) > 0.01 * steps.mean():
        raise InputError(f"{table.source}: time", "is not evenly spaced", "export it at one rate")
    return float(steps.mean())


def _speed_m_s(table: TimeTable) -> float:
    """Mean forward speed of the pelvis over the whole recording [m/s]."""
    forward = _column(table, "pelvis_tx")
    speed = float((forward[-1] - forward[0]) / (table.time_s[-1] - table.time_s[0]))
    if speed < MIN_SPEED_M_S:
        raise InputError(
            f"{table.source}: pelvis_tx",
            f"the pelvis moves forward at {speed:.2f} m/s",
            "give a walk over ground: on a treadmill the speed is not in the files",
        )
    return speed


def _names(folder: Path) -> tuple[str]:
    """Of the one person: the folder's, as the files name nobody."""
    return (folder.resolve().name,)


def _count(cycles: int) -> str:
    return f"{cycles} gait cycle{'s' * (cycles > 1)}"


def _zero(settings: OpenSimWalk) -> str:
    return (
        f"strike of the {LEGS[settings.side]} foot: its vertical force rises above "
        f"{100 * FORCE_BODY_WEIGHTS:g} % of body weight"
    )
