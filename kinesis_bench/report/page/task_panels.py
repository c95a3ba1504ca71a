"""The plots of a task's page, each with its finding in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.evaluation.tasks.run import Trial, TrialRun
from kinesis_bench.evaluation.tasks.schema import CellMap, TaskResult
from kinesis_bench.metrics.statistics import Interval
from kinesis_bench.report.page.panels import Panel
from kinesis_bench.report.page.plots import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Axis, Plot, spread
from kinesis_bench.report.page.words import signed
from kinesis_bench.report.task_paths import ARROW_M, SHOWN
from kinesis_bench.report.task_words import shown

NUMBERS_FIT = 22.0
"""Least width of a cell of a map with its number in it."""

PATH_HEIGHT = 290
"""Height of the plot of a path."""

BESIDE_M = 0.2
"""Room around a path [m]."""

BEYOND = 0.08
"""How far the number of a command stands beyond its tip, in parts of its length."""


def map_panels(result: TaskResult) -> list[Panel]:
    """Each map of successes over the plane, as the body sees it: ahead is up, its left is left."""
    return [_map_panel(name, cells) for name, cells in result.figures.maps.items()]


def _map_panel(name: str, cells: CellMap) -> Panel:
    trials, successes = np.array(cells.trials), np.array(cells.successes)
    x, y = np.array(cells.x_m), np.array(cells.y_m)
    side = WIDTH - LEFT - RIGHT
    ticks = spread(float(x[0]), float(x[-1]), 6)
    across = Axis(float(y[-1]), float(y[0]), ticks, cells.axes[1])
    plot = Plot(across, Axis(float(x[0]), float(x[-1]), ticks, cells.axes[0]), height=side + TOP + BOTTOM)
    numbered = side / (len(y) - 1) >= NUMBERS_FIT
    for i, j in np.argwhere(trials > 0):
        part = successes[i, j] / trials[i, j]
        told = f"{successes[i, j]} of {trials[i, j]} trials"
        plot.cell((float(y[j]), float(y[j + 1])), (float(x[i]), float(x[i + 1])), float(part), told)
        if numbered:
            middle = (y[j] + y[j + 1]) / 2, (x[i] + x[i + 1]) / 2
            plot.text(*middle, f"{100 * part:.0f}", "strong", "middle", up=-4)
    plot.line([0, 0], [0, 0.7 * cells.cell_m], "model")
    plot.dots([0], [0], "model")
    sides = {
        "ahead": np.broadcast_to((x[:-1] >= 0)[:, None], trials.shape),
        "to the left": np.broadcast_to((y[:-1] >= 0)[None], trials.shape),
    }
    opposite = {"ahead": "behind", "to the left": "to the right"}
    parts = [f"{name}s in cells of {cells.cell_m:g} m: {successes.sum()} of {trials.sum()} trials succeed"]
    for where, chosen in sides.items():
        for word, those in ((where, chosen), (opposite[where], ~chosen)):
            parts.append(f"{word} {successes[those].sum()} of {trials[those].sum()}")
    finding = "; ".join(parts) + "."
    title = f"Success [%] by {name}"
    least, most = int(trials[trials > 0].min()), int(trials.max())
    said = f"cells of {cells.cell_m:g} m with {least} to {most} trials each; empty ones have none"
    return Panel(title, said, plot.svg(f"map-{name}", title, finding))


def time_panels(result: TaskResult, run: TrialRun) -> list[Panel]:
    """Each quantity over the time of a trial, and how long trials last."""
    return [*_curves(result), _lasting(run)]


def _curves(result: TaskResult) -> list[Panel]:
    panels = []
    for name, curve in result.figures.curves.items():
        told = shown(name)
        time_s, mean = np.array(curve.time_s), np.array(curve.mean)
        low, high = np.array(curve.lower_quartile), np.array(curve.upper_quartile)
        bottom, top = min(0.0, float(low.min()), float(mean.min())), float(max(high.max(), mean.max()))
        top = top + 0.05 * (top - bottom) if top > bottom else bottom + 1.0
        plot = Plot(
            Axis(0, float(time_s[-1]), spread(0, float(time_s[-1]), 5), "time [s]"),
            Axis(bottom, top, spread(bottom, top), f"{told.label} [{told.unit}]"),
        )
        plot.band(time_s, low, high, "own")
        plot.line(time_s, mean, "model")
        digits = told.digits - 1
        ends = f"{signed(float(low[-1]), digits)} to {signed(float(high[-1]), digits)} {told.unit}"
        finding = (
            f"The mean begins at {signed(float(mean[0]), digits)} {told.unit} and ends at "
            f"{signed(float(mean[-1]), digits)} {told.unit}; at the end the middle half of the trials lies "
            f"between {ends}."
        )
        title = f"{told.label.capitalize()} over time"
        said = "line: mean of all trials, band: their middle half; who fell stays where it fell"
        panels.append(Panel(title, said, plot.svg(f"curve-{name.replace('_', '-')}", title, finding)))
    return panels


def _lasting(run: TrialRun) -> Panel:
    """How many trials still go on, over time."""
    steps = np.sort([trial.steps for trial in run.trials])
    whole_s = run.steps * run.dt_s
    over_s = run.dt_s * steps[steps < run.steps]
    left = 100.0 * (1.0 - np.arange(len(over_s) + 1) / len(steps))
    time_s = np.concatenate([[0.0], np.repeat(over_s, 2), [whole_s]])
    plot = Plot(
        Axis(0, whole_s, spread(0, whole_s, 5), "time [s]"),
        Axis(0, 103, (0, 25, 50, 75, 100), "trials that go on [%]"),
    )
    plot.line(time_s, np.repeat(left, 2), "model")
    half_s = run.dt_s * float(np.median(steps))
    said = f"half of the trials are over after {half_s:.2f} s"
    if len(over_s) * 2 < len(steps):
        said = f"{len(steps) - len(over_s)} of {len(steps)} trials go on to the end"
    finding = (
        f"{said[0].upper()}{said[1:]}. The first ends after {run.dt_s * steps[0]:.2f} s; "
        f"{len(steps) - len(over_s)} of {len(steps)} last the whole {whole_s:g} s."
    )
    title = "How long trials last"
    return Panel(title, said, plot.svg("lasting", title, finding))


def path_panels(run: TrialRun) -> list[Panel]:
    """Where the first trials went, beside where they were sent; [] for a task without commands."""
    if "command_rad" not in run.trials[0].measured:
        return []
    return [_path(trial, run.dt_s) for trial in run.trials[:SHOWN]]


def _path(trial: Trial, dt_s: float) -> Panel:
    found = trial.measured
    places = np.stack([found["pelvis_x_m"], found["pelvis_y_m"]], axis=-1)
    path = np.concatenate([np.zeros((1, 2)), places])
    command = found["command_rad"]
    begins = np.concatenate([[0], 1 + np.flatnonzero(np.diff(command))])
    tips = path[begins] + ARROW_M * np.stack([np.cos(command[begins]), np.sin(command[begins])], axis=-1)
    plot = _from_above(np.concatenate([path, tips]))
    for number, (begin, tip) in enumerate(zip(path[begins], tips, strict=True), start=1):
        plot.line([begin[0], tip[0]], [begin[1], tip[1]], "people")
        x, y = tip + BEYOND * (tip - begin)
        plot.text(x, y, str(number), "people", "middle", up=-4)
    plot.line(path[:, 0], path[:, 1], "model")
    plot.dots([0], [0], "model")
    if not trial.whole:
        plot.crosses(path[-1:, 0], path[-1:, 1], "failed")
    lasted_s = trial.steps * dt_s
    fate = f"{trial.ending} after {lasted_s:.1f} s" if trial.ending else f"lasts {lasted_s:.0f} s"
    along = float(np.hypot(*np.diff(path, axis=0).T).sum())
    sent = ", ".join(f"{np.degrees(command[begin]) % 360:.0f}°" for begin in begins)
    finding = (
        f"Commands {sent}, counter-clockwise from the x axis. The pelvis moves {along:.1f} m and ends at x "
        f"{signed(path[-1, 0], 1)} m, y {signed(path[-1, 1], 1)} m; {fate}."
    )
    title = f"Trial {trial.number}"
    return Panel(title, fate, plot.svg(f"path-{trial.number}", f"{title}: path from above", finding))


def _from_above(points: np.ndarray) -> Plot:
    """A plot of the ground around some points (n, 2), with one scale for both axes."""
    wide, high = WIDTH - LEFT - RIGHT, PATH_HEIGHT - TOP - BOTTOM
    low, top = points.min(axis=0) - BESIDE_M, points.max(axis=0) + BESIDE_M
    middle, scale = (low + top) / 2, max((top - low) / (wide, high))
    (left, below), (right, above) = (middle + side * scale * np.array([wide, high]) / 2 for side in (-1, 1))
    return Plot(
        Axis(left, right, spread(left, right, 5), "x [m]"),
        Axis(below, above, spread(below, above, 4), "y [m]"),
        height=PATH_HEIGHT,
    )


@dataclass(frozen=True)
class Line:
    """Values over bouts: the line's class, what it is, a value a bout, and their intervals, if any."""

    kind: str
    word: str
    values: Sequence[float | None]
    ci95: Sequence[Interval | None] = ()


def lines_panel(name: str, title: str, y: Axis, x: Sequence[int], lines: Sequence[Line]) -> Panel:
    """Values over bouts."""
    plot = Plot(Axis(min(x) - 0.2, max(x) + 0.2, _whole(x), "bout"), y)
    told = []
    for line in lines:
        numbers = np.array([np.nan if value is None else value for value in line.values])
        for at, ends in zip(x, line.ci95, strict=False):
            if ends is not None:
                plot.line([at, at], ends, "interval")
        plot.line(x, numbers, line.kind)
        plot.dots(x, numbers, line.kind)
        known = numbers[np.isfinite(numbers)]
        if len(known):
            told.append(f"{line.word} from {known[0]:.2f} to {known[-1]:.2f}")
    return Panel(title, "", plot.svg(name, title, f"From the first to the last bout: {'; '.join(told)}."))


def _whole(x: Sequence[int]) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20) if len(x) / step <= 8)
    return [n for n in x if (n - 1) % step == 0]
