"""One thing that was looked at, and how to look without falling over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from kinesis_bench.errors import InputError

Mark = Literal["ok", "missing", "broken"]
"""Works; is not there, which may be as wished; is there and does not work."""

REINSTALL = "pip install --force-reinstall --no-deps kinesis-bench"
"""What mends files of the project itself."""

INSTALL = "pip install kinesis-bench"
"""What brings packages that the project needs."""


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        name: what was looked at.
        mark: how it is.
        says: one line on it.
        remedy: the next command, or what else to do; "" where nothing is to be done.
        needed: whether scoring a policy needs it.
    """

    name: str
    mark: Mark
    says: str
    remedy: str = ""
    needed: bool = False


def guarded(name: str, look: Callable[[], Iterable[Check]], *, needed: bool = False) -> tuple[Check, ...]:
    """The checks that a function makes; whatever it raises is one broken check.

    Args:
        name: what is looked at, for the broken check.
        look: makes the checks.
        needed: whether scoring needs what is looked at.
    """
    try:
        return tuple(look())
    except InputError as error:
        return (Check(name, "broken", f"{error.where}: {error.problem}", error.remedy, needed),)
    except ImportError as error:
        missing = error.name or str(error)
        return (Check(name, "broken", f"{missing} cannot be imported: {one_line(error)}", INSTALL, needed),)
    except (Exception, SystemExit) as error:
        says = f"{type(error).__name__}: {one_line(error)}"
        return (Check(name, "broken", says, "report this with all of the output", needed),)


def one_line(text: object, most: int = 160) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else f"{line[: most - 3]}..."
