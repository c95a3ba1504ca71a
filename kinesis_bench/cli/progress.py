"""A bar that shows how far a command has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


class Progress:
    """A bar on stderr with rate and time left; nothing where stderr is no terminal."""

    def __init__(self, console: Console, what: str) -> None:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} frames, {task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(what, total=None, rate="…")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def advance(self, frames: int, total: int) -> None:
        """Note that some of the frames are done."""
        task = self._bar.tasks[0]
        rate = f"{task.speed:.0f}/s" if task.speed else "…"
        self._bar.update(self._task, advance=frames, total=total, rate=rate)
