"""The one kind of error that a user is meant to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class InputError(Exception):
    """Something the user gave cannot be used: says where, what is wrong, and what to do about it.

    The command line prints it as one line on stderr and exits with code 2. Library code raises it with
    the file (and field) in ``where``, so that the line is useful without a traceback.

    Args:
        where: the file, field or flag, for example ``walk01_poses.npz: poses``.
        problem: what is wrong with it, with the value found.
        remedy: what the user can do.
    """

    def __init__(self, where: str | Path, problem: str, remedy: str) -> None:
        self.where = str(where)
        self.problem = problem
        self.remedy = remedy
        super().__init__(" ".join(f"{self.where}: {problem}; {remedy}".split()))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """So that it passes from one process to another."""
        return InputError, (self.where, self.problem, self.remedy)


def unknown_name(where: str, name: str, known: Iterable[str]) -> InputError:
    """An InputError for a name that does not exist, suggesting the nearest one that does."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    remedy = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(names)}"
    return InputError(where, f"unknown name {name!r}", remedy)
