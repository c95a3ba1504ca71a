"""Kicks made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.evaluation.tasks.run import Trial
from kinesis_bench.tasks.penalty_kick import KickTrial

FLAGS = ("touched", "on_target", "in_net", "goal", "fell")


def kick(
    number: int,
    keeper: str,
    flags: Sequence[str],
    speed: Sequence[float] = (0.0, 0.0, 0.0),
    distance: Sequence[float] = (2.0, 1.5, 1.0),
) -> Trial:
    """A trial of three steps, in the last of which the flags named are up; touched is up from the second."""
    ends = {name: np.array([0.0, 0.0, float(name in flags)]) for name in FLAGS}
    ends["touched"][1] = ends["touched"][2]
    return Trial(
        number=number,
        start=KickTrial(keeper, 1.0, 0.0, 0.0, 1.0, 0),
        ending="the body fell" if "fell" in flags else "",
        measured={
            **ends,
            "ball_speed_m_s": np.array(speed),
            "distance_m": np.array(distance),
            "excitation": np.full(3, 0.1),
        },
    )
