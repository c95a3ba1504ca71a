"""From jobs to a motion file: work them off, keep what is done, write the file, say what came of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
from rich.console import Console

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.files import DiskFull, cannot_write, refuse_folder
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import write_motions
from kinesis_bench.prepare import bounds
from kinesis_bench.prepare.jobs import Job
from kinesis_bench.prepare.pool import default_workers, work_all
from kinesis_bench.prepare.work import Prepared, Settings, code_sha256, load_result


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        path: the file that was written.
        motions: its content.
        sole_depth_m: body -> clip key -> depth of its deepest sole point under the floor [m].
        remarks: clip key -> what its reader said, of joint-angle files.
        missing: published split -> names of its recordings that were not found.
        resumed: jobs whose results a stopped run had left.
        replaced: whether a file of other content was there before.
        wall_s: duration [s].
    """

    path: Path
    motions: Motions
    sole_depth_m: Mapping[str, Mapping[str, float]]
    remarks: Mapping[str, Mapping[str, Any]]
    missing: Mapping[str, tuple[str, ...]]
    resumed: int
    replaced: bool
    wall_s: float


def prepare(
    jobs: Sequence[Job],
    out: str | Path,
    *,
    id: str,
    settings: Settings,
    workers: int | None = None,
    recipe: Mapping[str, Any] | None = None,
    missing: Mapping[str, tuple[str, ...]] | None = None,
    console: Console | None = None,
) -> Outcome:
    """Prepare recordings into one motion file.

    Results are kept in a folder beside ``out`` until the file is written, so that a run that was stopped goes
    on where it was. The same input gives the same content hash, whatever the number of workers.

    Args:
        jobs: from ``prepare.jobs``.
        out: the motion file.
        id: name of the data set.
        settings: time base, bodies, SMPL models.
        workers: processes, all cores if None.
        recipe: more of what made the file, to be kept in it.
        missing: kept for the report.
        console: for progress; stderr if None.

    Raises:
        InputError: no clip is left, two have the same key, the file cannot be written.
        DiskFull: the results so far are kept, and where, is said.
        KeyboardInterrupt: Ctrl-C, after a message that says how to go on.
    """
    target = Path(out)
    console = console or Console(stderr=True)
    with only_one(target, console):
        return prepare_held(
            jobs, target, id=id, settings=settings, workers=workers or default_workers(),
            recipe=recipe or {}, missing=missing or {}, console=console,
        )  # fmt: skip


def prepare_held(
    jobs: Sequence[Job],
    out: Path,
    *,
    id: str,
    settings: Settings,
    workers: int,
    recipe: Mapping[str, Any],
    missing: Mapping[str, tuple[str, ...]],
    console: Console,
) -> Outcome:
    """As ``prepare``, by somebody who holds the work folder (``only_one``)."""
    begin = time.monotonic()
    folder = work_folder(out)
    try:
        paths, resumed = work_all(jobs, folder, settings, workers, console)
    except KeyboardInterrupt:
        kept = len(list(folder.glob("*.npz")))
        console.print(
            f"stopped; {kept} of {len(jobs)} recordings are done and kept: the same command goes on there",
            highlight=False,
        )
        raise
    results = [load_result(path, settings.bodies) for path in paths]
    clips = [item for result in results for item in result.clips]
    quarantine = {key: reason for result in results for key, reason in result.quarantine.items()}
    if not clips:
        shutil.rmtree(folder)
        raise _nothing_left(out, quarantine)
    before = _content_of(out)
    motions = write_motions(
        out,
        [item.clip for item in clips],
        id=id,
        time_base=settings.time_base,
        ik={body: {item.clip.key: item.ik[body] for item in clips} for body in settings.bodies},
        model_sha256={body: load_body(body).sha256 for body in settings.bodies},
        quarantine=quarantine,
        recipe=_recipe(settings) | dict(recipe),
    )
    shutil.rmtree(folder)
    return Outcome(
        path=out,
        motions=motions,
        sole_depth_m=_by_body(clips, settings.bodies),
        remarks={item.clip.key: item.remarks for item in clips if item.remarks},
        missing=missing,
        resumed=resumed,
        replaced=before not in ("", motions.content_sha256),
        wall_s=time.monotonic() - begin,
    )


def work_folder(out: Path) -> Path:
    """Where the results of an unfinished file are kept."""
    return out.parent / f".{out.name}.work"


@contextmanager
def only_one(out: Path, console: Console) -> Iterator[None]:
    """Hold the file's work folder, waiting for another process that prepares the same file.

    At the end, folders that were made for the purpose and hold nothing are removed.

    Raises:
        InputError: the folder cannot be written, ``out`` is a folder; the disk filled up meanwhile.
    """
    refuse_folder(out, "give the name of the motion file to write")
    folder = work_folder(out)
    made = [folder, *[parent for parent in folder.parents if not parent.exists()]]
    held = _hold(out, folder, console)
    try:
        yield
    except DiskFull as error:
        raise _disk_full(out, error) from error
    finally:
        with contextlib.suppress(OSError):
            for path in made:
                if path.exists():
                    path.rmdir()
        os.close(held)  # only now: whoever waits looks again and makes the folder anew


def _hold(out: Path, folder: Path, console: Console) -> int:
    """The folder opened and locked; its holder may have removed it while we waited, so look again."""
    said = False
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise cannot_write(out, error) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said:
                console.print(f"waiting for another process that prepares {out}", highlight=False)
            said = True
            fcntl.flock(held, fcntl.LOCK_EX)
        if folder.exists() and os.path.samestat(os.fstat(held), folder.stat()):
            return held
        os.close(held)


def _recipe(settings: Settings) -> dict[str, Any]:
    return {
        "code_sha256": code_sha256(),
        "bodies": list(settings.bodies),
        "skeleton": "mean SMPL" if settings.smpl is None else "each recording's own SMPL shape",
        "bounds": {
            "residual_m": bounds.RESIDUAL_M,
            "joint_speed_rad_s": bounds.JOINT_SPEED_RAD_S,
            "pelvis_speed_m_s": bounds.PELVIS_SPEED_M_S,
            "pelvis_turn_rad_s": bounds.PELVIS_TURN_RAD_S,
        },
    }


def _content_of(path: Path) -> str:
    """Content hash of the motion file at ``path``; "" if nothing is there, "unknown" if something else is."""
    if not path.exists():
        return ""
    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs["content_sha256"])
    except (OSError, KeyError):
        return "unknown"


def _disk_full(out: Path, error: DiskFull) -> DiskFull:
    folder = work_folder(out)
    kept = list(folder.glob("[0-9a-f]*.npz"))
    remedy = "free some space or choose another folder"
    if kept:
        size = sum(path.stat().st_size for path in kept) / 1e6
        remedy = (
            f"free some space and give the same command again, which goes on with the {len(kept)} results "
            f"kept in {folder}, or delete that folder, which frees {size:.1f} MB"
        )
    return DiskFull(out, f"{error.problem}, so it was not written", remedy)


def _by_body(clips: Sequence[Prepared], bodies: Sequence[str]) -> dict[str, dict[str, float]]:
    return {body: {item.clip.key: item.sole_depth_m[body] for item in clips} for body in bodies}


def _nothing_left(out: Path, quarantine: Mapping[str, str]) -> InputError:
    key, reason = next(iter(quarantine.items()))
    if len(quarantine) == 1:
        return InputError(out, f"not written, no clip is left: {reason}", "give another recording")
    return InputError(
        out, f"not written, none of {len(quarantine)} recordings can be used; the first, {key}: {reason}",
        "give other recordings",
    )  # fmt: skip
