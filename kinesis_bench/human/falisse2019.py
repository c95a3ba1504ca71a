"""EMG and joint angles of one person walking: Falisse et al., J R Soc Interface 16:20190402 (2019).

``ExperimentalData.mat`` holds eleven trials, one gait cycle each on 100 points from heel strike. The last
point is taken as the end of the cycle, the same instant as its start, as the mean kinematics beside it say:
100 rows from 0 to the cycle's end. EMG of five trials is NaN for some or most muscles. The README calls all
of it the right leg's; see the data set's card for what speaks against that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file
from kinesis_bench.human.conditions import condition_name, require_activity, require_folder
from kinesis_bench.human.electrodes import FALISSE_COLUMNS, FALISSE_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS
from kinesis_bench.human.joint_curves import angles_of_people, in_project_signs
from kinesis_bench.human.references import HumanEmg, HumanJointAngles, from_people
from kinesis_bench.metrics.curves import CLOSED_PHASE, SAMPLES, as_ring, is_flat

FILE = "ExperimentalData.mat"
PERSON = "subject1"
SIDE = "r"

ZERO = "heel strike of the right foot"
"""The event at phase 0, by the README beside the file.

In the fifth trial, whose force and kinematics over time are published too, it is the millisecond at which
the foot's vertical force exceeds 20 N.
"""


def conditions(path: Path) -> tuple[tuple[str, float], ...]:
    """The one activity and its speed [km/h].

    Raises:
        InputError: as ``read_emg``.
    """
    return (("walk", 3.6 * _speed_m_s(*_load(path, "walk"))),)


def read_emg(path: Path, activity: str, speed_kmh: float) -> HumanEmg:
    """EMG of the one person; a muscle's curve is the mean over the trials that have it.

    ``trials`` holds all trials; a muscle that was not recorded in one is NaN there.

    Args:
        path: folder of ``ExperimentalData.mat``.
        activity: ``walk``.
        speed_kmh: there is one speed, which is taken whatever is asked [km/h].

    Raises:
        InputError: the file is missing, damaged or lacks a part of what is read; another activity.
    """
    file, content = _load(path, activity)
    trials = _trials(file, content, f"EMG.{PERSON}", FALISSE_COLUMNS)
    absent = np.isnan(trials)
    if (absent.any(axis=2) != absent.all(axis=2)).any() or np.isinf(trials).any():
        raise InputError(
            f"{file}: EMG", "a trial is NaN in a part of the cycle or infinite", "download it again"
        )
    recorded = ~absent.all(axis=2)
    for electrode, known in zip(FALISSE_ELECTRODES, recorded.any(axis=0), strict=True):
        if not known:
            raise InputError(f"{file}: {electrode}", "no trial has it", "download it again")
    curve = np.nanmean(trials, axis=0)
    for electrode, flat in zip(FALISSE_ELECTRODES, is_flat(curve), strict=True):
        if flat:
            raise InputError(f"{file}: {electrode}", "a constant curve", "download it again")
    speed_m_s = _speed_m_s(file, content)
    return from_people(
        curve[None],
        tuple(FALISSE_ELECTRODES),
        condition=condition_name(activity, round(speed_m_s * 3.6, 1)),
        speed_m_s=speed_m_s,
        phase=CLOSED_PHASE,
        names=(PERSON,),
        cycle_zero=ZERO,
        source=(
            f"1 person, right leg, {len(trials)} trials of which {recorded.all(axis=1).sum()} have every "
            "muscle, Falisse et al. 2019 (MIT)"
        ),
        side=SIDE,
        trials=(trials,),
    )


angle_conditions = conditions
"""Joint angles are there wherever EMG is."""


def read_joint_angles(path: Path, activity: str, speed_kmh: float) -> HumanJointAngles:
    """Joint angles of the one person, the mean over the trials.

    Args:
        path: folder of ``ExperimentalData.mat``.
        activity: ``walk``.
        speed_kmh: there is one speed, which is taken whatever is asked [km/h].

    Raises:
        InputError: as ``read_emg``.
    """
    file, content = _load(path, activity)
    angles = _trials(file, content, f"Q.{PERSON}.Qs", JOINTS)
    if not np.isfinite(angles).all():
        raise InputError(f"{file}: Q", "not a number in a joint angle", "download it again")
    curves, decided = in_project_signs(file, angles.mean(axis=0)[None], (PERSON,))
    speed_m_s = _speed_m_s(file, content)
    return angles_of_people(
        as_ring(curves, CLOSED_PHASE),
        (PERSON,),
        condition=f"{activity}, {speed_m_s * 3.6:.1f} km/h",
        speed_m_s=speed_m_s,
        cycle_zero=ZERO,
        source=f"1 person, right leg, mean of {len(angles)} trials, Falisse et al. 2019 (MIT)",
        frame=f"OpenSim's inverse kinematics; {decided}",
        side=SIDE,
    )


def _load(path: Path, activity: str) -> tuple[Path, Any]:
    from scipy.io import loadmat

    file = require_folder(path) / FILE
    require_file(file, "give the folder that holds it")
    require_activity(file, activity, {"walk"})
    try:
        content = loadmat(file, squeeze_me=True, struct_as_record=False)
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise InputError(file, f"is not a readable MATLAB file ({error})", "download it again") from error
    return file, _field(file, content.get("ExperimentalData"), "")


def _field(file: Path, content: Any, names: str) -> Any:
    """A field of nested structs by names with dots, or a complaint that says what is there."""
    done = "ExperimentalData"
    for name in names.split(".") if names else ():
        known = getattr(content, "_fieldnames", None) or ()
        if name not in known:
            raise InputError(
                f"{file}: {done}",
                f"has no field {name!r}, but: {', '.join(known) or 'none'}",
                "download it again",
            )
        content, done = getattr(content, name), f"{done}.{name}"
    if content is None:
        raise InputError(file, "has no struct 'ExperimentalData'", f"give the folder of Falisse's {FILE}")
    return content


def _trials(file: Path, content: Any, where: str, wanted: tuple[str, ...]) -> np.ndarray:
    """(trials, wanted columns, 100) of the struct of that name."""
    names = [str(name).strip() for name in np.atleast_1d(_field(file, content, f"{where}.colheaders"))]
    table = np.asarray(_field(file, content, f"{where}.all"))
    if table.ndim != 3 or table.shape[:2] != (SAMPLES, len(names)) or table.dtype.kind != "f":
        raise InputError(
            f"{file}: {where}.all",
            f"shape {table.shape}, type {table.dtype}",
            f"it must be numbers of shape ({SAMPLES}, {len(names)}, trials): download it again",
        )
    for name in wanted:
        if name not in names:
            raise InputError(
                f"{file}: {where}", f"no column {name!r}, but: {', '.join(names)}", "download it again"
            )
    places = [names.index(name) for name in wanted]
    return np.ascontiguousarray(table.transpose(2, 1, 0)[:, places])


def _speed_m_s(file: Path, content: Any) -> float:
    """Walking speed: mean over trials and the cycle of the pelvis's forward velocity [m/s]."""
    speed = float(_trials(file, content, f"Q.{PERSON}.Qdots", ("pelvis_tx",)).mean())
    if not 0.0 < speed < np.inf:
        raise InputError(f"{file}: pelvis_tx", f"a forward speed of {speed:g} m/s", "download it again")
    return speed
