"""Reader of the recordings of KINESIS's evaluation of 2025: feet on the ground and muscle controls."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinesis_bench.archives import NUMBERS, read_npy
from kinesis_bench.errors import InputError
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts

DT_S = 1 / 30
"""Control period of KINESIS [s]; its recordings do not state it."""

FILES = ("gait.npy", "muscle_controls.npy", "muscle_names.npy")

SIDES = {-1: (False, False), 0: (False, True), 1: (True, False), 2: (True, True)}
"""Feet (right, left) on the ground by KINESIS's code."""


def is_kinesis_recording(folder: Path) -> bool:
    """Whether a folder looks like one: it holds one of the three files."""
    return any((folder / name).is_file() for name in FILES)


def read_kinesis_recording(folder: str | Path) -> Rollouts:
    """Read one continuous walk: ``gait.npy``, ``muscle_controls.npy`` and ``muscle_names.npy``.

    They hold T + 1 codes of the feet on the ground (-1 none, 0 left, 1 right, 2 both), (T + 1, M) muscle
    controls of 0 to 1, and M names; row 0, from before the first step, is left out. There is nothing else in
    them, so that the result has neither forces nor keypoints nor joint angles.

    Raises:
        InputError: a file is missing, pickled, cut off, or does not fit the others.
    """
    folder = Path(folder)
    gait, controls, names = (_load(folder / name) for name in FILES)
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise InputError(folder / FILES[2], f"has shape {names.shape} of {names.dtype}", "store names")
    if gait.ndim != 1 or len(gait) < 2 or controls.shape != (len(gait), len(names)):
        problem = f"has shape {controls.shape} beside {gait.shape} gait rows and {names.shape} names"
        raise InputError(folder / FILES[1], problem, "give the three files of one evaluation")
    for name, values in ((FILES[0], gait), (FILES[1], controls)):
        if values.dtype.kind not in NUMBERS:
            raise InputError(folder / name, f"holds {values.dtype}, no numbers", "store numbers")
    gait, controls = gait[1:], controls[1:]
    if not np.isin(gait, list(SIDES)).all():
        raise InputError(folder / FILES[0], "has codes other than -1, 0, 1, 2", "give KINESIS's gait codes")
    if not np.isfinite(controls).all():
        row = int(np.argwhere(~np.isfinite(controls))[0, 0]) + 1
        raise InputError(folder / FILES[1], f"row {row} is not finite", "cut the recording before that row")
    clip = ClipRollout(
        key=folder.resolve().name,
        run=0,
        skill="walk",
        frames=len(gait),
        dt_s=DT_S,
        excitation=controls.astype(float),
        foot_contact=np.array([SIDES[int(code)] for code in gait]),
    )
    attributes = {"source": str(folder)}
    return Rollouts((clip,), muscle_names=tuple(str(name) for name in names), attributes=attributes)


def _load(path: Path) -> np.ndarray:
    if not path.is_file():
        raise InputError(path, "no such file", f"a KINESIS recording is a folder with {', '.join(FILES)}")
    return read_npy(path, "save it again as a plain array; nothing is unpickled")
