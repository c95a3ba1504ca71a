"""A short recording to look at, and what a test needs to draw it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_runs import motions_file

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import record_policy
from kinesis_bench.motions.store import read_motions
from kinesis_bench.policies.load import load_policy
from kinesis_bench.report.video.offscreen import require_opengl
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.rollouts.store import write_rollouts


def need_opengl() -> None:
    """Skip the test where nothing can be drawn."""
    try:
        require_opengl()
    except InputError as error:
        pytest.skip(f"nothing can be drawn here: {error}")


def need_encoder() -> str:
    """ffmpeg, or skip the test."""
    return str(
        pytest.importorskip(
            "imageio_ffmpeg", reason="needs the extra `video`: imageio-ffmpeg"
        ).get_ffmpeg_exe()
    )


def recorded(folder: Path, frames: int = 7, runs: int | None = None) -> tuple[Path, Path, Rollouts]:
    """``rollouts.h5`` of two clips, the motions that they followed, and what was recorded."""
    motions = motions_file(folder / "motions.h5", clips=2, frames=frames)
    body = load_body("legs")
    policy = load_policy("random" if runs else "muscle-pd")
    rollouts = record_policy(policy, body, read_motions(motions), split="all", runs=runs, threads=1)
    path = folder / "result" / "rollouts.h5"
    path.parent.mkdir()
    write_rollouts(path, rollouts)
    return path, motions, rollouts
