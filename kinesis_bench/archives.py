"""Archives and JSON that somebody else wrote: plain arrays and bytes come out, or one line that says why not.

On damaged bytes numpy, zipfile, zlib and the JSON decoder raise a dozen kinds of exceptions that share no
base class. Here all of them become an ``InputError`` that names file and member. Nothing is unpickled.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file

NUMBERS = "iuf"
"""Kinds of numpy's dtypes that count as numbers: integers and floating point, neither truth nor complex."""


def read_npz(path: Path, wanted: Callable[[str], bool], remedy: str) -> dict[str, np.ndarray]:
    """Arrays of an ``.npz``; the others are not looked at, so that they may be pickles.

    Args:
        path: the file.
        wanted: whether an array of that name is read.
        remedy: for errors.

    Raises:
        InputError: the file is missing, no such archive, or damaged, or a wanted member is no plain array.
    """
    require_file(path)
    arrays, name = {}, "archive"
    try:
        with np.load(path, allow_pickle=False) as archive:
            for name in filter(wanted, archive.files):
                arrays[name] = archive[name]
    except Exception as error:
        raise unreadable(f"{path}: {name}", error, remedy) from error
    for name, values in arrays.items():
        if not isinstance(values, np.ndarray):  # numpy hands out as bytes what does not begin as an array
            raise InputError(f"{path}: {name}", "is no array", remedy)
    return arrays


def read_npy(path: Path, remedy: str) -> np.ndarray:
    """The array of an ``.npy``.

    Raises:
        InputError: the file is missing, damaged, or no plain array.
    """
    require_file(path)
    try:
        values = np.load(path, allow_pickle=False)
    except Exception as error:
        raise unreadable(str(path), error, remedy) from error
    if not isinstance(values, np.ndarray):
        values.close()
        raise InputError(path, "holds no array but an archive", remedy)
    return values


def read_zip(path: Path, wanted: Callable[[str], bool], remedy: str) -> dict[str, bytes]:
    """Members of a zip, each whole and with the right checksum.

    Raises:
        InputError: the file is missing, no zip, or damaged.
    """
    require_file(path)
    members, name = {}, "archive"
    try:
        with zipfile.ZipFile(path) as archive:
            for name in filter(wanted, archive.namelist()):
                members[name] = archive.read(name)
    except Exception as error:
        raise unreadable(f"{path}: {name}", error, remedy) from error
    return members


def json_object(where: str, text: str | bytes, remedy: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        InputError: it is no JSON, or something else than an object.
    """
    try:
        content = json.loads(text, object_pairs_hook=each_once)
    except (ValueError, RecursionError) as error:
        raise InputError(where, f"is no JSON ({_short(error)})", remedy) from error
    if not isinstance(content, dict):
        raise InputError(where, f"is no JSON object but a {type(content).__name__}", remedy)
    return content


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names stand there once: of two, some programs take the first, some the last.

    Args:
        pairs: as ``json.loads`` gives them to its ``object_pairs_hook``.

    Raises:
        ValueError: a name stands there twice.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name[:60]!r} stands there twice")
        found[name] = value
    return found


def numbers(where: str, values: np.ndarray, remedy: str) -> np.ndarray:
    """An array as it is, if it holds numbers, all of them finite.

    Raises:
        InputError: it holds text or the like, NaN or infinity; the row is named.
    """
    if values.dtype.kind not in NUMBERS:
        raise InputError(where, f"holds {values.dtype}, no numbers", remedy)
    bad = ~np.isfinite(np.atleast_1d(values))
    if bad.any():
        what = "NaN" if np.isnan(np.atleast_1d(values)[bad][0]) else "infinity"
        raise InputError(where, f"holds {what} in row {int(np.argwhere(bad)[0, 0])}", remedy)
    return values


def number(where: str, values: np.ndarray, remedy: str) -> float:
    """The only number of an array of any shape.

    Raises:
        InputError: there are several or none, or it is not finite.
    """
    if values.size != 1:
        raise InputError(where, f"has shape {values.shape}, it must be one number", remedy)
    return float(numbers(where, values, remedy).reshape(()))


def unreadable(where: str, error: Exception, remedy: str) -> InputError:
    """The InputError for what a library raised on a damaged file."""
    return InputError(where, f"cannot be read ({_short(error)})", remedy)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
