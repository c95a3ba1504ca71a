"""Frozen dataclasses to JSON, back, and to a JSON schema: one definition of a file's content, not three.

Knows what results and configs are made of: dataclasses, ``dict[str, T]``, ``tuple[T, ...]``, ``tuple[T, T]``,
``T | None``, ``Literal`` of strings, str, bool, int, float. Numbers that are not finite are refused; what is
absent is null.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Plain dictionaries, lists, strings and numbers.

    Raises:
        ValueError: a number is not finite.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} has no place in a result")
    return value


def from_json(kind: type[T], value: Any, path: str = "") -> T:
    """An object of a dataclass from what ``to_json`` made of it.

    Args:
        kind: the dataclass.
        value: parsed JSON.
        path: of the value, for messages.

    Raises:
        ValueError: a key is missing or unknown, or a value is of another type; the message names it.
    """
    result: T = _parse(kind, value, path)
    return result


def json_schema(kind: type) -> dict[str, Any]:
    """The JSON schema (2020-12, without its ``$id``) of a dataclass."""
    definitions: dict[str, Any] = {}
    reference = _schema(kind, definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **reference, "$defs": definitions}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _parse(kind: Any, value: Any, path: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = [argument for argument in arguments if argument is not NoneType]
        return None if value is None else _parse(inner[0], value, path)
    if is_dataclass(kind):
        return _parse_object(kind, value, path)
    if origin is dict:
        _expect(isinstance(value, dict), path, "an object", value)
        return {key: _parse(arguments[1], item, f"{path}.{key}") for key, item in value.items()}
    if origin is tuple:
        _expect(isinstance(value, list), path, "an array", value)
        if arguments[-1] is not Ellipsis:
            _expect(len(value) == len(arguments), path, f"{len(arguments)} items", value)
        return tuple(_parse(arguments[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if origin is Literal:
        _expect(value in arguments, path, f"one of {', '.join(arguments)}", value)
        return value
    if kind is float:
        _expect(isinstance(value, int | float) and not isinstance(value, bool), path, "a number", value)
        try:
            return float(value)
        except OverflowError as error:
            raise ValueError(f"{path.lstrip('.')} is a whole number of more than 308 digits") from error
    _expect(type(value) is kind, path, f"a {kind.__name__}", value)
    return value


def _parse_object(kind: Any, value: Any, path: str) -> Any:
    _expect(isinstance(value, dict), path, "an object", value)
    known = {field.name: field for field in fields(kind)}
    for key in value:
        if key not in known:
            raise ValueError(f"{path}.{key} is unknown".lstrip("."))
    for name, field in known.items():
        if name not in value and _has_no_default(field):
            raise ValueError(f"{path}.{name} is missing".lstrip("."))
    hints = _hints(kind)
    return kind(**{key: _parse(hints[key], item, f"{path}.{key}") for key, item in value.items()})


def _has_no_default(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _expect(holds: bool, path: str, what: str, value: Any) -> None:
    if not holds:
        raise ValueError(f"{path.lstrip('.') or 'the content'} is {str(value)[:40]!r}, not {what}")


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = [argument for argument in arguments if argument is not NoneType]
        return {"anyOf": [_schema(inner[0], definitions), {"type": "null"}]}
    if is_dataclass(kind):
        name = kind.__name__ if isinstance(kind, type) else str(kind)
        if name not in definitions:
            definitions[name] = {}
            hints = _hints(kind)  # type: ignore[arg-type]
            definitions[name] = {
                "type": "object",
                "properties": {field.name: _schema(hints[field.name], definitions) for field in fields(kind)},
                "required": [field.name for field in fields(kind) if _has_no_default(field)],
                "additionalProperties": False,
            }
        return {"$ref": f"#/$defs/{name}"}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if origin is tuple:
        items: dict[str, Any] = {"type": "array", "items": _schema(arguments[0], definitions)}
        if arguments[-1] is not Ellipsis:
            items |= {"minItems": len(arguments), "maxItems": len(arguments)}
        return items
    if origin is Literal:
        return {"enum": list(arguments)}
    return {"type": {str: "string", bool: "boolean", int: "integer", float: "number"}[kind]}
