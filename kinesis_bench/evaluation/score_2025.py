"""The same rollouts under the definitions of KINESIS's code of 2025 (protocol kinesis-2025)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kinesis_bench.bodies.contract import TOUCH_SENSORS
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.schema import Curves, Imitation, MuscleCurve, Scores
from kinesis_bench.evaluation.score import (
    covered_frames,
    muscle_curves,
    rounded,
    score_clips,
    score_rollouts,
)
from kinesis_bench.evaluation.walking import SKILLS, missing_muscles
from kinesis_bench.human.references import HumanEmg, HumanJointAngles
from kinesis_bench.metrics.curves import CLOSED_PHASE, is_flat, pearson
from kinesis_bench.metrics.cycles import MIN_CYCLES
from kinesis_bench.metrics.emg import (
    LACKING,
    NO_FLAWS,
    EmgFigures,
    EmgIntervals,
    EmgScore,
    MuscleEmg,
    PersonEmg,
    person_names,
    single_pairs_r,
)
from kinesis_bench.metrics.emg_references import (
    correlation_table,
    leave_one_out_r,
    measured,
    pairs_r,
    pairs_r_of_group,
    weighted_pairs_r,
)
from kinesis_bench.metrics.imitation import Figure, absent
from kinesis_bench.metrics.kinesis_2025 import (
    MUSCLES,
    Emg2025,
    Imitation2025,
    gait_codes,
    gait_cycles,
    imitation_2025,
    mean_cycle,
    score_emg_2025,
    usual_cycles,
)
from kinesis_bench.metrics.reasons import reasons_of_nulls
from kinesis_bench.metrics.statistics import resample
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.rollouts.schema import FEET, ClipRollout, Rollouts

SIDE = "l"
"""The leg that upstream compares with people."""

NOT_DEFINED = "protocol kinesis-2025 does not define it"
NO_INTERVAL = "needs the EMG of each person with all muscles, and gait cycles of the model"
NO_LAG = "protocol kinesis-2025 knows no lag"
NONE_KEPT = (
    "{found} gait cycles found, none averaged: all are equally long, and upstream keeps only lengths "
    "strictly within 2 SD of the mean"
)
GROUP_ONLY = "needs the EMG of each person, only group figures are at hand"


def score_rollouts_2025(
    rollouts: Rollouts, human: HumanEmg, angles: HumanJointAngles, *, seed: int, independent: bool
) -> Scores:
    """All figures of a recording, those that upstream defined in its way and the others null.

    Imitation figures are per-clip means. EMG: see ``kinesis_bench.metrics.kinesis_2025``; ``per_muscle.r`` is
    the median over people, ``mean_r`` the mean over people and muscles.

    Args:
        rollouts, human, angles, seed, independent: as for ``score_rollouts``.

    Raises:
        InputError: fewer than two people have a muscle, or they were measured on the right leg.
    """
    if human.side != SIDE or human.people_by_muscle.min() < 2:
        problem = "compares the left leg with two people or more, which these people do not allow"
        raise InputError(
            "--protocol kinesis-2025", problem, "give others with --human, or leave --protocol out"
        )
    ours = score_rollouts(rollouts, human, angles, seed=seed, independent=independent)
    clips = score_clips(rollouts)
    imitation, by_skill = ours.imitation, ours.imitation_by_skill
    if clips is not None and imitation is not None and by_skill is not None:
        imitation = _upstream(imitation, imitation_2025(clips))
        by_skill = {
            skill: _upstream(score, imitation_2025([clip for clip in clips if clip.skill == skill]))
            for skill, score in by_skill.items()
        }
    emg, model = _emg(rollouts, covered_frames(rollouts, clips), human, seed)
    reasons = ours.reasons | {"emg_of_activation": NOT_DEFINED}
    return replace(
        ours,
        imitation=imitation,
        imitation_by_skill=by_skill,
        emg=emg,
        emg_of_activation=None,
        curves=_of_2025(ours.curves, muscle_curves(human, model, {}), emg),
        reasons=reasons,
    )


def _upstream(score: Imitation, upstream: Imitation2025) -> Imitation:
    def figure(mean: float | None) -> Figure:
        if mean is None:
            return absent("no frame was covered")
        return Figure(mean, macro=mean, reasons=dict.fromkeys(("sem", "ci95"), NOT_DEFINED))

    undefined = absent(NOT_DEFINED)
    return replace(
        score,
        success_pct=figure(upstream.success_pct),
        frame_coverage_pct=figure(upstream.frame_coverage_pct),
        mpjpe_mm=figure(upstream.mpjpe_mm),
        strict_success_pct=undefined,
        root_relative_mpjpe_mm=undefined,
    )


def _codes(clip: ClipRollout) -> np.ndarray | None:
    """Gait codes of a clip, from touch at the last substep of each control step where it is known.

    MuJoCo computes touch from the state before a substep is integrated, so that the codes are of up to one
    substep (6.7 ms) before the end of the control step. Forces of inverse dynamics tell no contact.
    """
    if clip.touch is not None:
        last = np.asarray(clip.touch)[:, -1]
        left, right = (
            last[:, [TOUCH_SENSORS.index(f"{side}_{part}") for part in ("foot", "toes")]].sum(axis=1)
            for side in ("l", "r")
        )
        return gait_codes(left, right)
    feet = clip.foot_contact if clip.foot_contact is not None else clip.ground_force
    if feet is None or clip.control == PRESCRIBED:
        return None
    return gait_codes(feet[:, FEET.index("l")], feet[:, FEET.index("r")])


def _intervals(human: HumanEmg, curves: np.ndarray | None, seed: int) -> EmgIntervals:
    """95 % intervals by resampling people; upstream gives none."""
    by_person = _by_person(human, curves)
    if by_person is None or human.curves is None:
        return EmgIntervals(None, None, None)
    resampling = resample(np.zeros(human.people), np.random.default_rng([seed, 2]))
    pairs = weighted_pairs_r(correlation_table(human.curves), resampling.weights).mean(axis=1)
    r = resampling.weights @ np.array([one.r for one in by_person.values()]) / human.people
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(pairs > 0, r / pairs, np.nan)
    return EmgIntervals(*(resampling.interval(figure) for figure in (r, pairs, ratio)))


def _emg(
    rollouts: Rollouts, covered: list[int], human: HumanEmg, seed: int
) -> tuple[EmgScore, dict[str, np.ndarray]]:
    excitation, codes = [], []
    for clip, frames in zip(rollouts.clips, covered, strict=True):
        code = _codes(clip)
        if clip.skill in SKILLS.get(human.activity, ()) and clip.excitation is not None and code is not None:
            excitation.append(np.asarray(clip.excitation, dtype=float)[:frames])
            codes.append(code[:frames])
    shared = [m for m in human.muscles if f"{MUSCLES.get(m, '')}_{SIDE}" in rollouts.muscle_names]
    group = human.only(shared or human.muscles)
    score = score_emg_2025(excitation, codes, rollouts.muscle_names, group)
    curves = _curves(rollouts, excitation, codes, shared)
    by_muscle = {} if curves is None else dict(zip(shared, curves, strict=True))
    known = _known_reasons(score)
    without = None
    if group.unflawed is not None:
        without = _figures(score_emg_2025(excitation, codes, rollouts.muscle_names, group.unflawed))
        without = replace(without, reasons=reasons_of_nulls(without, known))
    result = EmgScore(
        **(vars(_figures(score)) | {"ci95": _intervals(group, curves, seed)}),
        lag_curve=None,
        per_muscle=_by_muscle(score, group, curves),
        by_person=_by_person(group, curves),
        pairs_r=single_pairs_r(group),
        flaws=dict(group.flaws),
        without_flaws=without,
        chance=None,
        cycles=score.cycles,
        cycle_s=None,
        human_condition=human.condition,
        human_people=human.people,
        human_side=SIDE,
        human_source=human.source,
        cycle_zero=human.cycle_zero,
        notes={
            "per_muscle": "r is the median over people, zero_lag_r the mean",
            "by_person": "r is zero_lag_r: this protocol knows no lag",
            "cycles": f"from left single stance to the next; {score.cycles_found} found, {score.cycles} kept",
            "muscles": "left leg; biceps femoris is the short head",
            "leave_one_out_r": "on raw curves",
            **({"lacking": lacking} if (lacking := missing_muscles(rollouts, human.muscles, SIDE)) else {}),
        },
    )
    return replace(result, reasons=reasons_of_nulls(result, known)), by_muscle


def _known_reasons(score: Emg2025) -> dict[str, str]:
    """Why each EMG figure is None where it is."""
    undefined = (
        "chance",
        "within_person_r",
        "per_muscle.within_person_r",
        "group_mean_r",
        "model_leave_one_out_r",
        "cycle_s",
    )
    intervals = ("ci95.mean_r", "ci95.human_pairs_r", "ci95.ratio")
    of_fields = {
        "mean_r": ("mean_r", "zero_lag_r", "ratio", "by_person"),
        "median_r_by_muscle": ("per_muscle.r",),
        "mean_r_by_muscle": ("per_muscle.zero_lag_r",),
        "human_pairs_r": ("human_pairs_r", "per_muscle.human_pairs_r", "ratio"),
        "leave_one_out_r": (
            *("leave_one_out_r", "per_muscle.leave_one_out_r"),
            *("by_person", "pairs_r"),
        ),
    }
    known = (
        dict.fromkeys(undefined, NOT_DEFINED)
        | dict.fromkeys(intervals, NO_INTERVAL)
        | {
            "without_flaws": NO_FLAWS,
            **dict.fromkeys(("by_person", "pairs_r"), LACKING),
        }
    )
    known |= dict.fromkeys(("lag_ms", "lag_pct", "lag_curve", "group_mean_lag_ms"), NO_LAG)
    for field, reason in score.reasons.items():
        known |= dict.fromkeys(of_fields[field], reason)
    if score.cycles_found >= MIN_CYCLES and not score.cycles:
        of_model = (*of_fields["mean_r"], *of_fields["median_r_by_muscle"], *of_fields["mean_r_by_muscle"])
        known |= dict.fromkeys(of_model, NONE_KEPT.format(found=score.cycles_found))
    return known


def _of_2025(curves: Curves, muscles: dict[str, MuscleCurve], emg: EmgScore) -> Curves:
    """The curves with those of the muscles replaced; sample i of the model is at phase i/99."""
    replaced = replace(curves, muscles=muscles, model_phase=rounded(CLOSED_PHASE))
    no_curve = emg.reasons.get("mean_r", "the recording has no muscle under the electrode")
    known = curves.reasons | {"muscles.excitation": no_curve, "muscles.activation": NOT_DEFINED}
    return replace(replaced, reasons=reasons_of_nulls(replaced, known))


def _curves(
    rollouts: Rollouts, excitation: list[np.ndarray], codes: list[np.ndarray], shared: list[str]
) -> np.ndarray | None:
    if not codes or not shared:
        return None
    starts = np.cumsum([0, *(len(code) for code in codes)])[:-1]
    kept = usual_cycles(
        np.concatenate([gait_cycles(code) + start for code, start in zip(codes, starts, strict=True)])
    )
    if len(kept) < MIN_CYCLES:
        return None
    columns = [rollouts.muscle_names.index(f"{MUSCLES[muscle]}_{SIDE}") for muscle in shared]
    return mean_cycle(np.concatenate(excitation)[:, columns], kept)


def _figures(score: Emg2025) -> EmgFigures:
    ratio = None
    if score.mean_r is not None and score.human_pairs_r:
        ratio = score.mean_r / score.human_pairs_r
    return EmgFigures(
        mean_r=score.mean_r,
        lag_ms=None,
        lag_pct=None,
        zero_lag_r=score.mean_r,
        human_pairs_r=score.human_pairs_r,
        ratio=ratio,
        model_leave_one_out_r=None,
        leave_one_out_r=score.leave_one_out_r,
        within_person_r=None,
        group_mean_r=None,
        group_mean_lag_ms=None,
        ci95=EmgIntervals(None, None, None),
        reasons={},
    )


def _by_person(human: HumanEmg, curves: np.ndarray | None) -> dict[str, PersonEmg] | None:
    if curves is None or human.curves is None or not measured(human.curves).all():
        return None
    by_person = pearson(curves, human.curves).mean(axis=1).tolist()
    return {name: PersonEmg(r, r) for name, r in zip(person_names(human), by_person, strict=True)}


def _by_muscle(score: Emg2025, human: HumanEmg, curves: np.ndarray | None) -> dict[str, MuscleEmg]:
    pairs = loo = None
    if human.curves is not None:
        pairs, loo = pairs_r(human.curves), leave_one_out_r(human.curves, standardised=False)
    elif human.mean_of_standardised is not None:
        pairs = pairs_r_of_group(human.mean_of_standardised, human.people_by_muscle)
    median, mean = score.median_r_by_muscle or {}, score.mean_r_by_muscle or {}
    flat = np.zeros(len(human.muscles), dtype=bool) if curves is None else is_flat(curves)
    return {
        muscle: MuscleEmg(
            r=median.get(muscle),
            zero_lag_r=mean.get(muscle),
            human_pairs_r=None if pairs is None else float(pairs[place]),
            leave_one_out_r=None if loo is None else float(loo[place]),
            within_person_r=None,
            flat=bool(flat[place]),
        )
        for place, muscle in enumerate(human.muscles)
    }
