"""A policy of one body as the beginning of one of another: what both have is taken over by name.

The three bodies share their legs: segments, keypoints, joint coordinates, 80 muscles. What only the new one
has, its policy does not heed at first: its weights are zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from kinesis_bench.bodies.contract import Body
from kinesis_bench.tasks.control import action_names
from kinesis_bench.tasks.observation import FatigueMode, observation_names

CONTROLS = ("direct", "tracking")
"""Control laws whose actions bear names that bodies share, and mean the same on each."""

RESTING = {"direct": -0.9, "tracking": 0.0}
"""Mean action of what is new: an excitation of 0.05, and no shift of a joint's angle."""

LEAST_VARIANCE = 1e-6
"""A number of the observation that varied less was a constant of the old body, and is not taken over."""


def carried_over(
    tensors: Mapping[str, Tensor], old: Body, new: Body, control: str, fatigue: FatigueMode | None
) -> dict[str, Tensor]:
    """Tensors of a plain actor and its critic for another body.

    Args:
        tensors: of the policy, as ``weights.safetensors`` holds them.
        old, new: the policy's body, and the other.
        control: law of the actions, one of CONTROLS.
        fatigue: whether the observations, of both, say how fatigued muscles are.
    """
    seen = _places(observation_names(old, fatigue), observation_names(new, fatigue))
    done = _places(action_names(control, old), action_names(control, new))
    made = {}
    for key, tensor in tensors.items():
        network, _, name = key.partition(".")
        constant = tensors[f"{network}.normaliser.variance"] < LEAST_VARIANCE
        of = [None if place is None or constant[place] else place for place in seen]
        if name in ("normaliser.mean", "normaliser.variance"):
            tensor = _taken(tensor, of, float(name.endswith("variance")))
        elif name == "trunk.0.weight":
            tensor = _taken(tensor.T, of, 0.0).T.contiguous()
        elif network == "actor" and name == "head.weight":
            tensor = _taken(tensor, done, 0.0)
        elif network == "actor" and name == "head.bias":
            tensor = _taken(tensor, done, RESTING[control])
        elif name == "log_action_std":
            tensor = _taken(tensor, done, float(tensor.mean()))
        made[key] = tensor
    return made


def _places(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """Place among the old names of each of the new; None where it is not there."""
    places = {name: place for place, name in enumerate(old)}
    return [places.get(name) for name in new]


def _taken(tensor: Tensor, places: Sequence[int | None], otherwise: float) -> Tensor:
    """Rows of a tensor at places, and a value where there is none."""
    rows = torch.full((len(places), *tensor.shape[1:]), otherwise, dtype=tensor.dtype)
    there = [row for row, place in enumerate(places) if place is not None]
    rows[there] = tensor[[place for place in places if place is not None]]
    return rows
