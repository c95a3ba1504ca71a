"""Why a figure is null: every None in a result stands beside a reason.

A dataclass with a field ``reasons`` maps the fields that are None to why. It also speaks for the dataclasses
inside it that have no such field, by their path: ``ci95.mean_r``. Keys of dictionaries (muscles, joints) are
left out of the path: ``per_muscle.r``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def reasons_of_nulls(value: Any, known: Mapping[str, str]) -> dict[str, str]:
    """Those of the known reasons whose field is None.

    Args:
        value: a dataclass.
        known: path to a reason, for every field that may be None.
    """
    nulls = _null_paths(value, "")
    return {path: reason for path, reason in known.items() if path in nulls}


def _null_paths(value: Any, path: str) -> set[str]:
    if value is None:
        return {path}
    if isinstance(value, dict):
        return {null for item in value.values() for null in _null_paths(item, path)}
    names = [field.name for field in fields(value)] if is_dataclass(value) else []
    if path and "reasons" in names:
        return set()
    return {
        null for name in names for null in _null_paths(getattr(value, name), f"{path}.{name}".lstrip("."))
    }
