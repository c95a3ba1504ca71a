"""Write and read ``result.json`` and ``clips.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kinesis_bench.evaluation.schema import SCHEMA, Result
from kinesis_bench.evaluation.score import covered_frames
from kinesis_bench.evaluation.typed_file import read_typed, schema_text, write_typed
from kinesis_bench.files import write_text
from kinesis_bench.metrics.imitation import ClipImitation
from kinesis_bench.rollouts.schema import Rollouts

SCHEMA_FILE = Path(__file__).with_name("result-1.schema.json")
"""The published JSON schema of a result."""

_REMEDY = "give a result.json that `score` of this version has written"


def write_result(path: str | Path, result: Result) -> None:
    """Write a result, whole or not at all."""
    write_typed(path, result)


def read_result(path: str | Path) -> Result:
    """Read a result.

    Raises:
        InputError: the file is missing, no JSON, of another schema, or has a wrong, missing or unknown field.
    """
    return read_typed(Result, SCHEMA, path, _REMEDY)


def published_schema() -> str:
    """The text of SCHEMA_FILE, from the classes."""
    return schema_text(Result, SCHEMA, "A result of kinesis-bench")


def write_clips(
    path: str | Path,
    rollouts: Rollouts,
    clips: Sequence[ClipImitation] | None,
    prompts: Mapping[str, str] | None = None,
) -> None:
    """A line a clip and run: what it covered, its errors, its effort while covered, and why it failed.

    Where there are ``prompts`` (clip key to prompt), a last column has them.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ("frames", "covered", "coverage_pct", "success", "strict_success", "mpjpe_mm")
    more = ("root_relative_mpjpe_mm", "ik_floor_mm", "mean_excitation", "failure")
    writer.writerow(("key", "run", "skill", *columns, *more, *(("prompt",) if prompts else ())))
    for i, (rollout, covered) in enumerate(zip(rollouts.clips, covered_frames(rollouts, clips), strict=True)):
        row: list[object] = [rollout.key, rollout.run, rollout.skill, rollout.frames]
        if clips is None:
            row += [""] * 7
        else:
            clip = clips[i]
            error = None if rollout.ik_error_m is None else rollout.ik_error_m[: clip.covered]
            floor = 1000.0 * float(np.mean(error)) if error is not None and len(error) else None
            row += [clip.covered, f"{100.0 * clip.coverage:.3f}", int(clip.success), int(clip.strict_success)]
            row += [_number(x) for x in (clip.mpjpe_mm, clip.root_relative_mpjpe_mm, floor)]
        effort = ""
        if rollout.excitation is not None and covered:
            effort = f"{np.mean(rollout.excitation[:covered], dtype=float):.6f}"
        prompt = [prompts.get(rollout.key, "")] if prompts else []
        writer.writerow([*row, effort, rollout.failure, *prompt])
    write_text(path, text.getvalue())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
