"""Where pictures are taken from: beside a body, at a fixed distance, looking a little down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

SMOOTHING_S = 0.3
"""The camera follows the path of the pelvis, smoothed by this standard deviation [s], so it does not sway."""


@dataclass(frozen=True)
class Camera:
    """A camera that looks at a point over the floor, whose place and direction may change with the picture.

    Attributes:
        width, height: of the picture [pixels].
        distance_m: from the point it looks at.
        elevation_deg: negative where it looks down.
        aim_height_m: of the point it looks at.
        fovy_deg: vertical field of view.
    """

    width: int = 800
    height: int = 480
    distance_m: float = 4.3
    elevation_deg: float = -9.0
    aim_height_m: float = 0.88
    fovy_deg: float = 28.0

    def height_m(self) -> float:
        """Height of the camera itself over the floor [m]."""
        return self.aim_height_m - self.distance_m * float(np.sin(np.radians(self.elevation_deg)))


def follow(pelvis_position: np.ndarray, dt_s: float) -> np.ndarray:
    """Points on the floor that the camera looks at: pelvis (T, 3) [m] to (T, 2) [m]."""
    path = np.asarray(pelvis_position, dtype=float)[:, :2]
    return gaussian_filter1d(path, SMOOTHING_S / dt_s, axis=0, mode="nearest")
