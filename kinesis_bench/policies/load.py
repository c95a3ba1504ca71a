"""Find a policy by what the user typed: a name, a file, a class or a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.files import content_dir
from kinesis_bench.policies.builtin import Constant, Random, Zero
from kinesis_bench.policies.foreign import baseline_adapters
from kinesis_bench.policies.loaded import LoadedPolicy, declared
from kinesis_bench.policies.muscle_pd import MusclePd

BUILT_IN: dict[str, Callable[[], Any]] = {
    "zero": Zero,
    "random": Random,
    "constant": Constant,
    "muscle-pd": MusclePd,
}
"""Policies that need no file."""

REFERENCE = "reference"
"""Stands for the reference policy that bears the body's name."""


def reference_policies() -> dict[str, Path]:
    """Folders of the trained policies that ship, by name; the one named after a body is its reference."""
    return _folders("reference_policies")


def baselines() -> dict[str, Path]:
    """Folders of the baselines that drive our bodies, by name: what a trained policy is set beside."""
    elsewhere = baseline_adapters()
    return {name: path for name, path in _folders("baselines").items() if name not in elsewhere}


def _folders(content: str) -> dict[str, Path]:
    return {path.parent.name: path.parent for path in sorted(content_dir(content).glob("*/policy.toml"))}


def load_policy(policy: str, body: str = "legs") -> LoadedPolicy:
    """Open a policy.

    Args:
        policy: a built-in name, the name of a baseline or of a reference policy (``reference`` for the body's
            own), ``file.onnx``, ``sb3=file.zip`` of Stable-Baselines3, ``file.py:Class``,
            ``package.module:Class`` or a folder with ``policy.toml`` and an ONNX file. The code of a plug-in
            named here runs, and that of our own baselines; nothing else is executed, nothing is unpickled.
        body: that it is to drive, for ``reference``.

    Raises:
        InputError: there is no such policy, or it cannot be used.
    """
    kind, equals, file = policy.partition("=")
    if equals and kind == "sb3":
        from kinesis_bench.policies.sb3_file import load_sb3

        return load_sb3(Path(file).expanduser())
    if kind in baseline_adapters():
        remedy = f"kinesis-bench record --policy {kind}={file or 'PATH'}, then score --rollout"
        raise InputError(f"policy {policy}", "drives the body of another environment", remedy)
    if policy in BUILT_IN:
        make = BUILT_IN[policy]
        deterministic, control, needs = declared(make(), policy)
        return LoadedPolicy(policy, make, deterministic, control, needs)
    ours = baselines()
    if policy in ours:
        from kinesis_bench.policies.folder import load_baseline

        return load_baseline(ours[policy])
    references = reference_policies()
    if policy == REFERENCE:
        if body not in references:
            raise InputError(
                "policy reference",
                f"there is none for body {body!r}",
                "give another --policy, such as muscle-pd",
            )
        policy = body
    if policy in references:
        from kinesis_bench.policies.folder import load_folder

        return replace(load_folder(references[policy]), source=f"reference_policies/{policy}")
    path = Path(policy).expanduser()
    if path.is_dir():
        from kinesis_bench.policies.folder import load_folder

        return load_folder(path)
    if path.suffix == ".onnx":
        if not path.is_file():
            raise InputError(path, "no such file", "give an existing ONNX file, or a built-in name")
        from kinesis_bench.policies.onnx_file import load_onnx

        return load_onnx(path)
    if ":" in policy:
        from kinesis_bench.policies.python_plugin import load_plugin

        return load_plugin(policy)
    if path.is_file():
        if path.suffix == ".py":
            raise InputError(path, "names no class", f"write {policy}:Class")
        remedy = "give an ONNX file, file.py:Class or a folder with policy.toml; nothing is unpickled"
        if path.suffix == ".zip":
            remedy = f"for one of Stable-Baselines3, write sb3={policy}"
        raise InputError(path, f"policies are not read from {path.suffix or 'such'} files", remedy)
    if path.suffix or "/" in policy:
        raise InputError(path, "no such file or folder", "give an existing one, or a built-in name")
    raise unknown_name("policy", policy, [REFERENCE, *BUILT_IN, *ours, *references])
