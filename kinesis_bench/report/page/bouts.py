"""Bouts on muscles that tire, as a section of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kinesis_bench.evaluation.comparison import Pair
from kinesis_bench.evaluation.fatigue import FIGURES, FatigueResult
from kinesis_bench.metrics.statistics import Interval
from kinesis_bench.report.comparison import p_text, shown_as, why_null
from kinesis_bench.report.fatigue import units_of
from kinesis_bench.report.page.panels import Panel
from kinesis_bench.report.page.plots import Axis, spread
from kinesis_bench.report.page.rows import Cell, Row, Table
from kinesis_bench.report.page.task_panels import Line, lines_panel
from kinesis_bench.report.page.words import interval, signed

KINDS = ("model", "people", "third", "floor")
"""Classes of the joints' lines, in their order."""


@dataclass(frozen=True)
class Bouts:
    """What the section holds; ``joints``: class and name of each joint's line."""

    said: str
    joints: Sequence[tuple[str, str]]
    panels: Sequence[Panel]
    figures: Table
    tired: Table
    changes: Table | None
    notes: Sequence[str]


def bouts_section(result: FatigueResult, headline: Sequence[str] = FIGURES) -> Bouts:
    """The bouts of a score; ``headline``: the figures that are followed."""
    setup, unit = result.fatigue, units_of(result)
    rest = f"{setup.rest_s:g} s of rest" if setup.rest_s else "no rest"
    seen = "sees" if setup.observed else "does not see"
    said = (
        f"The same {unit}s {setup.bouts} times ({setup.version}), with {rest} between two bouts; the policy "
        f"{seen} how fatigued its muscles are."
    )
    numbers = [bout.bout for bout in result.bouts]
    joints = list(zip(KINDS, result.joints, strict=False))
    tired = [
        Line(kind, joint, [bout.fatigued_after_by_joint_pct[joint] for bout in result.bouts])
        for kind, joint in joints
    ]
    success = Line(
        "model",
        "success",
        [bout.figures["success_pct"] for bout in result.bouts],
        [bout.ci95.get("success_pct") for bout in result.bouts],
    )
    top = 1.1 * max(max(bout.fatigued_after_by_joint_pct.values()) for bout in result.bouts) or 1.0
    title = f"Fatigued part of the muscles at the {unit}s' ends, by joint"
    percent = Axis(0, 103, (0, 25, 50, 75, 100), "success [%]")
    panels = [
        lines_panel("bouts-success", "Success, with 95 % intervals", percent, numbers, [success]),
        lines_panel("bouts-fatigued", title, Axis(0, top, spread(0, top), "fatigued [%]"), numbers, tired),
    ]
    changed = result.changes[-1] if result.changes else None
    notes = [
        f"fatigued: part of the muscles' units, mean over muscles and {unit}s; by the joint that a muscle "
        "moves most"
    ]
    if changed is not None:
        notes += why_null(changed)
    return Bouts(
        said,
        joints,
        panels,
        _figures(result, headline),
        _tired(result),
        None if changed is None else _changes(changed),
        notes,
    )


def _figures(result: FatigueResult, headline: Sequence[str]) -> Table:
    head = [f"{one.label} [{one.unit}]" if one.unit else one.label for one in map(shown_as, headline)]
    rows = [
        Row(
            str(bout.bout),
            [
                Cell(signed(bout.figures[name], shown_as(name).digits), _ends(bout.ci95.get(name), name))
                for name in headline
            ],
        )
        for bout in result.bouts
    ]
    return Table("Figures of each bout, with 95 % intervals", ("bout", *head), rows)


def _tired(result: FatigueResult) -> Table:
    rows = []
    for bout in result.bouts:
        parts = [bout.fatigued_after_pct, *(bout.fatigued_after_by_joint_pct[name] for name in result.joints)]
        muscle, most = next(iter(bout.most_fatigued_pct.items()))
        cells = [*(Cell(f"{part:.2f}") for part in parts), Cell(f"{muscle} {most:.1f}")]
        rows.append(Row(str(bout.bout), cells))
    by_joint = [f"{joint} [%]" for joint in result.joints]
    caption = f"Fatigued part of the muscles at the {units_of(result)}s' ends"
    return Table(caption, ("bout", "all [%]", *by_joint, "most [%]"), rows)


def _ends(ci95: Interval | None, name: str) -> str:
    return interval(ci95, shown_as(name).digits)


def _changes(pair: Pair) -> Table:
    """The last bout against the first."""
    rows = []
    for one in pair.differences:
        told = shown_as(one.figure)
        values = [Cell(signed(value, told.digits)) for value in (one.a, one.b)]
        change = Cell(signed(one.difference, told.digits), interval(one.ci95, told.digits))
        name = f"{told.label} [{told.unit}]" if told.unit else told.label
        rows.append(Row(name, [*values, change, Cell(p_text(one.p)), Cell(p_text(one.p_holm))]))
    caption = f"{pair.b} against {pair.a}: paired intervals and tests"
    return Table(caption, ("figure", pair.a, pair.b, "difference", "p", "p, Holm"), rows)
