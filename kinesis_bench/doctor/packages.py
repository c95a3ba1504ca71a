"""Packages that are installed, against what the project asks for and what it was tested with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.version import Version

from kinesis_bench.doctor.check import INSTALL, Check
from kinesis_bench.files import content_file

PROJECT = "kinesis-bench"

FOR_DEVELOPERS = "dev"
"""The extra that users of the project have no use for."""


def dependencies() -> Iterator[Check]:
    """What every installation needs: one check on all, with those that are amiss by name."""
    wanted = _wanted("")
    amiss = [problem for requirement in wanted if (problem := _problem(requirement))]
    if amiss:
        yield Check("packages", "broken", "; ".join(amiss), INSTALL, needed=True)
        return
    says = f"{PROJECT} {version(PROJECT)}, MuJoCo {version('mujoco')}, {len(wanted)} packages installed"
    others = _others([requirement.name for requirement in wanted])
    if not _tested():
        says += "; what was tested (constraints.txt) is not known here"
    elif others:
        says += f"; not as tested: {', '.join(others)}"
    else:
        says += ", all as tested"
    yield Check("packages", "ok", says, needed=True)


def extras() -> Iterator[Check]:
    """A check an extra: whether all of it is installed."""
    for extra in sorted(metadata(PROJECT).get_all("Provides-Extra") or ()):
        if extra == FOR_DEVELOPERS:
            continue
        wanted = _wanted(extra)
        amiss = [problem for requirement in wanted if (problem := _problem(requirement))]
        if amiss:
            command = f"pip install '{PROJECT}[{extra}]'"
            yield Check(f"extra {extra}", "missing", "; ".join(amiss), command)
            continue
        others = _others([requirement.name for requirement in wanted])
        note = f"; not as tested: {', '.join(others)}" if others else ""
        yield Check(f"extra {extra}", "ok", f"{', '.join(_named(wanted))}{note}")


def _wanted(extra: str) -> list[Requirement]:
    """Requirements of the project itself (""), or of an extra and those that it includes."""
    found: list[Requirement] = []
    for text in requires(PROJECT) or ():
        requirement = Requirement(text)
        here = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        always = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not here or (extra and always):
            continue
        if requirement.name == PROJECT:
            for included in sorted(requirement.extras):
                found += _wanted(included)
        else:
            found.append(requirement)
    return found


def _problem(requirement: Requirement) -> str:
    """What is amiss with a package, "" if nothing."""
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(found, prereleases=True):
        return ""
    return f"{requirement.name} is {found}, not {requirement.specifier}"


def _named(wanted: list[Requirement]) -> list[str]:
    return [f"{requirement.name} {version(requirement.name)}" for requirement in wanted]


def _others(names: list[str]) -> list[str]:
    """Those whose version is another than the tested one."""
    pins = _tested()
    found = {name: version(name) for name in names if _canonical(name) in pins}
    return [
        f"{name} {here} (tested {pins[_canonical(name)]})"
        for name, here in found.items()
        if Version(here).public != Version(pins[_canonical(name)]).public
    ]


@cache
def _tested() -> dict[str, str]:
    """Versions of constraints.txt, by canonical name; none where the file is not there."""
    try:
        text = content_file("constraints.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    pins = (line.split("==") for line in text.splitlines() if "==" in line)
    return {_canonical(name): pin.strip() for name, pin in pins}


def _canonical(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).strip().lower()
