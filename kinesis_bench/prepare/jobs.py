"""What there is to prepare: one job a source file (or built-in recording), and how a job becomes clips."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file, sha256_of_file
from kinesis_bench.motions.amass import find_amass, read_amass
from kinesis_bench.motions.clip import Clip, Recording
from kinesis_bench.motions.curation import Rules
from kinesis_bench.motions.gait.build import make, recording
from kinesis_bench.motions.gait.demonstrations import goal_plans
from kinesis_bench.motions.gait.plan import ClipPlan, clip_plans
from kinesis_bench.motions.gait.sentence_plan import text_plan
from kinesis_bench.motions.joint_angles.read import count_beyond, read_joint_angles
from kinesis_bench.motions.pipeline import TimeBase, to_clip
from kinesis_bench.motions.prompts import sayable_prompts
from kinesis_bench.motions.retarget import joint_angles
from kinesis_bench.motions.skill import skill_of
from kinesis_bench.motions.smpl import SmplBodies
from kinesis_bench.motions.text_to_motion import read_text_to_motion

Kind = Literal["amass", "joint angles", "text-to-motion", "built-in"]


@dataclass(frozen=True)
class Job:
    """One thing to prepare.

    Attributes:
        key: for messages, unique in a run; the clip's key unless a file holds several motions.
        kind: which reader it needs.
        path: the source file; None for built-in motions.
        plan: of a built-in motion.
        skill: of the clip; "" means that it is told by the motion.
        splits, texts: of the clip.
    """

    key: str
    kind: Kind
    path: Path | None = None
    plan: ClipPlan | None = None
    skill: str = ""
    splits: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def sha256(self) -> str:
        """Hash of the source and of everything that the job says of it."""
        if self.plan is not None:
            digest = hashlib.sha256(repr(self.plan).encode())
        else:
            assert self.path is not None
            digest = hashlib.sha256(sha256_of_file(self.path).encode())
            beside = self.path.with_suffix(".txt")
            if self.kind == "text-to-motion" and beside.is_file():
                digest.update(beside.read_bytes())
        told = [self.key, self.kind, str(self.path), self.skill, list(self.splits), list(self.texts)]
        digest.update(json.dumps(told).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Made:
    """A clip, and what its reader has to say about it.

    Attributes:
        clip: resampled, on the floor, labelled.
        remarks: of a joint-angle file, the fields of its report and ``angles_cut``.
    """

    clip: Clip
    remarks: Mapping[str, Any] = field(default_factory=dict)


def amass_jobs(
    folder: Path, rules: Rules, texts: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[tuple[Job, ...], dict[str, tuple[str, ...]]]:
    """The recordings of an AMASS tree that the rules choose, and what of the published lists is missing.

    Args:
        folder: root of the tree, or a data set's or person's folder.
        rules: from ``load_rules``.
        texts: recording name -> captions, from ``read_annotations``.

    Raises:
        InputError: the folder holds no AMASS recording, or none that the rules choose.
    """
    found = find_amass(folder)
    chosen = [file for file in found if rules.chooses(file.name)]
    if not chosen:
        raise InputError(
            folder,
            f"none of its {len(found)} recordings is chosen by the rules of {rules.id}",
            f"unpack AMASS {', '.join(rules.datasets)} there, or give rules that choose them with --rules",
        )
    jobs = tuple(
        Job(
            key=file.name,
            kind="amass",
            path=file.path,
            skill=rules.skill(file.name),
            splits=rules.splits(file.name),
            texts=(texts or {}).get(file.name, ()),
        )
        for file in chosen
    )
    return jobs, rules.missing(file.name for file in chosen)


def file_jobs(kind: Kind, paths: Sequence[Path]) -> tuple[Job, ...]:
    """Jobs for files that are named one by one.

    Raises:
        InputError: a file does not exist, or two have the same name and so would give the same key.
    """
    stems: dict[str, Path] = {}
    for path in paths:
        require_file(path)
        if path.stem in stems:
            raise InputError(path, f"has the same name as {stems[path.stem]}", "rename one of them")
        stems[path.stem] = path
    return tuple(Job(key=stem, kind=kind, path=path) for stem, path in stems.items())


def built_in_jobs(people: int = 1) -> tuple[Job, ...]:
    """The motions of the built-in data set ``normative-gait-v2``, its training clips by so many people."""
    return tuple(
        Job(key=plan.key, kind="built-in", plan=plan, skill=plan.cell.skill, splits=(plan.split,))
        for plan in clip_plans(people)
    )


def text_jobs(texts: Sequence[str]) -> tuple[Job, ...]:
    """The clips that sentences of the built-in gait's grammar ask for.

    Raises:
        InputError: the grammar cannot say one of them, or two are the same.
    """
    jobs = tuple(_plan_job(text_plan(text)) for text in texts)
    for place, job in enumerate(jobs):
        if job.key in {before.key for before in jobs[:place]}:
            raise InputError("--text", f"has {texts[place]!r} twice", "give it once")
    return jobs


def prompt_jobs() -> tuple[Job, ...]:
    """The clips of the fixed list's prompts that the grammar can say."""
    return tuple(_plan_job(text_plan(prompt.text, f"text/{prompt.id}")) for prompt in sayable_prompts())


def goal_jobs() -> tuple[Job, ...]:
    """The demonstrations of target reaching."""
    return tuple(_plan_job(plan) for plan in goal_plans())


def _plan_job(plan: ClipPlan) -> Job:
    return Job(key=plan.key, kind="built-in", plan=plan, skill=plan.cell.skill)


def make_clips(
    job: Job, *, time_base: TimeBase, smpl: Path | None, bodies: Sequence[str], refused: dict[str, str]
) -> list[Made]:
    """Read a job's source and make its clips.

    Args:
        job: what to read.
        time_base: see ``motions.pipeline.resample``.
        smpl: folder with SMPL model files for AMASS recordings; None for the mean skeleton.
        bodies: whose joint limits the angles of joint-angle files are held against.
        refused: takes the key and the reason of each motion of a file that cannot be used, where others can.

    Raises:
        InputError: the source cannot be used.
    """
    if job.plan is not None:
        return [_made(job, recording(job.plan, make(job.plan)), time_base)]
    assert job.path is not None
    if job.kind == "amass":
        captured, skeleton = read_amass(job.path), None
        if smpl is not None:
            captured, skeleton = _smpl_bodies(smpl).place(captured)
        return [Made(_labelled(job, to_clip(captured, skeleton=skeleton, time_base=time_base)))]
    if job.kind == "joint angles":
        captured, report = read_joint_angles(job.path)
        report = report.with_angles_cut(_angles_cut(captured, bodies))
        return [_made(job, captured, time_base, asdict(report) | {"source": report.source.name})]
    return [_made(job, generated, time_base) for generated in read_text_to_motion(job.path, refused)]


def _made(job: Job, source: Recording, time_base: TimeBase, remarks: Mapping[str, Any] | None = None) -> Made:
    return Made(_labelled(job, to_clip(source, time_base=time_base)), remarks or {})


def _labelled(job: Job, clip: Clip) -> Clip:
    return replace(
        clip,
        skill=job.skill or clip.skill or skill_of(clip),
        splits=job.splits or clip.splits,
        texts=tuple(dict.fromkeys((*clip.texts, *job.texts))),
    )


def _angles_cut(source: Recording, bodies: Sequence[str]) -> dict[str, int]:
    """Frames in which each angle is beyond the limits of the body that is narrowest in it."""
    from kinesis_bench.bodies.contract import load_body

    angles = joint_angles(source.rotations)
    counts: dict[str, int] = {}
    for name in bodies:
        ranges = {angle.name: angle.range_rad for angle in load_body(name).angles}
        for angle, count in count_beyond(angles, ranges).items():
            counts[angle] = max(count, counts.get(angle, 0))
    return counts


@cache
def _smpl_bodies(folder: Path) -> SmplBodies:
    return SmplBodies(folder)
