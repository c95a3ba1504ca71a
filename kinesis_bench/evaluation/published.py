"""A result beside what KINESIS published, and why the two are not of the same thing."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache

from kinesis_bench.evaluation.comparison import AgainstPublished, PublishedFigure
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.files import content_dir
from kinesis_bench.metrics.reasons import reasons_of_nulls

DATASET = "kinesis_reported"

POLICIES = {
    ("legs", "direct"): "Legs-Direct",
    ("legs", "pd"): "Legs-PD",
    ("legs_abs", ""): "Legs+Abs",
    ("legs_back", ""): "Legs+Back",
}
"""Body and control, where the paper has several, to the name of the policy in its Table I."""

CONDITION = {"walk 4.5 km/h": "walk-4.5"}
"""The table's words for a human condition to ours."""

MEDIAN = "emg_r_median_"
PEOPLE = {"human-human pairs": "human_pairs_r", "human-human leave-one-out": "leave_one_out_r"}

NO_MACRO = "not a figure over clips"


def against_published(name: str, result: Result) -> AgainstPublished:
    """A result beside the published figures of its body and control, and of its human condition.

    Args:
        name: of the result.
        result: scored under any protocol.
    """
    figures = tuple(_published(row, result) for row in reported() if _fits(row, result))
    return AgainstPublished(name, figures, why_different(figures, result))


def why_different(figures: Sequence[PublishedFigure], result: Result) -> tuple[str, ...]:
    """Why published and own figures do not measure the same, in the order of their weight.

    Source: the paper, and reading KINESIS's public code (see the card of the table).

    Args:
        figures: those that are set beside each other.
        result: whose own figures they are.
    """
    upstream = result.protocol == "kinesis-2025"
    of_emg = {figure.figure.startswith("emg_") for figure in figures if figure.own is not None}
    reasons = []
    if result.imitation is not None and False not in of_emg:
        control = result.policy.control
        reasons.append(f"imitation: nothing is published of {result.body.name} under control {control}")
    if False in of_emg:
        if not result.motions.id.startswith("kit-locomotion"):
            reasons.append(
                f"other motions: the paper's are KIT-Locomotion out of AMASS, these are "
                f"{result.motions.id or 'unknown'}"
            )
        reasons.append(
            "time base: upstream keeps every third frame of 100 Hz and calls it 30 Hz, so its motions play "
            "11 % slow; ours are resampled unless prepared with --time-base kinesis"
        )
        if not upstream:
            reasons.append(
                "micro and macro: the paper speaks of covered frames of all frames (our figure), its code "
                "takes the mean of the clips' own figures (our macro)"
            )
        reasons += [
            "MPJPE: upstream never empties its list of errors between clips, so early clips count more often",
            "start: upstream lets muscle activation leak into the next episode, ours start at rest",
            "policy: upstream's mixture draws its expert at evaluation too, and its normalisers move on "
            "within an update, also in frozen experts",
        ]
    if True in of_emg:
        if not upstream:
            reasons.append(
                "EMG: the published r has no lag and starts the cycle at left single stance, which is itself "
                "a shift of 10 to 12 % of the cycle; biceps femoris is the short head. Only r at zero lag is "
                "set beside it: score with --protocol kinesis-2025 for the same definitions. One person "
                "against the others is on raw curves there, on standardised ones here"
            )
        reasons.append(
            "EMG: the published r is recomputed from KINESIS's own recording of 2025, not from its paper"
        )
    return tuple(reasons)


@cache
def reported() -> tuple[dict[str, str], ...]:
    """The rows of the published table, as its card describes them."""
    with (content_dir("datasets") / DATASET / "reported.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def _fits(row: dict[str, str], result: Result) -> bool:
    if row["metric"].startswith("emg_"):
        median = row["metric"].startswith(MEDIAN)
        return CONDITION.get(row["dataset"]) == result.emg.human_condition and (
            not median or result.protocol == "kinesis-2025"
        )
    split = "train" if result.motions.split.endswith("train") else "test"
    body = result.body.name
    policy = POLICIES.get((body, ""), POLICIES.get((body, result.policy.control)))
    return result.imitation is not None and row["dataset"] == split and row["policy"] == policy


def _published(row: dict[str, str], result: Result) -> PublishedFigure:
    own, macro, reason = _own(row, result)
    made = PublishedFigure(
        figure=row["metric"],
        own=own,
        own_macro=macro,
        published=float(row["value"]),
        note=row["sem_or_note"],
        policy=row["policy"],
        dataset=row["dataset"],
        source=row["source"],
        reasons={},
    )
    known = {"own": reason, "own_macro": NO_MACRO if row["metric"].startswith("emg_") else reason}
    return PublishedFigure(**{**vars(made), "reasons": reasons_of_nulls(made, known)})


def _own(row: dict[str, str], result: Result) -> tuple[float | None, float | None, str]:
    """Our figure, its macro form, and why the figure is None."""
    emg, metric = result.emg, row["metric"]
    if metric.startswith(MEDIAN):
        muscle = emg.per_muscle.get(metric.removeprefix(MEDIAN))
        missing = emg.reasons.get("per_muscle.r", "the result lacks this muscle")
        return (None if muscle is None else muscle.r), None, missing
    if metric.startswith("emg_"):
        field = PEOPLE.get(row["policy"], "zero_lag_r")
        return getattr(emg, field), None, emg.reasons.get(field, "")
    assert result.imitation is not None
    figure = getattr(result.imitation, metric)
    return figure.mean, figure.macro, figure.reasons.get("mean", "")
