"""People against people: their data sets, how far they agree, and where each puts the cycle's zero."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from kinesis_bench.evaluation.schema import Result
from kinesis_bench.files import whole_file
from kinesis_bench.human.references import LEGS, HumanEmg
from kinesis_bench.metrics.curves import PHASE, as_ring
from kinesis_bench.metrics.emg import EmgScore
from kinesis_bench.metrics.emg_agreement import Agreement, agreement
from kinesis_bench.report.figures import ACCENT, DPI, MODEL, PEOPLE, STYLE, empty_figure
from kinesis_bench.terminal import table

FILES = ("lag_curves.png", "curves.png", "agreement.csv")
"""What a folder about people holds."""

LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 3)), (0, (8, 2, 2, 2)))

COLOURS = (PEOPLE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", ACCENT)

DASH = "–"


def agreements(people: Mapping[str, HumanEmg]) -> dict[tuple[str, str], Agreement]:
    """Every data set laid on every one before it that shares a muscle: (later, earlier) to agreement."""
    found = {}
    for earlier, later in combinations(people, 2):
        pair = agreement(people[later], people[earlier])
        if pair is not None:
            found[later, earlier] = pair
    return found


def people_table(people: Mapping[str, HumanEmg], scores: Mapping[str, EmgScore]) -> Table:
    """A row a data set: who, at what speed, and how alike they are."""
    made = table(
        "People", "data set", "condition", "people", "leg", "muscles", "pairs", "one to\nothers",
        "within\nperson", "flawed\nchannels", "pairs\nwithout", "one to others\nwithout",
    )  # fmt: skip
    for name, human in people.items():
        score, without = scores[name], scores[name].without_flaws
        flawed = sum(len(found) for found in human.flaws.values())
        made.add_row(
            name,
            human.condition,
            str(human.people),
            LEGS[human.side],
            str(len(human.muscles)),
            *map(_r, (score.human_pairs_r, score.leave_one_out_r, score.within_person_r)),
            str(flawed) if human.curves is not None or human.flaws else DASH,
            *map(_r, (None, None) if without is None else (without.human_pairs_r, without.leave_one_out_r)),
        )
    return made


def agreement_table(people: Mapping[str, HumanEmg], pairs: Mapping[tuple[str, str], Agreement]) -> Table:
    """A row a muscle, columns for each data set against the first: r at zero lag, best r and its lag."""
    first = next(iter(people))
    others = [later for later, earlier in pairs if earlier == first]
    headers = [header for name in others for header in (f"{name}\nr at zero lag", "best r\n(lag [%])")]
    made = table(f"Mean curves against those of {first}", "muscle", *headers)
    for muscle in people[first].muscles:
        cells = []
        for name in others:
            one = pairs[name, first].per_muscle.get(muscle)
            cells += (
                [DASH, DASH] if one is None else [_r(one.zero_lag_r), _best(one.best_r, one.best_lag_pct)]
            )
        if any(cell != DASH for cell in cells):
            made.add_row(muscle, *cells)
    made.add_section()
    total = []
    for name in others:
        pair = pairs[name, first]
        total += [_r(pair.zero_lag_r), _best(pair.common_r, pair.common_lag_pct)]
    made.add_row("mean, one common lag", *total, style="bold")
    return made


def pairs_table(pairs: Mapping[tuple[str, str], Agreement]) -> Table:
    """A row two data sets: the common lag, and the spread of the muscles' own."""
    made = table(
        "Common lag of two data sets", "data set", "later than", "muscles", "r at\nzero lag",
        "r at the\ncommon lag", "common\nlag [%]", "lags of the\nmuscles [%]",
    )  # fmt: skip
    for (later, earlier), pair in pairs.items():
        lags = np.array([one.best_lag_pct for one in pair.per_muscle.values()])
        spread = f"{np.median(lags):+.0f} ({lags.min():+d} to {lags.max():+d})"
        figures = (
            str(len(lags)),
            _r(pair.zero_lag_r),
            _r(pair.common_r),
            f"{pair.common_lag_pct:+d}",
            spread,
        )
        made.add_row(later, earlier, *figures)
    return made


def peaks_table(people: Mapping[str, HumanEmg]) -> Table:
    """When each muscle's mean curve peaks, by data set: the order of bursts."""
    made = table("Peak of the mean curve [% of the cycle]", "muscle", *people)
    muscles = list(dict.fromkeys(muscle for human in people.values() for muscle in human.muscles))
    for muscle in muscles:
        having = {name: human for name, human in people.items() if muscle in human.muscles}
        if len(having) > 1:
            peaks = {
                name: int(as_ring(human.only([muscle]).mean, human.phase).argmax())
                for name, human in having.items()
            }
            made.add_row(muscle, *(str(peaks.get(name, DASH)) for name in people))
    return made


def write_people(
    folder: Path,
    people: Mapping[str, HumanEmg],
    pairs: Mapping[tuple[str, str], Agreement],
    results: Sequence[Result],
) -> None:
    """Write ``agreement.csv``, and the figures that there is something for."""
    from matplotlib import rc_context

    with whole_file(folder / "agreement.csv") as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("data_set", "later_than", "muscle", "zero_lag_r", "best_r", "best_lag_pct"))
        for names, pair in pairs.items():
            for muscle, one in pair.per_muscle.items():
                writer.writerow(
                    (*names, muscle, f"{one.zero_lag_r:.4f}", f"{one.best_r:.4f}", one.best_lag_pct)
                )
            writer.writerow(
                (*names, "all", f"{pair.zero_lag_r:.4f}", f"{pair.common_r:.4f}", pair.common_lag_pct)
            )
    of_models = [result for result in results if result.emg.lag_curve is not None]
    for name, draw, possible in (
        ("lag_curves.png", lambda: lag_curves_figure(pairs, of_models), pairs or of_models),
        ("curves.png", lambda: curves_figure(people), pairs),
    ):
        if not possible:
            continue
        with rc_context(STYLE), whole_file(folder / name) as temporary:
            draw().savefig(temporary, dpi=DPI, format="png")


def lag_curves_figure(pairs: Mapping[tuple[str, str], Agreement], results: Sequence[Result]) -> Any:
    """Mean r against lag: people against people of another data set, and models against people.

    Args:
        pairs: of data sets.
        results: each with a lag curve.
    """
    figure = empty_figure(7, 4.6)
    axis = figure.subplots()
    for place, ((later, earlier), pair) in enumerate(pairs.items()):
        line, colour = LINES[place % len(LINES)], COLOURS[place % len(COLOURS)]
        axis.plot(
            pair.lag_pct,
            pair.mean_r,
            color=colour,
            linestyle=line,
            linewidth=1.2,
            label=f"{later} ~ {earlier}",
        )
        axis.plot([pair.common_lag_pct], [pair.common_r], "o", color=colour, markersize=4)
    for line, result in zip(_lines(len(results)), results, strict=True):
        curve = result.emg.lag_curve
        assert curve is not None
        place = int(np.argmax(curve.mean_r))
        label = f"{result.policy.name} ~ {result.emg.human_condition}"
        axis.plot(curve.lag_pct, curve.mean_r, color=MODEL, linestyle=line, linewidth=1.4, label=label)
        axis.plot([curve.lag_pct[place]], [curve.mean_r[place]], "o", color=MODEL, markersize=4)
    axis.axvline(0, color=ACCENT, linewidth=0.8)
    axis.set_xlim(-20, 20)
    axis.set_xlabel("lag: the first named is shifted earlier by [% of the cycle]; dot: best")
    axis.set_ylabel("mean r over the shared muscles")
    axis.set_title("People ~ people (mean curves), and models ~ people", loc="left")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    return figure


def curves_figure(people: Mapping[str, HumanEmg]) -> Any:
    """Every muscle that two data sets share: mean curves in parts of their peaks."""
    muscles = [
        muscle
        for muscle in dict.fromkeys(muscle for human in people.values() for muscle in human.muscles)
        if sum(muscle in human.muscles for human in people.values()) > 1
    ]
    columns = 3
    rows = max(1, -(-len(muscles) // columns))
    figure = empty_figure(2.9 * columns, 1.7 * rows + 1.0)
    axes = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for axis, muscle in zip(axes, muscles, strict=False):
        for place, (name, human) in enumerate(people.items()):
            if muscle in human.muscles:
                curve = as_ring(human.only([muscle]).mean, human.phase)[0]
                axis.plot(100 * PHASE, curve / curve.max(), color=COLOURS[place % len(COLOURS)], label=name)
        axis.set_title(muscle, loc="left")
        axis.set_ylim(0, 1.05)
        axis.set_xlim(0, 100)
    for axis in axes[len(muscles) :]:
        axis.set_visible(False)
    for axis in axes[max(0, len(muscles) - columns) : len(muscles)]:
        axis.set_xlabel("gait cycle [%]")
        axis.tick_params(labelbottom=True)
    figure.supylabel("mean curve [part of its peak]", fontsize=9)
    found = {
        label: handle
        for axis in axes[: len(muscles)]
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=3)
    return figure


def _lines(count: int) -> list[Any]:
    return [LINES[place % len(LINES)] for place in range(count)]


def _r(value: float | None) -> str:
    return DASH if value is None else f"{value:.3f}"


def _best(r: float, lag_pct: int) -> str:
    return f"{r:.3f} ({lag_pct:+d})"
