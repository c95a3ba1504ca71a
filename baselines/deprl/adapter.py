"""The actor of a DEP-RL checkpoint, rebuilt from its tensors: deprl itself is not needed, nothing runs.

What a folder of deprl 0.3.2 holds: ``config.yaml`` and ``checkpoints/step_<steps>.pt``, the state dict of
the whole model (names begin with ``actor.``) or of its actor alone. For an agent of MPO the action at test
time is the mean of a Gaussian: ReLU layers, a linear one, tanh.

An actor that holds statistics of the observation (``encoder.observation_normalizer``) sees (o - mean) / std.
One that does not sees the observation as it is: deprl 0.3.2 hands its normaliser to the critic alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file
from kinesis_bench.policies.tensors import hidden, linear, read_tensors, require_chain

NORMALISER = "encoder.observation_normalizer"


class DepRl:
    """The mean action of a checkpoint.

    Args:
        path: the folder with ``config.yaml``, whose last checkpoint is taken, or one checkpoint in it.

    Attributes:
        file: the checkpoint.
        observation_size, action_size: N and A.
        action_range: of the tanh.
        notes: for the reader of a result.

    Raises:
        InputError: a file is missing or damaged, or the agent is of another kind.
    """

    action_range = (-1.0, 1.0)

    def __init__(self, path: Path) -> None:
        self.file, config = _checkpoint(Path(path).expanduser())
        agent = str(_read_config(config).get("agent", ""))
        if "MPO" not in agent:
            raise InputError(
                f"{config}: tonic.agent", f"is {agent[:60]!r}", "give the checkpoint of an MPO agent"
            )
        where = str(self.file)
        tensors = read_tensors(self.file, where)
        if any(name.startswith("actor.") for name in tensors):
            tensors = {name[6:]: value for name, value in tensors.items() if name.startswith("actor.")}
        self._latent = hidden(tensors, "torso.model", "ReLU", where)
        self._head = linear(tensors, "head.loc_layer.0", where)
        layers = (*self._latent.layers, self._head)
        require_chain(layers, where)
        self.observation_size, self.action_size = layers[0].sizes[0], self._head.sizes[1]
        self._mean = tensors.get(f"{NORMALISER}._mean", np.zeros(self.observation_size, np.float32))
        self._std = tensors.get(f"{NORMALISER}._std", np.ones(self.observation_size, np.float32))
        for name, values in (("_mean", self._mean), ("_std", self._std)):
            if values.shape != (self.observation_size,):
                problem = f"has shape {values.shape}, the actor takes {self.observation_size} numbers"
                raise InputError(f"{where}: {NORMALISER}.{name}", problem, "give the checkpoint as saved")
        seen = "normalised by the actor" if f"{NORMALISER}._mean" in tensors else "seen as they are"
        self.notes = (f"checkpoint {self.file.stem}; observations are {seen}",)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """(N,) to (A,) in [-1, 1]."""
        seen = (observation[None] - self._mean) / self._std
        return np.tanh(self._head(self._latent(seen)))[0]


def _checkpoint(path: Path) -> tuple[Path, Path]:
    """The checkpoint and its config."""
    folder = path.parent.parent if path.suffix == ".pt" else path
    config = folder / "config.yaml"
    require_file(config, "give the folder with config.yaml and checkpoints/, see baselines/deprl/README.md")
    if path.suffix == ".pt":
        require_file(path)
        return path, config
    steps = {
        int(match[1]): file
        for file in (folder / "checkpoints").glob("step_*.pt")
        if (match := re.fullmatch(r"step_(\d+)", file.stem))
    }
    if not steps:
        raise InputError(folder / "checkpoints", "holds no step_*.pt", "add the checkpoint")
    return steps[max(steps)], config


def _read_config(path: Path) -> Mapping[str, Any]:
    """Settings under ``tonic``; their text is looked at, never run."""
    try:
        import yaml
    except ImportError as error:
        remedy = "pip install 'kinesis-bench[myosuite]'"
        raise InputError(path, "needs PyYAML to be read, which is not installed", remedy) from error
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except Exception as error:  # yaml raises many kinds on values that are not what their tags say
        problem = f"is no plain YAML ({' '.join(str(error).split())[:120]})"
        raise InputError(path, problem, "give it as deprl writes it") from error
    tonic = content.get("tonic") if isinstance(content, Mapping) else None
    if not isinstance(tonic, Mapping):
        raise InputError(path, "has no part 'tonic'", "give it as deprl writes it")
    return tonic
