"""Policies that drive the body of another environment, such as MyoSuite's: one observation to one action.

Those of the folder ``baselines`` that name an ``environment`` in their ``policy.toml`` are opened by the
``adapter.py`` beside it: ``NAME=PATH`` makes ``Class(Path)`` of its ``policy = "adapter.py:Class"``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.files import content_dir, require_file, sha256_of_file

FILES = ("sb3", "onnx")
"""Kinds of policy files that need no adapter."""


@dataclass(frozen=True)
class ForeignPolicy:
    """A policy ready to act.

    Attributes:
        name: for tables.
        act: observation (N,) float32 to action (A,).
        observation_size, action_size: N and A, None where the file does not fix them.
        action_range: lowest and highest number in an action, None where the file does not say.
        file: that was read.
        sha256: of it.
        notes: for the reader of a result.
    """

    name: str
    act: Callable[[np.ndarray], np.ndarray]
    observation_size: int | None
    action_size: int | None
    action_range: tuple[float, float] | None
    file: Path
    sha256: str
    notes: tuple[str, ...] = ()


def baseline_adapters() -> dict[str, Path]:
    """Name of each baseline that drives another environment, and its ``policy.toml``."""
    found = sorted(content_dir("baselines").glob("*/policy.toml"))
    return {path.parent.name: path for path in found if "environment" in _toml(path)}


def foreign_kinds() -> tuple[str, ...]:
    """What may stand before the ``=``."""
    return (*FILES, *baseline_adapters())


def load_foreign(given: str) -> ForeignPolicy:
    """Open ``KIND=PATH``: ``sb3=file.zip``, ``onnx=file.onnx``, a baseline and its checkpoint; or a class.

    A class of one's own, ``file.py:Class``, is made without arguments and needs ``act``, which makes one
    action of one observation.

    Raises:
        InputError: an unknown kind, or the file cannot be used.
    """
    location, colon, attribute = given.rpartition(":")
    if colon and location.endswith(".py"):
        return _own(Path(location).expanduser(), attribute)
    kind, equals, text = given.partition("=")
    if not equals or not text:
        known = ", ".join(f"{kind}=PATH" for kind in foreign_kinds())
        raise InputError("--policy", f"is {given!r}", f"give one of {known}, or FILE.py:Class")
    path = Path(text).expanduser()
    if kind == "sb3":
        return _sb3(path)
    if kind == "onnx":
        return _onnx(path)
    adapters = baseline_adapters()
    if kind not in adapters:
        raise unknown_name("--policy", kind, foreign_kinds())
    return _by_adapter(kind, adapters[kind], path)


def _own(path: Path, attribute: str) -> ForeignPolicy:
    from kinesis_bench.policies.python_plugin import import_file, maker

    policy = maker(import_file(path), attribute, f"policy {path}")()
    if not callable(getattr(policy, "act", None)):
        problem = f"{attribute} has no act(observation)"
        raise InputError(path, problem, "add it: one observation to one action")
    return ForeignPolicy(
        name=attribute,
        act=policy.act,
        observation_size=getattr(policy, "observation_size", None),
        action_size=getattr(policy, "action_size", None),
        action_range=getattr(policy, "action_range", None),
        file=path,
        sha256=sha256_of_file(path),
    )


def _by_adapter(name: str, toml: Path, path: Path) -> ForeignPolicy:
    from kinesis_bench.policies.python_plugin import import_file

    file, _, attribute = str(_toml(toml)["policy"]).partition(":")
    policy = getattr(import_file(toml.parent / file), attribute)(path)
    return ForeignPolicy(
        name=name,
        act=policy.act,
        observation_size=policy.observation_size,
        action_size=policy.action_size,
        action_range=policy.action_range,
        file=policy.file,
        sha256=sha256_of_file(policy.file),
        notes=policy.notes,
    )


def _sb3(path: Path) -> ForeignPolicy:
    from kinesis_bench.policies.sb3_file import Sb3Policy, read_sb3

    file = read_sb3(path)
    policy = Sb3Policy(file)
    return ForeignPolicy(
        name=path.stem,
        act=lambda observation: policy.act(observation[None])[0],
        observation_size=policy.observation_size,
        action_size=policy.action_size,
        action_range=file.action_range,
        file=file.path,
        sha256=sha256_of_file(file.path),
        notes=file.notes,
    )


def _onnx(path: Path) -> ForeignPolicy:
    from kinesis_bench.policies.onnx_file import load_onnx

    require_file(path)
    loaded = load_onnx(path)
    if loaded.contract is not None:
        problem = f"was made for this suite's body {loaded.contract.body}"
        raise InputError(path, problem, "kinesis-bench score --policy FILE runs it")
    if not loaded.deterministic:
        raise InputError(path, "wants random numbers as a second input", "export its mean action")
    policy = loaded.make()
    return ForeignPolicy(
        name=loaded.name,
        act=lambda observation: policy.act(observation[None], ())[0],
        observation_size=loaded.observation_size,
        action_size=loaded.action_size,
        action_range=None,
        file=path,
        sha256=loaded.sha256,
    )


def _toml(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
