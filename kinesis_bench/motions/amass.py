"""AMASS recordings: ``*_poses.npz`` (SMPL-H) and ``*_stageii.npz`` (SMPL-X), and trees of them.

AMASS stores, per frame, the rotation of every joint relative to its parent (``poses``, axis-angle, the root
first, then the 21 other body joints in the order that SMPL, SMPL-H and SMPL-X share, then hands and face) and
``trans``, which is added to the rest pose's pelvis to give the pelvis in the world (z up). Source: Mahmood et
al., AMASS, ICCV 2019, and its files. Object arrays (such as ``markers_latent_vids``) are never read.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.archives import read_npz
from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file, sha256_of_file
from kinesis_bench.motions.clip import Recording
from kinesis_bench.motions.curation import recording_name, subject_of
from kinesis_bench.motions.pipeline import FPS_RANGE
from kinesis_bench.motions.skeleton import BODY_JOINTS, mean_skeleton

SUFFIXES = ("_poses.npz", "_stageii.npz")
"""Ends of AMASS's file names; the first is preferred where a tree holds both of a recording."""

RATE_FIELDS = ("mocap_framerate", "mocap_frame_rate")
"""The frame rate's name in SMPL-H and in SMPL-X files."""


@dataclass(frozen=True)
class AmassFile:
    """A recording in a tree: its name (``KIT/10/LeftTurn01``) and its file."""

    name: str
    path: Path


def find_amass(root: str | Path) -> tuple[AmassFile, ...]:
    """All AMASS recordings under a folder, sorted by name; one file each, SMPL-H preferred.

    The folder may be the tree's root, one of its data sets, or one person's folder.

    Raises:
        InputError: the folder does not exist or holds no AMASS recording.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise InputError(folder, "no such folder", "give the folder that AMASS was unpacked into")
    found: dict[str, Path] = {}
    for suffix in reversed(SUFFIXES):
        found |= {recording_name(path.absolute()): path for path in sorted(folder.rglob(f"*{suffix}"))}
    if not found:
        raise InputError(
            folder,
            f"holds no AMASS recordings ({' or '.join(f'*{suffix}' for suffix in SUFFIXES)})",
            "unpack the AMASS archives there, KIT.tar.bz2 for example",
        )
    return tuple(AmassFile(name, found[name]) for name in sorted(found))


def read_amass(path: str | Path) -> Recording:
    """Read one AMASS file.

    ``pelvis_position`` is ``trans`` plus the mean skeleton's rest pelvis; ``betas`` and ``gender`` are kept,
    so that ``smpl.SmplBodies`` can put the shape's own in its place.

    Raises:
        InputError: the file is missing, cut, not an AMASS file, or a field is missing, of the wrong shape,
            not finite, or (frame rate) out of ``pipeline.FPS_RANGE``.
    """
    where = Path(path)
    fields = _read_fields(where)
    rate = next((name for name in RATE_FIELDS if name in fields), None)
    if rate is None:
        raise InputError(f"{where}: {RATE_FIELDS[0]}", "is missing, so the frame rate is unknown", _REMEDY)
    fps = _number(where, rate, fields[rate])
    if not FPS_RANGE[0] <= fps <= FPS_RANGE[1]:
        raise InputError(
            f"{where}: {rate}",
            f"is {fps:g} Hz, not a rate that people are recorded at",
            "correct or leave it out",
        )
    poses = _frames(where, "poses", fields, 3 * BODY_JOINTS)
    trans = _frames(where, "trans", fields, 3)
    if len(poses) != len(trans):
        raise InputError(f"{where}: trans", f"has {len(trans)} frames but poses {len(poses)}", _REMEDY)
    key = "/".join((*where.absolute().parts[-3:-1], where.stem))
    return Recording(
        key=key,
        fps=fps,
        rotations=poses.reshape(len(poses), BODY_JOINTS, 3),
        pelvis_position=trans + mean_skeleton().rest[0],
        subject=subject_of(key),
        source=str(where),
        source_sha256=sha256_of_file(where),
        betas=_betas(where, fields),
        gender=_gender(fields),
    )


_REMEDY = "download the file again or leave it out"


def _read_fields(where: Path) -> dict[str, np.ndarray]:
    """The arrays that are needed, without touching (let alone unpickling) any other."""
    wanted = ("poses", "trans", "betas", "gender", *RATE_FIELDS)
    require_file(where)
    if not zipfile.is_zipfile(where):
        raise InputError(where, "is cut or not an .npz file", _REMEDY)
    return read_npz(where, lambda name: name in wanted, _REMEDY)


def _frames(where: Path, name: str, fields: dict[str, np.ndarray], columns: int) -> np.ndarray:
    """The first ``columns`` columns of a field, one row a frame."""
    if name not in fields:
        raise InputError(f"{where}: {name}", f"is missing (there are {', '.join(fields) or 'none'})", _REMEDY)
    values = fields[name]
    exact = name == "trans"
    needed = f"{columns}" if exact else f"{columns} or more"
    fits = values.ndim == 2 and (values.shape[1] == columns if exact else values.shape[1] >= columns)
    if not fits or values.dtype.kind not in "fiu":
        raise InputError(
            f"{where}: {name}",
            f"has shape {values.shape} and type {values.dtype}, not (frames, {needed})",
            _REMEDY,
        )
    if len(values) == 0:
        raise InputError(f"{where}: {name}", "holds zero frames", "leave the file out")
    values = values[:, :columns].astype(np.float64)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise InputError(
            f"{where}: {name}",
            f"is NaN or infinite in {bad.sum()} frames, first in frame {bad.argmax()}",
            _REMEDY,
        )
    return values


def _number(where: Path, name: str, value: np.ndarray) -> float:
    if value.size != 1 or value.dtype.kind not in "fiu":
        raise InputError(f"{where}: {name}", f"is {value!r}, not a number", _REMEDY)
    return float(value.reshape(()))


def _betas(where: Path, fields: dict[str, np.ndarray]) -> np.ndarray | None:
    if "betas" not in fields:
        return None
    betas = fields["betas"].reshape(-1)[:16]
    if betas.dtype.kind not in "fiu" or not np.isfinite(betas).all():
        raise InputError(f"{where}: betas", "are not finite numbers", _REMEDY)
    return np.pad(betas.astype(np.float64), (0, 16 - len(betas)))


def _gender(fields: dict[str, np.ndarray]) -> str:
    """``male``, ``female`` or ``neutral``; files hold it as text or as bytes."""
    value: Any = (
        fields["gender"].reshape(-1)[0] if "gender" in fields and fields["gender"].size else "neutral"
    )
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text if text in ("male", "female") else "neutral"
