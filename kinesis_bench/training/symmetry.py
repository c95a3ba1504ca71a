"""The body's left-right symmetry: each sample of training is one of its mirror image too.

Used as in rsl_rl: an update sees every sample twice, the second time mirrored, with the log-probability of the
first; exact for a policy that is symmetric itself, which is what it drives the policy to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kinesis_bench.bodies.contract import TOUCH_SENSORS, Body
from kinesis_bench.tasks.observation import observation_layout
from kinesis_bench.training.storage import Batch

_VECTOR, _TURN = (1.0, -1.0, 1.0), (-1.0, 1.0, -1.0)
"""Mirror signs of a vector and of an angular velocity: x forward, y left, z up."""


@dataclass(frozen=True)
class Mirror:
    """Mirrored arrays are ``sign * array[..., place]``.

    Attributes:
        observation_place, observation_sign: (N,).
        action_place, action_sign: (A,).
    """

    observation_place: Tensor
    observation_sign: Tensor
    action_place: Tensor
    action_sign: Tensor

    @classmethod
    def of(cls, body: Body, actions: tuple[str, ...]) -> Mirror:
        """The mirror of a body.

        Args:
            body: the body.
            actions: what each action moves: the muscles, or joint coordinates.
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
        }
        for name, part in observation_layout(body):
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

    def doubled(self, batch: Batch) -> Batch:
        """A batch followed by its mirror image."""
        return Batch(
            torch.cat((batch.observation, self.observation(batch.observation))),
            torch.cat((batch.sample, self.action(batch.sample))),
            batch.log_prob.repeat(2),
            batch.advantage.repeat(2),
            batch.value_target.repeat(2),
        )


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
