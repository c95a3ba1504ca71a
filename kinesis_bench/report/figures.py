"""The figures of a result as PNG files: muscles and joints against the human band, r against lag, coverage.

Colours are those of Okabe and Ito (2008), told apart by people with any colour vision; model and people also
differ in line and band.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.evaluation.schema import MuscleCurve, Result
from kinesis_bench.files import whole_file
from kinesis_bench.human.references import LEGS
from kinesis_bench.metrics.curves import PHASE
from kinesis_bench.report.tables import JOINT_NAMES, SKILL_NAMES, by_skill, grouped_by

MODEL, PEOPLE, ACCENT = "#D55E00", "#0072B2", "#555555"
DPI = 150
COLUMNS = 3
TOP = 1.6
"""Upper end of the muscles' axes, in parts of the mean curve's peak; a note says where a band is cut."""

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def write_figures(folder: Path, result: Result) -> list[Path]:
    """Draw every figure that the result has the figures for, and return the files written."""
    drawn: list[tuple[str, Callable[[Result], Any], bool]] = [
        ("emg.png", emg_figure, result.emg.cycles > 0 and _has_model(result)),
        ("emg_lag.png", lag_figure, result.emg.lag_curve is not None),
        ("joint_angles.png", joint_figure, result.joint_angles.mpjae_deg is not None),
        ("coverage.png", coverage_figure, result.imitation is not None),
    ]
    from matplotlib import rc_context

    written = []
    for name, draw, possible in drawn:
        path = folder / name
        if not possible:
            path.unlink(missing_ok=True)
            continue
        with rc_context(STYLE):
            figure = draw(result)
            with whole_file(path) as temporary:
                figure.savefig(temporary, dpi=DPI, format="png")
        written.append(path)
    return written


def emg_figure(result: Result) -> Any:
    """Each muscle's excitation over the cycle against people's mean ± SD, each in parts of its own peak."""
    emg = result.emg
    curves = {name: curve for name, curve in result.curves.muscles.items() if curve.excitation is not None}
    figure, axes = _panels(len(curves))
    lag = emg.lag_pct or 0
    upstream = result.protocol == "kinesis-2025"
    symbol = "med. r" if upstream else "r"
    own_phase, people_phase = result.curves.model_phase, result.curves.human_phase
    for axis, (name, curve) in zip(axes, curves.items(), strict=False):
        peak = max(curve.human_mean)
        percent, mean = closed(people_phase, np.asarray(curve.human_mean) / peak)
        _, sd = closed(people_phase, np.asarray(curve.human_sd) / peak)
        axis.fill_between(percent, mean - sd, mean + sd, color=PEOPLE, alpha=0.2, linewidth=0)
        axis.plot(percent, mean, color=PEOPLE, label=f"people, mean ± SD (n = {emg.human_people})")
        own = of_own_peak(curve)
        if lag:
            zero = closed(own_phase, own)
            axis.plot(*zero, color=MODEL, linewidth=0.8, linestyle=":", label="model, zero lag")
        label = f"model, {emg.lag_ms:.0f} ms earlier" if lag else "model"
        axis.plot(*closed(own_phase, np.roll(own, -lag)), color=MODEL, label=label)
        one = emg.per_muscle[name]
        axis.set_title(name + (f"   {symbol} = {one.r:.2f}" if one.r is not None else ""), loc="left")
        axis.set_ylim(0, TOP)
        highest = float((mean + sd).max())
        if highest > TOP:
            note = f"band cut, up to {highest:.1f}"
            axis.text(0.98, 0.97, note, transform=axis.transAxes, ha="right", va="top", fontsize=7)
    leg = LEGS[emg.human_side]
    event = f"{leg} single stance" if upstream else f"{leg} heel strike"
    _finish_cycles(figure, axes, len(curves), "activity [part of the mean curve's peak]", COLUMNS)
    figure.suptitle(f"Muscle activity from {event}: {result.policy.name}, {emg.cycles} cycles", fontsize=10)
    return figure


def lag_figure(result: Result) -> Any:
    """Mean r of the model against lag, the window that the lag is chosen from, and people at zero lag."""
    emg = result.emg
    assert emg.lag_curve is not None
    figure = empty_figure(6, 3.6)
    axis = figure.subplots()
    lag_ms = np.array(emg.lag_curve.lag_ms)
    axis.axvspan(0, 120, color="#F2F2F2", zorder=0, label="window of the lag, 0 to 120 ms")
    axis.plot(lag_ms, emg.lag_curve.mean_r, color=MODEL, label=f"model ({result.policy.name})")
    if emg.mean_r is not None and emg.lag_ms is not None:
        axis.plot([emg.lag_ms], [emg.mean_r], "o", color=MODEL)
        axis.annotate(
            f"r = {emg.mean_r:.3f} at {emg.lag_ms:.0f} ms",
            (emg.lag_ms, emg.mean_r),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            color=MODEL,
        )
    if emg.human_pairs_r is not None:
        axis.axhline(emg.human_pairs_r, color=PEOPLE, linestyle="--", label="people, pairs (zero lag)")
    if emg.chance is not None:
        level = emg.chance.circular_shift_p95_r
        axis.axhline(level, color=ACCENT, linestyle=":", label="chance, 95th percentile")
    axis.set_xlabel("lag: the model is shifted earlier by [ms]")
    axis.set_ylabel("mean r over muscles and people")
    axis.set_xlim(lag_ms[0], lag_ms[-1])
    figure.legend(loc="outside lower center", ncols=2)
    axis.set_title("EMG correlation against lag", loc="left")
    return figure


def joint_figure(result: Result) -> Any:
    """Each joint angle over the cycle against people's mean ± SD."""
    angles = result.joint_angles
    curves = {name: curve for name, curve in result.curves.joints.items() if curve.model_deg is not None}
    figure, axes = _panels(len(curves), columns=2)
    people = f" (n = {angles.human_people})" if angles.human_people else ""
    for axis, (name, curve) in zip(axes, curves.items(), strict=False):
        percent, mean = closed(PHASE, curve.human_mean_deg)
        _, sd = closed(PHASE, curve.human_sd_deg)
        axis.fill_between(percent, mean - sd, mean + sd, color=PEOPLE, alpha=0.2, linewidth=0)
        axis.plot(percent, mean, color=PEOPLE, label=f"people, mean ± SD{people}")
        assert curve.model_deg is not None
        axis.plot(*closed(PHASE, curve.model_deg), color=MODEL, label="model")
        one = angles.per_joint[name]
        between = "" if one.human_deg is None else f" (people {one.human_deg:.1f}°)"
        axis.set_title(f"{JOINT_NAMES.get(name, name)}   {one.mpjae_deg:.1f}°{between}", loc="left")
    _finish_cycles(figure, axes, len(curves), "angle [deg]", 2)
    leg = LEGS[result.emg.human_side]
    title = f"Joint angles from {leg} heel strike: {result.policy.name}, {angles.cycles} cycles"
    suffix = "" if angles.independent else "\nnot independent: the motions are made from this table"
    figure.suptitle(title + suffix, fontsize=10)
    return figure


def coverage_figure(result: Result) -> Any:
    """Frame coverage by skill and in all, with 95 % intervals over clips."""
    assert result.imitation is not None
    scores = {SKILL_NAMES.get(s, s): score for s, score in by_skill(result).items()}
    scores["all"] = result.imitation
    figure = empty_figure(6, 0.9 + 0.4 * len(scores))
    axis = figure.subplots()
    for place, (name, score) in enumerate(scores.items()):
        coverage = score.frame_coverage_pct
        value = coverage.mean or 0.0
        axis.barh(place, value, color=MODEL if name == "all" else "#E69F00", height=0.6)
        if coverage.ci95 is not None:
            axis.plot(coverage.ci95, [place, place], color="black", linewidth=1.2)
        success = f", success {score.success_pct.mean:.0f} %" if score.success_pct.mean is not None else ""
        axis.annotate(
            f"{value:.1f} %{success}", (100, place), xytext=(6, 0), textcoords="offset points", va="center"
        )
    axis.set_yticks(range(len(scores)), [f"{name} ({score.clips})" for name, score in scores.items()])
    axis.invert_yaxis()
    axis.set_xlim(0, 100)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("frame coverage [%], line: 95 % interval over clips")
    axis.set_title(f"Frame coverage by {grouped_by(result)} (clips): {result.policy.name}", loc="left")
    return figure


def _has_model(result: Result) -> bool:
    return any(curve.excitation is not None for curve in result.curves.muscles.values())


def of_own_peak(curve: MuscleCurve) -> np.ndarray:
    """The model's excitation in parts of its own peak."""
    values = np.asarray(curve.excitation)
    return values / values.max() if values.max() > 0 else values


def closed(phase: Any, curve: Any) -> tuple[np.ndarray, np.ndarray]:
    """Per cent of the cycle and curve, with its first sample again at 100 % unless it ends there itself."""
    percent, values = 100.0 * np.asarray(phase), np.asarray(curve)
    if percent[-1] < 100.0:
        percent, values = np.append(percent, 100.0 + percent[0]), np.append(values, values[0])
    return percent, values


def empty_figure(width_in: float, height_in: float) -> Any:
    """An empty figure that belongs to no window system."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def _panels(count: int, columns: int = COLUMNS) -> tuple[Any, list[Any]]:
    rows = -(-count // columns)
    figure = empty_figure(2.9 * columns, 1.9 * rows + 1.0)
    return figure, list(figure.subplots(rows, columns, sharex=True, squeeze=False).ravel())


def _finish_cycles(figure: Any, axes: list[Any], count: int, label: str, columns: int) -> None:
    for axis in axes[count:]:
        axis.set_visible(False)
    for place, axis in enumerate(axes[:count]):
        if place + columns >= count:
            axis.set_xlabel("gait cycle [%]")
            axis.tick_params(labelbottom=True)
        axis.set_xlim(0, 100)
        axis.set_xticks([0, 25, 50, 75, 100])
    figure.supylabel(label, fontsize=9)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
