"""When a row is too far from its reference to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from array_api_compat import array_namespace

FAR = "far from the reference"
"""The reason that a recording states for a clip that failed by the protocol's own rule."""


@dataclass(frozen=True)
class Termination:
    """Ends a row when its keypoints are too far off.

    Attributes:
        distance_m: a row ends beyond this [m].
        over_keypoints: whether the distance of ``any`` keypoint counts, or their ``mean``.
    """

    distance_m: float = 0.15
    over_keypoints: Literal["any", "mean"] = "any"

    def too_far(self, keypoint_error_m: Any) -> Any:
        """Which rows end, (n,), by keypoint distances (n, K) [m]."""
        xp = array_namespace(keypoint_error_m)
        reduced = xp.max if self.over_keypoints == "any" else xp.mean
        return reduced(keypoint_error_m, axis=1) > self.distance_m


TRAINING = Termination()
"""KINESIS's rule in training (``termination_distance`` of its ``env_im.yaml``)."""

PROTOCOL = Termination(0.5, "mean")
"""The rule of protocol kinesis-bench-1: a clip fails at its first frame with a mean error above 0.5 m."""
