"""Python, the processor's cores, and the folder in which prepared data are kept."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kinesis_bench.doctor.check import Check
from kinesis_bench.files import cache_dir

LEAST_PYTHON = (3, 11)
TESTED_PYTHON = (3, 11)

LEAST_FREE_MB = 200
"""Room that the built-in motions (27 MB) and a few results (up to 10 MB each) take without care."""


def python() -> Iterator[Check]:
    """Its version, and where it is."""
    version = sys.version_info[:2]
    says = f"{platform.python_version()}, {sys.executable}"
    if version < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        yield Check("Python", "broken", says, f"install Python {least} or newer", needed=True)
        return
    if version != TESTED_PYTHON:
        says += f" (tested with {'.'.join(map(str, TESTED_PYTHON))})"
    yield Check("Python", "ok", says, needed=True)


def threads() -> Iterator[Check]:
    """How many cores there are, and how many this process may use."""
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    if usable == cores:
        yield Check("threads", "ok", f"{cores} cores, all for this process")
    else:
        says = f"{cores} cores, {usable} for this process"
        yield Check("threads", "ok", says, f"kinesis-bench score --threads {usable}")


def home() -> Iterator[Check]:
    """Whether prepared data can be written, tried with a file that is removed again."""
    folder = cache_dir()
    elsewhere = "export KINESIS_BENCH_HOME=FOLDER  (one that can be written)"
    there = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        says = f"{folder} cannot be written ({error.strerror or error})"
        yield Check("home folder", "broken", says, elsewhere, needed=True)
        return
    free_mb = shutil.disk_usage(there).free / 1e6
    says = f"{folder}, {_size(free_mb)} free"
    if free_mb < LEAST_FREE_MB:
        yield Check("home folder", "broken", says, f"free some space, or {elsewhere}", needed=True)
        return
    yield Check("home folder", "ok", says, needed=True)


def _nearest(folder: Path) -> Path:
    """The folder, or of those above it the nearest that is there."""
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)


def _size(megabytes: float) -> str:
    return f"{megabytes / 1000:.0f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"
