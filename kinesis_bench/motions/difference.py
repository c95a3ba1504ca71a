"""What two motion files, or two splits of one, differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.motions.inspect import keys_of, related
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import read_motions


@dataclass(frozen=True)
class Difference:
    """What two files or splits differ in.

    Attributes:
        a, b: what was compared.
        same: clips that are in both and equal.
        only_a, only_b: keys that are in one only.
        changed: key -> what differs, for keys that are in both.
        crossing: keys that are for training on one side and for testing on the other, with both splits.
        related: keys of ``b`` whose person and motion name are in ``a``.
    """

    a: str
    b: str
    same: int
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    crossing: Mapping[str, tuple[str, str]]
    related: tuple[str, ...]


def diff_files(a: str | Path, b: str | Path) -> Difference:
    """What two motion files differ in, IK left aside.

    Raises:
        InputError: as ``read_motions``.
    """
    first, second = read_motions(a, bodies=()), read_motions(b, bodies=())
    both = sorted(set(first.keys) & set(second.keys))
    changed = {key: what for key in both if (what := _changes(first, second, key))}
    crossing = {}
    for key in both:
        ours, theirs = first.splits[first.index(key)], second.splits[second.index(key)]
        for one, other in ((one, other) for one in ours for other in theirs if _opposite(one, other)):
            crossing[key] = (one, other)
    return Difference(
        a=str(a),
        b=str(b),
        same=len(both) - len(changed),
        only_a=tuple(sorted(set(first.keys) - set(second.keys))),
        only_b=tuple(sorted(set(second.keys) - set(first.keys))),
        changed=changed,
        crossing=crossing,
        related=related(first, first.keys, second, second.keys),
    )


def diff_splits(path: str | Path, a: str, b: str) -> Difference:
    """What two splits of a file differ in; clips that are in both cross if one split trains and one tests.

    Raises:
        InputError: as ``read_motions``; there is no such split.
    """
    motions = read_motions(path, bodies=())
    first, second = keys_of(motions, a), keys_of(motions, b)
    both = sorted(set(first) & set(second))
    roles = {a.rsplit("/", 1)[-1], b.rsplit("/", 1)[-1]}
    return Difference(
        a=a,
        b=b,
        same=len(both),
        only_a=tuple(sorted(set(first) - set(second))),
        only_b=tuple(sorted(set(second) - set(first))),
        changed={},
        crossing=dict.fromkeys(both, (a, b)) if roles == {"train", "test"} else {},
        related=related(motions, first, motions, second),
    )


def _opposite(one: str, other: str) -> bool:
    """Whether two splits are the train and the test part of the same family."""
    (ours, ours_role), (theirs, theirs_role) = one.rsplit("/", 1), other.rsplit("/", 1)
    return ours == theirs and {ours_role, theirs_role} == {"train", "test"}


def _changes(a: Motions, b: Motions, key: str) -> tuple[str, ...]:
    """In words, what differs in a clip."""
    here, there = a.index(key), b.index(key)
    changes = [
        f"{name}: {getattr(a, name)[here]!r}, {getattr(b, name)[there]!r}"
        for name in ("skill", "subject", "splits", "texts")
        if getattr(a, name)[here] != getattr(b, name)[there]
    ]
    if a.length[here] != b.length[there]:
        return (*changes, f"frames: {a.length[here]}, {b.length[there]}")
    for name in a.frames:
        most = np.abs(a.frames[name][a.span(here)] - b.frames[name][b.span(there)]).max()
        if most > 0:
            changes.append(f"{name}: differs by up to {most:.3g}")
    return tuple(changes)
