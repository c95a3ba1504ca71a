"""The floor and the sky behind the body: a light chequerboard, so that one sees how the body travels.

Drawn by numpy: each edge is blurred over a pixel's footprint, so it neither flickers nor needs a texture.
"""

from __future__ import annotations

import numpy as np

from kinesis_bench.report.video.camera import Camera

SQUARE_M = 0.5
"""Side of the squares."""

SKY, GROUND, CONTRAST = 252.0, 236.0, 7.0
"""Brightness of the sky, the floor's mean, and how far its squares differ from that (0 to 255)."""

FADE_M = (4.5, 16.0)
"""Between these distances from the camera the floor turns into the sky."""

SHADOW, SHADOW_M = 0.16, 0.30
"""Under the point that the camera looks at, the floor is darker by this part, over this radius (SD)."""


class Floor:
    """What a camera sees where no body stands; without its squares it is the same seen from everywhere."""

    def __init__(self, camera: Camera, *, squares: bool = True) -> None:
        up = np.tan(np.radians(camera.fovy_deg) / 2)
        pixel = 2 * up / camera.height
        column = (np.arange(camera.width) + 0.5 - camera.width / 2) * pixel
        row = (camera.height / 2 - np.arange(camera.height) - 0.5) * pixel
        sin, cos = np.sin(np.radians(camera.elevation_deg)), np.cos(np.radians(camera.elevation_deg))
        fall = -(sin + row * cos)
        seen = fall > 1e-3
        far = camera.height_m() / fall[seen]
        self._picture = np.full((camera.height, camera.width), SKY, dtype=np.float32)
        self._rows = np.flatnonzero(seen)
        ahead = far * (cos - row[seen] * sin) - camera.distance_m * cos
        aside = -far[:, None] * column
        self._ahead, self._aside = ahead[:, None].astype(np.float32), aside.astype(np.float32)
        footprint = far * pixel / fall[seen]
        self._sharpness = (2.0 * 2.0 * SQUARE_M / footprint)[:, None].astype(np.float32)
        nearness = np.clip((FADE_M[1] - far) / (FADE_M[1] - FADE_M[0]), 0.0, 1.0)[:, None] ** 2
        distance = (self._ahead**2 + self._aside**2) / (2 * SHADOW_M**2)
        light = 1.0 - SHADOW * np.exp(-distance)
        self._mean = ((SKY + (GROUND - SKY) * nearness) * light).astype(np.float32)
        self._contrast = (squares * CONTRAST * nearness * light).astype(np.float32)

    def picture(self, azimuth_deg: float, aim: np.ndarray) -> np.ndarray:
        """Brightness (height, width) uint8, seen by a camera that looks at ``aim`` (2,) [m]."""
        sin, cos = np.float32(np.sin(np.radians(azimuth_deg))), np.float32(np.cos(np.radians(azimuth_deg)))
        x = np.float32(aim[0]) + cos * self._ahead - sin * self._aside
        y = np.float32(aim[1]) + sin * self._ahead + cos * self._aside
        picture = self._picture
        picture[self._rows] = self._mean + self._contrast * self._wave(x) * self._wave(y)
        return picture.astype(np.uint8)

    def _wave(self, place: np.ndarray) -> np.ndarray:
        """A square wave of -1 and 1, its edges as wide as a pixel's footprint."""
        phase = place * np.float32(0.5 / SQUARE_M)
        phase -= np.floor(phase)
        edge = (np.abs(phase - np.float32(0.5)) - np.float32(0.25)) * self._sharpness
        return np.clip(edge, -1.0, 1.0, out=edge)
