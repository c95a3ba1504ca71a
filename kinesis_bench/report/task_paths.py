"""Paths over the ground: where the first trials of a task of directions went, beside where they were sent."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.evaluation.tasks.evaluate import TaskEvaluation
from kinesis_bench.evaluation.tasks.run import Trial
from kinesis_bench.files import whole_file
from kinesis_bench.report.figures import ACCENT, DPI, STYLE

SHOWN = 6
"""Trials that are drawn, the first ones."""

COLUMNS = 3
PANEL = 3.4
"""Width and height of a trial's panel [inch]."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
"""Of the commands, one after the other (Okabe and Ito 2008)."""

ARROW_M = 1.0
"""Length of the arrow of a command, and least half side of a panel [m]."""

LEGEND = "arrows: commanded directions; short lines: where the pelvis looks; ×: the fall"

FACING_S, FACING_M = 0.5, 0.12
"""A short line shows where the pelvis looks, this often, this long."""


def write_paths(path: Path, evaluation: TaskEvaluation) -> None:
    """Draw the paths of the first trials."""
    from matplotlib import rc_context

    with rc_context(STYLE), whole_file(path) as temporary:
        paths_figure(evaluation).savefig(temporary, dpi=DPI, format="png")


def paths_figure(evaluation: TaskEvaluation) -> Any:
    """A panel a trial, seen from above: the path in the colour of the command, and the commands as arrows."""
    from matplotlib.figure import Figure

    trials, dt_s = evaluation.run.trials[:SHOWN], evaluation.run.dt_s
    columns = min(COLUMNS, len(trials))
    rows = -(-len(trials) // columns)
    figure = Figure(figsize=(PANEL * columns, PANEL * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, trial in zip(axes, trials, strict=False):
        draw_trial(axis, trial, dt_s)
    for axis in axes[len(trials) :]:
        axis.set_visible(False)
    result = evaluation.result
    title = f"{result.policy.name} on {result.body.name}, {result.task}: the first trials from above"
    figure.suptitle(title, fontsize=10)
    figure.supxlabel("x [m]", fontsize=9)
    figure.supylabel("y [m]", fontsize=9)
    figure.text(0.99, 0.004, LEGEND, ha="right", va="bottom", fontsize=7, color=ACCENT)
    return figure


def draw_trial(axis: Any, trial: Trial, dt_s: float) -> None:
    """Draw one trial from above into axes."""
    found = trial.measured
    start = np.zeros((1, 2))
    path = np.concatenate([start, np.stack([found["pelvis_x_m"], found["pelvis_y_m"]], axis=-1)])
    command, heading = found["command_rad"], found["heading_rad"]
    begins = np.concatenate([[0], 1 + np.flatnonzero(np.diff(command)), [trial.steps]])
    ends = [path]
    for number, (first, end) in enumerate(pairwise(begins.tolist())):
        colour = COLOURS[number % len(COLOURS)]
        axis.plot(*path[first : end + 1].T, color=colour, linewidth=1.8, solid_capstyle="round")
        along = ARROW_M * np.array([np.cos(command[first]), np.sin(command[first])])
        arrow = {"arrowstyle": "-|>", "color": colour, "alpha": 0.45, "linewidth": 1.2, "shrinkA": 0}
        axis.annotate("", xy=path[first] + along, xytext=path[first], arrowprops=arrow)
        ends.append(path[first : first + 1] + along)
    for step in range(0, trial.steps, round(FACING_S / dt_s)):
        facing = FACING_M * np.array([np.cos(heading[step]), np.sin(heading[step])])
        axis.plot(*np.stack([path[step + 1], path[step + 1] + facing]).T, color="black", linewidth=0.8)
    axis.plot(0.0, 0.0, "o", color=ACCENT, markersize=4)
    if not trial.whole:
        axis.plot(*path[-1], "x", color="black", markersize=7)
    everything = np.concatenate(ends)
    centre = (everything.min(axis=0) + everything.max(axis=0)) / 2
    half = max(ARROW_M, float((everything.max(axis=0) - everything.min(axis=0)).max()) / 2) * 1.08
    axis.set_xlim(centre[0] - half, centre[0] + half)
    axis.set_ylim(centre[1] - half, centre[1] + half)
    axis.set_aspect("equal")
    ending = f"{trial.steps * dt_s:.1f} s" + ("" if trial.whole else f", {trial.ending}")
    axis.set_title(f"trial {trial.number}: {ending}", loc="left")
