"""Looking in a process of its own, so that what crashes or hangs there does so alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from kinesis_bench.doctor.check import Check, one_line

PATIENCE_S = 60.0
"""Longest that a look may take; each takes a few seconds at most."""


def look_apart(
    subject: str,
    name: str,
    *,
    needed: bool = False,
    environment: Mapping[str, str] | None = None,
    patience_s: float = PATIENCE_S,
) -> tuple[Check, ...]:
    """The checks of ``python -m kinesis_bench.doctor SUBJECT``; a crash or silence is one broken check.

    Args:
        subject: of ``__main__.SUBJECTS``.
        name: what is looked at, for the broken check.
        needed: whether scoring needs what is looked at.
        environment: variables set for the process.
        patience_s: how long it is waited for [s].
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kinesis_bench.doctor", subject],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=patience_s,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired:
        return (Check(name, "broken", f"no answer within {patience_s:.0f} s", needed=needed),)
    try:
        return tuple(Check(**check) for check in json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, TypeError, ValueError):
        return (Check(name, "broken", _end(done.returncode, done.stderr), needed=needed),)


def answer(checks: Iterable[Check]) -> str:
    """What the process prints last."""
    return json.dumps([asdict(check) for check in checks])


def _end(code: int, said: str) -> str:
    """How a process without an answer ended, and the last that it said."""
    how = f"ended with exit code {code}"
    if code < 0:
        how = f"was ended by {signal.Signals(-code).name}"
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
    return f"the process {how}" + (f": {one_line(last)}" if last else "")
