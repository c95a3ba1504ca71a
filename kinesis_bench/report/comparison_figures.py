"""The figures of a comparison as PNG files, in the style and colours of those of a result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.evaluation.comparison import Comparison, Difference, Pair
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.files import whole_file
from kinesis_bench.report.comparison import SIGNIFICANT, condition, shown_as
from kinesis_bench.report.figures import ACCENT, DPI, MODEL, PEOPLE, STYLE, empty_figure

COLOURS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Of the policies, by place (Okabe and Ito 2008); people keep their blue."""

MARKERS = ("o", "s", "D", "^", "v", "P", "X")
"""One more than colours, so that no two of many policies share both."""

COLUMNS = 3

TITLE = 36
"""Letters of a panel's title that fit into a line."""

ABSENT: dict[str, Any] = {
    **{"va": "center", "fontsize": 7, "color": ACCENT},
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5},
}
"""How a gap is marked."""

SPREAD = 0.24
"""Half the width over which the points of single people are spread."""


def write_comparison_figures(folder: Path, comparison: Comparison, results: Sequence[Result]) -> list[Path]:
    """Draw every figure that the comparison has the figures for, and return the files written."""
    names = [one.name for one in comparison.results]
    with_emg = [(name, result) for name, result in zip(names, results, strict=True) if _has_emg(result)]
    with_both = [(name, result) for name, result in with_emg if result.joint_angles.mpjae_deg is not None]
    drawn: list[tuple[str, Callable[[], Any], bool]] = [
        ("differences.png", lambda: differences_figure(comparison.pairs), bool(comparison.pairs)),
        ("emg_by_policy.png", lambda: emg_by_policy_figure(with_emg), bool(with_emg)),
        ("angles_and_emg.png", lambda: angles_and_emg_figure(with_both), bool(with_both)),
    ]
    from matplotlib import rc_context

    written = []
    for name, draw, possible in drawn:
        if not possible:
            continue
        with rc_context(STYLE), whole_file(folder / name) as temporary:
            draw().savefig(temporary, dpi=DPI, format="png")
        written.append(folder / name)
    return written


def write_differences_figure(path: Path, pairs: Sequence[Pair]) -> None:
    """Draw ``differences.png``."""
    from matplotlib import rc_context

    with rc_context(STYLE), whole_file(path) as temporary:
        differences_figure(pairs).savefig(temporary, dpi=DPI, format="png")


def differences_figure(pairs: Sequence[Pair]) -> Any:
    """A forest plot: each difference to the first result with its interval, filled where it is no chance."""
    found = {
        figure.figure: [
            (pair.b, one)
            for pair in pairs
            for one in pair.differences
            if one.figure == figure.figure and one.difference is not None
        ]
        for figure in pairs[0].differences
    }
    shown = {figure: ones for figure, ones in found.items() if ones}
    others = [pair.b for pair in pairs]
    rows = max(-(-len(shown) // COLUMNS), 1)
    figure = empty_figure(3.0 * COLUMNS, rows * (0.85 + 0.26 * len(others)) + 0.9)
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    for place, (axis, (name, ones)) in enumerate(zip(axes, shown.items(), strict=False)):
        for other, one in ones:
            _forest_row(axis, others.index(other), one)
        for row in set(range(len(others))) - {others.index(other) for other, _ in ones}:
            axis.text(0.5, row, "no figure", transform=axis.get_yaxis_transform(), ha="center", **ABSENT)
        axis.axvline(0.0, color="black", linewidth=0.8)
        told = shown_as(name)
        unit = f" [{told.unit}]" if told.unit else ""
        what, better = f"{told.label}{unit}", f"{told.better} is better" if told.better else ""
        gap = (",\n" if len(what) + len(better) > TITLE else ", ") if better else ""
        axis.set_title(f"{what}{gap}{better}", loc="left")
        axis.set_ylim(len(others) - 0.5, -0.5)
        axis.set_yticks(range(len(others)), others if place % COLUMNS == 0 else [""] * len(others))
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="y", visible=False)
        axis.margins(x=0.12)
        if not any(end for _, one in ones for end in (one.difference, *(one.ci95 or ()))):
            axis.set_xlim(-1, 1)
        axis.locator_params(axis="x", nbins=5)
    figure.suptitle(f"Difference to {pairs[0].a}", fontsize=10)
    figure.supxlabel(
        f"line: 95 % interval; filled: p < {SIGNIFICANT} corrected by Holm; square: not tested", fontsize=8
    )
    return figure


def emg_by_policy_figure(named: Sequence[tuple[str, Result]]) -> Any:
    """EMG r by policy, a point a person, and human pairs beside them, as KINESIS's Fig. 5.

    Args:
        named: results with EMG figures, by name.
    """
    groups: list[tuple[str, list[float], float | None, str]] = []
    for place, (name, result) in enumerate(named):
        emg = result.emg
        people = [] if emg.by_person is None else [one.r for one in emg.by_person.values()]
        lag = f"\n{emg.lag_ms:.0f} ms earlier" if emg.lag_ms else ""
        groups.append((f"{name}{lag}", people, emg.mean_r, COLOURS[place % len(COLOURS)]))
    first = named[0][1].emg
    groups.append(("human pairs", list(first.pairs_r or ()), first.human_pairs_r, PEOPLE))
    figure = empty_figure(max(4.5, 1.6 + 1.15 * len(groups)), 4.0)
    axis = figure.subplots()
    for place, (_, points, mean, colour) in enumerate(groups):
        at = place + (np.linspace(-SPREAD, SPREAD, len(points)) if len(points) > 1 else np.zeros(len(points)))
        axis.plot(at, points, "o", color=colour, alpha=0.5, markersize=4, markeredgewidth=0)
        if mean is not None:
            axis.plot([place - 0.32, place + 0.32], [mean, mean], color=colour, linewidth=2)
            axis.annotate(
                f"{mean:.2f}",
                (place + 0.34, mean),
                xytext=(1, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                fontsize=8,
            )
    axis.axhline(0.0, color=ACCENT, linewidth=0.6)
    axis.set_xticks(range(len(groups)), [_folded(name) for name, *_ in groups], fontsize=8)
    axis.set_xlim(-0.5, len(groups) - 0.35)
    axis.grid(axis="x", visible=False)
    axis.set_ylabel("EMG r, mean over muscles")
    dots = f"point: one of {first.human_people} people, or one pair of them; " if first.pairs_r else ""
    title = f"EMG by policy, {condition(first.human_condition)}\n{dots}bar: mean"
    axis.set_title(title, loc="left")
    return figure


def angles_and_emg_figure(named: Sequence[tuple[str, Result]]) -> Any:
    """MPJAE against EMG r, a point a policy, and people's own range, as KINESIS's Fig. 6.

    Args:
        named: results with both figures, by name.
    """
    figure = empty_figure(6.4, 4.0 + 0.1 * len(named))
    axis = figure.subplots()
    first = named[0][1]
    pairs, angles = first.emg.pairs_r, first.joint_angles
    if first.emg.human_pairs_r is not None and angles.human_deg is not None:
        r = first.emg.human_pairs_r
        among = "" if pairs is None else f" (band: all pairs, r {min(pairs):.2f} to {max(pairs):.2f})"
        if pairs is not None:
            axis.axvspan(min(pairs), max(pairs), color=PEOPLE, alpha=0.12, linewidth=0)
        if angles.pairs_deg is not None:
            low, high = min(angles.pairs_deg), max(angles.pairs_deg)
            axis.axhspan(low, high, color=PEOPLE, alpha=0.12, linewidth=0)
        label = f"between people{among}"
        axis.plot([r], [angles.human_deg], "*", color=PEOPLE, markersize=13, label=label, zorder=4)
    if angles.human_deg is not None:
        axis.axhline(angles.human_deg, color=PEOPLE, linestyle="--", linewidth=0.8)
    for place, (name, result) in enumerate(named):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        emg, error = result.emg, result.joint_angles
        assert emg.mean_r is not None
        assert error.mpjae_deg is not None
        if emg.by_person is not None:
            people = [one.r for one in emg.by_person.values()]
            y = np.full(len(people), error.mpjae_deg)
            if error.by_person is not None and list(error.by_person) == list(emg.by_person):
                y = np.array(list(error.by_person.values()))
            axis.plot(people, y, marker, color=colour, alpha=0.35, markersize=4, markeredgewidth=0)
        mark = "" if error.independent else " †"
        axis.plot([emg.mean_r], [error.mpjae_deg], marker, color=colour, markersize=8, label=name + mark)
    axis.set_ylim(0, 1.08 * axis.get_ylim()[1])
    singles = any(result.emg.by_person is not None for _, result in named)
    points = " (small points: single people)" if singles else ""
    axis.set_xlabel(f"EMG r at each one's lag, mean over muscles{points}")
    axis.set_ylabel("MPJAE [deg]")
    dependent = any(not result.joint_angles.independent for _, result in named)
    note = "\n†: its motions are made from this table of angles" if dependent else ""
    axis.set_title(f"Joint angles against EMG (star: people){note}", loc="left")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _has_emg(result: Result) -> bool:
    return result.emg.mean_r is not None


def _forest_row(axis: Any, place: int, one: Difference) -> None:
    sure = one.p_holm is not None and one.p_holm < SIGNIFICANT
    marker = "o" if one.p is not None else "s"
    if one.ci95 is not None:
        axis.plot(one.ci95, [place, place], color=MODEL, linewidth=1.4)
    axis.plot([one.difference], [place], marker, color=MODEL, markerfacecolor=MODEL if sure else "white")


def _folded(name: str, width: int = 16) -> str:
    """A label on several lines, broken at hyphens and spaces."""
    lines = [""]
    for part in name.replace("-", "-\0").replace(" ", " \0").replace("\n", "\n\0").split("\0"):
        if lines[-1].endswith("\n") or (lines[-1] and len(lines[-1]) + len(part) > width):
            lines.append("")
        lines[-1] += part
    return "\n".join(line.strip() for line in lines)
