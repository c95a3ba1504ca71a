"""Settings of a layout from a TOML file: what a data set's files do not say, or say otherwise than expected.

Each layout that has settings keeps them in one frozen dataclass, named ``SETTINGS`` in its module. The file's
keys are its fields. A field that is left out keeps its default; a mapping is a table and takes the place of
the whole default, and so does a list; a dataclass within is a table whose own fields may be left out.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.files import require_file

T = TypeVar("T")

SUFFIX = ".toml"
"""Ending of a settings file's name."""

_IN_WORDS = {str: "a text", int: "a whole number", float: "a number"}


def read_settings(path: Path, cls: type[T]) -> T:
    """Settings of a class from a TOML file.

    Args:
        path: of the file.
        cls: a dataclass whose fields are str, int, float, ``tuple[str, ...]``, ``Mapping[str, …]`` or such
            dataclasses again.

    Raises:
        InputError: the file is missing or no TOML, a key is unknown (the nearest is suggested), or a value is
            of another type or refused by the class.
    """
    require_file(path, "check the path behind the comma")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(path, f"is not a readable TOML file ({error})", "mend it") from error
    settings: T = _object(cls, content, str(path))
    return settings


def in_settings(layout: str, what: str) -> str:
    """How a setting is given on the command line, for remedies.

    Args:
        layout: name of the layout.
        what: the setting, such as ``[electrodes]``.
    """
    return f"in a settings file: --human {layout}=DIR,settings.toml with {what}"


def require_side(side: str) -> None:
    """Refuse what is no leg.

    Raises:
        InputError: neither ``l`` nor ``r``.
    """
    if side not in ("l", "r"):
        raise InputError("side", f"is {side!r}", "it must be l or r")


def require_known(field: str, names: Mapping[str, Any] | tuple[str, ...], known: Mapping[str, Any]) -> None:
    """Refuse names that a table of settings may not hold.

    Raises:
        InputError: an unknown name (the nearest is suggested), or none at all.
    """
    if not names:
        raise InputError(field, "is empty", f"name one or more of {', '.join(known)}")
    for name in names:
        if name not in known:
            raise unknown_name(field, name, known)


def _object(cls: Any, content: dict[str, Any], where: str) -> Any:
    hints = get_type_hints(cls)
    for key in content:
        if key not in hints:
            raise unknown_name(f"{where}: setting", key, hints)
    given = {key: _value(hints[key], value, f"{where}: {key}") for key, value in content.items()}
    try:
        return cls(**given)
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.problem, error.remedy) from error


def _value(kind: Any, value: Any, where: str) -> Any:
    if is_dataclass(kind):
        _expect(isinstance(value, dict), where, "a table", value)
        return _object(kind, value, where)
    if get_origin(kind) is Mapping:
        _expect(isinstance(value, dict), where, "a table", value)
        return {key: _value(get_args(kind)[1], item, f"{where}.{key}") for key, item in value.items()}
    if get_origin(kind) is tuple:
        _expect(isinstance(value, list), where, "a list", value)
        return tuple(_value(get_args(kind)[0], item, where) for item in value)
    if kind is float and type(value) in (int, float):
        _expect(math.isfinite(value), where, "a finite number", value)
        return float(value)
    _expect(type(value) is kind, where, _IN_WORDS[kind], value)
    return value


def _expect(holds: bool, where: str, what: str, value: Any) -> None:
    if not holds:
        raise InputError(where, f"is {str(value)[:40]!r}", f"it must be {what}")
