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
            TextColumn(f"{{task.completed:.0f}}/{{task.total:.0f}} {unit}, {{task.fields[rate]}}"),
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

    def advance(self, done: int, total: int) -> None:
        """Note that some more is done."""
        task = self._bar.tasks[0]
        rate = f"{task.speed:.0f}/s" if task.speed else "…"
        self._bar.update(self._task, advance=done, total=total, rate=rate)
