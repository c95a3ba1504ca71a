"""Networks from the tensors of other people's checkpoints: read without unpickling, run by numpy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

from kinesis_bench.archives import unreadable
from kinesis_bench.errors import InputError, unknown_name

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ReLU": lambda x: np.maximum(x, 0),
    "Tanh": np.tanh,
    "ELU": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "SiLU": lambda x: x / (1 + np.exp(-x)),
}
"""Activations by the names of torch's classes, with torch's default parameters."""


def read_tensors(source: Path | IO[bytes], where: str) -> dict[str, np.ndarray]:
    """The tensors of a torch file, by name, in single precision.

    Only tensors can come out of it: torch refuses to build anything else from the file, and runs nothing.

    Args:
        source: the file.
        where: its name for errors.

    Raises:
        InputError: torch is not installed, the file holds anything but tensors or is damaged, or a tensor is
            not dense.
    """
    try:
        import torch
    except ImportError as error:
        remedy = "pip install 'kinesis-bench[train]', or export the policy to ONNX"
        raise InputError(where, "needs torch to be read, which is not installed", remedy) from error
    try:
        found = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's own exceptions share no base class
        reason = " ".join(str(error).split())[:120]
        remedy = "give a checkpoint as its program saved it; nothing but tensors is read"
        raise InputError(where, f"is not a readable file of tensors ({reason})", remedy) from error
    if not isinstance(found, dict):
        raise InputError(where, f"holds a {type(found).__name__}, no named tensors", "give a state dict")
    tensors = {str(name): value for name, value in found.items() if isinstance(value, torch.Tensor)}
    return {name: _as_array(value, f"{where}: {name}") for name, value in tensors.items()}


def _as_array(tensor: Any, where: str) -> np.ndarray:
    """A tensor in single precision; sparse and complex ones are refused."""
    import torch

    if tensor.layout is not torch.strided or tensor.is_complex() or tensor.is_meta:
        kind = f"{str(tensor.layout).removeprefix('torch.')} tensor of {tensor.dtype} on {tensor.device}"
        raise InputError(where, f"is a {kind}", "save plain dense tensors of real numbers")
    try:
        return tensor.detach().to(torch.float32).numpy()
    except Exception as error:  # torch's own exceptions share no base class
        raise unreadable(where, error, "save plain dense tensors of real numbers") from error


@dataclass(frozen=True)
class Layer:
    """A linear layer, y = x Wᵀ + b.

    Attributes:
        weight: (outputs, inputs).
        bias: (outputs,).
    """

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(n, inputs) to (n, outputs)."""
        return x @ self.weight.T + self.bias

    @property
    def sizes(self) -> tuple[int, int]:
        """Inputs and outputs."""
        return self.weight.shape[1], self.weight.shape[0]


@dataclass(frozen=True)
class Hidden:
    """Linear layers, each with an activation behind it; none at all pass on what they get."""

    layers: tuple[Layer, ...]
    activation: str

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(n, inputs) to (n, outputs of the last layer)."""
        for layer in self.layers:
            x = ACTIVATIONS[self.activation](layer(x))
        return x


def linear(tensors: Mapping[str, np.ndarray], name: str, where: str) -> Layer:
    """The layer ``name.weight``, ``name.bias``.

    Raises:
        InputError: it is missing, or its parts do not fit each other.
    """
    remedy = "give a checkpoint as its program saved it"
    for part in ("weight", "bias"):
        if f"{name}.{part}" not in tensors:
            raise InputError(where, f"has no tensor {name}.{part}", remedy)
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise InputError(f"{where}: {name}", f"has shapes {weight.shape} and {bias.shape}", remedy)
    return Layer(weight, bias)


def hidden(tensors: Mapping[str, np.ndarray], prefix: str, activation: str, where: str) -> Hidden:
    """The layers ``prefix.0``, ``prefix.2`` … of a torch Sequential that alternates with activations.

    Raises:
        InputError: an unknown activation, or layers that do not follow on each other.
    """
    if activation not in ACTIVATIONS:
        raise unknown_name(f"{where}: activation", activation, ACTIVATIONS)
    pattern = re.compile(rf"{re.escape(prefix)}\.(\d+)\.weight")
    places = sorted(int(match[1]) for name in tensors if (match := pattern.fullmatch(name)))
    layers = tuple(linear(tensors, f"{prefix}.{place}", where) for place in places)
    if places != list(range(0, 2 * len(places), 2)):
        raise InputError(
            where, f"has layers {places} in {prefix}", "only plain multilayer perceptrons are read"
        )
    require_chain(layers, where)
    return Hidden(layers, activation)


def require_chain(layers: tuple[Layer, ...], where: str) -> None:
    """Refuse layers of which one does not take what the one before gives.

    Raises:
        InputError: both sizes are shown.
    """
    for before, after in pairwise(layers):
        if before.sizes[1] != after.sizes[0]:
            problem = f"a layer of {before.sizes[1]} outputs precedes one of {after.sizes[0]} inputs"
            raise InputError(where, problem, "give a checkpoint as its program saved it")
