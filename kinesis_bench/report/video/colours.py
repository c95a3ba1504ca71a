"""The colours of muscles, bones and reference, the same in every picture."""

from __future__ import annotations

import numpy as np

MUSCLE_STOPS = ((0.93, 0.80, 0.74), (0.90, 0.40, 0.30), (0.66, 0.0, 0.06))
"""A muscle at activation 0, 0.5 and 1 (RGB): lighter is less, so that it reads without colour too."""

BONE = (0.90, 0.89, 0.85)
REFERENCE = (0.16, 0.42, 0.78)
"""Near ``report.figures.PEOPLE``: what is blue is what people did."""

REFERENCE_ALPHA = 0.42
"""How much the reference covers what lies behind it; the body itself is never covered by it."""

REFERENCE_SEEN = tuple(1.0 - REFERENCE_ALPHA * (1.0 - channel) for channel in REFERENCE)
"""What it looks like on white."""

FAILED = (0.80, 0.10, 0.10)


def muscle_colour(activation: np.ndarray) -> np.ndarray:
    """Colour of muscles: activation (…), cut to 0 to 1, to RGB (…, 3), each 0 to 1."""
    at = np.linspace(0.0, 1.0, len(MUSCLE_STOPS))
    return np.stack([np.interp(activation, at, channel) for channel in np.array(MUSCLE_STOPS).T], axis=-1)
