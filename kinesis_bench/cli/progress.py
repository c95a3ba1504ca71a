"""A bar on stderr with rate and time left; nothing where stderr is no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


class Progress:
    """A bar for one task.

    Args:
        console: where it is drawn.
        what: is being done.
        unit: of what is counted.
    """

    def __init__(self, console: Console, what: str, unit: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[counted]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._unit = unit
        self._task = self._bar.add_task(what, total=None, counted="…")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def advance(self, done: int, total: int) -> None:
        """Note that some more is done."""
        task = self._bar.tasks[0]
        rate = f"{task.speed:.0f}/s" if task.speed else "…"
        counted = f"{task.completed + done:.0f}/{total:.0f} {self._unit}, {rate}"
        self._bar.update(self._task, advance=done, total=total, counted=counted)
