"""What is in a motion file, and whether it is sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import sha256_of_file
from kinesis_bench.motions.clip import FPS, SKILLS
from kinesis_bench.motions.curation import motion_name
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import FORMAT, read_motions


@dataclass(frozen=True)
class Count:
    """A number of clips and of frames at 30 fps."""

    clips: int
    frames: int

    @property
    def minutes(self) -> float:
        """Duration of the frames [min]."""
        return self.frames / FPS / 60


@dataclass(frozen=True)
class Leak:
    """What a test split shares with a training split.

    Attributes:
        train, test: the splits.
        tests: number of test clips.
        crossing: keys that are in both.
        related: test keys whose person and motion name are in training too (crossing ones included).
    """

    train: str
    test: str
    tests: int
    crossing: tuple[str, ...]
    related: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """What is in a motion file.

    Attributes:
        path: of the file.
        motions: its content, without IK states.
        counts: split -> skill -> count; ``all`` is every clip, skill ``total`` every skill.
        residual_mm: body -> median, 95th percentile and largest IK residual over all frames [mm].
        leaks: for each family of splits with a train and a test part.
    """

    path: Path
    motions: Motions
    counts: Mapping[str, Mapping[str, Count]]
    residual_mm: Mapping[str, tuple[float, float, float]]
    leaks: tuple[Leak, ...]


@dataclass(frozen=True)
class Listing:
    """One motion file of a folder: its content without IK (None if unusable), its bodies, what is wrong."""

    path: Path
    motions: Motions | None
    bodies: tuple[str, ...]
    problem: str


@dataclass(frozen=True)
class Check:
    """One thing that was verified; ``passed`` is None where there was nothing to check it on."""

    name: str
    passed: bool | None
    detail: str


def summarise(path: str | Path) -> Summary:
    """Count what is in a motion file.

    Raises:
        InputError: as ``read_motions``.
    """
    motions = read_motions(path)
    residual = {
        body: tuple(float(value) * 1000 for value in np.percentile(ik.residual, [50, 95, 100]))
        for body, ik in motions.ik.items()
    }
    return Summary(
        path=Path(path),
        motions=motions,
        counts=count_clips(motions),
        residual_mm={body: (low, high, most) for body, (low, high, most) in residual.items()},
        leaks=tuple(find_leak(motions, f"{family}/train", f"{family}/test") for family in _families(motions)),
    )


def list_files(folder: str | Path) -> tuple[Listing, ...]:
    """All motion files under a folder (or the one that is given), sorted; other HDF5 files are passed over.

    Raises:
        InputError: there is none.
    """
    where = Path(folder)
    listings = []
    for path in [where] if where.is_file() else sorted(where.rglob("*.h5")):
        try:
            with h5py.File(path, "r") as file:
                if file.attrs.get("format") != FORMAT:
                    continue
                bodies = tuple(file.get("ik", ()))
            listings.append(Listing(path, read_motions(path, bodies=()), bodies, ""))
        except OSError:
            listings.append(Listing(path, None, (), "cannot be read as HDF5"))
        except InputError as error:
            listings.append(Listing(path, None, (), error.problem))
    if not listings:
        raise InputError(where, "holds no motion file", "build one with `kinesis-bench prepare-data`")
    return tuple(listings)


def find_leak(motions: Motions, train: str, test: str) -> Leak:
    """What the split ``test`` shares with the split ``train``.

    Raises:
        InputError: there is no such split.
    """
    trained, tested = (keys_of(motions, split) for split in (train, test))
    return Leak(
        train=train,
        test=test,
        tests=len(tested),
        crossing=tuple(sorted(set(trained) & set(tested))),
        related=related(motions, trained, motions, tested),
    )


def verify(path: str | Path) -> tuple[Check, ...]:
    """Recompute the hashes of a motion file and check what must hold of its numbers.

    Raises:
        InputError: as ``read_motions``, which refuses a file whose content does not match its hash.
    """
    motions = read_motions(path)
    checks = [
        Check("content hash", True, motions.content_sha256),
        Check("hash of the sources", True, motions.sources_sha256),
    ]
    for body, ik in motions.ik.items():
        found = ik.compute_sha256()
        checks.append(Check(f"hash of IK, {body}", found == ik.sha256, found))
    norm = np.abs(np.linalg.norm(motions.frames["pelvis_quaternion"], axis=1) - 1).max()
    checks.append(Check("quaternions are unit", bool(norm < 1e-5), f"off by {norm:.1e} at most"))
    gap = np.abs(motions.frames["keypoint_position"][:, 0] - motions.frames["pelvis_position"]).max()
    checks.append(
        Check("first keypoint is the pelvis", bool(gap < 1e-5), f"off by {gap * 1000:.3f} mm at most")
    )
    unknown = sorted({skill for skill in motions.skill if skill and skill not in SKILLS})
    checks.append(Check("skills are known", not unknown, ", ".join(unknown) or "yes"))
    for family in _families(motions):
        leak = find_leak(motions, f"{family}/train", f"{family}/test")
        detail = ", ".join(leak.crossing) or f"{leak.tests} test clips, none in training"
        checks.append(Check(f"{family}: train and test are apart", not leak.crossing, detail))
    checks.append(_check_sources(motions))
    return tuple(checks)


def count_clips(motions: Motions) -> dict[str, dict[str, Count]]:
    """Clips of every split by skill; ``all`` is every clip, skill ``total`` every skill."""
    return {split: _by_skill(motions, split) for split in ("all", *motions.split_names)}


def _by_skill(motions: Motions, split: str) -> dict[str, Count]:
    clips = motions.select(split)
    counts = {"total": Count(len(clips), int(motions.length[clips].sum()))}
    for skill in (*SKILLS, *sorted(set(motions.skill) - set(SKILLS))):
        of_skill = [clip for clip in clips if motions.skill[clip] == skill]
        if of_skill:
            counts[skill] = Count(len(of_skill), int(motions.length[of_skill].sum()))
    return counts


def _families(motions: Motions) -> tuple[str, ...]:
    """Names before the slash of the splits that have both a train and a test part."""
    names = set(motions.split_names)
    family = {name.rsplit("/", 1)[0] for name in names if "/" in name}
    return tuple(sorted(name for name in family if {f"{name}/train", f"{name}/test"} <= names))


def keys_of(motions: Motions, split: str) -> tuple[str, ...]:
    """Keys of a split's clips."""
    return tuple(motions.keys[clip] for clip in motions.select(split))


def related(a: Motions, of_a: Iterable[str], b: Motions, of_b: Iterable[str]) -> tuple[str, ...]:
    """Keys ``of_b`` whose person and motion name occur among ``of_a``; people must be known."""
    known = {(a.subject[a.index(key)], motion_name(key)) for key in of_a}
    return tuple(
        sorted(
            key
            for key in of_b
            if b.subject[b.index(key)] and (b.subject[b.index(key)], motion_name(key)) in known
        )
    )


def _check_sources(motions: Motions) -> Check:
    """Whether the source files that are still there have not changed."""
    pairs = {(source, stored) for source, stored in zip(motions.source, motions.source_sha256, strict=True)}
    there = sorted((source, stored) for source, stored in pairs if stored and Path(source).is_file())
    other = [source for source, stored in there if sha256_of_file(source) != stored]
    detail = f"{len(there)} of {len(pairs)} are there" + (f", changed: {', '.join(other)}" if other else "")
    return Check("sources are unchanged", not other if there else None, detail)


def reason_of(key: str, reason: str) -> str:
    """A quarantined recording's reason without its file's path, which repeats its key."""
    path, separator, rest = reason.partition(": ")
    name = Path(path).name
    repeats = separator and Path(name).suffix and name.startswith(key.rsplit("/", 1)[-1])
    return rest if repeats else reason


def require(checks: Iterable[Check], path: str | Path) -> None:
    """Raise if a check failed.

    Raises:
        InputError: naming the checks that failed.
    """
    failed = [f"{check.name} ({check.detail})" for check in checks if check.passed is False]
    if failed:
        raise InputError(path, f"is not sound: {'; '.join(failed)}", "build it again")
