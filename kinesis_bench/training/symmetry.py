"""The body's left-right symmetry, built into the networks: what is learned on one leg holds for the other."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from kinesis_bench.bodies.contract import TOUCH_SENSORS, Body
from kinesis_bench.tasks.observation import FATIGUED, FatigueMode, observation_layout

_VECTOR, _TURN = (1.0, -1.0, 1.0), (-1.0, 1.0, -1.0)
"""Mirror signs of a vector and of an angular velocity: x forward, y left, z up."""


class Mirror(nn.Module):
    """Mirrored arrays are ``sign * array[..., place]``.

    Args:
        observation_place, observation_sign: (N,).
        action_place, action_sign: (A,).
    """

    observation_place: Tensor
    observation_sign: Tensor
    action_place: Tensor
    action_sign: Tensor

    def __init__(
        self,
        observation_place: Tensor,
        observation_sign: Tensor,
        action_place: Tensor,
        action_sign: Tensor,
    ) -> None:
        super().__init__()
        self.register_buffer("observation_place", observation_place, persistent=False)
        self.register_buffer("observation_sign", observation_sign, persistent=False)
        self.register_buffer("action_place", action_place, persistent=False)
        self.register_buffer("action_sign", action_sign, persistent=False)

    @classmethod
    def of(cls, body: Body, actions: tuple[str, ...], fatigue: FatigueMode | None = None) -> Mirror:
        """The mirror of a body.

        Args:
            body: the body.
            actions: what each action moves, see ``tasks.control.action_names``.
            fatigue: whether muscles tire, and whether the observation says how much.
        """
        segments = _partners(body.segments)
        keypoints = _partners(body.keypoints)
        places: list[np.ndarray] = []
        signs: list[np.ndarray] = []
        parts = {
            "pelvis_height": (np.array([0]), (1.0,)),
            "pelvis_tilt": (np.array([0]), (1.0, -1.0, 1.0, 1.0)),
            "segment_position": (segments[1:] - 1, _VECTOR),
            "segment_orientation": (segments, 2 * _VECTOR),
            "segment_linear_velocity": (segments, _VECTOR),
            "segment_angular_velocity": (segments, _TURN),
            "touch": (_partners(TOUCH_SENSORS), (1.0,)),
            "reference_position_difference": (keypoints, _VECTOR),
            "reference_velocity_difference": (keypoints, _VECTOR),
            "reference_position": (keypoints, _VECTOR),
            FATIGUED: (_partners(body.muscles), (1.0,)),
        }
        for name, part in observation_layout(body, fatigue):
            items, sign = parts[name]
            width = len(sign)
            places.append(part.start + (width * items[:, None] + np.arange(width)).ravel())
            signs.append(np.tile(sign, len(items)))
        turned = np.array([_turns(name) for name in actions])
        return cls(
            torch.from_numpy(np.concatenate(places)),
            torch.from_numpy(np.concatenate(signs)).float(),
            torch.from_numpy(_partners(actions)),
            torch.from_numpy(np.where(turned, -1.0, 1.0)).float(),
        )

    def observation(self, observation: Tensor) -> Tensor:
        """(…, N) mirrored."""
        return self.observation_sign * observation[..., self.observation_place]

    def action(self, action: Tensor) -> Tensor:
        """(…, A) mirrored."""
        return self.action_sign * action[..., self.action_place]


def _partners(names: tuple[str, ...]) -> np.ndarray:
    """Place of each name's partner on the other side; its own where it has none."""
    places = {name: place for place, name in enumerate(names)}
    return np.array([places.get(_other_side(name), place) for place, name in enumerate(names)])


def _other_side(name: str) -> str:
    words = name.split("_")
    swap = {"l": "r", "r": "l"}
    return "_".join(swap.get(word, word) for word in words)


def _turns(name: str) -> bool:
    """Whether a joint coordinate of the trunk changes its sign in the mirror: bending and axial rotation."""
    words = name.lower().split("_")
    sided = {"l", "r"} & set(words)
    return not sided and any(word in ("bending", "rotation", "lb", "lat", "axial", "ar") for word in words)
