"""All that is looked at, in order; what takes long goes on in other processes meanwhile."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from kinesis_bench.doctor.check import Check, guarded
from kinesis_bench.doctor.child import look_apart


def examine(human: Sequence[str] = ()) -> Iterator[tuple[str, tuple[Check, ...]]]:
    """Headings and their checks, each given as soon as those before it are.

    Nothing is changed on the machine, and nothing that is broken raises.

    Args:
        human: data of people, LAYOUT=PATH.
    """
    with ThreadPoolExecutor() as apart:
        bodies = apart.submit(guarded, "bodies", _bodies_apart, needed=True)
        gpu = apart.submit(_look, "GPU engine", "gpu", "gpu")
        rendering = apart.submit(_look, "rendering", "rendering", "rendering")
        yield (
            "This machine",
            (
                *_look("Python", "machine", "python", needed=True),
                *_look("threads", "machine", "threads"),
                *_look("home folder", "machine", "home", needed=True),
            ),
        )
        yield (
            "Packages",
            (
                *_look("packages", "packages", "dependencies", needed=True),
                *_look("extras", "packages", "extras"),
            ),
        )
        data = (
            *_look("figures", "data", "shipped", needed=True),
            *_look("reference policies", "policies", "references", needed=True),
            *_look("motions", "data", "motions"),
            *_look("people", "data", "people", human),
        )
        yield "Bodies and engines", _all(bodies, gpu, rendering)
        yield "Data and policies", data


def _look(
    name: str, module: str, function: str, *arguments: object, needed: bool = False
) -> tuple[Check, ...]:
    """The checks of a function of a module of this room, which is imported only now."""

    def look() -> Iterable[Check]:
        made: Callable[..., Iterable[Check]] = getattr(
            importlib.import_module(f"kinesis_bench.doctor.{module}"), function
        )
        return made(*arguments)

    return guarded(name, look, needed=needed)


def _bodies_apart() -> tuple[Check, ...]:
    return look_apart("bodies", "bodies", needed=True)


def _all(*parts: Future[tuple[Check, ...]]) -> tuple[Check, ...]:
    return tuple(check for part in parts for check in part.result())
