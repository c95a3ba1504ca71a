"""Human EMG from a folder of one file a person, in the layout in which KINESIS repacked Wang et al.
(2023)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.human.electrodes import ELECTRODES
from kinesis_bench.human.references import WANG_ZERO, HumanEmg, from_people, nearest_speed
from kinesis_bench.metrics.curves import CLOSED_PHASE, SAMPLES, is_flat

_FILE = re.compile(r"EMG_subject_(\d+)_walk_(\d+)_avg\.npy")


def from_folder(folder: str | Path, speed_kmh: float) -> HumanEmg:
    """One person a file: the layout in which KINESIS repacked the data of Wang et al. (2023).

    ``EMG_subject_NN_walk_SS_avg.npy`` holds (100, 1 + M): per cent of the cycle, then M muscles; SS is the
    speed in tenths of km/h. ``EMG_labels.npy`` holds the 1 + M column names. The first sample is the cycle's
    start and the last its end, the same instant: sample i lies at phase i/99 (see the data set's card).

    Args:
        folder: where the files are.
        speed_kmh: the nearest speed that any person has is taken [km/h].

    Raises:
        InputError: a file is missing, cut off, pickled, of another shape, or holds unusable values.
    """
    folder = Path(folder)
    found = sorted((path, match) for path in folder.iterdir() if (match := _FILE.fullmatch(path.name)))
    if not found:
        raise InputError(
            folder,
            "no file named EMG_subject_NN_walk_SS_avg.npy",
            "give the folder that holds the EMG of each person",
        )
    speed = nearest_speed(speed_kmh, [int(match[2]) / 10.0 for _, match in found])
    muscles = _labels(folder / "EMG_labels.npy")
    chosen = [(path, match[1]) for path, match in found if int(match[2]) / 10.0 == speed]
    if len(chosen) < 2:
        raise InputError(folder, f"only one person at {speed:g} km/h", "references need at least two people")
    return from_people(
        np.stack([_person(path, muscles) for path, _ in chosen]),
        muscles,
        condition=f"walk-{speed:g}",
        speed_m_s=speed / 3.6,
        phase=CLOSED_PHASE,
        names=[name for _, name in chosen],
        cycle_zero=WANG_ZERO,
        source=f"{len(chosen)} people from {folder.name} (layout of Wang et al. 2023)",
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
        if is_flat(curve):
            raise InputError(f"{path}: {muscle}", "a constant curve", "remove this person")
    return curves
