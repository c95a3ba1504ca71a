"""Policies as folders: a ``policy.toml`` that names a file, and says what it is."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.policies.loaded import LoadedPolicy

_KEYS = {"name": str, "policy": str, "control": str, "description": str, "arguments": dict}


def load_folder(folder: Path) -> LoadedPolicy:
    """The policy that a folder's ``policy.toml`` names.

    Keys: ``policy`` (required: ``network.onnx``, ``adapter.py:Class`` or ``package.module:Class``), ``name``,
    ``description``, ``control`` (for an ONNX file that does not state it), and the table ``arguments``
    (keyword arguments of the class).

    Raises:
        InputError: the file is missing or malformed, or has an unknown key.
    """
    path = folder / "policy.toml"
    if not path.is_file():
        raise InputError(folder, "holds no policy.toml", 'add one with a line like: policy = "network.onnx"')
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, f"is not valid TOML ({error})", "correct the file") from error
    for key, value in content.items():
        if key not in _KEYS:
            raise unknown_name(f"{path}: key", key, _KEYS)
        if not isinstance(value, _KEYS[key]):
            raise InputError(f"{path}: {key}", f"is {value!r}", f"make it a {_KEYS[key].__name__}")
    if "policy" not in content:
        raise InputError(f"{path}: policy", "is missing", 'add a line such as: policy = "network.onnx"')
    target, name = content["policy"], content.get("name", folder.resolve().name)
    if target.endswith(".onnx"):
        from kinesis_bench.policies.onnx_file import load_onnx

        if not (folder / target).is_file():
            raise InputError(f"{path}: policy", f"no such file {target}", "correct the name or add the file")
        loaded = load_onnx(folder / target, control=content.get("control"), name=name)
    elif ":" in target:
        from kinesis_bench.policies.python_plugin import load_plugin

        loaded = load_plugin(target, folder=folder, arguments=content.get("arguments"), name=name)
    else:
        remedy = "name an .onnx file, file.py:Class or package.module:Class"
        raise InputError(f"{path}: policy", f"is {target!r}", remedy)
    return replace(loaded, source=str(folder))
