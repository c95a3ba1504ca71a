"""Policies in the zip files of Stable-Baselines3: rebuilt from their tensors, nothing unpickled.

A zip holds ``policy.pth`` (tensors) and ``data`` (JSON). What JSON cannot say stands in ``data`` as a pickle
beside readable text; the pickles are never decoded, the text is enough. Observation statistics (VecNormalize)
are a pickle of their own, so they are read from a plain ``.npz`` beside the zip; ``STATISTICS_REMEDY`` says
how to make it.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.archives import json_object, number, numbers, read_npz, read_zip
from kinesis_bench.errors import InputError
from kinesis_bench.files import sha256_of_file
from kinesis_bench.policies.interface import Context
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.policies.tensors import Hidden, Layer, hidden, linear, read_tensors, require_chain

STATISTICS = ("mean", "var", "epsilon", "clip_obs")
"""Arrays of the ``.npz`` beside a zip, named as VecNormalize names them."""

STATISTICS_REMEDY = (
    "where you trained: s = VecNormalize.load(file, venv); np.savez('{name}', mean=s.obs_rms.mean, "
    "var=s.obs_rms.var, epsilon=s.epsilon, clip_obs=s.clip_obs)"
)

_MEMBERS = ("data", "policy.pth")
_REMEDY = "give a zip as save() of Stable-Baselines3 writes it, or export the policy to ONNX"


@dataclass(frozen=True)
class Statistics:
    """VecNormalize's view of observations: clip((o - mean) / sqrt(var + epsilon), -clip, clip).

    Attributes:
        mean, var: (N,).
        epsilon, clip_obs: numbers.
    """

    mean: np.ndarray
    var: np.ndarray
    epsilon: float
    clip_obs: float

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """(n, N) to (n, N) float32."""
        scaled = (observation - self.mean) / np.sqrt(self.var + self.epsilon)
        return np.clip(scaled, -self.clip_obs, self.clip_obs).astype(np.float32)


@dataclass(frozen=True)
class Sb3File:
    """What a zip says.

    Attributes:
        path: the zip.
        tensors: of the policy, by name.
        data: settings, with text where the file has pickles.
        action_range: lowest and highest action of the environment it was trained in.
        statistics: of the observations, None where there are none.
        notes: for the reader of a result.
    """

    path: Path
    tensors: dict[str, np.ndarray]
    data: dict[str, Any]
    action_range: tuple[float, float]
    statistics: Statistics | None
    notes: tuple[str, ...]

    @property
    def is_ppo(self) -> bool:
        """Whether it is an actor-critic (PPO, A2C); else it is a SAC."""
        return "action_net.weight" in self.tensors

    def latent(self) -> Hidden:
        """The hidden layers of the actor.

        Raises:
            InputError: the policy is no MlpPolicy of PPO, A2C or SAC.
        """
        prefix, usual = ("mlp_extractor.policy_net", "Tanh") if self.is_ppo else ("actor.latent_pi", "ReLU")
        named = str(_mapping(self.data.get("policy_kwargs")).get("activation_fn", usual))
        return hidden(self.tensors, prefix, re.split(r"[.']", named.rstrip("'>"))[-1], str(self.path))

    def head(self) -> Layer:
        """The last layer of the actor, before any squashing.

        Raises:
            InputError: it is missing.
        """
        return linear(self.tensors, "action_net" if self.is_ppo else "actor.mu", str(self.path))

    def into_range(self, mean: np.ndarray) -> np.ndarray:
        """As ``predict(deterministic=True)``: SAC's tanh is stretched to the range, PPO's mean clipped."""
        low, high = self.action_range
        if self.is_ppo:
            return np.clip(mean, low, high)
        return low + 0.5 * (np.tanh(mean) + 1) * (high - low)

    @property
    def observation_size(self) -> int:
        """N, by the first layer of the actor.

        Raises:
            InputError: as ``latent`` and ``head``.
        """
        return (*self.latent().layers, self.head())[0].sizes[0]

    def seen(self, observation: np.ndarray) -> np.ndarray:
        """What the network sees of observations (n, N)."""
        return observation if self.statistics is None else self.statistics(observation)


class Sb3Policy:
    """The mean action of an MlpPolicy; keeps no state."""

    deterministic = True

    def __init__(self, file: Sb3File) -> None:
        self._file = file
        self._latent, self._head = file.latent(), file.head()
        layers = (*self._latent.layers, self._head)
        require_chain(layers, str(file.path))
        self.observation_size, self.action_size = file.observation_size, self._head.sizes[1]

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Nothing to reset."""

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator] = ()) -> np.ndarray:
        """(n, N) to (n, A), in the range of the environment that it was trained in."""
        return self._file.into_range(self._head(self._latent(self._file.seen(observation))))


def read_sb3(path: Path) -> Sb3File:
    """Open a zip.

    Raises:
        InputError: it is no such zip, it is damaged, its policy is of another kind, or it was trained with
            VecNormalize and the statistics are not beside it, or do not fit the policy.
    """
    path = Path(path).expanduser()
    members = read_zip(path, lambda name: name in _MEMBERS, _REMEDY)
    for name in _MEMBERS:
        if name not in members:
            raise InputError(path, f"is no zip of Stable-Baselines3 (it lacks {name})", _REMEDY)
    data = json_object(f"{path}: data", members["data"], _REMEDY)
    tensors = read_tensors(io.BytesIO(members["policy.pth"]), f"{path}: policy.pth")
    _refuse_other_kinds(path, tensors, data)
    statistics, notes = _statistics(path, data, is_ppo="action_net.weight" in tensors)
    file = Sb3File(path, tensors, data, _action_range(path, data), statistics, notes)
    if statistics is not None and len(statistics.mean) != file.observation_size:
        beside = path.with_suffix(".npz")
        problem = f"has {len(statistics.mean)} numbers, the policy takes {file.observation_size}"
        raise InputError(f"{beside}: mean", problem, STATISTICS_REMEDY.format(name=beside.name))
    return file


def load_sb3(path: Path) -> LoadedPolicy:
    """A zip as a policy of this suite's imitation task, which it was trained on as a Gymnasium environment.

    Raises:
        InputError: as ``read_sb3``, or its actions are not those of this suite.
    """
    file = read_sb3(path)
    if file.action_range != (-1.0, 1.0):
        low, high = file.action_range
        problem = f"was trained on actions from {low:g} to {high:g}, this suite's are -1 to 1"
        remedy = "train it on kinesis_bench/Imitation-v1, or record it elsewhere with kinesis-bench record"
        raise InputError(path, problem, remedy)
    policy = Sb3Policy(file)
    unsigned = "the file names no body, layout or control law: accepted because the sizes fit, direct control"
    return LoadedPolicy(
        name=path.stem,
        make=lambda: policy,
        deterministic=True,
        control="direct",
        observation_size=policy.observation_size,
        action_size=policy.action_size,
        source=str(path),
        sha256=sha256_of_file(file.path),
        notes=(unsigned, *file.notes),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _refuse_other_kinds(path: Path, tensors: Mapping[str, np.ndarray], data: Mapping[str, Any]) -> None:
    kinds = "only MlpPolicy of PPO, A2C and SAC is read; export others to ONNX"
    if data.get("use_sde"):
        raise InputError(f"{path}: use_sde", "is true", kinds)
    if "action_net.weight" not in tensors and "actor.mu.weight" not in tensors:
        raise InputError(path, f"has tensors {', '.join(list(tensors)[:3])} …", kinds)
    other = [name for name in tensors if "features_extractor." in name or "lstm" in name]
    if other:
        raise InputError(path, f"has tensors {', '.join(other[:2])} …", kinds)


def _action_range(path: Path, data: Mapping[str, Any]) -> tuple[float, float]:
    """Bounds of the action space, from its text."""
    space = _mapping(data.get("action_space"))
    bounds = []
    for side in ("low", "high"):
        found = {float(x) for x in re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?", str(space.get(side, "")))}
        if len(found) != 1 or not math.isfinite(next(iter(found))):
            problem = f"is {space.get(side)!s:.60}, not one number for all actions"
            raise InputError(f"{path}: action_space {side}", problem, "export the policy to ONNX")
        bounds.append(found.pop())
    return bounds[0], bounds[1]


def _statistics(
    path: Path, data: Mapping[str, Any], *, is_ppo: bool
) -> tuple[Statistics | None, tuple[str, ...]]:
    """Those beside the zip; refuses a zip that shows that it was trained with some which are not there."""
    beside = path.with_suffix(".npz")
    if beside.is_file():
        return _read_statistics(beside), (f"observations are normalised by {beside.name}",)
    # On-policy learners keep the observation before normalisation only where they normalise.
    if is_ppo and data.get("_last_original_obs") is not None:
        problem = "was trained with VecNormalize, whose statistics are a pickle and are not read"
        raise InputError(path, problem, STATISTICS_REMEDY.format(name=beside.name))
    unknown = "the file does not tell whether it was trained with VecNormalize; no statistics were given"
    return None, () if is_ppo else (unknown,)


def _read_statistics(path: Path) -> Statistics:
    remedy = STATISTICS_REMEDY.format(name=path.name)
    found = read_npz(path, lambda name: name in STATISTICS, remedy)
    missing = [name for name in STATISTICS if name not in found]
    if missing:
        raise InputError(path, f"holds no array {', '.join(missing)}", remedy)
    mean, var = (numbers(f"{path}: {name}", found[name], remedy).astype(float) for name in ("mean", "var"))
    epsilon, clip = (number(f"{path}: {name}", found[name], remedy) for name in ("epsilon", "clip_obs"))
    if mean.ndim != 1 or mean.shape != var.shape:
        raise InputError(path, f"has mean {mean.shape} and var {var.shape}", remedy)
    if (var + epsilon <= 0).any():
        raise InputError(f"{path}: var", f"is not above zero (least {var.min():g})", remedy)
    if clip <= 0:
        raise InputError(f"{path}: clip_obs", f"is {clip:g}", remedy)
    return Statistics(mean, var, epsilon, clip)
