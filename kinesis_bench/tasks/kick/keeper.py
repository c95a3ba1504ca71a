"""How the keeper moves along the goal line.

Speeds, range and strategies are those of MyoChallenge 2025 (``soccer_v0.py``, see ``scene``), with one
difference: its random keeper draws velocities from coloured noise in pieces of 0.1 s; ours draws one velocity
for each 0.1 s, so that the variance of its walk is known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.errors import unknown_name

KEEPERS = ("static", "brownian", "tracking")
"""Strategies; arrays of strategies hold places in this.

``static`` stays where it is. ``brownian`` goes at a velocity drawn evenly from ± its speed v, anew every
HOLD_S: away from the ends its place has variance n (v HOLD_S)² / 3 after n draws. ``tracking`` goes at
TRACKING_RATE_PER_S times its distance from the ball's y, at most at its speed.
"""

KEEPER_SPEED_M_S = (1.0, 5.0)
"""Between these a trial's keeper has its speed (MyoChallenge)."""

KEEPER_REACH_M = 3.3
"""The keeper's place is within ± this (MyoChallenge)."""

TRACKING_RATE_PER_S = 1.0
"""Of the tracking keeper (MyoChallenge's code, where a rate of 5 is written but not used)."""

HOLD_S = 0.1
"""How long the Brownian keeper holds a velocity; MyoChallenge's noise comes in pieces as long."""


def keeper_code(name: str) -> int:
    """Place of a strategy in KEEPERS.

    Raises:
        InputError: there is none of that name.
    """
    if name not in KEEPERS:
        raise unknown_name("--keeper", name, KEEPERS)
    return KEEPERS.index(name)


def brownian_draws(seed: int, count: int) -> np.ndarray:
    """The first ``count`` velocities of a Brownian keeper, -1 to 1, in units of its speed."""
    return np.random.default_rng(seed).uniform(-1.0, 1.0, count)


def move_keeper(strategy: Any, y: Any, speed: Any, drawn: Any, ball_y: Any, dt_s: float) -> Any:
    """Places of keepers one control step later.

    Args:
        strategy: (n,) places in KEEPERS.
        y: (n,) present places [m].
        speed: (n,) most that each may go [m/s].
        drawn: (n,) the Brownian keeper's present velocity, in units of its speed.
        ball_y: (n,) [m].
        dt_s: control period.

    Returns:
        (n,) [m], within ± KEEPER_REACH_M.
    """
    xp = array_namespace(y)
    aim = xp.clip(ball_y, -KEEPER_REACH_M, KEEPER_REACH_M)
    chase = xp.minimum(xp.maximum(TRACKING_RATE_PER_S * (aim - y), -speed), speed)
    still = xp.zeros_like(y)
    roam = xp.where(strategy == KEEPERS.index("brownian"), drawn * speed, still)
    velocity = xp.where(strategy == KEEPERS.index("tracking"), chase, roam)
    return xp.clip(y + velocity * dt_s, -KEEPER_REACH_M, KEEPER_REACH_M)
