"""Files of one typed object: JSON with the name of its schema, and the schema itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from kinesis_bench.archives import each_once
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.typed_json import from_json, json_schema, to_json
from kinesis_bench.files import write_text

T = TypeVar("T")


def write_typed(path: str | Path, value: Any) -> None:
    """Write a dataclass, whole or not at all."""
    write_text(path, json.dumps(to_json(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_typed(kind: type[T], schema: str, path: str | Path, remedy: str) -> T:
    """Read what ``write_typed`` wrote.

    Args:
        kind: the dataclass, with a field ``schema``.
        schema: what that field must be.
        path: the file.
        remedy: what to do where it cannot be read.

    Raises:
        InputError: the file is missing, no JSON, of another schema, or has a wrong, missing or unknown field.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=each_once)
    except FileNotFoundError as error:
        raise InputError(path, "no such file", remedy) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(path, f"cannot be read ({error})", remedy) from error
    found = content.get("schema") if isinstance(content, dict) else None
    if found != schema:
        raise InputError(f"{path}: schema", f"is {found!r}, this version reads {schema!r}", remedy)
    try:
        return from_json(kind, content)
    except ValueError as error:
        raise InputError(path, str(error), remedy) from error


def schema_text(kind: type, schema: str, title: str) -> str:
    """The published JSON schema of a dataclass."""
    return json.dumps({"$id": schema, "title": title, **json_schema(kind)}, indent=1) + "\n"
