"""How human the muscles' timing is: a model's excitation against people's EMG over the gait cycle.

What a lag is: ``kinesis_bench.metrics.emg_lag``. People are compared with people at zero lag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from kinesis_bench.human.electrodes import WANG_ELECTRODES
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.metrics.curves import is_flat, standardise
from kinesis_bench.metrics.emg_lag import Chance, LagCurve, Lags, chance_level, lag_curve, r_by_lag
from kinesis_bench.metrics.emg_references import (
    correlation_table,
    leave_one_out_r,
    mean_of_known,
    mean_of_others,
    measured,
    pairs_r,
    pairs_r_of_group,
    weighted_pairs_r,
)
from kinesis_bench.metrics.reasons import reasons_of_nulls
from kinesis_bench.metrics.statistics import Interval, resample

GROUP_ONLY = "needs the EMG of each person, only group figures are at hand"
MEAN_ONLY = "needs the EMG of each person or the mean of their standardised curves"

WITHIN_PERSON = "a stored figure: one other person, 11 trials, muscles that both have (Falisse et al. 2019)"
ONE_PERSON = "needs at least two people who have the muscle"
LACKING = "some people lack a muscle, so that their means would be over different muscles"
NO_TRIALS = "needs single cycles or trials of each person, only their means are at hand"
NO_FLAWS = "no channel of the people is flawed by the rules, or their curves are not at hand"

OF_Z_BAR = (
    *("mean_r", "lag_ms", "lag_pct", "zero_lag_r", "ratio", "lag_curve", "chance"),
    *("per_muscle.r", "per_muscle.zero_lag_r"),
)
"""Fields of a score that need a model and z̄."""

OF_MODEL = (
    *OF_Z_BAR,
    *("model_leave_one_out_r", "group_mean_r", "group_mean_lag_ms", "cycle_s", "ci95.mean_r", "ci95.ratio"),
    "by_person",
)
"""Fields of a score that need a model."""

OF_INTERVALS = ("ci95.mean_r", "ci95.human_pairs_r", "ci95.ratio")

OF_PEOPLE = (
    *OF_INTERVALS,
    *("model_leave_one_out_r", "leave_one_out_r", "per_muscle.leave_one_out_r", "by_person", "pairs_r"),
)
"""Fields of a score that need each person's curves, or stored figures."""


@dataclass(frozen=True)
class MuscleEmg:
    """One muscle: the model at the common lag and at zero lag, beside people; ``flat`` if the model is
    constant."""

    r: float | None
    zero_lag_r: float | None
    human_pairs_r: float | None
    leave_one_out_r: float | None
    within_person_r: float | None
    flat: bool


@dataclass(frozen=True)
class EmgIntervals:
    """95 % intervals by resampling people, the lag chosen anew in each bootstrap sample."""

    mean_r: Interval | None
    human_pairs_r: Interval | None
    ratio: Interval | None


@dataclass(frozen=True)
class EmgFigures:
    """The figures of one set of muscles, each None beside a reason where it cannot be had.

    Attributes:
        mean_r: mean over muscles and people of r at the best common lag in 0 to 120 ms.
        lag_ms, lag_pct: that lag, model earlier.
        zero_lag_r: the same without a lag.
        human_pairs_r: mean r between two people.
        ratio: mean_r / human_pairs_r, both over the muscles that two people have. Pairs are no upper bound:
            the mean of many people exceeds them.
        model_leave_one_out_r: mean over people of r(model at the lag, mean of the other people).
        leave_one_out_r: mean over people of r(person, mean of the other people), standardised curves.
        within_person_r: mean over people of r between two of their own cycles or trials.
        group_mean_r, group_mean_lag_ms: r with the group's mean raw curve, at the lag best for that.
        ci95: intervals.
        reasons: field to why it is None (see ``kinesis_bench.metrics.reasons``).
    """

    mean_r: float | None
    lag_ms: float | None
    lag_pct: int | None
    zero_lag_r: float | None
    human_pairs_r: float | None
    ratio: float | None
    model_leave_one_out_r: float | None
    leave_one_out_r: float | None
    within_person_r: float | None
    group_mean_r: float | None
    group_mean_lag_ms: float | None
    ci95: EmgIntervals
    reasons: dict[str, str]


@dataclass(frozen=True)
class PersonEmg:
    """The model against one person: means over the person's muscles of r at the common lag and at zero lag.

    Over people these average to ``mean_r`` and ``zero_lag_r``, where all muscles were measured on all.
    """

    r: float
    zero_lag_r: float


@dataclass(frozen=True)
class EmgScore(EmgFigures):
    """Everything about EMG; the inherited figures are over all muscles.

    Attributes:
        lag_curve: mean r against lag over ±20 % of the cycle.
        per_muscle: by electrode name.
        by_person: by the person's name, in the order of the source; what comparisons over people need.
        pairs_r: mean over muscles of r between two people, by pair: first with second, first with third, …
        flaws: muscle to its flawed channels, see ``metrics.emg_quality``.
        without_flaws: the figures again without those channels, the lag chosen anew.
        chance: what random models reach.
        cycles, cycle_s: number and mean duration of the model's cycles.
        human_condition, human_people, human_side, human_source, cycle_zero: of the references; the leg that
            was measured, and is compared, is ``l`` or ``r``.
        notes: field to how it came about, where it is not computed from people at hand.
    """

    lag_curve: LagCurve | None
    per_muscle: dict[str, MuscleEmg]
    by_person: dict[str, PersonEmg] | None
    pairs_r: tuple[float, ...] | None
    flaws: dict[str, tuple[str, ...]]
    without_flaws: EmgFigures | None
    chance: Chance | None
    cycles: int
    cycle_s: float | None
    human_condition: str
    human_people: int
    human_side: str
    human_source: str
    cycle_zero: str
    notes: dict[str, str] = field(default_factory=dict)


def score_emg(
    model: Mapping[str, np.ndarray] | None,
    human: HumanEmg,
    rng: np.random.Generator,
    *,
    cycles: int,
    cycle_s: float | None,
    why_absent: str = "",
) -> EmgScore:
    """Compare a model's mean curves with people's.

    Args:
        model: electrode name to the model's mean curve (100,), sample i at phase i/100; None where the
            model has no cycles, and then the figures of people alone are given. Muscles that only one side
            has are left out, and named in ``notes``. A constant curve counts as r = 0.
        human: each person's curves, or group figures.
        rng: source of chance for the bootstrap and the chance levels.
        cycles, cycle_s: number and mean duration [s] of the cycles behind ``model``.
        why_absent: reason to give where ``model`` is None.
    """
    notes: dict[str, str] = {}
    if model is not None and (cycle_s is None or not cycle_s > 0):
        raise ValueError("a model's curves need the duration of its cycle")
    common = [m for m in human.muscles if model is None or m in model]
    left_out = [m for m in human.muscles if m not in common]
    if left_out:
        notes["per_muscle"] = f"the model lacks {', '.join(left_out)}"
    if lacking := not_measured(human):
        notes["people"] = f"not measured: {lacking}"
    if not common:
        model, why_absent, common = (
            None,
            "the model has none of the muscles of the human data",
            list(human.muscles),
        )
    group = human.only(common)
    curves = None if model is None else np.stack([np.asarray(model[m], dtype=float) for m in common])
    lags = None if curves is None else Lags(cycle_s or 0.0)
    known = _known_reasons(human, None if curves is not None else why_absent)
    figures, muscles = _figures(curves, lags, group, rng, notes)
    without = None
    if group.unflawed is not None:
        rows = [common.index(muscle) for muscle in group.unflawed.muscles]
        without, _ = _figures(None if curves is None else curves[rows], lags, group.unflawed, rng, {})
        without = replace(without, reasons=reasons_of_nulls(without, known))
    z_bar = group.mean_of_standardised
    curve = chance = None
    if curves is not None and lags is not None and z_bar is not None:
        curve = lag_curve(curves, z_bar, human.phase, lags)
        chance = chance_level(curves, z_bar, human.phase, lags, rng)
    score = EmgScore(
        **vars(figures),
        lag_curve=curve,
        per_muscle=dict(zip(common, muscles, strict=True)),
        by_person=_by_person(curves, figures.lag_pct, group),
        pairs_r=single_pairs_r(group),
        flaws=dict(group.flaws),
        without_flaws=without,
        chance=chance,
        cycles=cycles,
        cycle_s=cycle_s,
        human_condition=human.condition,
        human_people=human.people,
        human_side=human.side,
        human_source=human.source,
        cycle_zero=human.cycle_zero,
        notes=notes,
    )
    return replace(score, reasons=reasons_of_nulls(score, known))


def _known_reasons(human: HumanEmg, why_absent: str | None) -> dict[str, str]:
    """Why each figure is None where it is; ``why_absent`` says why there is no model, None if there is."""
    reasons = {
        "ratio": "people do not correlate with each other",
        "without_flaws": NO_FLAWS,
        **dict.fromkeys(OF_INTERVALS, "too few people for an interval, or all alike"),
    }
    if human.curves is None:
        reasons |= dict.fromkeys(OF_PEOPLE, GROUP_ONLY)
    reasons |= dict.fromkeys(("within_person_r", "per_muscle.within_person_r"), NO_TRIALS)
    if (human.people_by_muscle < 2).any():
        of_two: tuple[str, ...] = ("per_muscle.human_pairs_r", "per_muscle.leave_one_out_r")
        if (human.people_by_muscle < 2).all():
            of_two = (*OF_PEOPLE, *of_two, "human_pairs_r", "ratio")
        reasons |= dict.fromkeys(of_two, ONE_PERSON)
    if human.curves is not None and not measured(human.curves).all():
        reasons |= dict.fromkeys(("by_person", "pairs_r"), LACKING)
    if human.mean_of_standardised is None:
        reasons |= dict.fromkeys((*OF_Z_BAR, "human_pairs_r", "per_muscle.human_pairs_r"), MEAN_ONLY)
    if why_absent is not None:
        reasons |= dict.fromkeys(OF_MODEL, why_absent)
    return reasons


def _figures(
    model: np.ndarray | None,
    lags: Lags | None,
    human: HumanEmg,
    rng: np.random.Generator,
    notes: dict[str, str],
) -> tuple[EmgFigures, list[MuscleEmg]]:
    """The figures, without reasons yet, and those of each muscle."""
    people, z_bar = human.curves, human.mean_of_standardised
    two = human.people_by_muscle > 1
    pairs = loo = None
    if two.any():
        pairs = _pairs(human)
        loo = _leave_one_out(human, notes)
    within = _within_person(human, notes)
    mean_r = zero = ratio = model_loo = group_r = group_lag = lag = None
    by_muscle: np.ndarray | None = None
    flat = np.zeros(len(human.muscles), dtype=bool)
    intervals = EmgIntervals(None, _stored_interval(human, notes), None)
    if people is not None and pairs is not None:
        intervals = _intervals(model, lags, people, human.phase, rng)
    if model is not None and lags is not None:
        flat = is_flat(model)
        with_mean = r_by_lag(model, standardise(human.mean), human.phase).mean(axis=0)
        group_lag = int(lags.best(with_mean))
        group_r = float(with_mean[group_lag])
        if z_bar is not None:
            by_muscle = r_by_lag(model, z_bar, human.phase)
            lag = int(lags.best(by_muscle.mean(axis=0)))
            mean_r, zero = float(by_muscle.mean(axis=0)[lag]), float(by_muscle.mean(axis=0)[0])
        if people is not None and lag is not None and pairs is not None:
            others = standardise(mean_of_others(people, standardised=True))
            r = np.where(measured(people), r_by_lag(model, others, human.phase)[..., lag], np.nan)
            model_loo = float(mean_of_known(r, axis=0)[two].mean())
    mean_pairs = None if pairs is None else float(mean_of_known(pairs, axis=0))
    if by_muscle is not None and mean_pairs is not None and mean_pairs > 0:
        ratio = float(by_muscle[two, lag].mean()) / mean_pairs
    muscles = [
        MuscleEmg(
            r=None if by_muscle is None else float(by_muscle[m, lag]),
            zero_lag_r=None if by_muscle is None else float(by_muscle[m, 0]),
            human_pairs_r=_known(pairs, m),
            leave_one_out_r=_known(loo, m),
            within_person_r=_known(within, m),
            flat=bool(flat[m]),
        )
        for m in range(len(human.muscles))
    ]
    figures = EmgFigures(
        mean_r=mean_r,
        lag_ms=None if lag is None or lags is None else lags.to_ms(lag),
        lag_pct=lag,
        zero_lag_r=zero,
        human_pairs_r=mean_pairs,
        ratio=ratio,
        model_leave_one_out_r=model_loo,
        leave_one_out_r=None if loo is None else float(mean_of_known(loo, axis=0)),
        within_person_r=None if within is None else float(mean_of_known(within, axis=0)),
        group_mean_r=group_r,
        group_mean_lag_ms=None if group_lag is None or lags is None else lags.to_ms(group_lag),
        ci95=intervals,
        reasons={},
    )
    return figures, muscles


def single_pairs_r(human: HumanEmg) -> tuple[float, ...] | None:
    """Mean over muscles of r between two people, by pair, in the order of ``numpy.triu_indices``.

    None where people's curves are not known, there is one only, or one of them lacks a muscle.
    """
    if human.curves is None or len(human.curves) < 2 or not measured(human.curves).all():
        return None
    table = correlation_table(human.curves).mean(axis=0)
    return tuple(table[np.triu_indices(len(table), 1)].tolist())


def _by_person(model: np.ndarray | None, lag: int | None, human: HumanEmg) -> dict[str, PersonEmg] | None:
    if model is None or lag is None or human.curves is None or not measured(human.curves).all():
        return None
    by_person = r_by_lag(model, standardise(human.curves), human.phase).mean(axis=1)
    return {
        name: PersonEmg(float(r[lag]), float(r[0]))
        for name, r in zip(person_names(human), by_person, strict=True)
    }


def not_measured(human: HumanEmg) -> str:
    """In words, the muscles that some people lack, and who; "" where all have all."""
    if human.curves is None:
        return ""
    names = np.array(person_names(human))
    absent = zip(human.muscles, ~measured(human.curves).T, strict=True)
    return "; ".join(f"{muscle} ({', '.join(names[who])})" for muscle, who in absent if who.any())


def person_names(human: HumanEmg) -> tuple[str, ...]:
    """Names of the people, their places where the source has none."""
    return human.names or tuple(str(place + 1) for place in range(human.people))


def _known(values: np.ndarray | None, place: int) -> float | None:
    return None if values is None or np.isnan(values[place]) else float(values[place])


def _pairs(human: HumanEmg) -> np.ndarray | None:
    """(M,) r between two people, NaN for a muscle that fewer have; None where it is not known."""
    if human.curves is not None:
        return pairs_r(human.curves)
    if human.mean_of_standardised is None:
        return None
    return pairs_r_of_group(human.mean_of_standardised, human.people_by_muscle)


def _leave_one_out(human: HumanEmg, notes: dict[str, str]) -> np.ndarray | None:
    if human.curves is not None:
        return leave_one_out_r(human.curves)
    if human.stored is not None and all(muscle in human.stored for muscle in human.muscles):
        notes["leave_one_out_r"] = "a stored figure, computed from the people by the data set's card"
        return np.array([human.stored[muscle].leave_one_out_standardised for muscle in human.muscles])
    return None


def _within_person(human: HumanEmg, notes: dict[str, str]) -> np.ndarray | None:
    """(M,) r between two trials of one person, mean over people; NaN for a muscle that nobody has."""
    if human.trials is not None:
        by_person = np.stack([pairs_r(trials) for trials in human.trials])
        there = np.ones_like(by_person, bool) if human.curves is None else measured(human.curves)
        return mean_of_known(np.where(there, by_person, np.nan), axis=0)
    stored = np.array([human.stored_within_person.get(muscle, np.nan) for muscle in human.muscles])
    if np.isnan(stored).all():
        return None
    notes["within_person_r"] = WITHIN_PERSON
    return stored


def _stored_interval(human: HumanEmg, notes: dict[str, str]) -> Interval | None:
    """The stored interval of the pairs, if it is for just these muscles."""
    if human.curves is not None or human.stored is None or human.muscles != tuple(WANG_ELECTRODES):
        return None
    notes["ci95.human_pairs_r"] = "a stored figure (percentile interval), on the data set's card"
    return human.stored["all"].pairs_ci95


def _intervals(
    model: np.ndarray | None,
    lags: Lags | None,
    people: np.ndarray,
    phase: np.ndarray,
    rng: np.random.Generator,
) -> EmgIntervals:
    resampling = resample(np.zeros(len(people)), rng)
    weights = resampling.weights
    pairs = mean_of_known(weighted_pairs_r(correlation_table(people), weights), axis=1)
    pairs_ci = resampling.interval(pairs)
    if model is None or lags is None:
        return EmgIntervals(None, pairs_ci, None)
    by_person = r_by_lag(model, standardise(people), phase)
    total = weights @ measured(people)
    with np.errstate(invalid="ignore", divide="ignore"):
        by_muscle = np.einsum("bp,pml->bml", weights, by_person, optimize=True) / total[..., None]
    by_sample = mean_of_known(by_muscle, axis=1)
    samples = np.arange(len(weights))
    lag = lags.best(by_sample)
    best = by_sample[samples, lag]
    two = measured(people).sum(axis=0) > 1
    of_two = mean_of_known(by_muscle[:, two], axis=1)[samples, lag]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(pairs > 0, of_two / pairs, np.nan)
    return EmgIntervals(resampling.interval(best), pairs_ci, resampling.interval(ratio))
