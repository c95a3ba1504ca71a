"""Policies as folders: a ``policy.toml`` that names what is beside it.

A folder may come from anyone: it names an ONNX file, and opening it runs no code. Only a baseline that ships
with us may name a Python class.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.policies.loaded import LoadedPolicy

_KEYS = {"name": str, "policy": str, "control": str, "description": str}


def load_folder(folder: Path) -> LoadedPolicy:
    """The policy that a folder's ``policy.toml`` names.

    Keys: ``policy`` (required: an ONNX file inside the folder, such as ``network.onnx``), ``name``,
    ``description``, and ``control`` (for an ONNX file that does not state it). A folder may come from anyone,
    so it can name neither Python nor anything outside itself.

    Raises:
        InputError: the file is missing or malformed, has an unknown key, or names Python or a file elsewhere.
    """
    path = folder / "policy.toml"
    content = _read(path)
    target = content.get("policy")
    if isinstance(target, str) and ":" in target:
        location = target.rpartition(":")[0]
        named = folder / target if location.endswith(".py") else target
        problem = f"names Python ({target!r}), which runs only if you name it yourself"
        raise InputError(f"{path}: policy", problem, f"if you trust it, use --policy {named}")
    for key, value in content.items():
        if key not in _KEYS:
            raise unknown_name(f"{path}: key", key, _KEYS)
        if not isinstance(value, _KEYS[key]):
            raise InputError(f"{path}: {key}", f"is {value!r}", f"make it a {_KEYS[key].__name__}")
    if target is None:
        raise InputError(f"{path}: policy", "is missing", 'add a line such as: policy = "network.onnx"')
    if not target.endswith(".onnx"):
        raise InputError(f"{path}: policy", f"is {target!r}", "name an .onnx file in the folder")
    if not (folder / target).resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{path}: policy", f"{target!r} lies outside the folder", "put the file into it")
    if not (folder / target).is_file():
        raise InputError(f"{path}: policy", f"no such file {target}", "correct the name or add the file")
    from kinesis_bench.policies.onnx_file import load_onnx

    name = content.get("name", folder.resolve().name)
    return replace(load_onnx(folder / target, control=content.get("control"), name=name), source=str(folder))


def load_baseline(folder: Path) -> LoadedPolicy:
    """A baseline that ships with us: the class in a file beside it that its ``policy.toml`` names."""
    from kinesis_bench.policies.python_plugin import load_plugin

    target = _read(folder / "policy.toml")["policy"]
    return replace(load_plugin(str(folder / target)), name=folder.name, source=f"baselines/{folder.name}")


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        remedy = 'add one with a line like: policy = "network.onnx"'
        raise InputError(path.parent, "holds no policy.toml", remedy)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(path, f"is not valid TOML ({error})", "correct the file") from error
