"""What came of a run, as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from kinesis_bench.motions.inspect import Count, count_clips, reason_of
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.prepare.run import Outcome
from kinesis_bench.terminal import table

SHOWN = 20
"""Quarantined recordings that are named; the rest is counted."""

SHOWN_MISSING = 3
"""Missing recordings of a published list that are named."""


def print_report(outcome: Outcome, console: Console, everything: bool = False) -> None:
    """Print what was prepared, what was left out and why, how well the bodies follow, and where it is.

    Args:
        outcome: from ``prepare``.
        console: to print on.
        everything: name every recording of a list, however long.
    """
    motions = outcome.motions
    console.print(clips_table(count_clips(motions)), crop=False)
    console.print(_bodies(outcome), crop=False)
    if outcome.remarks:
        console.print(_angle_table(outcome.remarks), crop=False)
    shown = None if everything else SHOWN
    left_out, missing = _quarantine(motions, shown), _missing(outcome.missing, everything)
    for lines in (_angle_lines(outcome.remarks), left_out, missing):
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    again = f", {outcome.resumed} kept from a run that was stopped" if outcome.resumed else ""
    console.print(
        f"{motions.id}: {len(motions)} clips, {motions.minutes:.1f} min, "
        f"prepared in {outcome.wall_s:.0f} s{again}\n"
        f"content {motions.content_sha256}\n"
        f"{f'replaces the earlier {outcome.path}' if outcome.replaced else outcome.path}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def clips_table(counts: Mapping[str, Mapping[str, Count]]) -> Table:
    """Clips and minutes of every split by skill, from ``count_clips``."""
    skills = [skill for skill in counts["all"] if skill != "total"]
    names = [skill.replace("_", "\n") or "(no skill)" for skill in skills]
    made = table("Clips (minutes)", "split", *names, "total")
    for split, by_skill in counts.items():
        made.add_row(split, *[_count(by_skill.get(skill)) for skill in (*skills, "total")])
    return made


def _count(count: Count | None) -> str:
    if count is None:
        return ""
    return f"{count.clips} ({count.minutes:.{1 if count.minutes < 10 else 0}f})"


def _bodies(outcome: Outcome) -> Table:
    """How well each body follows the clips."""
    made = table(
        "Inverse kinematics",
        "body",
        "residual\nmedian [mm]",
        "95 %\n[mm]",
        "largest\n[mm]",
        "deepest\nsole [mm]",
    )
    for body, ik in outcome.motions.ik.items():
        residual = 1000 * ik.residual
        depth = 1000 * max(outcome.sole_depth_m[body].values())
        cells = (np.median(residual), np.percentile(residual, 95), residual.max(), depth)
        made.add_row(body, *[f"{value:.1f}" for value in cells])
    return made


_ANGLE_COLUMNS = (
    ("duration\n[s]", "duration_s", 1, 2),
    ("speed\n[m/s]", "speed_m_s", 1, 2),
    ("leg\nscale", "leg_scale", 1, 2),
    ("over\n[mm]", "sole_over_m", 1000, 0),
    ("under\n[mm]", "sole_under_m", 1000, 0),
    ("skate\n[m/s]", "foot_skate_m_s", 1, 2),
)
_ANGLE_DECISIONS = ("unit", "knee_sign", "height", "path", "toes")


def _angle_table(remarks: Mapping[str, Mapping[str, Any]]) -> Table:
    """What was measured on each joint-angle file."""
    made = table("Joint-angle files", "file", *[label for label, *_ in _ANGLE_COLUMNS])
    for key, row in remarks.items():
        cells = [(row[field] * scale, digits) for _, field, scale, digits in _ANGLE_COLUMNS]
        made.add_row(key, *["none" if np.isnan(cell) else f"{cell:.{digits}f}" for cell, digits in cells])
    return made


def _angle_lines(remarks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What was decided on each joint-angle file, what it lacks, and which angles no body can reach."""
    lines = []
    for key, row in remarks.items():
        lines.append(key)
        lines += [f"  {field.replace('_', ' ')}: {row[field]}" for field in _ANGLE_DECISIONS]
        lines.append(f"  absent, taken as zero: {', '.join(row['absent']) or 'none'}")
        cut = ", ".join(f"{name} in {count} of {row['frames']}" for name, count in row["angles_cut"].items())
        lines.append(f"  cut by joint limits, frames: {cut or 'none'}")
    return lines


def _quarantine(motions: Motions, shown: int | None) -> list[str]:
    if not motions.quarantine:
        return ["quarantined: none"]
    named = list(motions.quarantine.items())[:shown]
    more = len(motions.quarantine) - len(named)
    lines = [f"quarantined: {len(motions.quarantine)}"]
    lines += [f"  {key}: {reason_of(key, reason)}" for key, reason in named]
    return [*lines, f"  and {more} more (--all)"] if more else lines


def _missing(missing: Mapping[str, tuple[str, ...]], everything: bool) -> list[str]:
    lines = []
    for split, names in missing.items():
        if everything:
            lines += [f"missing of {split}: {len(names)}", *[f"  {name}" for name in names]]
            continue
        more = len(names) - SHOWN_MISSING
        rest = f" and {more} more (--all)" if more > 0 else ""
        lines.append(f"missing of {split}: {len(names)}: {', '.join(names[:SHOWN_MISSING])}{rest}")
    return lines
