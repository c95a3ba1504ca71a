"""The figures of a task's result as PNG files: maps over the plane, and curves over the time of a trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.evaluation.tasks.schema import CellMap, TaskResult
from kinesis_bench.files import whole_file
from kinesis_bench.report.figures import DPI, MODEL, STYLE
from kinesis_bench.report.task_words import words

PANEL = 5.2
"""Width and height of a map [inch]."""


def write_task_figures(folder: Path, result: TaskResult) -> list[Path]:
    """Draw ``maps.png`` and ``curves.png``, each if there is anything to show; return the files written."""
    from matplotlib import rc_context

    drawn: list[tuple[str, Callable[[TaskResult], Any], bool]] = [
        ("maps.png", maps_figure, bool(result.figures.maps)),
        ("curves.png", curves_figure, bool(result.figures.curves)),
    ]
    written = []
    for name, draw, possible in drawn:
        if possible:
            with rc_context(STYLE), whole_file(folder / name) as temporary:
                draw(result).savefig(temporary, dpi=DPI, format="png")
            written.append(folder / name)
    return written


def maps_figure(result: TaskResult) -> Any:
    """Each map: success by colour, how many of how many trials in every cell."""
    from matplotlib.figure import Figure

    maps = result.figures.maps
    figure = Figure(figsize=(PANEL * len(maps) + 0.8, PANEL), layout="constrained")
    for axis, (name, cells) in zip(
        figure.subplots(1, len(maps), squeeze=False)[0], maps.items(), strict=True
    ):
        axis.set_title(f"{_who(result)}: success by {name}", loc="left")
        mesh = _draw_cells(axis, cells)
    figure.colorbar(mesh, ax=figure.axes, label="success [%]", shrink=0.8)
    return figure


def _draw_cells(axis: Any, cells: CellMap) -> Any:
    """Cells of the plane as the body sees it: ahead is up, its left is left."""
    trials, successes = np.array(cells.trials), np.array(cells.successes)
    share = np.where(trials > 0, 100.0 * successes / np.maximum(trials, 1), np.nan)
    x, y = np.array(cells.x_m), np.array(cells.y_m)
    mesh = axis.pcolormesh(y, x, share, cmap="cividis", vmin=0, vmax=100, edgecolors="white", linewidth=0.5)
    size = 7 if len(x) <= 13 else 4.5
    for i in range(len(x) - 1):
        for j in range(len(y) - 1):
            if trials[i, j]:
                axis.text(
                    (y[j] + y[j + 1]) / 2,
                    (x[i] + x[i + 1]) / 2,
                    f"{successes[i, j]}/{trials[i, j]}",
                    ha="center",
                    va="center",
                    fontsize=size,
                    color="black" if share[i, j] > 55 else "white",
                )
    axis.plot(0, 0, marker="^", color=MODEL, markersize=7)
    axis.invert_xaxis()
    axis.set_aspect("equal")
    axis.grid(visible=False)
    axis.set_xlabel(cells.axes[1])
    axis.set_ylabel(cells.axes[0])
    return mesh


def curves_figure(result: TaskResult) -> Any:
    """Each measured quantity over time: mean over all trials, and the middle half of them."""
    from matplotlib.figure import Figure

    curves = result.figures.curves
    figure = Figure(figsize=(5.2, 3.2 * len(curves)), layout="constrained")
    for axis, (name, curve) in zip(
        figure.subplots(len(curves), squeeze=False)[:, 0], curves.items(), strict=True
    ):
        time_s = np.array(curve.time_s)
        label = "middle half of the trials"
        axis.fill_between(
            time_s, curve.lower_quartile, curve.upper_quartile, color=MODEL, alpha=0.2, label=label
        )
        axis.plot(time_s, curve.mean, color=MODEL, label=f"mean of {result.trials} trials")
        axis.set_title(_who(result), loc="left")
        axis.set_xlabel("time [s]")
        axis.set_ylabel(words(name))
        axis.set_xlim(0, time_s[-1])
        axis.set_ylim(min(0.0, min(curve.lower_quartile)), None)
        axis.legend()
    return figure


def _who(result: TaskResult) -> str:
    return f"{result.policy.name} on {result.body.name}, {result.task}"
