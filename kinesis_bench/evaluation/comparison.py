"""What ``comparison.json`` holds, and its file. Every null stands beside a reason, as in a result.

The published JSON schema, ``comparison-1.schema.json`` beside this file, is made from these classes (a test
keeps them equal).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinesis_bench.evaluation.typed_file import schema_text, write_typed
from kinesis_bench.files import write_text
from kinesis_bench.metrics.statistics import Interval

SCHEMA = "kinesis-bench-comparison-1"

SCHEMA_FILE = Path(__file__).with_name("comparison-1.schema.json")
"""The published JSON schema of a comparison."""

OF_CLIPS = ("frame_coverage_pct", "success_pct", "strict_success_pct", "mpjpe_mm", "mean_excitation")
"""Figures that are compared over clips."""

OF_PEOPLE = ("emg_mean_r", "emg_zero_lag_r", "emg_ratio", "mpjae_deg")
"""Figures that are compared over people."""

FIGURES = (*OF_CLIPS, *OF_PEOPLE)
"""The headline figures, in the order in which they are shown."""


@dataclass(frozen=True)
class Compared:
    """One of the results.

    Attributes:
        name: how it is called here: its folder's name, or its path where two folders are called alike.
        folder, result_sha256: where the result was, and the hash of its result.json.
        policy, privileged, body, motions, split, runs: as in the result.
        cycles: where its gait cycles begin, and how that was found; "" where it has none.
    """

    name: str
    folder: str
    result_sha256: str
    policy: str
    privileged: bool
    body: str
    motions: str
    split: str
    runs: int
    cycles: str


@dataclass(frozen=True)
class Difference:
    """One headline figure of two results.

    Attributes:
        figure: one of FIGURES, or of those that a task of trials puts first.
        a, b: of the two results.
        difference: b - a.
        ci95: 95 % interval of the difference, clips (stratified by skill), people or trials resampled for
            both at once; each policy keeps its lag.
        p: two-sided, of the paired test over ``units``; runs are averaged in each clip.
        p_holm: corrected for all tests of the comparison.
        exact: whether all ways to swap were gone through, or some drawn at random.
        over, units: ``clips``, ``people`` or ``trials``, and their number.
        reasons: field to why it is None.
    """

    figure: str
    a: float | None
    b: float | None
    difference: float | None
    ci95: Interval | None
    p: float | None
    p_holm: float | None
    exact: bool | None
    over: str
    units: int | None
    reasons: dict[str, str]


@dataclass(frozen=True)
class Pair:
    """Two results by name, and the difference b - a of every headline figure."""

    a: str
    b: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class PublishedFigure:
    """A published figure and ours.

    Attributes:
        figure: as the published table calls it.
        own: ours; own_macro: the mean of the clips' own figures, None where there is no such thing.
        published, note: value, and its standard error or what it is of.
        policy, dataset, source: of the published figure.
        reasons: field to why it is None.
    """

    figure: str
    own: float | None
    own_macro: float | None
    published: float
    note: str
    policy: str
    dataset: str
    source: str
    reasons: dict[str, str]


@dataclass(frozen=True)
class AgainstPublished:
    """A result, by name, beside what KINESIS published, and why the definitions differ."""

    result: str
    figures: tuple[PublishedFigure, ...]
    why_different: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Results beside one another: every other against the first.

    Attributes:
        schema: SCHEMA.
        protocol, quick, diagnostic: of all results.
        human_condition, human_people, human_source: the people of the EMG; the source as the first has it.
        seed: of bootstrap and drawn swaps.
        results: as given.
        pairs: the first with each other.
        tests: number of tests that ``p_holm`` corrects for: all of all pairs.
        against_kinesis: beside the published table, where asked for.
    """

    schema: str
    protocol: str
    quick: bool
    diagnostic: str
    human_condition: str
    human_people: int
    human_source: str
    seed: int
    results: tuple[Compared, ...]
    pairs: tuple[Pair, ...]
    tests: int
    against_kinesis: tuple[AgainstPublished, ...]


def write_comparison(path: str | Path, comparison: Comparison) -> None:
    """Write a comparison, whole or not at all."""
    write_typed(path, comparison)


def write_differences(path: str | Path, pairs: Sequence[Pair]) -> None:
    """A line a figure and pair; what is null is empty, and ``reason`` says why there is no test."""
    columns = ("difference", "ci95_low", "ci95_high", "p", "p_holm", "exact", "over", "units", "reason")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("a", "b", "figure", "value_a", "value_b", *columns))
    for pair in pairs:
        for one in pair.differences:
            low, high = one.ci95 or (None, None)
            numbers = (one.a, one.b, one.difference, low, high, one.p, one.p_holm)
            exact = "" if one.exact is None else int(one.exact)
            units = "" if one.units is None else one.units
            reason = one.reasons.get("difference") or one.reasons.get("p", "")
            row = ["" if x is None else f"{x:.6g}" for x in numbers]
            writer.writerow([pair.a, pair.b, one.figure, *row, exact, one.over, units, reason])
    write_text(path, text.getvalue())


def published_schema() -> str:
    """The text of SCHEMA_FILE, from the classes."""
    return schema_text(Comparison, SCHEMA, "A comparison of kinesis-bench")
