"""Jobs on all cores, each in its own process, with progress on stderr."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from kinesis_bench.errors import InputError
from kinesis_bench.prepare.jobs import Job
from kinesis_bench.prepare.work import Settings, work_off

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class _Rate(ProgressColumn):
    """Jobs a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} clips/s")


def default_workers() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_all(
    jobs: Sequence[Job], folder: Path, settings: Settings, workers: int, console: Console
) -> tuple[list[Path], int]:
    """Work off all jobs; their results' files, in the jobs' order, and how many were there already.

    Args:
        jobs: what to prepare.
        folder: where results are kept.
        settings: of the run.
        workers: processes; with one, the work is done in this process.
        console: for the progress bar.

    Raises:
        InputError: a result cannot be written, a worker was killed.
        KeyboardInterrupt: Ctrl-C; the jobs that are being worked off are finished first.
    """
    paths: list[Path | None] = [None] * len(jobs)
    resumed = 0
    with _progress(console) as progress:
        bar = progress.add_task("preparing", total=len(jobs))
        for place, (path, was_there) in _results(jobs, folder, settings, workers):
            paths[place] = path
            resumed += was_there
            progress.advance(bar)
    return [path for path in paths if path is not None], resumed


def _results(
    jobs: Sequence[Job], folder: Path, settings: Settings, workers: int
) -> Iterator[tuple[int, tuple[Path, bool]]]:
    workers = min(workers, len(jobs))
    if workers <= 1:
        for place, job in enumerate(jobs):
            yield place, work_off(job, folder, settings)
        return
    executor = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        with _quiet_children():
            futures = {executor.submit(work_off, job, folder, settings): n for n, job in enumerate(jobs)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise InputError(
            folder, "a worker process was killed, often for lack of memory",
            "give fewer --workers and run the command again: it goes on where it was",
        ) from error  # fmt: skip
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _quiet_children() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C, which their parent handles, and use one thread for algebra."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    restore: Callable[[], object] = lambda: None  # noqa: E731
    if threading.current_thread() is threading.main_thread():
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        restore = lambda: signal.signal(signal.SIGINT, handler)  # noqa: E731
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        restore()


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
    )
