"""A data set of clips in memory: flat arrays over all frames, a clip table, IK warm starts, hashes.

Frames have float32 precision (0.5 µm at 8 m), in memory as in the file, and are held as float64; IK states
are float64. Clips lie in the order of their keys.

Two hashes say what a data set is. The content hash covers what the benchmark uses (keys, skills, subjects,
splits, texts and the float32 frames), whenever and by how many workers it was made; processors of another
kind may round a few of the numbers another way, by a micrometre at most. The hash of the sources covers what
it was made from and by which version, and is the same on every machine. Each body's IK has a hash of its
own, so that adding a body leaves the data set the same.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from kinesis_bench import __version__
from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.motions.clip import FPS, Clip
from kinesis_bench.motions.skeleton import KEYPOINTS

FRAME_SHAPES: dict[str, tuple[int, ...]] = {
    "keypoint_position": (len(KEYPOINTS), 3),
    "keypoint_velocity": (len(KEYPOINTS), 3),
    "pelvis_position": (3,),
    "pelvis_quaternion": (4,),
    "pelvis_linear_velocity": (3,),
    "pelvis_angular_velocity": (3,),
}
"""Arrays of ``/frames`` and their shapes after the frame axis; meanings, units and frames as in ``Clip``."""


@dataclass(frozen=True)
class ClipIk:
    """Inverse kinematics of one clip for one body.

    Attributes:
        qpos: (F, nq) in the order and units of the body's MuJoCo model.
        qvel: (F, nv).
        residual: (F,) mean distance of the body's keypoints from the clip's [m].
    """

    qpos: np.ndarray
    qvel: np.ndarray
    residual: np.ndarray


@dataclass(frozen=True)
class BodyIk:
    """Inverse kinematics of all clips for one body, flat over the frames: arrays as in ``ClipIk``.

    Attributes:
        model_sha256: hash of the body's model that was solved for.
        sha256: hash of the arrays and of ``model_sha256``, as stored.
    """

    qpos: np.ndarray
    qvel: np.ndarray
    residual: np.ndarray
    model_sha256: str
    sha256: str

    def compute_sha256(self) -> str:
        """Hash of the arrays and of ``model_sha256``."""
        digest = hashlib.sha256(self.model_sha256.encode())
        for values in (self.qpos, self.qvel, self.residual):
            digest.update(_canonical(values, "<f8"))
        return digest.hexdigest()


@dataclass(frozen=True)
class Motions:
    """A whole data set of clips in memory; C clips, N frames in total.

    Attributes:
        id: name of the data set, such as ``kit-locomotion-v1``.
        keys: C clip keys, sorted.
        offset: (C,) first frame of each clip in the flat arrays.
        length: (C,) frames of each clip.
        skill, subject, source, source_sha256: C entries each, as in ``Clip``.
        splits: C tuples of split names.
        texts: C tuples of descriptions.
        frames: FRAME_SHAPES' names -> (N, …) float64.
        ik: body -> ``BodyIk``.
        quarantine: key -> reason, of the recordings that were left out.
        content_sha256: hash of the content, see the module.
        time_base: ``true`` or ``kinesis``.
        recipe: how the file was made.
        version: of kinesis-bench, that wrote it.
    """

    id: str
    keys: tuple[str, ...]
    offset: np.ndarray
    length: np.ndarray
    skill: tuple[str, ...]
    subject: tuple[str, ...]
    source: tuple[str, ...]
    source_sha256: tuple[str, ...]
    splits: tuple[tuple[str, ...], ...]
    texts: tuple[tuple[str, ...], ...]
    frames: Mapping[str, np.ndarray]
    ik: Mapping[str, BodyIk] = field(default_factory=dict)
    quarantine: Mapping[str, str] = field(default_factory=dict)
    content_sha256: str = ""
    time_base: str = "true"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    version: str = __version__

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def split_names(self) -> tuple[str, ...]:
        """All splits that some clip is in, sorted."""
        return tuple(sorted({name for splits in self.splits for name in splits}))

    @property
    def minutes(self) -> float:
        """Duration of all clips [min]."""
        return float(self.length.sum()) / FPS / 60

    def select(self, split: str = "all") -> np.ndarray:
        """Indices of a split's clips; ``all`` is every clip.

        Raises:
            InputError: no clip is in a split of that name.
        """
        if split == "all":
            return np.arange(len(self))
        if split not in self.split_names:
            raise unknown_name(f"split of {self.id}", split, ("all", *self.split_names))
        return np.flatnonzero([split in splits for splits in self.splits])

    def index(self, key: str) -> int:
        """Index of a clip by key.

        Raises:
            InputError: there is no such clip.
        """
        if key not in self._index:
            raise unknown_name(f"clip of {self.id}", key, self.keys)
        return self._index[key]

    def span(self, clip: int) -> slice:
        """Where a clip's frames lie in the flat arrays."""
        return slice(int(self.offset[clip]), int(self.offset[clip] + self.length[clip]))

    def clip(self, clip: int) -> Clip:
        """One clip by index."""
        span = self.span(clip)
        arrays: dict[str, Any] = {name: values[span] for name, values in self.frames.items()}
        return Clip(
            key=self.keys[clip],
            **arrays,
            skill=self.skill[clip],
            subject=self.subject[clip],
            source=self.source[clip],
            source_sha256=self.source_sha256[clip],
            splits=self.splits[clip],
            texts=self.texts[clip],
        )

    def compute_sha256(self) -> str:
        """Hash of the content, see the module."""
        digest = hashlib.sha256(f"kinesis-bench motions 1, {FPS:g} fps\n".encode())
        single = {name: self.frames[name].astype("<f4") for name in FRAME_SHAPES}
        for clip, key in enumerate(self.keys):
            row = [key, int(self.length[clip]), self.skill[clip], self.subject[clip]]
            lists = [sorted(self.splits[clip]), list(self.texts[clip])]
            digest.update(json.dumps([*row, *lists], ensure_ascii=True).encode())
            for values in single.values():
                digest.update(_canonical(values[self.span(clip)], "<f4"))
        return digest.hexdigest()

    @cached_property
    def sources_sha256(self) -> str:
        """Hash of the sources' hashes and of what is said of each clip, of the time base and our version."""
        rows: list[Any] = [self.id, self.time_base, self.version]
        for clip, key in enumerate(self.keys):
            named = [
                key,
                self.source_sha256[clip],
                int(self.length[clip]),
                self.skill[clip],
                self.subject[clip],
            ]
            rows.append([*named, sorted(self.splits[clip]), list(self.texts[clip])])
        return hashlib.sha256(json.dumps(rows, ensure_ascii=True).encode()).hexdigest()

    @cached_property
    def _index(self) -> dict[str, int]:
        return {key: index for index, key in enumerate(self.keys)}


def collect_motions(
    clips: Iterable[Clip],
    *,
    id: str,
    time_base: str = "true",
    ik: Mapping[str, Mapping[str, ClipIk]] | None = None,
    model_sha256: Mapping[str, str] | None = None,
    quarantine: Mapping[str, str] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> Motions:
    """A data set in memory, with the same numbers that it has after being written and read.

    Args:
        clips: in any order; keys must differ.
        id: name of the data set.
        time_base: that the clips were resampled with.
        ik: body -> clip key -> its IK; each body needs every clip.
        model_sha256: body -> hash of the model its IK was solved for.
        quarantine: key -> reason, of the recordings that were left out.
        recipe: anything that JSON can hold, saying how the clips were made.

    Raises:
        InputError: there are no clips, a key comes twice, a number is not finite.
        ValueError: a body's IK lacks a clip or has another number of frames.
    """
    ordered = sorted(clips, key=lambda clip: clip.key)
    if not ordered:
        raise InputError(id, "no clip is left", "see the reasons above, or give other recordings")
    keys = tuple(clip.key for clip in ordered)
    for key, following in itertools.pairwise(keys):
        if key == following:
            raise InputError(key, "two clips have this key", "rename one of the recordings")
    frames = {}
    for name in FRAME_SHAPES:
        single = np.concatenate([getattr(clip, name) for clip in ordered]).astype(np.float32)
        frames[name] = single.astype(np.float64) + 0.0
    length = np.array([clip.frames for clip in ordered], dtype=np.int64)
    for name, values in frames.items():
        bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if bad.any():
            clip = int(np.searchsorted(np.cumsum(length), bad.argmax(), side="right"))
            raise InputError(f"{keys[clip]}: {name}", "is not finite", "leave the clip out or repair it")
    motions = Motions(
        id=id,
        keys=keys,
        offset=np.cumsum(length) - length,
        length=length,
        skill=tuple(clip.skill for clip in ordered),
        subject=tuple(clip.subject for clip in ordered),
        source=tuple(clip.source for clip in ordered),
        source_sha256=tuple(clip.source_sha256 for clip in ordered),
        splits=tuple(tuple(sorted(clip.splits)) for clip in ordered),
        texts=tuple(tuple(" ".join(text.split()) for text in clip.texts if text.strip()) for clip in ordered),
        frames=frozen(frames),
        ik={
            body: _collect_ik(body, ordered, solved, (model_sha256 or {}).get(body, ""))
            for body, solved in (ik or {}).items()
        },
        quarantine=dict(sorted((quarantine or {}).items())),
        time_base=time_base,
        recipe=json.loads(json.dumps(dict(recipe or {}), sort_keys=True)),
    )
    object.__setattr__(motions, "content_sha256", motions.compute_sha256())
    return motions


def _collect_ik(body: str, clips: Sequence[Clip], solved: Mapping[str, ClipIk], model: str) -> BodyIk:
    flat = {}
    for name in ("qpos", "qvel", "residual"):
        parts = []
        for clip in clips:
            if clip.key not in solved:
                raise ValueError(f"IK of {body} lacks the clip {clip.key}")
            part = np.asarray(getattr(solved[clip.key], name), np.float64)
            if len(part) != clip.frames:
                raise ValueError(
                    f"IK of {body}, clip {clip.key}: {name} has {len(part)} frames, not {clip.frames}"
                )
            if not np.isfinite(part).all():
                raise InputError(f"{clip.key}: {name} of {body}", "is not finite", "leave the clip out")
            parts.append(part)
        flat[name] = np.concatenate(parts) + 0.0
    frozen(flat)
    ik = BodyIk(**flat, model_sha256=model, sha256="")
    object.__setattr__(ik, "sha256", ik.compute_sha256())
    return ik


def _canonical(values: np.ndarray, dtype: str) -> bytes:
    """Shape and little-endian bytes, with one zero instead of two."""
    return f"{values.shape}".encode() + np.ascontiguousarray(values + 0.0, dtype=dtype).tobytes()


def frozen(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays, made read-only."""
    for values in arrays.values():
        values.setflags(write=False)
    return arrays
