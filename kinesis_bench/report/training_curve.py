"""What a training run looked like: a table of its evaluations, and the same as a figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import require_file, whole_file, write_text
from kinesis_bench.report.figures import ACCENT, DPI, MODEL, PEOPLE, STYLE, empty_figure

CURVE, FIGURE = "curve.csv", "curve.png"

TOTALS = ("steps", "wall_s")
"""Columns that count on from stage to stage."""

FIGURES = (
    *("reward", "success", "coverage", "strict_success", "strict_coverage"),
    *("mpjpe_mm", "excitation"),
)
"""Columns of a log of imitation that are kept beside them."""

TASK_FIGURES = ("reward", "success", "lasted", "trial_reward", "distance_m")
"""Those of a log of another task."""

SHARES = {
    "strict_coverage": ("every keypoint within 0.15 m", ACCENT, ":"),
    "coverage": ("frame coverage", PEOPLE, "-"),
    "success": ("success", MODEL, "-"),
}
"""Label, colour and line of the curves in the first panel [%]."""

PANELS = {"mpjpe_mm": ("MPJPE [mm]", "{:.0f} mm"), "excitation": ("mean excitation", "{:.3f}")}
"""Label, and form of the last value, of the other panels."""

TASK_SHARES = {"lasted": ("time before an early end", PEOPLE, "-"), "success": ("success", MODEL, "-")}
TASK_PANELS = {
    "distance_m": ("distance from the goal\nat the end [m]", "{:.2f} m"),
    "reward": ("reward of a step", "{:.2f}"),
}
"""The same for other tasks; a panel without numbers is left out."""

FEW = 40
"""Evaluations up to which each is marked by a dot."""

NEAR, HEIGHT, LEVELS = 0.13, 0.07, 3
"""Names of stages that begin nearer to each other, in parts of the axis, stand at so many heights."""


def write_training_curve(folder: Path, logs: Mapping[str, Path]) -> None:
    """Write ``curve.csv`` and ``curve.png`` of a run.

    Args:
        folder: where they are put.
        logs: ``log.csv`` of each stage, in the order in which the stages ran. Only rows with an evaluation
            are kept; steps [control steps] and time [s] count on from stage to stage.

    Raises:
        InputError: a log is missing or not one, no stage has been evaluated, or the files cannot be written.
    """
    rows = joined(logs)
    if not rows:
        raise InputError(folder, "no stage has been evaluated yet", "train on until an evaluation")
    text = io.StringIO()
    columns = ("stage", "update", *TOTALS, *_figures_of(rows[0]))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value != value else value for name, value in row.items()} for row in rows)
    from matplotlib import rc_context

    with rc_context(STYLE), whole_file(folder / FIGURE) as temporary:
        training_figure(rows).savefig(temporary, dpi=DPI, format="png")
    write_text(folder / CURVE, text.getvalue())


def joined(logs: Mapping[str, Path]) -> list[dict[str, Any]]:
    """The evaluations of all stages, one after the other; a figure that a log lacks is NaN.

    Raises:
        InputError: a log is missing or not one.
    """
    rows: list[dict[str, Any]] = []
    before = dict.fromkeys(TOTALS, 0.0)
    for stage, path in logs.items():
        of_stage = [_numbers(row, path) for row in _read(path)]
        for row in of_stage:
            if np.isfinite(row["success"]):
                totals = {name: before[name] + row[name] for name in TOTALS}
                kept = {name: row[name] for name in _figures_of(row)}
                whole = {"update": int(row["update"]), "steps": int(totals["steps"])}
                rows.append({"stage": stage, **totals, **kept, **whole})
        if of_stage:
            before = {name: before[name] + of_stage[-1][name] for name in TOTALS}
    return rows


def training_figure(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Success and coverage, MPJPE and excitation against control steps.

    Args:
        rows: as from ``joined``.
    """
    of_task = "lasted" in rows[0]
    shares = TASK_SHARES if of_task else SHARES
    measured = {name: shown for name, shown in TASK_PANELS.items() if np.isfinite(rows[-1].get(name, np.nan))}
    panels = measured if of_task else PANELS
    figure = empty_figure(7, 2.7 + 1.65 * len(panels))
    ratios = (1.6, *(1 for _ in panels))
    axes = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios, squeeze=False)[:, 0]
    stages: dict[str, float] = {}
    begins, ends = 0.0, rows[-1]["steps"] / 1e6
    dots: dict[str, Any] = {"marker": "o", "markersize": 2.5} if len(rows) <= FEW else {}
    for stage, group in groupby(rows, key=lambda row: row["stage"]):
        of_stage = list(group)
        millions = _column(of_stage, "steps", 1e-6)
        for name, (_, colour, line) in shares.items():
            axes[0].plot(millions, _column(of_stage, name, 100), color=colour, linestyle=line, **dots)
        for axis, name in zip(axes[1:], panels, strict=True):
            axis.plot(millions, _column(of_stage, name, 1), color=MODEL, **dots)
        for axis in axes if begins else ():
            axis.axvline(begins, color=ACCENT, linewidth=0.8, linestyle="--")
        stages[stage], begins = begins, float(millions[-1])
    _name_stages(axes[0], stages, NEAR * ends)
    last = rows[-1]
    for axis, (name, (label, form)) in zip(axes[1:], panels.items(), strict=True):
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        place: dict[str, Any] = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
        axis.annotate(form.format(last[name]), (ends, last[name]), color=MODEL, **place)
    axes[0].set_ylabel("trials [%]" if of_task else "stage's training clips [%]")
    axes[0].set_ylim(0, 102)
    handles = axes[0].get_lines()[: len(shares)][::-1]
    labels = [f"{label}: {100 * last[name]:.0f} %" for name, (label, _, _) in reversed(shares.items())]
    figure.legend(handles, labels, loc="outside upper center", ncols=len(shares))
    figure.align_ylabels(axes)
    axes[-1].set_xlabel("control steps [millions]; numbers: last evaluation")
    axes[-1].set_xlim(0, ends)
    return figure


def _figures_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    return TASK_FIGURES if "lasted" in row else FIGURES


def _name_stages(axis: Any, stages: Mapping[str, float], near: float) -> None:
    """Write each stage's name above where it begins [millions], higher where the one before is near."""
    level, before = 0, -np.inf
    for stage, begins in stages.items():
        level = (level + 1) % LEVELS if begins - before < near else 0
        place = axis.get_xaxis_transform()
        axis.text(begins, 1.02 + HEIGHT * level, f" {stage}", transform=place, color=ACCENT, fontsize=8)
        before = begins


def _column(rows: Sequence[Mapping[str, Any]], name: str, scale: float) -> np.ndarray:
    return scale * np.array([row[name] for row in rows], dtype=float)


def _read(path: Path) -> list[dict[str, str]]:
    require_file(path)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({error})", "give the log of a training stage") from error


def _numbers(row: Mapping[str, str], path: Path) -> dict[str, float]:
    try:
        numbers = {name: float(row[name]) for name in ("update", *TOTALS)}
        return numbers | {name: float(row.get(name) or "nan") for name in _figures_of(row)}
    except (KeyError, TypeError, ValueError) as error:
        problem = f"is no log of a training stage ({type(error).__name__}: {error})"
        raise InputError(path, problem, "give its log.csv") from error
