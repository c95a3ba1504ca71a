"""Results beside one another: which differences are more than chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.comparable import refuse_unlike, why_left_out
from kinesis_bench.evaluation.comparison import (
    FIGURES,
    OF_CLIPS,
    SCHEMA,
    Compared,
    Comparison,
    Difference,
    Pair,
)
from kinesis_bench.evaluation.published import against_published
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.evaluation.scored_folder import Clips, Scored, read_scored
from kinesis_bench.metrics.emg import LACKING
from kinesis_bench.metrics.emg_references import weighted_pairs_r
from kinesis_bench.metrics.paired import Sums, holm, mean_of, paired_interval, paired_test
from kinesis_bench.metrics.reasons import reasons_of_nulls
from kinesis_bench.metrics.statistics import Interval, Resampling, resample

SEED = 0
"""Of the bootstraps and of the swaps that are drawn."""

NO_WIDTH = "resampling does not change the difference"
SAME_TEST = "that of EMG r: both results are divided by the same pairs of people"
NO_LAG = "that of EMG r: protocol kinesis-2025 knows no lag"


@dataclass(frozen=True)
class Units:
    """What a figure is compared over.

    Attributes:
        over: ``clips``, ``people`` or ``trials``.
        a, b: the figure's parts, unit by unit, in the same order; None where they are not known.
        strata: (U,) of the units.
        pairs_r: between people, for the ratio; else None.
        why_no_test: reason, where a and b are None, or "" .
        same_test: reason, where the test would be one that is made already.
    """

    over: str
    a: Sums | None = None
    b: Sums | None = None
    strata: tuple[str, ...] = ()
    pairs_r: tuple[float, ...] | None = None
    why_no_test: str = ""
    same_test: str = ""


def compare(
    folders: Sequence[str | Path], *, against_kinesis: bool = False
) -> tuple[Comparison, list[Result]]:
    """Compare every other result with the first.

    Args:
        folders: that ``score`` has written; one is enough beside the published table.
        against_kinesis: set each beside what KINESIS published.

    Returns:
        The comparison, and the results in the order given.

    Raises:
        InputError: too few folders, one given twice, one that holds no result, or results that cannot be
            compared; the message says what differs.
    """
    paths = result_folders(folders, least=1 if against_kinesis else 2)
    scored = [read_scored(path) for path in paths]
    names = names_of(paths)
    for other in scored[1:]:
        refuse_unlike(scored[0], other)
    pairs = [
        Pair(names[0], name, tuple(differences(scored[0], one, names[0], name)))
        for name, one in zip(names[1:], scored[1:], strict=True)
    ]
    first = scored[0].result
    comparison = Comparison(
        schema=SCHEMA,
        protocol=first.protocol,
        quick=first.quick,
        diagnostic=first.diagnostic,
        human_condition=first.emg.human_condition,
        human_people=first.emg.human_people,
        human_source=first.emg.human_source,
        seed=SEED,
        results=tuple(_compared(name, one) for name, one in zip(names, scored, strict=True)),
        pairs=corrected(pairs),
        tests=sum(one.p is not None for pair in pairs for one in pair.differences),
        against_kinesis=tuple(
            against_published(name, one.result) for name, one in zip(names, scored, strict=True)
        )
        if against_kinesis
        else (),
    )
    return comparison, [one.result for one in scored]


def result_folders(folders: Sequence[str | Path], least: int = 2) -> list[Path]:
    """Where results are.

    Raises:
        InputError: there are too few, or one is given twice.
    """
    if len(folders) < least:
        remedy = "give two or more, or one and --against-kinesis"
        raise InputError(
            "arguments", f"{len(folders)} result folder{'s' * (len(folders) != 1)} given", remedy
        )
    paths = [Path(folder).expanduser() for folder in folders]
    for path, count in Counter(path.resolve() for path in paths).items():
        if count > 1:
            raise InputError(path, "is given twice", "give each result once")
    return paths


def values(result: Result) -> dict[str, tuple[float | None, str]]:
    """Each headline figure of a result, and why it is None."""
    emg, imitation = result.emg, result.imitation
    found: dict[str, tuple[float | None, str]] = dict.fromkeys(
        OF_CLIPS, (None, result.reasons.get("imitation", ""))
    )
    if imitation is not None:
        for name in ("frame_coverage_pct", "success_pct", "strict_success_pct", "mpjpe_mm"):
            figure = getattr(imitation, name)
            found[name] = (figure.mean, figure.reasons.get("mean", ""))
    effort, angles = result.effort, result.joint_angles
    return found | {
        "mean_excitation": (effort.mean_excitation, effort.reasons.get("mean_excitation", "")),
        "emg_mean_r": (emg.mean_r, emg.reasons.get("mean_r", "")),
        "emg_zero_lag_r": (emg.zero_lag_r, emg.reasons.get("zero_lag_r", "")),
        "emg_ratio": (emg.ratio, emg.reasons.get("ratio", "")),
        "mpjae_deg": (angles.mpjae_deg, angles.reasons.get("mpjae_deg", "")),
    }


def names_of(paths: Sequence[Path]) -> list[str]:
    """Folders' names; paths where two are called alike."""
    short = [path.resolve().name for path in paths]
    return [name if short.count(name) == 1 else str(path) for name, path in zip(short, paths, strict=True)]


def _compared(name: str, scored: Scored) -> Compared:
    result = scored.result
    return Compared(
        name=name,
        folder=str(scored.folder),
        result_sha256=scored.sha256,
        policy=result.policy.name,
        privileged=result.policy.privileged,
        body=result.body.name,
        motions=result.motions.id,
        split=result.motions.split,
        runs=result.runs,
        cycles=result.emg.notes.get("cycles", ""),
    )


def differences(
    first: Scored, other: Scored, name_a: str, name_b: str, figures: Sequence[str] = FIGURES
) -> list[Difference]:
    """Figures of two results, the second minus the first, each with its interval and paired test.

    Args:
        first, other: that ``refuse_unlike`` lets pass, at least in what the figures are about.
        name_a, name_b: how they are called in reasons.
        figures: of FIGURES.
    """
    a, b = values(first.result), values(other.result)
    made = []
    for figure in figures:
        why_not = why_left_out(figure, first, other, name_a, name_b)
        for (value, reason), name in ((a[figure], name_a), (b[figure], name_b)):
            if value is None and not why_not:
                why_not = f"{name}: {reason}"
        units = _units(figure, first, other, name_a, name_b)
        rng = np.random.default_rng([SEED, figure in OF_CLIPS])
        made.append(difference_of(figure, a[figure][0], b[figure][0], units, why_not, rng))
    return made


def _units(figure: str, first: Scored, other: Scored, name_a: str, name_b: str) -> Units:
    a, b = first.result, other.result
    if figure in OF_CLIPS:
        if first.clips is None or other.clips is None:
            return Units("clips")
        sums = [_of_clips(figure, clips, a.protocol) for clips in (first.clips, other.clips)]
        return Units("clips", sums[0], sums[1], first.clips.skills)
    people = [_of_people(figure, result) for result in (a, b)]
    for by_person, name, result in zip(people, (name_a, name_b), (a, b), strict=True):
        if by_person is None:
            return Units("people", why_no_test=f"{name}: {_why_no_people(figure, result)}")
    one, two = people
    assert one is not None
    assert two is not None
    if len(one) < 2:
        return Units("people", why_no_test="there is one person only")
    if list(one) != list(two):
        return Units("people", why_no_test="the two are not compared with the same people")
    no_lag = figure == "emg_zero_lag_r" and a.protocol == "kinesis-2025"
    is_ratio = figure == "emg_ratio"
    if is_ratio and a.emg.pairs_r is None:
        return Units("people", why_no_test=f"{name_a}: {a.emg.reasons['pairs_r']}")
    return Units(
        "people",
        mean_of(list(one.values())),
        mean_of(list(two.values())),
        ("",) * len(one),
        pairs_r=a.emg.pairs_r if is_ratio else None,
        same_test=SAME_TEST if is_ratio else NO_LAG if no_lag else "",
    )


def _why_no_people(figure: str, result: Result) -> str:
    if figure == "mpjae_deg":
        return "the joint angles are compared with people's mean and SD, not with each person"
    why = result.emg.reasons.get("by_person", "")
    return (
        why
        if why == LACKING
        else (
            "scored against group figures; a test needs each person's EMG: "
            "score it with each person's files, --human wang2023=DIR"
        )
    )


def _of_people(figure: str, result: Result) -> dict[str, float] | None:
    """The figure against each person, by name."""
    if figure == "mpjae_deg":
        return result.joint_angles.by_person
    people = result.emg.by_person
    if people is None:
        return None
    at_zero = figure == "emg_zero_lag_r"
    return {name: one.zero_lag_r if at_zero else one.r for name, one in people.items()}


def _of_clips(figure: str, clips: Clips, protocol: str) -> Sums:
    """Numerators and denominators (clips, runs) of a figure as its protocol defines it."""
    ones = np.ones_like(clips.frames)
    if figure in ("success_pct", "strict_success_pct"):
        return Sums(100.0 * (clips.success if figure == "success_pct" else clips.strict_success), ones)
    by_clip = protocol == "kinesis-2025"
    if figure == "frame_coverage_pct":
        if by_clip:
            return Sums(100.0 * clips.covered / clips.frames, ones)
        return Sums(100.0 * clips.covered, clips.frames)
    value = clips.mpjpe_mm if figure == "mpjpe_mm" else clips.mean_excitation
    known = np.isfinite(value)
    size = known * (ones if by_clip and figure == "mpjpe_mm" else clips.covered)
    return Sums(np.where(known, value, 0.0) * size, size)


def difference_of(
    figure: str, a: float | None, b: float | None, units: Units, why_not: str, rng: np.random.Generator
) -> Difference:
    """A figure of two results with its interval and paired test.

    Args:
        figure: its name.
        a, b: the two values.
        units: what it is compared over.
        why_not: why it is not compared, "" if it is.
        rng: for bootstrap and swaps.
    """
    known = {
        "a": why_not,
        "b": why_not,
        "difference": why_not,
        "ci95": why_not or units.why_no_test or NO_WIDTH,
        **dict.fromkeys(("p", "p_holm", "exact"), why_not or units.same_test or units.why_no_test),
        "units": why_not or units.why_no_test,
    }
    made = Difference(
        figure,
        a,
        b,
        None if a is None or b is None or why_not else b - a,
        ci95=None,
        p=None,
        p_holm=None,
        exact=None,
        over=units.over,
        units=None,
        reasons={},
    )
    if made.difference is not None and units.a is not None and units.b is not None:
        resampling = resample(units.strata, rng)
        made = replace(made, ci95=_interval(units.a, units.b, units, resampling), units=len(units.strata))
        if not units.same_test:
            test = paired_test(units.a, units.b, rng)
            made = replace(made, p=test.p, p_holm=test.p, exact=test.exact)
    return replace(made, reasons=reasons_of_nulls(made, known))


def _interval(a: Sums, b: Sums, units: Units, resampling: Resampling) -> Interval | None:
    if units.pairs_r is None:
        return paired_interval(a, b, resampling)
    people = len(units.strata)
    table = np.zeros((1, people, people))
    first, second = np.triu_indices(people, 1)
    table[0, first, second] = table[0, second, first] = units.pairs_r
    pairs = weighted_pairs_r(table, resampling.weights)[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (b.figure(resampling.weights) - a.figure(resampling.weights)) / pairs
    return resampling.interval(np.where(pairs > 0, ratio, np.nan))


def corrected(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """With ``p_holm`` over all tests of all pairs."""
    corrected = iter(holm([one.p for pair in pairs for one in pair.differences if one.p is not None]))
    return tuple(
        replace(
            pair,
            differences=tuple(
                one if one.p is None else replace(one, p_holm=next(corrected)) for one in pair.differences
            ),
        )
        for pair in pairs
    )
