"""The built-in data set ``normative-gait-v1``, built into the cache when it is first needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import h5py
from rich.console import Console

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.errors import InputError
from kinesis_bench.files import cache_dir
from kinesis_bench.motions.gait.build import DATASET
from kinesis_bench.prepare.jobs import built_in_jobs
from kinesis_bench.prepare.pool import default_workers
from kinesis_bench.prepare.run import only_one, prepare_held
from kinesis_bench.prepare.work import Settings, code_sha256


def default_motions() -> Path:
    """The built-in motion file; built first, with progress on stderr, if it is absent or of another version.

    It is built by a process of its own, so that a script may call this without a ``__main__`` guard.

    Raises:
        InputError: it cannot be built.
    """
    path = cache_dir() / f"{DATASET}.h5"
    if not _is_current(path):
        done = subprocess.run([sys.executable, "-m", "kinesis_bench.prepare", str(path)])
        if done.returncode != 0 or not _is_current(path):
            raise InputError(
                path, "could not be built (the reason is above)",
                "set KINESIS_BENCH_HOME to a folder that can be written",
            )  # fmt: skip
    return path


def _is_current(path: Path) -> bool:
    """Whether the file was made whole, for all bodies, by the code that runs now."""
    try:
        with h5py.File(path, "r") as file:
            recipe = json.loads(file["recipe"].asstr()[()])
    except (OSError, KeyError, ValueError):
        return False
    return recipe.get("code_sha256") == code_sha256() and set(BODIES) <= set(recipe.get("bodies", ()))


def build_default(path: Path) -> None:
    """Build the built-in motion file, unless another process has done so in the meantime.

    Raises:
        InputError: it cannot be written.
    """
    console = Console(stderr=True)
    with only_one(path, console):
        if _is_current(path):
            return
        console.print(f"building the built-in motions, once: {path}", highlight=False, soft_wrap=True)
        prepare_held(
            built_in_jobs(),
            path,
            id=DATASET,
            settings=Settings("true", BODIES),
            workers=default_workers(),
            recipe={"sources": ["built-in"]},
            missing={},
            console=console,
        )
