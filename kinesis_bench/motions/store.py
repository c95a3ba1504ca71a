"""The motion file ``motions.h5``: a ``Motions`` on disk.

``/clips`` holds the clip table (``splits`` and ``texts`` one entry a line), ``/frames`` the flat arrays
(float32), ``/ik/<body>`` the warm starts (float64), ``/quarantine`` what was left out and why, ``/recipe``
how it was made (JSON); attributes say what the file is, its time base and its content hash.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from kinesis_bench import __version__
from kinesis_bench.errors import InputError
from kinesis_bench.files import refuse_folder, require_file, whole_file
from kinesis_bench.motions.clip import FPS, Clip
from kinesis_bench.motions.motion_set import FRAME_SHAPES, BodyIk, ClipIk, Motions, collect_motions, frozen
from kinesis_bench.motions.skeleton import KEYPOINTS

FORMAT = "kinesis-bench motions"
FORMAT_VERSION = 1

_TEXT_COLUMNS = ("skill", "subject", "source", "source_sha256")
_LIST_COLUMNS = ("splits", "texts")
_COMPRESSED: dict[str, Any] = {
    "compression": "gzip",
    "compression_opts": 1,
    "shuffle": True,
    "fletcher32": True,
}


def write_motions(
    path: str | Path,
    clips: Iterable[Clip],
    *,
    id: str,
    time_base: str = "true",
    ik: Mapping[str, Mapping[str, ClipIk]] | None = None,
    model_sha256: Mapping[str, str] | None = None,
    quarantine: Mapping[str, str] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> Motions:
    """Write a motion file, whole or not at all, and return its content; arguments as ``collect_motions``.

    Raises:
        InputError: as ``collect_motions``; the folder cannot be written, the disk is full.
    """
    motions = collect_motions(
        clips,
        id=id,
        time_base=time_base,
        ik=ik,
        model_sha256=model_sha256,
        quarantine=quarantine,
        recipe=recipe,
    )
    with whole_file(path) as temporary:
        try:
            with h5py.File(temporary, "w") as file:
                _write(file, motions)
        except RuntimeError as error:  # HDF5 reports some failed writes so
            raise OSError(errno.ENOSPC, f"No space left on the device ({error})") from error
    return motions


def read_motions(path: str | Path, *, bodies: Sequence[str] | None = None) -> Motions:
    """Read a motion file.

    Args:
        path: the file.
        bodies: whose IK to load; None loads all, () none.

    Raises:
        InputError: the file is missing, cut, damaged, not a motion file, or of a newer format; it lacks the
            IK of a body that was asked for.
    """
    where = Path(path)
    refuse_folder(where, "give a motion file; `kinesis-bench data ls FOLDER` lists them")
    require_file(where, "build it with `kinesis-bench prepare-data` or check the path")
    try:
        with h5py.File(where, "r") as file:
            motions = _read(where, file, bodies)
    except OSError as error:
        raise InputError(
            where, f"cannot be read as HDF5 ({_short(error)})", "it is cut or damaged: build or copy it again"
        ) from error
    except (KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise InputError(
            where, f"is a damaged motion file ({_short(error)})", "build or copy it again"
        ) from error
    if motions.compute_sha256() != motions.content_sha256:
        raise InputError(
            f"{where}: content_sha256",
            "does not match the content",
            "it was changed or damaged: build it again",
        )
    return motions


def _write(file: h5py.File, motions: Motions) -> None:
    file.attrs.update(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        id=motions.id,
        fps=FPS,
        time_base=motions.time_base,
        keypoints=list(KEYPOINTS),
        conventions="m, s, rad; world z up; quaternions w x y z; pelvis x forward, y up, z right",
        content_sha256=motions.content_sha256,
        version=motions.version,
    )
    file["recipe"] = json.dumps(motions.recipe, sort_keys=True)  # an attribute holds 64 KiB at most
    clips = file.create_group("clips")
    clips["offset"], clips["length"] = motions.offset, motions.length
    columns = {"key": motions.keys} | {name: getattr(motions, name) for name in _TEXT_COLUMNS}
    columns |= {name: tuple("\n".join(row) for row in getattr(motions, name)) for name in _LIST_COLUMNS}
    for name, column in columns.items():
        clips.create_dataset(name, data=list(column), dtype=h5py.string_dtype())
    frames = file.create_group("frames")
    for name, values in motions.frames.items():
        frames.create_dataset(name, data=values.astype("<f4"), **_COMPRESSED)
    for body, ik in motions.ik.items():
        group = file.create_group(f"ik/{body}")
        group.attrs.update(model_sha256=ik.model_sha256, sha256=ik.sha256)
        for name in ("qpos", "qvel", "residual"):
            group.create_dataset(name, data=getattr(ik, name).astype("<f8"), **_COMPRESSED)
    out = file.create_group("quarantine")
    for name, column in (("key", motions.quarantine.keys()), ("reason", motions.quarantine.values())):
        out.create_dataset(name, data=list(column), dtype=h5py.string_dtype())


def _read(where: Path, file: h5py.File, bodies: Sequence[str] | None) -> Motions:
    if file.attrs.get("format") != FORMAT:
        raise InputError(where, "is an HDF5 file but not a motion file", "give one that `prepare-data` wrote")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise InputError(
            f"{where}: format_version",
            f"is {version}, newer than the {FORMAT_VERSION} that kinesis-bench {__version__} reads",
            "upgrade kinesis-bench",
        )
    clips = file["clips"]
    text: dict[str, Any] = {
        name: tuple(clips[name].asstr()[:]) for name in ("key", *_TEXT_COLUMNS, *_LIST_COLUMNS)
    }
    lists: dict[str, Any] = {
        name: tuple(tuple(row.split("\n")) if row else () for row in text.pop(name)) for name in _LIST_COLUMNS
    }
    offset, length = clips["offset"][:], clips["length"][:]
    total = int(length.sum())
    rows = {len(offset), len(length), *map(len, text.values()), *map(len, lists.values())}
    if len(rows) != 1 or not np.array_equal(offset, np.cumsum(length) - length):
        raise InputError(f"{where}: clips", "offsets and lengths do not fit together", "build the file again")
    frames = {}
    for name, shape in FRAME_SHAPES.items():
        values = file["frames"][name][:]
        if values.shape != (total, *shape):
            raise InputError(
                f"{where}: frames/{name}",
                f"has shape {values.shape}, not {(total, *shape)}",
                "build the file again",
            )
        frames[name] = values.astype(np.float64)
    stored = tuple(file["ik"]) if "ik" in file else ()
    for body in bodies or ():
        if body not in stored:
            raise InputError(
                f"{where}: ik/{body}",
                f"the file has no IK for this body (it has {', '.join(stored) or 'none'})",
                "prepare the data for it, with `kinesis-bench prepare-data`",
            )
    return Motions(
        id=str(file.attrs["id"]),
        keys=text.pop("key"),
        offset=offset,
        length=length,
        **text,
        **lists,
        frames=frozen(frames),
        ik={
            body: _read_ik(where, file[f"ik/{body}"], total)
            for body in (stored if bodies is None else bodies)
        },
        quarantine=dict(
            zip(file["quarantine/key"].asstr()[:], file["quarantine/reason"].asstr()[:], strict=True)
        ),
        content_sha256=str(file.attrs["content_sha256"]),
        time_base=str(file.attrs["time_base"]),
        recipe=json.loads(file["recipe"].asstr()[()]),
        version=str(file.attrs["version"]),
    )


def _read_ik(where: Path, group: h5py.Group, total: int) -> BodyIk:
    flat = {name: group[name][:].astype(np.float64) for name in ("qpos", "qvel", "residual")}
    for name, values in flat.items():
        if len(values) != total:
            raise InputError(
                f"{where}: {group.name}/{name}", f"has {len(values)} frames, not {total}", "build it again"
            )
    frozen(flat)
    return BodyIk(**flat, model_sha256=str(group.attrs["model_sha256"]), sha256=str(group.attrs["sha256"]))


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]
