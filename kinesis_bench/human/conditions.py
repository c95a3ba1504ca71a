"""What people of a data set do, and how fast: the conditions that a source has."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from kinesis_bench.errors import InputError, unknown_name

ACTIVITIES = ("walk", "run", "backward")
"""Forward walking, running, backward walking."""


def condition_name(activity: str, speed_kmh: float) -> str:
    """Activity and speed in km/h, such as ``walk-4.5``."""
    return f"{activity}-{speed_kmh:g}"


def require_activity(source: str | Path, activity: str, available: Collection[str]) -> None:
    """Refuse an activity that a source lacks.

    Args:
        source: data set, folder or file that was asked.
        activity: one of ``ACTIVITIES``.
        available: those that the source has.

    Raises:
        InputError: no such activity, or the source lacks it; says what it has.
    """
    if activity not in ACTIVITIES:
        raise unknown_name("activity", activity, ACTIVITIES)
    if activity not in available:
        has = ", ".join(name for name in ACTIVITIES if name in available) or "nothing that can be used"
        raise InputError(source, f"has no activity {activity!r}", f"it has: {has}")


def require_folder(path: str | Path) -> Path:
    """The folder of a data set.

    Raises:
        InputError: it does not exist or is a file.
    """
    folder = Path(path)
    if not folder.is_dir():
        problem = "is a file, not a folder" if folder.exists() else "no such folder"
        raise InputError(folder, problem, "give the folder that holds the data set's files")
    return folder
