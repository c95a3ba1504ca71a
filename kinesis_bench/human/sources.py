"""Human data sets by what the user types: a built-in name, a folder, or ``NAME=PATH`` for a known layout.

A layout is a module of this room with ``conditions(path)`` (activity and speed in km/h of all its EMG),
``read_emg(path, activity, speed_kmh)`` and, where it has joint angles, ``angle_conditions`` and
``read_joint_angles`` likewise. One that has settings names their class ``SETTINGS``, and each of these
functions takes them by the keyword ``settings``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.human.built_in import BUILT_IN, WANG, built_in_conditions, built_in_emg
from kinesis_bench.human.conditions import ACTIVITIES
from kinesis_bench.human.references import HumanEmg, HumanJointAngles
from kinesis_bench.human.settings import SUFFIX, read_settings

LAYOUTS = ("wang2023", "scherpereel2023", "falisse2019", "opensim", "santuz_raw")
"""Layouts of human data sets, each a module of this room."""

DEFAULT_SPEED_KMH = 4.5
"""Walking speed of the protocol's human condition [km/h]."""


@dataclass(frozen=True)
class HumanSource:
    """A human data set.

    Attributes:
        name: the built-in name, or the layout's.
        conditions: activity and speed [km/h] of all its EMG; () where it holds joint angles only.
        emg: reads EMG of an activity at the nearest speed [km/h].
        angle_conditions: activity and speed [km/h] of its joint angles.
        read_angles: reads joint angles of one of those activities; None where there are none.
    """

    name: str
    conditions: tuple[tuple[str, float], ...]
    emg: Callable[[str, float], HumanEmg]
    angle_conditions: tuple[tuple[str, float], ...] = ()
    read_angles: Callable[[str, float], HumanJointAngles] | None = None

    @property
    def activities(self) -> tuple[str, ...]:
        """Of which activities there is EMG: walk first."""
        held = {activity for activity, _ in self.conditions}
        return tuple(activity for activity in ACTIVITIES if activity in held)

    @property
    def all_activities(self) -> tuple[str, ...]:
        """What its people do, with EMG or joint angles: walk first."""
        held = {activity for activity, _ in (*self.conditions, *self.angle_conditions)}
        return tuple(activity for activity in ACTIVITIES if activity in held)

    def angle_speeds_kmh(self, activity: str) -> tuple[float, ...]:
        """Speeds at which it has joint angles of an activity, in order [km/h]."""
        return tuple(sorted({speed for held, speed in self.angle_conditions if held == activity}))

    def speeds_kmh(self, activity: str) -> tuple[float, ...]:
        """Speeds at which it has EMG of an activity, in order [km/h]."""
        return tuple(sorted({speed for held, speed in self.conditions if held == activity}))

    def joint_angles(self, activity: str, speed_kmh: float) -> HumanJointAngles | None:
        """Joint angles of an activity at the nearest speed; None where the data set has none."""
        if self.read_angles is None or activity not in {held for held, _ in self.angle_conditions}:
            return None
        return self.read_angles(activity, speed_kmh)


def human_source(text: str) -> HumanSource:
    """A human data set by what the user typed.

    Args:
        text: ``emg_walk_wang2023``, ``emg_run_santuz2020``; a folder in the layout in which KINESIS repacked
            Wang et al. (2023); or ``NAME=PATH`` with a name of LAYOUTS. Behind a folder, a comma and the name
            of a ``.toml`` file give the layout's settings.

    Raises:
        InputError: no such name, folder or file, or its content cannot be used.
    """
    where, settings = _divided(text)
    name, _, path = where.partition("=")
    if text in BUILT_IN:
        return HumanSource(text, built_in_conditions(text), lambda *asked: built_in_emg(text, *asked))
    if not path and Path(where).is_dir():
        name, path = LAYOUTS[0], where
    if not path:
        if len(Path(where).parts) > 1:
            remedy = (
                f"give an existing folder, one of {', '.join(BUILT_IN)}, or NAME=PATH with a layout's name"
            )
            raise InputError(where, "no such folder", remedy)
        raise unknown_name("human data", text, (*BUILT_IN, *(f"{layout}=PATH" for layout in LAYOUTS)))
    if name not in LAYOUTS:
        raise unknown_name("layout of human data", name, LAYOUTS)
    reader = importlib.import_module(f"kinesis_bench.human.{name}")
    at = Path(path).expanduser()
    given = {} if settings is None else {"settings": _settings(reader, name, settings)}
    note = "" if settings is None else f"; settings of {settings.name}"

    def emg(activity: str, speed_kmh: float) -> HumanEmg:
        people = reader.read_emg(at, activity, speed_kmh, **given)
        return replace(people, source=people.source + note)

    def angles(activity: str, speed_kmh: float) -> HumanJointAngles:
        people = reader.read_joint_angles(at, activity, speed_kmh, **given)
        return replace(people, source=people.source + note)

    source = HumanSource(name, reader.conditions(at, **given), emg)
    if not hasattr(reader, "angle_conditions"):
        return source
    return replace(source, angle_conditions=reader.angle_conditions(at, **given), read_angles=angles)


def _divided(text: str) -> tuple[str, Path | None]:
    """What stands before a comma and a settings file, and the file; other commas belong to names."""
    where, comma, file = text.rpartition(",")
    return (where, Path(file).expanduser()) if comma and file.endswith(SUFFIX) else (text, None)


def _settings(reader: ModuleType, name: str, path: Path) -> Any:
    if not hasattr(reader, "SETTINGS"):
        raise InputError(path, f"the layout {name} has no settings", f"give {name}=PATH alone")
    return read_settings(path, reader.SETTINGS)


def human_sources(texts: Sequence[str]) -> list[HumanSource]:
    """Several data sets, each with a name of its own.

    Args:
        texts: as for ``human_source``; one that comes twice counts once.

    Raises:
        InputError: as ``human_source``, or two data sets cannot be told apart by layout and folder's name.
    """
    asked = list(dict.fromkeys(texts))
    found = [human_source(text) for text in asked]
    names = [source.name for source in found]
    named = [
        source if names.count(source.name) == 1 else replace(source, name=f"{source.name}={_folder(text)}")
        for text, source in zip(asked, found, strict=True)
    ]
    names = [source.name for source in named]
    for text, name in zip(asked, names, strict=True):
        if names.count(name) > 1:
            raise InputError(text, f"another data set is called {name} too", "rename one of the folders")
    return named


def _folder(text: str) -> str:
    return Path(_divided(text)[0]).name


def human_emg(text: str | Path = WANG, speed_kmh: float = DEFAULT_SPEED_KMH) -> HumanEmg:
    """People's EMG of a data set's first activity.

    Args:
        text: as for ``human_source``.
        speed_kmh: the nearest speed at hand is taken [km/h].

    Raises:
        InputError: as ``human_source``, or there is no EMG or it cannot be used.
    """
    source = human_source(str(text))
    if not source.activities:
        raise InputError(text, "holds no EMG, joint angles only", "give a data set with EMG")
    return source.emg(source.activities[0], speed_kmh)
