"""A stage's figures for TensorBoard."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kinesis_bench.files import cannot_write


class Events:
    """Figures by control step, each written at once.

    torch's own writer leaves that to a thread, which tells of a full disk late, and by a traceback.

    Args:
        folder: of the stage's events; every start adds a file.
        steps: what earlier files hold beyond this control step is void.

    Raises:
        ImportError: TensorBoard is not installed.
        InputError: nothing can be written there, or the disk is full.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog

        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        self._path = folder / name
        self._write(file_version="brain.Event:2")
        self._write(step=steps + 1, session_log=SessionLog(status=SessionLog.START))

    def add(self, figures: Mapping[str, float], steps: int) -> None:
        """Write what is known after so many control steps."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        self._write(step=steps, summary=Summary(value=values))

    def _write(self, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        event = Event(wall_time=time.time(), **content)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                RecordWriter(file).write(event.SerializeToString())
        except OSError as error:
            raise cannot_write(self._path, error) from error
