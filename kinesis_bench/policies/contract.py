"""What a policy was made for, carried in its file, and compared with what it is asked to drive."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kinesis_bench.errors import InputError
from kinesis_bench.tasks.observation import FATIGUED
from kinesis_bench.tasks.registry import IMITATION

PREFIX = "kinesis_bench."
"""Prefix of the metadata keys in an ONNX file."""

METADATA = ("body", "model_sha256", "observation", "control")
"""Those keys, without the prefix; ``task`` may stand beside them."""


@dataclass(frozen=True)
class Contract:
    """Body, observation and control law that a policy belongs to.

    Attributes:
        body: name of the body.
        model_sha256: hash of its physics.
        observation: parts of the observation in order, each with its size.
        segments: names of the segments, in the order in which the parts list them.
        keypoints: names of the keypoints, likewise.
        control: control law, of ``tasks.control.CONTROLS``.
        task: what the policy learned to do, or is asked to do; imitation where a file does not say.
    """

    body: str
    model_sha256: str
    observation: tuple[tuple[str, int], ...]
    segments: tuple[str, ...]
    keypoints: tuple[str, ...]
    control: str
    task: str = IMITATION

    @property
    def observation_size(self) -> int:
        """N, the length of an observation."""
        return sum(size for _, size in self.observation)

    def to_metadata(self) -> dict[str, str]:
        """As key-value strings, for an ONNX file's metadata."""
        layout = {"parts": self.observation, "segments": self.segments, "keypoints": self.keypoints}
        task = {} if self.task == IMITATION else {f"{PREFIX}task": self.task}
        return {
            f"{PREFIX}body": self.body,
            f"{PREFIX}model_sha256": self.model_sha256,
            f"{PREFIX}observation": json.dumps(layout),
            f"{PREFIX}control": self.control,
            **task,
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: str) -> Contract | None:
        """The contract in a file's metadata; None where it holds none of the keys.

        Raises:
            InputError: some keys are missing or not readable.
        """
        missing = [PREFIX + name for name in METADATA if PREFIX + name not in metadata]
        if len(missing) == len(METADATA):
            return None
        remedy = "export the policy again with the four metadata keys of the policy contract"
        if missing:
            raise InputError(f"{where}: metadata", f"lacks {', '.join(missing)}", remedy)
        values = {name: metadata[PREFIX + name] for name in METADATA}
        try:
            layout = json.loads(values["observation"])
            parts = tuple((str(name), int(size)) for name, size in layout["parts"])
            segments, keypoints = tuple(layout["segments"]), tuple(layout["keypoints"])
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            problem = f"cannot be read ({type(error).__name__}: {error})"
            raise InputError(f"{where}: metadata {PREFIX}observation", problem, remedy) from error
        task = metadata.get(f"{PREFIX}task", IMITATION)
        return cls(
            values["body"], values["model_sha256"], parts, segments, keypoints, values["control"], task
        )

    def refuse_unless(self, asked: Contract, where: str, also: Collection[str] = ()) -> None:
        """Compare with what the policy is asked to drive.

        Args:
            asked: the contract of a run.
            where: the policy comes from.
            also: tasks other than the run's whose policies are let through: what they see means the same.

        Raises:
            InputError: they differ; both sides are shown.
        """
        if self.task not in (asked.task, *also):
            problem = f"the policy was made for task {self.task!r}, this run is of task {asked.task!r}"
            raise InputError(f"{where}: task", problem, f"use --task {self.task}")
        for field in ("body", "model_sha256", "observation", "segments", "keypoints", "control"):
            ours, theirs = getattr(self, field), getattr(asked, field)
            if ours != theirs:
                problem = (
                    f"the policy was made for {_shown(field, ours)}, this run has {_shown(field, theirs)}"
                )
                remedy = {
                    "body": f"use --body {self.body}",
                    "observation": _observe(self, asked),
                }.get(field, "")
                again = "export or train the policy again for this version"
                raise InputError(f"{where}: {field}", problem, remedy or again)


def _observe(ours: Contract, asked: Contract) -> str:
    """What to do where only one of the two sees fatigue, else ""."""
    sees, shown = (FATIGUED in dict(contract.observation) for contract in (ours, asked))
    if sees == shown:
        return ""
    return "use --fatigue --observe-fatigue" if sees else "leave out --observe-fatigue"


def _shown(field: str, value: object) -> str:
    if field == "model_sha256":
        return f"model {str(value)[:12]}…"
    if isinstance(value, tuple):
        digest = hashlib.sha256(json.dumps(value).encode()).hexdigest()[:8]
        size = f" = {sum(n for _, n in value)} numbers" if field == "observation" else ""
        return f"{len(value)} {field} parts{size} (#{digest}: {_shortened(value)})"
    return repr(value)


def _shortened(value: tuple) -> str:
    words = [f"{v[0]} {v[1]}" if isinstance(v, tuple) else str(v) for v in value]
    return ", ".join(words)
