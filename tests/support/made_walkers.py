"""Trials of directional control whose course is known."""

from __future__ import annotations

import numpy as np

from kinesis_bench.evaluation.tasks.run import Trial
from kinesis_bench.tasks.direction import COMMAND_STEPS, COMMANDS, DirectionTrial

DT_S, STEPS, SPEED_M_S = 1 / 30, COMMANDS * COMMAND_STEPS, 1.2
START = DirectionTrial(np.pi / 2, (0, 2, 1, 5, 2))
"""Turns of -90 (from the facing), 90, -45, 180, -135 degrees."""


def walker(
    start: DirectionTrial = START,
    number: int = 0,
    *,
    late_steps: int = 15,
    aside_deg: float = 0.0,
    steps: int = STEPS,
    ending: str = "",
) -> Trial:
    """Walks where it is sent, ``late_steps`` after each command and ``aside_deg`` to its left."""
    step = np.arange(STEPS)
    command = start.commands_rad[step // COMMAND_STEPS]
    before = np.concatenate([[start.heading_rad], start.commands_rad[:-1]])[step // COMMAND_STEPS]
    way = np.where(step % COMMAND_STEPS < late_steps, before, command) + np.radians(aside_deg)
    moved = SPEED_M_S * DT_S * np.stack([np.cos(way), np.sin(way)], axis=-1)
    path = np.cumsum(moved, axis=0)
    along = moved[:, 0] * np.cos(command) + moved[:, 1] * np.sin(command)
    measured = {
        "progress_m": np.cumsum(along),
        "pelvis_x_m": path[:, 0],
        "pelvis_y_m": path[:, 1],
        "pelvis_height_m": np.full(STEPS, 0.95),
        "heading_rad": np.mod(way + np.pi, 2 * np.pi) - np.pi,
        "command_rad": command,
        "excitation": np.full(STEPS, 0.1),
    }
    return Trial(number, start, ending, {name: values[:steps] for name, values in measured.items()})
