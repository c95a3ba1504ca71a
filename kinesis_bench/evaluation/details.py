"""What a report shows beyond a result: error over time, how clips failed, how the feet bear the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kinesis_bench.evaluation.evaluate import USUAL_LEG_M, Evaluation
from kinesis_bench.evaluation.score import NOT_SIMULATED, covered_frames
from kinesis_bench.evaluation.walking import BY_FORCE, BY_TOUCH, Gait, find_gait, foot_force
from kinesis_bench.human.ground_contact import (
    FORCE_SPEEDS_M_S,
    HumanFootContact,
    HumanGroundForce,
    human_foot_contact,
    human_ground_force,
)
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.metrics.cycles import SPEED_TOLERANCE_M_S
from kinesis_bench.metrics.ground_contact import GroundContact, ground_contact
from kinesis_bench.metrics.imitation import ClipImitation, from_best_to_worst, keypoint_error_m, offset_m
from kinesis_bench.metrics.reasons import reasons_of_nulls
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.tasks.termination import FAR

NO_FORCES = "the recording has no forces under the feet, or does not state the body's mass"
OTHER_ACTIVITY = "no table that ships tells of it in the activity {activity}"
NO_TIMES = "the table of contact times does not reach to {speed:.2f} m/s for a leg of {leg:.2f} m"
NO_HUMAN_FORCE = (
    "the table is of people at {measured} m/s, and the model's {speed:.2f} m/s is more than "
    f"{SPEED_TOLERANCE_M_S} m/s off"
)


@dataclass(frozen=True)
class ErrorTrace:
    """Mean keypoint error over the time of one run of a clip.

    Attributes:
        clip: which, and what became of it.
        time_s: (T,) since the start [s].
        error_mm: (T,) mean over keypoints of |p - q| [mm].
        floor_mm: (T,) what is left when the body is posed by IK [mm]; None where unknown.
        length_s: of the whole clip [s].
    """

    clip: ClipImitation
    time_s: np.ndarray
    error_mm: np.ndarray
    floor_mm: np.ndarray | None
    length_s: float


@dataclass(frozen=True)
class Failure:
    """How one run of a clip ended before its time.

    Attributes:
        key, run, skill: which.
        at_s, of_s: when it failed, and length of the clip [s].
        reason: the recording's words.
        by_distance: whether it is the protocol's own reason, the distance from the reference.
        below_m, away_m: how far the pelvis then was below its reference, and from it over the ground [m];
            None where it is not known.
    """

    key: str
    run: int
    skill: str
    at_s: float
    of_s: float
    reason: str
    by_distance: bool
    below_m: float | None
    away_m: float | None


@dataclass(frozen=True)
class Ground:
    """Contact with the ground beside people; None beside a reason.

    Attributes:
        contact: of the model.
        side: of the compared foot, ``l`` or ``r``.
        times: people's contact times at the model's speed.
        force: people's vertical force.
        reasons: field to why it is None.
    """

    contact: GroundContact | None
    side: str
    times: HumanFootContact | None
    force: HumanGroundForce | None
    reasons: dict[str, str]


@dataclass(frozen=True)
class Details:
    """All of it.

    Attributes:
        median, worst: the middle clip from best to worst (``from_best_to_worst``), of two the worse, and the
            last; None where the recording has no reference.
        failures: of runs that ended early, in the recording's order.
        ground: contact with the ground.
    """

    median: ErrorTrace | None
    worst: ErrorTrace | None
    failures: tuple[Failure, ...]
    ground: Ground


def find_details(evaluation: Evaluation, human: HumanEmg) -> Details:
    """Compute the details of an evaluation; ``human`` are the people of its headline."""
    rollouts, clips = evaluation.rollouts, evaluation.clips
    median = worst = None
    if clips is not None:
        order = from_best_to_worst(clips)
        middle, last = order[len(order) // 2], order[-1]
        median = _trace(clips[middle], rollouts.clips[middle])
        worst = _trace(clips[last], rollouts.clips[last])
    return Details(median, worst, _failures(rollouts, clips), _ground(rollouts, clips, human))


def _trace(clip: ClipImitation, rollout: ClipRollout) -> ErrorTrace:
    model, reference = (
        np.asarray(points, dtype=float)
        for points in (rollout.keypoint_position, rollout.reference_keypoint_position)
    )
    error = keypoint_error_m(model, reference).mean(axis=1)
    floor = None if rollout.ik_error_m is None else 1000.0 * np.asarray(rollout.ik_error_m, dtype=float)
    return ErrorTrace(
        clip=clip,
        time_s=(np.arange(len(error)) + 1) * rollout.dt_s,
        error_mm=1000.0 * error,
        floor_mm=floor,
        length_s=rollout.frames * rollout.dt_s,
    )


def _failures(rollouts: Rollouts, clips: Sequence[ClipImitation] | None) -> tuple[Failure, ...]:
    covered = covered_frames(rollouts, clips)
    root = rollouts.keypoint_names.index("pelvis") if "pelvis" in rollouts.keypoint_names else None
    found = []
    for place, rollout in enumerate(rollouts.clips):
        failed = bool(rollout.failure) if clips is None else not clips[place].success
        if not failed:
            continue
        below = away = None
        model, reference = rollout.keypoint_position, rollout.reference_keypoint_position
        if root is not None and model is not None and reference is not None and covered[place] < len(model):
            above, away = offset_m(model[covered[place], root], reference[covered[place], root])
            below, away = (-above, away) if np.isfinite([above, away]).all() else (None, None)
        found.append(
            Failure(
                key=rollout.key,
                run=rollout.run,
                skill=rollout.skill,
                at_s=(covered[place] + 1) * rollout.dt_s,
                of_s=rollout.frames * rollout.dt_s,
                reason=rollout.failure or FAR,
                by_distance=rollout.failure in ("", FAR),
                below_m=below,
                away_m=away,
            )
        )
    return tuple(found)


def _ground(rollouts: Rollouts, clips: Sequence[ClipImitation] | None, human: HumanEmg) -> Ground:
    side = human.side
    gait = find_gait(rollouts, covered_frames(rollouts, clips), human.activity, human.speed_m_s, side)
    why = gait.reason
    if rollouts.clips[0].control == PRESCRIBED:
        why = NOT_SIMULATED
    elif not why and gait.events not in (BY_TOUCH, BY_FORCE):
        why = NO_FORCES
    if why:
        return Ground(None, side, None, None, dict.fromkeys(("contact", "times", "force"), why))
    contact = _contact(gait, float(rollouts.body_mass_kg or 0.0))
    activity, speed = human.activity, abs(contact.speed_m_s)
    leg = rollouts.leg_length_m or USUAL_LEG_M
    times = human_foot_contact(speed, leg) if activity == "walk" else None
    force = human_ground_force(activity, speed)
    ground = Ground(contact, side, times, force, {})
    known = dict.fromkeys(("times", "force"), OTHER_ACTIVITY.format(activity=activity))
    if activity == "walk":
        known["times"] = NO_TIMES.format(speed=speed, leg=leg)
    if activity in FORCE_SPEEDS_M_S:
        known["force"] = NO_HUMAN_FORCE.format(measured=FORCE_SPEEDS_M_S[activity], speed=speed)
    return replace(ground, reasons=reasons_of_nulls(ground, known))


def _contact(gait: Gait, body_mass_kg: float) -> GroundContact:
    other = {"l": "r", "r": "l"}[gait.side]

    def force(walk: int) -> tuple[np.ndarray, float, float]:
        feet = [foot_force(gait.clips[walk], gait.events, side) for side in (gait.side, other)]
        dt_s = feet[0][1]
        return np.stack([foot for foot, _ in feet], axis=-1), dt_s, dt_s

    return ground_contact(gait.cycles.cycles, force, body_mass_kg)
