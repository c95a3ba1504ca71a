"""The built-in data sets, of gait, prompts and goals, built into the cache when they are first needed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import h5py
from rich.console import Console

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.errors import InputError
from kinesis_bench.files import cache_dir
from kinesis_bench.motions.gait.build import DATASET
from kinesis_bench.motions.gait.demonstrations import DATASET as GOALS
from kinesis_bench.motions.prompts import DATASET as PROMPTS
from kinesis_bench.prepare.jobs import Job, built_in_jobs, goal_jobs, prompt_jobs
from kinesis_bench.prepare.pool import default_workers
from kinesis_bench.prepare.run import only_one, prepare_held
from kinesis_bench.prepare.work import Settings, code_sha256

BUILT_IN: Mapping[str, Callable[[], tuple[Job, ...]]] = {
    DATASET: built_in_jobs,
    PROMPTS: prompt_jobs,
    GOALS: goal_jobs,
}
"""Id of each built-in data set to what makes its clips."""


def default_motions(id: str = DATASET) -> Path:
    """A built-in motion file; built first, with progress on stderr, if it is absent or of another version.

    It is built by a process of its own, so that a script may call this without a ``__main__`` guard.

    Args:
        id: one of BUILT_IN.

    Raises:
        InputError: it cannot be built.
    """
    path = cache_dir() / f"{id}.h5"
    if not is_current(path, id):
        code, said = _run_child(path, id)
        if code != 0 or not is_current(path, id):
            elsewhere = "set KINESIS_BENCH_HOME to a folder that can be written"
            try:
                where, problem, remedy = json.loads(said)
            except ValueError:
                raise InputError(path, "could not be built (the reason is above)", elsewhere) from None
            raise InputError(where, problem, f"{remedy}; or {elsewhere}")
    return path


def _run_child(path: Path, id: str) -> tuple[int, str]:
    """Exit code of the building process, and the error that it reports (JSON), "" if none.

    Ctrl-C reaches both processes; the child's start is shielded from it, and its end is waited for.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "kinesis_bench.prepare", str(path), id], stdout=subprocess.PIPE, text=True
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    with child:
        try:
            said, _ = child.communicate()
        except KeyboardInterrupt:
            child.wait()
            raise
    return child.returncode, said


def is_current(path: Path, id: str = DATASET, bodies: Sequence[str] = BODIES) -> bool:
    """Whether the built-in data set's file was made whole, for these bodies, by the code that runs now."""
    try:
        with h5py.File(path, "r") as file:
            made, recipe = file.attrs["id"], json.loads(file["recipe"].asstr()[()])
    except (OSError, KeyError, ValueError):
        return False
    same = made == id and recipe.get("code_sha256") == code_sha256()
    return same and set(bodies) <= set(recipe.get("bodies", ()))


def build_default(path: Path, id: str = DATASET) -> None:
    """Build a built-in motion file, unless another process has done so in the meantime.

    Raises:
        InputError: it cannot be written.
    """
    console = Console(stderr=True)
    with only_one(path, console):
        if is_current(path, id):
            return
        console.print(f"building the motions {id}, once: {path}", highlight=False, soft_wrap=True)
        prepare_held(
            BUILT_IN[id](),
            path,
            id=id,
            settings=Settings("true", BODIES),
            workers=default_workers(),
            recipe={"sources": ["built-in"]},
            missing={},
            console=console,
        )
