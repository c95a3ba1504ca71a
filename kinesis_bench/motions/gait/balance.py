"""Leaning into bends, and against speeding up and slowing down, so that the ground can carry the walker.

The tables tell of steady walking on a straight way. A body whose way bends or whose speed changes is pushed
aside by the ground only as far as its mass is not above its feet; on the tables' posture alone it would tip.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_banded

from kinesis_bench.motions.gait.geometry import GRAVITY
from kinesis_bench.motions.gait.path import DT_S, Path

MASS_HEIGHT_M = 0.95
"""Height of the centre of mass over the floor: 0.56 of the stature (Winter), the mean SMPL body's 1.7 m."""


def lean(path: Path) -> np.ndarray:
    """How far the body's mass must be shifted from its path for the ground to push it along.

    A mass at height h is pushed with acceleration a only if it is a h / g ahead of the point where the ground
    carries it (the inverted pendulum with its zero-moment point: Kajita et al., "Biped walking pattern
    generation by using preview control of zero-moment point", ICRA 2003). The feet are laid along the path p
    and carry it there on average; so the mass must be at p + d with d = (h / g) (p'' + d'').

    Args:
        path: the whole way.

    Returns:
        d (N, 2) [m], world; zero on straight ways at constant speed. At the ends it is level.
    """
    pendulum_s2 = MASS_HEIGHT_M / GRAVITY
    velocity = path.speed[:, None] * np.stack([np.cos(path.heading), np.sin(path.heading)], axis=1)
    wanted = pendulum_s2 * np.gradient(velocity, DT_S, axis=0)
    stiff = np.full(len(wanted), pendulum_s2 / DT_S**2)
    bands = np.stack([-stiff, 1 + 2 * stiff, -stiff])
    bands[0, 1] *= 2
    bands[2, -2] *= 2
    return np.asarray(solve_banded((1, 1), bands, wanted))
