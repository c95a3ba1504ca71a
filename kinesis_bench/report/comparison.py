"""The terminal tables of a comparison. Null figures show as a dash, and why is said under the table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinesis_bench.evaluation.comparison import (
    AgainstPublished,
    Comparison,
    Difference,
    Pair,
    PublishedFigure,
)
from kinesis_bench.report.task_words import Shown
from kinesis_bench.report.task_words import shown as shown_of_trials
from kinesis_bench.terminal import table as new_table

DASH = "–"

SIGNIFICANT = 0.05
"""Corrected p below which a difference is more than chance, by the usual convention."""


SHOWN = {
    "frame_coverage_pct": Shown("coverage", "%", 1, "more"),
    "success_pct": Shown("success", "%", 1, "more"),
    "strict_success_pct": Shown("strict success", "%", 1, "more"),
    "mpjpe_mm": Shown("MPJPE", "mm", 1, "less"),
    "mean_excitation": Shown("excitation", "", 3, ""),
    "emg_mean_r": Shown("EMG r", "", 3, "more"),
    "emg_zero_lag_r": Shown("EMG r, zero lag", "", 3, "more"),
    "emg_ratio": Shown("EMG r / pairs", "", 2, "more"),
    "mpjae_deg": Shown("MPJAE", "deg", 1, "less"),
}

PUBLISHED = {
    "frame_coverage_pct": ("coverage [%]", 2),
    "success_pct": ("success [%]", 2),
    "mpjpe_mm": ("MPJPE [mm]", 2),
    "emg_r_mean": ("EMG r, no lag, mean", 3),
}
"""Published figures in words, and digits; medians by muscle are named by their muscle."""

LEAST_P = 0.001


def shown_as(figure: str) -> Shown:
    """How a figure of clips, people or trials is shown."""
    return SHOWN.get(figure) or shown_of_trials(figure)


def print_comparison(comparison: Comparison, console: Console) -> None:
    """The results, a table a pair, and the published table where it was asked for."""
    console.print()
    people = f"{comparison.human_people} people ({condition(comparison.human_condition)})"
    _line(console, f"Protocol {comparison.protocol}, EMG against {people}", "bold")
    for warning in _warnings(comparison):
        _line(console, warning, "yellow")
    for pair in comparison.pairs:
        console.print(differences_table(pair), crop=False)
        for line in why_null(pair):
            _line(console, line)
    if comparison.pairs:
        for line in _explained(comparison):
            _line(console, line)
    if comparison.against_kinesis:
        _print_published(comparison.against_kinesis, console)
    console.print()
    for pair in comparison.pairs:
        console.print(Text(headline(pair), style="bold"), soft_wrap=True)


def condition(human_condition: str) -> str:
    """What the people of the EMG do, and how fast."""
    return human_condition.replace("-", " at ") + " km/h"


def headline(pair: Pair) -> str:
    """One line that sums a pair up: the differences that are more than chance."""
    tested = [one for one in pair.differences if one.p_holm is not None]
    found = [one for one in tested if one.p_holm is not None and one.p_holm < SIGNIFICANT]
    if not tested:
        return f"{pair.b} against {pair.a}: no figure could be tested"
    if not found:
        return f"{pair.b} against {pair.a}: no difference is more than chance ({len(tested)} tested)"
    parts = (f"{shown_as(one.figure).label} {signed(one)}{_verdict(one)}" for one in found)
    return f"{pair.b} against {pair.a}: {', '.join(parts)}; {len(tested) - len(found)} no more than chance"


def signed(one: Difference) -> str:
    """A difference with its sign and unit."""
    shown = shown_as(one.figure)
    return DASH if one.difference is None else f"{one.difference:+.{shown.digits}f} {shown.unit}".rstrip()


def p_text(p: float | None) -> str:
    """A p-value to three digits."""
    if p is None:
        return DASH
    return f"<{LEAST_P}" if p < LEAST_P else f"{p:.3f}"


def _verdict(one: Difference) -> str:
    better = shown_as(one.figure).better
    if not better or not one.difference:
        return ""
    return " (better)" if (one.difference > 0) == (better == "more") else " (worse)"


def _warnings(comparison: Comparison) -> list[str]:
    lines = [comparison.diagnostic] if comparison.diagnostic else []
    if comparison.quick:
        lines.append("quick: only a few clips, no full score")
    for one in comparison.results:
        if one.privileged:
            lines.append(f"privileged: {one.name} sees more than its observation")
    return lines


def differences_table(pair: Pair) -> Table:
    """A row a figure of two results: both, their difference, its interval and tests."""
    columns = (pair.a, pair.b, "difference", "95 % CI", "p", "p,\nHolm")
    table = new_table(f"{pair.b} - {pair.a}", "figure", *columns)
    for one in pair.differences:
        shown = shown_as(one.figure)
        unit = f" [{shown.unit}]" if shown.unit else ""
        cells = [DASH if x is None else f"{x:.{shown.digits}f}" for x in (one.a, one.b)]
        difference = DASH if one.difference is None else f"{one.difference:+.{shown.digits}f}"
        interval = DASH
        if one.ci95 is not None:
            interval = ", ".join(f"{end:+.{shown.digits}f}" for end in one.ci95)
        bold = one.p_holm is not None and one.p_holm < SIGNIFICANT
        row = (*cells, difference, interval, p_text(one.p), p_text(one.p_holm))
        table.add_row(Text(shown.label + unit), *row, style="bold" if bold else "")
    return table


def why_null(pair: Pair) -> list[str]:
    """A line a reason, with all figures that it is the reason for."""
    by_reason: dict[str, list[str]] = {}
    for one in pair.differences:
        for field, said in (("difference", ""), ("p", "p of "), ("ci95", "interval of ")):
            reason = one.reasons.get(field)
            if reason is not None:
                by_reason.setdefault(reason, []).append(said + shown_as(one.figure).label)
                break
    return [f"{DASH} {', '.join(figures)}: {reason}" for reason, figures in by_reason.items()]


def tests_line(pairs: Sequence[Pair], tests: int, unit: str) -> str:
    """How p-values came about; ``unit`` is whose two results are swapped."""
    drawn = any(one.exact is False for pair in pairs for one in pair.differences)
    return (
        f"p: two-sided, by swapping the two results of a {unit}"
        + (", 9999 random ways where they are too many" if drawn else ", all ways")
        + f"; Holm: corrected for {tests} test{'s' * (tests != 1)}, below {SIGNIFICANT} in bold"
    )


def _explained(comparison: Comparison) -> list[str]:
    tested = [one for pair in comparison.pairs for one in pair.differences if one.p is not None]
    lines = []
    if tested:
        lines.append(tests_line(comparison.pairs, comparison.tests, "clip or person"))
        counts = {one.over: one.units for one in tested}
        units = " and ".join(f"{count} {over}" for over, count in counts.items())
        own = "" if comparison.protocol == "kinesis-2025" else "; each policy keeps its own best lag"
        lines.append(f"over {units}, runs averaged{own}")
        if any(one.figure == "mpjpe_mm" for one in tested):
            lines.append(
                "MPJPE is over each policy's own covered frames: who fails early has the easier ones"
            )
    events = {one.cycles for one in comparison.results if one.cycles}
    if len(events) > 1:
        by = "; ".join(f"{one.name} {one.cycles}" for one in comparison.results if one.cycles)
        lines.append(f"cycles do not begin by the same event, which shifts EMG r at zero lag: {by}")
    if len(comparison.pairs) > 1:
        lines.append(f"every result against the first, {comparison.results[0].name}")
    return lines


def _print_published(every: Sequence[AgainstPublished], console: Console) -> None:
    for one in every:
        if not one.figures:
            _line(console, f"{one.result}: nothing is published of its body and control, or condition", "")
            continue
        table = new_table(f"{one.result} beside KINESIS", "figure", "ours", "ours,\nmacro", "published")
        part = ""
        for figure in one.figures:
            if part != (part := f"{figure.policy}, {figure.dataset}"):
                table.add_section()
                table.add_row(Text(part), style="dim")
            label, digits = _published_label(figure)
            ours = [DASH if x is None else f"{x:.{digits}f}" for x in (figure.own, figure.own_macro)]
            sem = f" ± {figure.note}" if figure.note.replace(".", "").isdigit() else ""
            table.add_row(Text(label), *ours, f"{figure.published:.{digits}f}{sem}")
        console.print(table, crop=False)
        for reason in sorted({figure.reasons["own"] for figure in one.figures if "own" in figure.reasons}):
            _line(console, f"{DASH}: {reason}")
    told: dict[str, list[str]] = {}
    for one in every:
        for reason in one.why_different:
            told.setdefault(reason, []).append(one.result)
    if told:
        _line(console, "Why these are not of the same thing (±: standard error over runs):", "")
    concerned = sum(bool(one.why_different) for one in every)
    for reason, results in told.items():
        whose = "" if len(results) == concerned else f" ({', '.join(results)})"
        _line(console, f"- {reason}{whose}")


def _published_label(figure: PublishedFigure) -> tuple[str, int]:
    if figure.figure in PUBLISHED:
        return PUBLISHED[figure.figure]
    return f"{figure.figure.rpartition('_')[2]}, median r", 3


def _line(console: Console, line: str, style: str = "dim") -> None:
    console.print(Text(line, style=style))
