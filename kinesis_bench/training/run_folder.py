"""The folder of a training run: its config, what its stages found, and a lock against a second process.

RUN/config.json                     every setting, resolved
RUN/chain.json                      which stages are done, and what each found
RUN/stages/<stage>/checkpoint-…/    the last few checkpoints
RUN/stages/<stage>/best/            the one with the best evaluation
RUN/stages/<stage>/log.csv          a row an update
RUN/tensorboard/<stage>/            the same for TensorBoard
RUN/broken/                         states in which the physics broke
RUN/replaced/                       stages that were run again
RUN/policy-teacher-1/, …            the teachers, as policies (method distilled)
RUN/policy/, RUN/score/             what came out, and its score
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.typed_json import from_json, to_json
from kinesis_bench.files import cannot_write, write_text
from kinesis_bench.training.config import TrainConfig, check

CONFIG, CHAIN, POLICY = "config.json", "chain.json", "policy"


@dataclass(frozen=True)
class StageResult:
    """What a stage that is done has found.

    Attributes:
        clips: keys of those it was trained on.
        failed: keys of those that its best policy fails.
        failed_by: the rule of failure.
        updates, steps: it took, over all processes.
        wall_s: it took, pauses left out [s].
        figures: of its best policy on its clips.
    """

    clips: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    failed_by: str = ""
    updates: int = 0
    steps: int = 0
    wall_s: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ChainState:
    """What a run has behind it.

    Attributes:
        motions_sha256: content hash of the motions that it trains on.
        model_sha256: of the body's model.
        stages: those that are done, in their order.
    """

    motions_sha256: str
    model_sha256: str
    stages: dict[str, StageResult] = field(default_factory=dict)


def read_config(run: Path) -> TrainConfig:
    """The settings of a run.

    Raises:
        InputError: there is no run in this folder, or its config is damaged or has an unknown key.
    """
    path = run / CONFIG
    try:
        config = from_json(TrainConfig, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise InputError(run, f"holds no run (no {CONFIG})", "give the folder of a run") from error
    except (OSError, ValueError) as error:
        raise InputError(path, f"is damaged ({error})", "correct it, or begin a new run") from error
    check(config)
    return config


def write_config(run: Path, config: TrainConfig) -> None:
    """Write the settings of a run."""
    write_text(run / CONFIG, json.dumps(to_json(config), indent=1) + "\n")


def read_chain(run: Path) -> ChainState | None:
    """What a run has behind it; None before its first stage has begun.

    Raises:
        InputError: the file is damaged.
    """
    path = run / CHAIN
    try:
        return from_json(ChainState, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(path, f"is damaged ({error})", "begin a new run") from error


def write_chain(run: Path, state: ChainState) -> None:
    """Write what a run has behind it."""
    write_text(run / CHAIN, json.dumps(to_json(state), indent=1) + "\n")


def stage_folder(run: Path, stage: str) -> Path:
    """Where a stage keeps its checkpoints and its log."""
    return run / "stages" / stage


def begun(run: Path) -> list[str]:
    """The stages that have left anything, done or not."""
    return sorted(folder.name for folder in stage_folder(run, "").glob("*"))


def put_aside(run: Path, stage: str) -> None:
    """Move what a stage has left out of the way of its next run."""
    folder = stage_folder(run, stage)
    if folder.exists():
        (run / "replaced").mkdir(exist_ok=True)
        number = len(list((run / "replaced").glob(f"{stage}-again-*"))) + 1
        folder.rename(run / "replaced" / f"{stage}-again-{number}")
    shutil.rmtree(run / "tensorboard" / stage, ignore_errors=True)


@contextlib.contextmanager
def held(run: Path) -> Iterator[None]:
    """Hold a run's folder, which is made if need be; the system lets go of it however the process ends.

    Raises:
        InputError: another process holds it, or it cannot be made.
    """
    made = not run.exists()
    try:
        run.mkdir(parents=True, exist_ok=True)
        handle = os.open(run, os.O_RDONLY)
    except OSError as error:
        raise cannot_write(run, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise InputError(run, "another process trains in this folder", "wait for it, or stop it") from error
    finally:
        os.close(handle)
        if made:
            with contextlib.suppress(OSError):
                run.rmdir()  # refuses where there is something in it
