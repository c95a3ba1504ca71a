"""The recordings of ``normative-gait-v2`` and their splits; and recordings written as AMASS writes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np

from kinesis_bench.files import content_dir, sha256_of_file, whole_file
from kinesis_bench.motions.clip import Recording
from kinesis_bench.motions.gait.approach import Approach, approach
from kinesis_bench.motions.gait.cycle import Bank
from kinesis_bench.motions.gait.path import DT_S, Course, walk
from kinesis_bench.motions.gait.path import Path as GaitPath
from kinesis_bench.motions.gait.plan import ClipPlan, clip_plans
from kinesis_bench.motions.gait.pose import Walked, pose
from kinesis_bench.motions.gait.speeds import run_bank, walk_bank
from kinesis_bench.motions.skeleton import mean_skeleton

DATASET = "normative-gait-v2"

FPS = 100.0
"""Frame rate of the recordings [Hz], as KIT's."""

SOURCE = (
    "made from gait tables: Schwartz et al. 2008 (walking), Fukuchi et al. 2017 (running), "
    "Winter et al. 1989 (backward as forward reversed in time)"
)


def make(plan: ClipPlan) -> Walked:
    """Make one clip, at FPS. A backward one is a forward walk reversed in time, its path too."""
    bank = run_bank(plan.people) if plan.cell.skill == "run" else walk_bank()
    backward = plan.cell.skill == "backward"
    path = _path(plan.course, bank, backward)
    first = int(np.argmin(np.abs(path.time)))
    stride = round(1.0 / (FPS * DT_S))
    frames = first + stride * np.arange(int(plan.course.duration_s * FPS) + 1)
    return pose(path, bank, plan.style, frames[::-1] if backward else frames)


def _path(course: Course | Approach, bank: Bank, backward: bool) -> GaitPath:
    """The way, walked forward; a backward one from its end to its beginning."""
    if isinstance(course, Approach):
        return approach(course, bank)
    if backward:
        start, stop = course.start_s, course.stop_s
        course = replace(
            course,
            start_s=None if stop is None else course.duration_s - stop,
            stop_s=None if start is None else course.duration_s - start,
        )
    return walk(course, bank)


def recording(plan: ClipPlan, walked: Walked) -> Recording:
    """The clip as a recording on the mean skeleton, its feet on the floor already."""
    return Recording(
        key=plan.key,
        fps=FPS,
        rotations=walked.rotations,
        pelvis_position=walked.pelvis_position,
        subject="normative",
        skill=plan.cell.skill,
        source=SOURCE,
        source_sha256=_plan_sha256(plan),
        texts=plan.texts,
        on_floor=True,
    )


def _plan_sha256(plan: ClipPlan) -> str:
    """Hash of what a clip is made from, its plan to nine digits and the tables; the same on every machine."""
    text = json.dumps(asdict(plan), sort_keys=True)
    rounded = json.loads(text, parse_float=lambda number: f"{float(number):.9g}")
    return hashlib.sha256(f"{json.dumps(rounded)} {_tables_sha256()}".encode()).hexdigest()


@cache
def _tables_sha256() -> str:
    tables = sorted((content_dir("datasets") / "normative_gait").glob("*.csv"))
    return " ".join(sha256_of_file(table) for table in tables)


def recordings() -> tuple[Recording, ...]:
    """All recordings of the data set, training first."""
    return tuple(recording(plan, make(plan)) for plan in clip_plans())


def splits(of: Iterable[Recording]) -> dict[str, tuple[str, ...]]:
    """Key of every recording → its split memberships."""
    planned = {plan.key: (plan.split,) for plan in clip_plans()}
    return {item.key: planned[item.key] for item in of}


def write_amass(item: Recording, path: str | Path) -> None:
    """Write a recording as an AMASS ``*_poses.npz`` (SMPL-H: 52 joints, hands at rest, no shape).

    Raises:
        InputError: the file cannot be written.
    """
    poses = np.zeros((len(item.rotations), 156))
    poses[:, : item.rotations.shape[1] * 3] = item.rotations.reshape(len(item.rotations), -1)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            poses=poses,
            trans=item.pelvis_position - mean_skeleton().rest[0],
            betas=np.zeros(16) if item.betas is None else item.betas,
            gender=np.array(item.gender),
            mocap_framerate=np.array(item.fps),
        )
