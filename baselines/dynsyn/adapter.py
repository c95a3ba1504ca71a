"""The actor of a DynSyn policy, rebuilt from the tensors in its zip: DynSyn itself is not needed.

From the paper (He et al., ICML 2024, arXiv:2407.11472): muscles are in groups; the network gives one action
a group and, for every muscle but its group's first, a factor near 1 that depends on the state.

    a_i = u_g(i) · (1 + clip(0.1 · tanh(w_i), -amp, amp))

``amp`` grows with the training, amp = clip(k · (steps - a), 0, 0.1), unless it was fixed. With SAC u is tanh
of the mean and a is clipped to [-1, 1]; with PPO u is the mean and a is clipped to the environment's bounds.

A zip of Stable-Baselines3 keeps the groups and the numbers of ``amp`` as plain JSON; where the groups are not
in it, they are taken from the run's ``config.json``, beside it or where DynSyn's runner leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.archives import json_object
from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file
from kinesis_bench.policies.sb3_file import STATISTICS_REMEDY, Sb3File, read_sb3
from kinesis_bench.policies.tensors import linear, require_chain

MOST_AMPLITUDE = 0.1
"""Largest correction of a muscle, and the factor before the tanh."""

LARGEST = 1e15
"""No setting is larger than this: steps, a slope, a start."""

_AS_SAVED = "give a checkpoint as DynSyn saved it"

MODEL, STATISTICS = "model.zip", "env.zip"
"""What a checkpoint's folder holds: the policy, and the statistics of its observations (a pickle)."""


class DynSyn:
    """The mean action of a checkpoint.

    Args:
        path: ``model.zip`` or the folder that holds it.

    Attributes:
        file: the zip.
        observation_size, action_size: N and A.
        action_range: of the environment that it was trained in.
        notes: for the reader of a result.

    Raises:
        InputError: a file is missing or damaged, the groups do not fit the tensors, or the statistics of the
            observations are only there as a pickle.
    """

    def __init__(self, path: Path) -> None:
        path = Path(path).expanduser()
        self.file = path / MODEL if path.is_dir() else path
        require_file(self.file, "give the model.zip of a checkpoint, see baselines/dynsyn/README.md")
        self._zip = read_sb3(self.file)
        where = str(self.file)
        if self._zip.statistics is None and self.file.with_name(STATISTICS).is_file():
            remedy = STATISTICS_REMEDY.format(name=self.file.with_suffix(".npz").name)
            raise InputError(self.file.with_name(STATISTICS), "is a pickle and is not read", remedy)
        prefix = "" if self._zip.is_ppo else "actor."
        self._latent, self._head = self._zip.latent(), self._zip.head()
        self._factors = linear(self._zip.tensors, f"{prefix}dynsyn_layer.mu.0", where)
        for head in (self._head, self._factors):
            require_chain((*self._latent.layers, head), where)
        groups = _groups(self._zip)
        self.observation_size = self._zip.observation_size
        self.action_size = sum(map(len, groups))
        self.action_range = self._zip.action_range
        found = (self._head.sizes[1], self._factors.sizes[1])
        if found != (len(groups), self.action_size - len(groups)):
            problem = f"has {found[0]} group actions and {found[1]} factors"
            problem += f", the {len(groups)} groups hold {self.action_size} muscles"
            raise InputError(where, problem, "give the groups of the same run")
        self._group_of = np.zeros(self.action_size, int)
        for place, group in enumerate(groups):
            self._group_of[list(group)] = place
        self._corrected = [muscle for group in groups for muscle in group[1:]]
        self._amplitude = _amplitude(self._zip)
        self.notes = (*self._zip.notes, f"{len(groups)} groups, corrections up to {self._amplitude:g}")

    def act(self, observation: np.ndarray) -> np.ndarray:
        """(N,) to (A,) in ``action_range``."""
        latent = self._latent(self._zip.seen(observation[None]))
        mean = self._head(latent)
        action = (mean if self._zip.is_ppo else np.tanh(mean))[:, self._group_of]
        factor = MOST_AMPLITUDE * np.tanh(self._factors(latent))
        action[:, self._corrected] *= 1 + np.clip(factor, -self._amplitude, self._amplitude)
        low, high = self.action_range
        if self._zip.is_ppo:
            return np.clip(action, low, high)[0]
        return (low + 0.5 * (np.clip(action, -1, 1) + 1) * (high - low))[0]


def _groups(file: Sb3File) -> tuple[tuple[int, ...], ...]:
    """Muscles of each group; every muscle is in exactly one."""
    where, found = f"{file.path}: policy_kwargs dynsyn", _named(file.data, "policy_kwargs", "dynsyn")
    config = next((path for path in _configs(file.path) if path.is_file()), None)
    if found is None and config is not None:
        where = f"{config}: agent_kwargs.policy_kwargs.dynsyn"
        content = json_object(str(config), config.read_bytes(), "give the config of the run")
        found = _named(content, "agent_kwargs", "policy_kwargs", "dynsyn")
    remedy = "put the run's config.json beside model.zip"
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise InputError(where, "is missing, so the groups of muscles are unknown", remedy)
    groups = tuple(tuple(group) if isinstance(group, list) else () for group in found)
    muscles = [muscle for group in groups for muscle in group]
    if not all(groups) or sorted(map(repr, muscles)) != sorted(map(repr, range(len(muscles)))):
        raise InputError(where, "does not hold every muscle's number once", remedy)
    return groups


def _configs(path: Path) -> tuple[Path, ...]:
    """Where the config of a run may lie: beside the zip, or over ``checkpoint/<which>/model.zip``."""
    return path.with_name("config.json"), path.resolve().parent.parent.parent / "config.json"


def _amplitude(file: Sb3File) -> float:
    fixed = _setting(file, "dynsyn_weight_amp")
    if fixed is not None:
        if fixed < 0:
            raise InputError(f"{file.path}: dynsyn_weight_amp", f"is {fixed:g}", _AS_SAVED)
        return fixed
    slope, start, steps = (_setting(file, name) or 0.0 for name in ("dynsyn_k", "dynsyn_a", "num_timesteps"))
    return float(np.clip(slope * (steps - start), 0, MOST_AMPLITUDE))


def _setting(file: Sb3File, name: str) -> float | None:
    """A number among the settings; None where it is not set."""
    value = file.data.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not abs(value) <= LARGEST:
        raise InputError(f"{file.path}: {name}", f"is {value!r:.60}, no number", _AS_SAVED)
    return float(value)


def _named(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
