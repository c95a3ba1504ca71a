"""Rollouts to figures under protocol kinesis-bench-1. Needs no simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kinesis_bench.evaluation.schema import Beside, Curves, Imitation, JointCurve, MuscleCurve, Scores
from kinesis_bench.evaluation.walking import Gait, find_gait, missing_muscles, of_joints, under_electrodes
from kinesis_bench.human.references import LEGS, HumanEmg, HumanJointAngles
from kinesis_bench.metrics.curves import PHASE
from kinesis_bench.metrics.effort import Effort, score_effort
from kinesis_bench.metrics.emg import EmgFigures, EmgScore, score_emg
from kinesis_bench.metrics.imitation import (
    ClipImitation,
    Figure,
    ImitationScore,
    absent,
    aggregate,
    aggregate_by_skill,
    score_clip,
)
from kinesis_bench.metrics.joint_angles import JointAngleScore, score_joint_angles
from kinesis_bench.metrics.reasons import reasons_of_nulls
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.rollouts.schema import UNIT, ClipRollout, Rollouts
from kinesis_bench.tasks.termination import FAR

NO_REFERENCE = "the recording has no keypoints beside a reference's"
NOT_SIMULATED = "prescribed: nothing was simulated"
NO_SCORE = "the floor is of the body and the motions, not of the policy: its uncertainty is not estimated"
OTHER_ACTIVITY = "the people of the joint-angle table {table}, the cycles are of the activity {human}"
BY_CODES = "; --protocol kinesis-2025 tells cycles by the feet on the ground alone"
DIGITS = 5
"""Decimals of the curves that a result keeps for its figures."""


def score_clips(rollouts: Rollouts) -> tuple[ClipImitation, ...] | None:
    """Imitation of each clip, in the recording's order; None where it has no reference."""
    if any(
        clip.keypoint_position is None or clip.reference_keypoint_position is None for clip in rollouts.clips
    ):
        return None
    root = rollouts.keypoint_names.index("pelvis") if "pelvis" in rollouts.keypoint_names else 0
    return tuple(
        score_clip(
            np.asarray(clip.keypoint_position, dtype=float),
            np.asarray(clip.reference_keypoint_position, dtype=float),
            clip.frames,
            ended_early=clip.failure not in ("", FAR),
            key=clip.key,
            run=clip.run,
            skill=clip.skill,
            root=root,
        )
        for clip in rollouts.clips
    )


def score_rollouts(
    rollouts: Rollouts, human: HumanEmg, angles: HumanJointAngles, *, seed: int, independent: bool
) -> Scores:
    """All figures of a recording.

    Args:
        rollouts: the recording.
        human: people's EMG; its speed decides which cycles count.
        angles: people's joint angles.
        seed: of the bootstraps.
        independent: whether the motions were made from other data than ``angles``.
    """
    clips = score_clips(rollouts)
    reasons: dict[str, str] = {}
    imitation = by_skill = None
    if clips is None:
        why = NOT_SIMULATED if rollouts.clips[0].control == PRESCRIBED else NO_REFERENCE
        reasons["imitation"] = reasons["imitation_by_skill"] = why
    else:
        rng = np.random.default_rng([seed, 1])
        imitation = with_floor(aggregate(clips, rng), clips, rollouts.clips)
        by_skill = {
            skill: with_floor(score, clips, rollouts.clips, skill)
            for skill, score in aggregate_by_skill(clips, rng).items()
        }
    covered = covered_frames(rollouts, clips)
    gait = find_gait(rollouts, covered, human.activity, human.speed_m_s, human.side)
    shares = under_electrodes(rollouts, human.muscles, gait.side)
    excitation = gait.curves("excitation", shares, mean_over_step=True)
    activation = gait.curves("activation", shares, mean_over_step=False)
    emg = _emg(rollouts, gait, excitation, human, seed, "excitation")
    of_activation = None
    if activation is None:
        reasons["emg_of_activation"] = gait.reason or "the recording has no activation"
    else:
        whole = _emg(rollouts, gait, activation, human, seed, "activation")
        figures = EmgFigures(**{name: getattr(whole, name) for name in EmgFigures.__dataclass_fields__})
        of_activation = replace(figures, reasons=reasons_of_nulls(figures, whole.reasons))
    joints, joint_angles = _joint_angles(rollouts, gait, human.activity, angles, independent)
    return Scores(
        imitation=imitation,
        imitation_by_skill=by_skill,
        emg=emg,
        emg_of_activation=of_activation,
        joint_angles=joint_angles,
        effort=effort(rollouts, covered),
        curves=_curves(
            Curves(
                muscles=muscle_curves(human, excitation or {}, activation or {}),
                joints=_joint_curves(angles, joints),
                model_phase=rounded(PHASE),
                human_phase=rounded(human.phase),
                reasons={},
            ),
            gait,
        ),
        reasons=reasons,
    )


def score_beside(
    rollouts: Rollouts, people: HumanEmg | None, angles: HumanJointAngles | None, *, seed: int
) -> Beside:
    """A recording beside people of another data set, activity or speed.

    Args:
        rollouts: the recording.
        people, angles: their EMG and their joint angles; one of them at least.
        seed: of the bootstraps.
    """
    covered = covered_frames(rollouts, score_clips(rollouts))
    emg = joint_angles = None
    if people is not None:
        gait = find_gait(rollouts, covered, people.activity, people.speed_m_s, people.side)
        shares = under_electrodes(rollouts, people.muscles, gait.side)
        excitation = gait.curves("excitation", shares, mean_over_step=True)
        emg = _emg(rollouts, gait, excitation, people, seed, "excitation")
    if angles is not None:
        gait = find_gait(rollouts, covered, angles.activity, angles.speed_m_s, angles.side)
        _, joint_angles = _joint_angles(rollouts, gait, angles.activity, angles, independent=True)
    beside = Beside(emg, joint_angles, {})
    known = {"emg": "the data set has no EMG", "joint_angles": "the data set has no joint angles"}
    return replace(beside, reasons=reasons_of_nulls(beside, known))


def with_floor(
    score: ImitationScore,
    clips: Sequence[ClipImitation],
    rollouts: Sequence[ClipRollout],
    skill: str | None = None,
) -> Imitation:
    """Add the IK floor over the covered frames of a skill's clips, or of all."""
    errors = [
        None if rollout.ik_error_m is None else 1000.0 * rollout.ik_error_m[: clip.covered].astype(float)
        for clip, rollout in zip(clips, rollouts, strict=True)
        if skill is None or clip.skill == skill
    ]
    known = [error for error in errors if error is not None and len(error)]
    floor = absent("no frame was covered, or the recording has no IK error")
    if known:
        floor = Figure(
            mean=float(np.concatenate(known).mean()),
            macro=float(np.mean([error.mean() for error in known])),
            reasons=dict.fromkeys(("sem", "ci95"), NO_SCORE),
        )
    return Imitation(**vars(score), ik_floor_mm=floor)


def covered_frames(rollouts: Rollouts, clips: Sequence[ClipImitation] | None) -> list[int]:
    """Frames before its failure, of each clip; all recorded ones where there is no reference."""
    if clips is not None:
        return [clip.covered for clip in clips]
    arrays = [(clip.excitation, clip.qpos, clip.keypoint_position) for clip in rollouts.clips]
    return [next((len(array) for array in parts if array is not None), 0) for parts in arrays]


def effort(rollouts: Rollouts, covered: Sequence[int]) -> Effort:
    """Effort over the covered frames."""
    unit = (rollouts.attributes or {}).get(UNIT)
    if rollouts.clips[0].excitation is None or unit:
        why = f"excitation is in {unit}" if unit else "the recording has no excitation"
        return Effort(None, None, {}, {"mean_excitation": why, "co_contraction": why})
    rows = [
        np.asarray(clip.excitation, dtype=float)[:n] for clip, n in zip(rollouts.clips, covered, strict=True)
    ]
    return score_effort(rows, rollouts.muscle_names)


def muscle_curves(
    human: HumanEmg, excitation: Mapping[str, np.ndarray], activation: Mapping[str, np.ndarray]
) -> dict[str, MuscleCurve]:
    """Curves (100,) of the model, where it has them, beside people's, by electrode."""
    return {
        electrode: MuscleCurve(
            excitation=rounded(excitation[electrode]) if electrode in excitation else None,
            activation=rounded(activation[electrode]) if electrode in activation else None,
            human_mean=rounded(human.mean[place]),
            human_sd=rounded(human.sd[place]),
        )
        for place, electrode in enumerate(human.muscles)
    }


def rounded(curve: np.ndarray) -> tuple[float, ...]:
    """A curve with the decimals that results keep."""
    return tuple(np.round(curve, DIGITS).tolist())


def _emg(
    rollouts: Rollouts,
    gait: Gait,
    curves: dict[str, np.ndarray] | None,
    human: HumanEmg,
    seed: int,
    signal: str,
) -> EmgScore:
    score = score_emg(
        curves,
        human,
        np.random.default_rng([seed, 2]),
        cycles=len(gait.cycles.cycles),
        cycle_s=gait.cycles.mean_duration_s,
        why_absent=gait.reason + (BY_CODES if gait.only_feet else "") or f"the recording has no {signal}",
    )
    told = {
        "cycles": f"from {LEGS[gait.side]} heel strike, by {gait.events}" if gait.events else "",
        "lacking": missing_muscles(rollouts, human.muscles, gait.side),
    }
    return replace(score, notes=score.notes | {name: note for name, note in told.items() if note})


def _joint_angles(
    rollouts: Rollouts, gait: Gait, activity: str, angles: HumanJointAngles, independent: bool
) -> tuple[dict[str, np.ndarray], JointAngleScore]:
    columns = of_joints(rollouts, angles.joints, gait.side)
    why_absent = gait.reason or "the recording has no joint angles"
    if activity != angles.activity:
        columns = {}
        why_absent = OTHER_ACTIVITY.format(table=angles.activity, human=activity)
    curves = gait.curves("joint_angle", columns, mean_over_step=False) or {}
    model = {joint: np.degrees(curve) for joint, curve in curves.items()}
    score = score_joint_angles(
        model or None,
        angles,
        cycles=len(gait.cycles.cycles),
        independent=independent,
        why_absent=why_absent,
    )
    return model, score


def _curves(curves: Curves, gait: Gait) -> Curves:
    of_muscles = gait.reason or "not recorded, or the body has no muscle under the electrode"
    known = {
        "muscles.excitation": of_muscles,
        "muscles.activation": of_muscles,
        "joints.model_deg": gait.reason or "not recorded, or not of what the people of the table do",
    }
    return replace(curves, reasons=reasons_of_nulls(curves, known))


def _joint_curves(angles: HumanJointAngles, model: dict[str, np.ndarray]) -> dict[str, JointCurve]:
    return {
        joint: JointCurve(
            model_deg=rounded(model[joint]) if joint in model else None,
            human_mean_deg=rounded(angles.mean_deg[place]),
            human_sd_deg=rounded(angles.sd_deg[place]),
        )
        for place, joint in enumerate(angles.joints)
    }
