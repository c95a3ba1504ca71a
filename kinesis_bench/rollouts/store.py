"""``rollouts.h5``: every clip's steps in flat arrays, and a table that says which rows are whose.

Layout: ``/clips/{key, run, skill, frames, dt_s, failure, control, offset, length}``, and ``bout`` where
muscles tire · ``/steps/<array>`` over all control steps of all clips · ``/start/<array>`` one row a clip ·
``/names/{muscles, joints, keypoints}`` · attributes, the muscles' forces among them. Arrays, units and frames
are those of ``ClipRollout``. All clips of a file have the same arrays.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.archives import NUMBERS, json_object, unreadable
from kinesis_bench.errors import InputError
from kinesis_bench.files import whole_file
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts

SCHEMA = "kinesis-bench-rollouts-1"

_TABLE = ("key", "run", "skill", "frames", "dt_s", "failure", "control")
_TEXT = ("key", "skill", "failure", "control")
_MEASURES = ("body_mass_kg", "leg_length_m")
_BOUT = "bout"
_START = ("start_qpos", "start_qvel", "start_activation", "start_fatigued")
_STEPS = tuple(field.name for field in fields(ClipRollout) if field.name not in (*_TABLE, _BOUT, *_START))
_DAMAGED = "record the rollouts again, or copy the file again from where it came"


def write_rollouts(path: str | Path, rollouts: Rollouts) -> None:
    """Write a recording, whole or not at all.

    Args:
        path: usually ``rollouts.h5``.
        rollouts: at least one clip; all clips have the same arrays, of the same dtypes.

    Raises:
        InputError: the file cannot be written.
        ValueError: clips differ in which arrays they have.
    """
    import h5py

    clips = rollouts.clips
    present = {name for name in (*_STEPS, *_START) if getattr(clips[0], name) is not None}
    for clip in clips:
        if {name for name in (*_STEPS, *_START) if getattr(clip, name) is not None} != present:
            raise ValueError(f"clip {clip.key} does not have the same arrays as {clips[0].key}")
    length = np.array([_steps_of(clip) for clip in clips])
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        _write(file, rollouts, present, length)
        file.flush()
        image = file.id.get_file_image()
    with whole_file(path) as temporary:  # HDF5 itself cannot be stopped cleanly on a full disk
        temporary.write_bytes(image)


def read_rollouts(path: str | Path) -> Rollouts:
    """Read a recording.

    Raises:
        InputError: the file is missing, cut off, of another kind, or its parts do not fit each other.
    """
    import h5py

    path = Path(path)
    if not path.is_file():
        raise InputError(path, "no such file", "give a rollouts.h5 or a folder with a recording")
    try:
        with h5py.File(path, "r") as file:
            schema = file.attrs.get("schema")
            if schema != SCHEMA:
                problem = f"has schema {schema!r}, this version reads {SCHEMA!r}"
                raise InputError(f"{path}: schema", problem, "give a rollouts.h5 that `score` has written")
            return _read(file)
    except InputError:
        raise
    except Exception as error:  # h5py raises many kinds on a damaged file, and so do parts of odd types
        raise unreadable(str(path), error, _DAMAGED) from error


def _write(file: Any, rollouts: Rollouts, present: set[str], length: np.ndarray) -> None:
    import h5py

    clips = rollouts.clips
    file.attrs["schema"] = SCHEMA
    file.attrs["body"] = rollouts.body
    file.attrs["model_sha256"] = rollouts.model_sha256
    file.attrs["attributes"] = json.dumps(rollouts.attributes or {}, sort_keys=True)
    for name in _MEASURES:
        if getattr(rollouts, name) is not None:
            file.attrs[name] = getattr(rollouts, name)
    if rollouts.muscle_force_n:
        file.attrs["muscle_force_n"] = rollouts.muscle_force_n
    for name, names in (
        ("muscles", rollouts.muscle_names),
        ("joints", rollouts.joint_names),
        ("keypoints", rollouts.keypoint_names),
    ):
        file.create_dataset(f"names/{name}", (len(names),), h5py.string_dtype(), list(names))
    for name in (*_TABLE, _BOUT) if "fatigued" in present else _TABLE:
        column = [getattr(clip, name) for clip in clips]
        file.create_dataset(
            f"clips/{name}", data=column, dtype=h5py.string_dtype() if name in _TEXT else None
        )
    file["clips/length"] = length
    file["clips/offset"] = np.cumsum(length) - length
    for name in sorted(present):
        parts = [getattr(clip, name) for clip in clips]
        if name in _START:
            file[f"start/{name}"] = np.stack(parts)
        else:
            values = np.concatenate(parts)
            options: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
            file.create_dataset(f"steps/{name}", data=values, **options if values.size else {})


def _read(file: Any) -> Rollouts:
    table = {name: file[f"clips/{name}"][()] for name in (*_TABLE, "offset", "length")}
    bout = file[f"clips/{_BOUT}"][()] if f"clips/{_BOUT}" in file else np.ones(len(table["key"]), int)
    for name in _TEXT:
        table[name] = [text.decode() for text in table[name]]
    steps = {name: values[()] for name, values in file["steps"].items()} if "steps" in file else {}
    start = {name: values[()] for name, values in file["start"].items()} if "start" in file else {}
    unknown = (set(steps) - set(_STEPS)) | (set(start) - set(_START))
    if unknown:
        raise ValueError(f"unknown arrays {', '.join(sorted(unknown))}")
    length, count = table["length"], len(table["key"])
    if (length < 0).any() or not np.array_equal(table["offset"], np.cumsum(length) - length):
        raise ValueError("offset and length of the clips do not fit each other")
    total = int(length.sum())
    for name, values in {**steps, **start}.items():
        expected = total if name in steps else count
        if len(values) != expected:
            raise ValueError(f"{name} has {len(values)} rows, not {expected}")
        if values.dtype.kind not in NUMBERS + "b":
            raise ValueError(f"{name} holds {values.dtype}, no numbers")
    clips = []
    for i in range(count):
        rows = slice(int(table["offset"][i]), int(table["offset"][i] + table["length"][i]))
        arrays = {name: values[rows] for name, values in steps.items()}
        arrays |= {name: values[i] for name, values in start.items()}
        clips.append(
            ClipRollout(
                key=table["key"][i],
                run=int(table["run"][i]),
                skill=table["skill"][i],
                frames=int(table["frames"][i]),
                dt_s=float(table["dt_s"][i]),
                failure=table["failure"][i],
                control=table["control"][i],
                bout=int(bout[i]),
                **arrays,
            )
        )
    names: dict[str, tuple[str, ...]] = {
        kind: tuple(text.decode() for text in file[f"names/{kind}"][()]) for kind in file["names"]
    }
    measures = {name: float(file.attrs[name]) for name in _MEASURES if name in file.attrs}
    return Rollouts(
        clips=tuple(clips),
        body=str(file.attrs["body"]),
        model_sha256=str(file.attrs["model_sha256"]),
        muscle_names=names["muscles"],
        muscle_force_n=tuple(np.asarray(file.attrs.get("muscle_force_n", ()), float).tolist()),
        joint_names=names["joints"],
        keypoint_names=names["keypoints"],
        attributes=json_object(f"{file.filename}: attributes", file.attrs["attributes"], _DAMAGED),
        **measures,
    )


def _steps_of(clip: ClipRollout) -> int:
    lengths = {len(values) for name in _STEPS if (values := getattr(clip, name)) is not None}
    if len(lengths) != 1:
        raise ValueError(f"clip {clip.key}: arrays of {sorted(lengths)} steps")
    return lengths.pop()
