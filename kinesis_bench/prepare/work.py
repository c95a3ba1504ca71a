"""One job's work, and the folder that keeps it: each result is a file that is there whole or not at all.

A result's file is named by a hash of the job's source, the recipe, the bodies' models and our code, so a run
that was stopped, however hard, goes on where it was, and nothing stale is ever used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench import __version__
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik import warm_start
from kinesis_bench.errors import InputError
from kinesis_bench.files import content_dir, whole_file
from kinesis_bench.motions.clip import Clip
from kinesis_bench.motions.motion_set import FRAME_SHAPES, ClipIk
from kinesis_bench.motions.pipeline import TimeBase
from kinesis_bench.prepare.bounds import out_of_bounds
from kinesis_bench.prepare.jobs import Job, make_clips

_CODE = ("__init__.py", "motions", "bodies", "prepare")
_TEXTS = ("key", "subject", "skill", "source", "source_sha256")
_IK = ("qpos", "qvel", "residual")


@dataclass(frozen=True)
class Settings:
    """What is the same for all jobs of a run.

    Attributes:
        time_base: see ``motions.pipeline.resample``.
        bodies: that warm starts are made for.
        smpl: folder with SMPL model files, None for the mean skeleton.
    """

    time_base: TimeBase
    bodies: tuple[str, ...]
    smpl: Path | None = None


@dataclass(frozen=True)
class Prepared:
    """A clip with its warm starts.

    Attributes:
        clip: the motion.
        ik: body -> its IK.
        sole_depth_m: body -> depth of the deepest sole point under the floor, over the clip [m].
        remarks: of the reader, see ``Made``.
    """

    clip: Clip
    ik: Mapping[str, ClipIk]
    sole_depth_m: Mapping[str, float]
    remarks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What came of a job: its clips, and key -> reason of what cannot be used."""

    clips: tuple[Prepared, ...] = ()
    quarantine: Mapping[str, str] = field(default_factory=dict)


def prepare_job(job: Job, settings: Settings) -> Result:
    """Read, resample and pose one job; whatever is wrong with it puts it into quarantine."""
    quarantine: dict[str, str] = {}
    try:
        made = make_clips(
            job,
            time_base=settings.time_base,
            smpl=settings.smpl,
            bodies=settings.bodies,
            refused=quarantine,
        )
    except InputError as error:
        return Result(quarantine={job.key: str(error)})
    except (ArithmeticError, ValueError, LookupError, np.linalg.LinAlgError) as error:
        return Result(quarantine={job.key: f"cannot be used ({type(error).__name__}: {error})"})
    clips = []
    for item in made:
        prepared, reason = _pose(item.clip, settings.bodies, item.remarks)
        if prepared is None:
            quarantine[item.clip.key] = reason
        else:
            clips.append(prepared)
    return Result(tuple(clips), quarantine)


def _pose(clip: Clip, bodies: tuple[str, ...], remarks: Mapping[str, Any]) -> tuple[Prepared | None, str]:
    ik, depth = {}, {}
    for name in bodies:
        body = load_body(name)
        try:
            start = warm_start(body, clip)
        except np.linalg.LinAlgError as error:
            return None, f"{name} cannot be posed ({error})"
        reason = out_of_bounds(clip, body, start)
        if reason:
            return None, reason
        ik[name] = ClipIk(start.qpos, start.qvel, start.residual)
        depth[name] = float(start.sole_depth.max())
    return Prepared(clip, ik, depth, remarks), ""


def result_path(folder: Path, job: Job, settings: Settings) -> Path:
    """Where a job's result is kept.

    Raises:
        InputError: the source cannot be read.
    """
    told = [
        job_sha256(job),
        settings.time_base,
        {name: load_body(name).sha256 for name in settings.bodies},
        smpl_stamp(settings.smpl),
        code_sha256(),
    ]
    return folder / f"{hashlib.sha256(json.dumps(told).encode()).hexdigest()}.npz"


def job_sha256(job: Job) -> str:
    """Hash of a job; one that cannot be read gets one of its name, and its reader will say why."""
    try:
        return job.sha256()
    except OSError:
        return hashlib.sha256(f"unreadable {job.path}".encode()).hexdigest()


def work_off(job: Job, folder: Path, settings: Settings) -> tuple[Path, bool]:
    """Prepare a job unless its result is kept already; its path, and whether it was.

    Raises:
        InputError: the result cannot be written, the disk is full.
    """
    path = result_path(folder, job, settings)
    if path.exists():
        return path, True
    save_result(path, prepare_job(job, settings))
    return path, False


def save_result(path: Path, result: Result) -> None:
    """Write a result, whole or not at all."""
    arrays: dict[str, np.ndarray] = {}
    told: dict[str, Any] = {"quarantine": dict(result.quarantine), "clips": []}
    for place, item in enumerate(result.clips):
        clip = item.clip
        told["clips"].append(
            {name: getattr(clip, name) for name in _TEXTS}
            | {"texts": clip.texts, "splits": clip.splits}
            | {"sole_depth_m": dict(item.sole_depth_m), "remarks": dict(item.remarks)}
        )
        arrays |= {f"{place}/{name}": getattr(clip, name) for name in FRAME_SHAPES}
        for body, ik in item.ik.items():
            arrays |= {f"{place}/{body}/{name}": getattr(ik, name) for name in _IK}
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, told=np.array(json.dumps(told)), **arrays)


def load_result(path: Path, bodies: tuple[str, ...]) -> Result:
    """Read what ``save_result`` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        told = json.loads(str(archive["told"]))
        clips = []
        for place, row in enumerate(told["clips"]):
            clip = Clip(
                **{name: archive[f"{place}/{name}"] for name in FRAME_SHAPES},
                **{name: row[name] for name in _TEXTS},
                texts=tuple(row["texts"]),
                splits=tuple(row["splits"]),
            )
            ik = {body: ClipIk(*(archive[f"{place}/{body}/{name}"] for name in _IK)) for body in bodies}
            clips.append(Prepared(clip, ik, row["sole_depth_m"], row["remarks"]))
    return Result(tuple(clips), told["quarantine"])


def smpl_stamp(folder: Path | None) -> list[tuple[str, int, int]]:
    """Names, sizes and times of the SMPL model files."""
    if folder is None:
        return []
    files = sorted(path for path in folder.rglob("*.npz") if path.is_file())
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


@cache
def code_sha256() -> str:
    """Hash of what decides the numbers: our version, readers, skeleton, bodies and their parts."""
    import mujoco
    import myo_sim

    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(f"{__version__} {mujoco.__version__} {myo_sim.__version__}".encode())
    tables = [
        path
        for name in ("kit_locomotion", "normative_gait", "text_prompts")
        for path in sorted((content_dir("datasets") / name).glob("*.csv"))
    ]
    code = [path for part in _CODE for path in sorted((package / part).rglob("*.py")) or [package / part]]
    for path in (*code, *tables):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
