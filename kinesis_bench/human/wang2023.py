"""EMG and joint angles of nine people walking and running: Wang et al., Wearable Technologies 4:e11 (2023).

The record (Zenodo 7422031) is read in two layouts: the text files as published (see ``wang2023_text``), and
the EMG of walking as the KINESIS project repacked it, one ``.npy`` file a person and speed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.human.built_in import stored_within_person
from kinesis_bench.human.conditions import condition_name, require_activity, require_folder
from kinesis_bench.human.electrodes import ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS
from kinesis_bench.human.joint_curves import angles_of_people, check_signs, in_project_signs
from kinesis_bench.human.references import (
    WANG_ZERO,
    HumanEmg,
    HumanJointAngles,
    from_people,
    nearest_speed,
)
from kinesis_bench.human.wang2023_text import WangText, no_such_kind, of_kind, read_text, text_files
from kinesis_bench.metrics.curves import CLOSED_PHASE, SAMPLES, as_ring

_REPACKED = re.compile(r"EMG_subject_(\d+)_walk_(\d+)_avg\.npy")

SETTINGS = WangText
"""The class of this layout's settings."""

DEFAULT_SETTINGS = WangText()
"""The settings that are used unless others are given."""

NO_FILES = "no file named EMG_subject_NN_walk_SS_avg.npy or SubjNN_walk_SS_….txt"


def conditions(path: Path, *, settings: WangText = DEFAULT_SETTINGS) -> tuple[tuple[str, float], ...]:
    """Activities and speeds [km/h] of the EMG in a folder; none where it holds joint angles only.

    Raises:
        InputError: there is no such folder, or neither EMG nor joint angles in it; the kinds of files found
            are named.
    """
    folder = require_folder(path)
    repacked = [match for file in folder.iterdir() if (match := _REPACKED.fullmatch(file.name))]
    if repacked:
        return tuple(sorted({("walk", int(match[2]) / 10.0) for match in repacked}))
    found = text_files(folder)
    if not found:
        raise InputError(folder, NO_FILES, "give the folder that holds the EMG of each person")
    if not any(of_kind(found, stem, settings.side) for stem in (settings.emg_stem, settings.angle_stem)):
        raise no_such_kind(folder, found, settings.emg_stem, settings.side)
    return _text_conditions(folder, settings.emg_stem, settings)


def angle_conditions(path: Path, *, settings: WangText = DEFAULT_SETTINGS) -> tuple[tuple[str, float], ...]:
    """Activities and speeds [km/h] of the joint angles in a folder; none in the repacked layout."""
    return _text_conditions(require_folder(path), settings.angle_stem, settings)


def _text_conditions(folder: Path, stem: str, settings: WangText) -> tuple[tuple[str, float], ...]:
    files = of_kind(text_files(folder), stem, settings.side)
    return tuple(sorted({(match[2], int(match[3]) / 10.0) for _, match in files}))


def read_emg(
    path: Path, activity: str, speed_kmh: float, *, settings: WangText = DEFAULT_SETTINGS
) -> HumanEmg:
    """EMG of each person, from a folder in either layout; repacked files come before text files.

    A muscle that a person's text file lacks counts as not measured on this person. A constant curve is kept:
    ``from_people`` finds and lists channels without variance.

    ``EMG_subject_NN_walk_SS_avg.npy`` holds (100, 1 + M): per cent of the cycle, then M muscles; SS is the
    speed in tenths of km/h. ``EMG_labels.npy`` holds the 1 + M column names. The first sample is the cycle's
    start and the last its end, the same instant: sample i lies at phase i/99 (see the data set's card).

    Args:
        path: folder of the files.
        activity: ``walk``; from text files ``run`` too.
        speed_kmh: the nearest speed that any person has is taken [km/h].
        settings: names of the text files and their columns.

    Raises:
        InputError: a file is missing, cut off, pickled, of another shape, or holds unusable values; the
            folder lacks the activity or holds one person only.
    """
    folder = require_folder(path)
    repacked = sorted((file, match) for file in folder.iterdir() if (match := _REPACKED.fullmatch(file.name)))
    if not repacked and not text_files(folder):
        raise InputError(folder, NO_FILES, "give the folder that holds the EMG of each person")
    if repacked:
        require_activity(folder, activity, {"walk"})
        speed = nearest_speed(speed_kmh, [int(match[2]) / 10.0 for _, match in repacked])
        muscles = _labels(folder / "EMG_labels.npy")
        chosen = [(file, match[1]) for file, match in repacked if int(match[2]) / 10.0 == speed]
        if len(chosen) < 2:
            raise InputError(
                folder, f"only one person at {speed:g} km/h", "references need at least two people"
            )
        curves = np.stack([_person(file, muscles) for file, _ in chosen])
        names, phase = tuple(name for _, name in chosen), CLOSED_PHASE
    else:
        read = read_text(
            folder, settings.emg_stem, settings.electrodes, activity, speed_kmh, settings, may_lack=True
        )
        curves, muscles, names = read.curves, tuple(settings.electrodes), read.names
        speed, phase = read.speed_kmh, read.phase
    people = from_people(
        curves,
        muscles,
        condition=condition_name(activity, speed),
        speed_m_s=speed / 3.6,
        phase=phase,
        names=names,
        cycle_zero=WANG_ZERO,
        source=f"{len(names)} people from {folder.name} (layout of Wang et al. 2023)",
        side="l" if repacked else settings.side,
    )
    within = stored_within_person(muscles)
    unflawed = people.unflawed and replace(people.unflawed, stored_within_person=within)
    return replace(people, stored_within_person=within, unflawed=unflawed)


def read_joint_angles(
    path: Path, activity: str, speed_kmh: float, *, settings: WangText = DEFAULT_SETTINGS
) -> HumanJointAngles:
    """Joint angles of each person, from the text files; the repacked files hold none.

    Hip flexion, adduction and dorsiflexion are taken to be positive as in all of OpenSim's models; the
    knee's sign is told from its swing peak (``in_project_signs``). Curves of 100 rows, which close, are read
    at phases i/100 by linear interpolation.

    Args:
        path: folder of the files.
        activity: ``walk`` or ``run``.
        speed_kmh: the nearest speed that any person has is taken [km/h].
        settings: names of the files and their columns.

    Raises:
        InputError: as ``read_emg``, and where the knee's sign cannot be told or a joint turns the wrong way.
    """
    folder = require_folder(path)
    wanted = {joint: settings.joints.get(joint, joint) for joint in JOINTS}
    read = read_text(folder, settings.angle_stem, wanted, activity, speed_kmh, settings)
    turned = np.array([settings.signs.get(joint, 1.0) for joint in JOINTS])[:, None] * read.curves
    angles, decided = in_project_signs(folder, turned, read.names)
    check_signs(angles.mean(axis=0), activity, folder, "wang2023")
    return angles_of_people(
        as_ring(angles, read.phase),
        read.names,
        condition=f"{activity}, {read.speed_kmh:g} km/h",
        speed_m_s=read.speed_kmh / 3.6,
        cycle_zero=WANG_ZERO,
        source=f"{len(read.names)} people from {folder.name} (layout of Wang et al. 2023)",
        frame=f"OpenSim's inverse kinematics; {decided}",
        side=settings.side,
    )


def _load_array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise InputError(
            path, "no such file", "the folder must hold it beside the EMG of each person"
        ) from error
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            path, "is cut off, pickled or no NumPy file", "download or export it again"
        ) from error


def _labels(path: Path) -> tuple[str, ...]:
    labels = _load_array(path)
    if labels.ndim != 1 or labels.dtype.kind != "U" or len(labels) < 2:
        raise InputError(
            path, f"shape {labels.shape}, type {labels.dtype}", "it must list the column names as text"
        )
    muscles = tuple(str(label).strip() for label in labels[1:])
    for muscle in muscles:
        if muscle not in ELECTRODES:
            raise unknown_name(f"{path}: column name", muscle, ELECTRODES)
    if len(set(muscles)) < len(muscles):
        raise InputError(path, "a column name occurs twice", "name each muscle once")
    return muscles


def _person(path: Path, muscles: tuple[str, ...]) -> np.ndarray:
    table = _load_array(path)
    if table.shape != (SAMPLES, 1 + len(muscles)) or table.dtype.kind not in "fiu":
        raise InputError(
            path,
            f"shape {table.shape}, type {table.dtype}",
            f"it must be numbers of shape ({SAMPLES}, {1 + len(muscles)}): per cent, then each muscle",
        )
    curves = table[:, 1:].T.astype(float)
    for muscle, curve in zip(muscles, curves, strict=True):
        if not np.isfinite(curve).all():
            raise InputError(f"{path}: {muscle}", "not a number", "mend the file or remove this person")
    return curves
