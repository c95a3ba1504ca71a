"""Where episodes start: evenly over the clips' frames, or more often where they failed lately.

Each clip is cut into bins of a second. A bin remembers which share of the latest episodes that came to it
ended in it; starts are drawn in proportion to that share, or evenly.
"""

from __future__ import annotations

import numpy as np

BIN_FRAMES = 30
"""Frames in a bin: one second."""

FORGETTING = 0.1
"""Weight of an episode beside those before it in the share of a bin."""

LEAST_SHARE = 0.02
"""Weight of a bin in which nothing fails, beside the 1 of a bin in which everything fails."""

LEAD_FRAMES = 15
"""A start lies up to so many frames before the hard bin, since what ends there was begun before."""


class StartSampler:
    """Draws starts on some of the clips.

    Args:
        clips: (n,) indices of the clips that may be drawn.
        length: (C,) frames of every clip.
        hard_share: share of the starts drawn by failures, 0 to 1.

    Attributes:
        failing: (B,) share of the latest episodes in each bin that ended there; half where nothing is known.
    """

    def __init__(self, clips: np.ndarray, length: np.ndarray, hard_share: float) -> None:
        self._length, self._hard_share = length, hard_share
        bins = -(-(length[clips] - 1) // BIN_FRAMES)
        self._clip = np.repeat(clips, bins)
        self._first = np.concatenate([np.arange(n) * BIN_FRAMES for n in bins])
        self._place = np.full(len(length), -1)
        self._place[clips] = np.cumsum(bins) - bins
        self.failing = np.full(len(self._clip), 0.5)

    @property
    def weight(self) -> np.ndarray:
        """(B,) chance of each bin to be drawn as a hard one."""
        weight = LEAST_SHARE + self.failing
        return weight / weight.sum()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Clips and start frames, (count,) each; a clip's last frame is no start."""
        frames = np.minimum(BIN_FRAMES, self._length[self._clip] - 1 - self._first)
        even = frames / frames.sum()
        hard = rng.random(count) < self._hard_share
        chance = np.stack((even.cumsum(), self.weight.cumsum()))
        drawn = rng.random(count)
        chosen = np.where(hard, *(np.searchsorted(chance[i] / chance[i, -1], drawn) for i in (1, 0)))
        frame = self._first[chosen] + (rng.random(count) * frames[chosen]).astype(np.int64)
        lead = (rng.random(count) * LEAD_FRAMES).astype(np.int64)
        return self._clip[chosen], np.maximum(0, frame - np.where(hard, lead, 0))

    def count(self, clip: np.ndarray, start: np.ndarray, end: np.ndarray, failed: np.ndarray) -> None:
        """Take episodes into account that have ended.

        Args:
            clip, start, end: (n,) clips, first and last frames.
            failed: (n,) bool, ended by failure.
        """
        offset, first, last = self._place[clip], start // BIN_FRAMES, np.maximum(end - 1, 0) // BIN_FRAMES
        for i in range(len(clip)):
            self.failing[offset[i] + first[i] : offset[i] + last[i] + 1] *= 1 - FORGETTING
            self.failing[offset[i] + last[i]] += FORGETTING * failed[i]
