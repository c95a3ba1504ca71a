"""The folder that ``score`` writes, read again: ``result.json`` and ``clips.csv``."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.result import read_result
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.files import sha256_of_file

ROUNDING_PCT = 0.01
"""Coverage in ``clips.csv`` and in ``result.json`` differ by less than this [%]."""

_REMEDY = "score the policy anew with this version"


@dataclass(frozen=True)
class Clips:
    """``clips.csv`` as tables of clips × runs, clips in the order of their keys.

    Attributes:
        keys, skills: (U,) of the clips.
        frames, covered: (U, R) scored frames, and those before the failure.
        success, strict_success: (U, R) 0 or 1.
        mpjpe_mm, mean_excitation: (U, R), over the covered frames; nan where there are none.
    """

    keys: tuple[str, ...]
    skills: tuple[str, ...]
    frames: np.ndarray
    covered: np.ndarray
    success: np.ndarray
    strict_success: np.ndarray
    mpjpe_mm: np.ndarray
    mean_excitation: np.ndarray


@dataclass(frozen=True)
class Scored:
    """A result, its clips where it followed a reference, and where both were."""

    folder: Path
    result: Result
    clips: Clips | None
    sha256: str


def read_scored(folder: str | Path) -> Scored:
    """Read a folder that ``score`` has written.

    Raises:
        InputError: there is no such folder, or it holds no result, or its files do not belong together.
    """
    folder = Path(folder)
    if not folder.is_dir():
        problem = "is a file, not a folder" if folder.exists() else "no such folder"
        raise InputError(folder, problem, "give a folder that `kinesis-bench score` has written")
    file = folder / "result.json"
    if not file.is_file():
        raise InputError(
            folder, "holds no result.json", "give a folder that `kinesis-bench score` has written"
        )
    result = read_result(file)
    clips = None if result.imitation is None else _clips(folder / "clips.csv", result)
    return Scored(folder, result, clips, sha256_of_file(file))


def _clips(path: Path, result: Result) -> Clips:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "keep it beside its result.json, or score anew") from error
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({error})", _REMEDY) from error
    try:
        clips = _tables(rows)
    except KeyError as error:
        raise InputError(path, f"lacks the column {error}", _REMEDY) from error
    except (TypeError, ValueError) as error:
        raise InputError(path, str(error), _REMEDY) from error
    _check_belongs(path, clips, result)
    return clips


def _tables(rows: Sequence[dict[str, str]]) -> Clips:
    by_place = {(row["key"], int(row["run"])): row for row in rows}
    keys = sorted({key for key, _ in by_place})
    runs = sorted({run for _, run in by_place})
    if not rows or not len(rows) == len(by_place) == len(keys) * len(runs):
        raise ValueError("does not hold every run of every clip once")

    def table(column: str) -> np.ndarray:
        cells = [[by_place[key, run][column] for run in runs] for key in keys]
        return np.array([[float(cell or "nan") for cell in line] for line in cells])

    covered = table("covered")
    clips = Clips(
        keys=tuple(keys),
        skills=tuple(by_place[key, runs[0]]["skill"] for key in keys),
        frames=table("frames"),
        covered=covered,
        success=table("success"),
        strict_success=table("strict_success"),
        mpjpe_mm=table("mpjpe_mm"),
        mean_excitation=table("mean_excitation"),
    )
    whole = (clips.frames, covered, clips.success, clips.strict_success)
    if not all(np.isfinite(values).all() for values in whole) or np.isnan(clips.mpjpe_mm[covered > 0]).any():
        raise ValueError("has an empty cell among frames, covered, success, strict_success or mpjpe_mm")
    return clips


def _check_belongs(path: Path, clips: Clips, result: Result) -> None:
    """Refuse a table that another result was made from."""
    assert result.imitation is not None
    shares = clips.covered / clips.frames
    micro = 100.0 * float((clips.covered.sum(axis=0) / clips.frames.sum(axis=0)).mean())
    own = {"kinesis-2025": 100.0 * float(shares.mean())}.get(result.protocol, micro)
    told = result.imitation.frame_coverage_pct.mean
    if len(clips.keys) != result.imitation.clips or told is None or abs(own - told) > ROUNDING_PCT:
        problem = (
            f"{len(clips.keys)} clips covered to {own:.2f} %, but result.json beside it tells of "
            f"{result.imitation.clips} covered to {'none' if told is None else f'{told:.2f}'} %"
        )
        raise InputError(path, problem, "put the files of one score together, or score anew")
