"""MPJAE: mean absolute difference of joint angles over the gait cycle, between a model and people [deg].

It is given as it is, and with each curve's own mean over the cycle removed, as laboratories' segment frames
differ by up to 10°.

Where people are known by mean and SD, X ~ N(mean, σ²) at each sample: with δ = m - mean,
E|m - X| = σ·√(2/π)·exp(-δ²/2σ²) + δ·(1 - 2Φ(-δ/σ)), the mean of the folded normal distribution (Leone, Nelson
and Nottingham, Technometrics 3:543, 1961), and between two people E|X - Y| = 2σ/√π, as X - Y ~ N(0, 2σ²). A
model equal to the mean curve therefore scores 1/√2 ≈ 0.71 of what two people do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from kinesis_bench.human.references import HumanJointAngles
from kinesis_bench.metrics.reasons import reasons_of_nulls

NO_SPREAD_DEG = 1e-9
"""An SD below this counts as none [deg]."""

MODEL_AT_MEAN = float(1.0 / np.sqrt(2.0))
"""What a model equal to the mean curve scores, as a part of the difference between two people."""

OF_MODEL = (
    *("mpjae_deg", "mean_removed_deg", "ratio"),
    *("per_joint.mpjae_deg", "per_joint.mean_removed_deg", "per_joint.offset_deg", "by_person"),
)
"""Fields of a score that need a model."""

OF_PEOPLE = tuple(
    f"{path}{figure}" for path in ("", "per_joint.") for figure in ("human_deg", "human_mean_removed_deg")
)
"""Fields of a score that need two people."""

NO_PEOPLE = "needs the joint angles of each person, only mean and SD are at hand"

SD_AS_IT_IS = (
    "the SD of curves without their mean is unknown; the SD as it is stands for it, which is at least as "
    "large in the mean square over the cycle, for model and people alike"
)


@dataclass(frozen=True)
class JointAngleFigures:
    """Differences [deg] of one joint; those of the model are None where it has no curve, those between
    people where there is one person only.

    Attributes:
        mpjae_deg: model to people.
        human_deg: between two people.
        mean_removed_deg, human_mean_removed_deg: the same without each curve's mean.
        offset_deg: mean of the model's curve less mean of people's.
    """

    mpjae_deg: float | None
    human_deg: float | None
    mean_removed_deg: float | None
    human_mean_removed_deg: float | None
    offset_deg: float | None


@dataclass(frozen=True)
class JointAngleScore:
    """Joint angles of a model beside people's; every figure None beside a reason where it cannot be had.

    Attributes:
        mpjae_deg, human_deg, mean_removed_deg, human_mean_removed_deg: means over the joints [deg].
        ratio: mpjae_deg / human_deg.
        ratio_of_mean_curve: what a model equal to people's mean curve would have for ``ratio``, about 0.71;
            None where it is not known (each person's curves are at hand).
        per_joint: by joint name without side.
        by_person: MPJAE against each person, by name [deg]; what comparisons over people need.
        pairs_deg: the same between two people, by pair: first with second, first with third, … [deg].
        independent: False where the motions were made from these very tables.
        cycles: behind the model's curves.
        human_condition, human_people, human_source: of the references.
        reasons: field to why it is None; notes: field to how it came about.
    """

    mpjae_deg: float | None
    human_deg: float | None
    mean_removed_deg: float | None
    human_mean_removed_deg: float | None
    ratio: float | None
    ratio_of_mean_curve: float | None
    per_joint: dict[str, JointAngleFigures]
    by_person: dict[str, float] | None
    pairs_deg: tuple[float, ...] | None
    independent: bool
    cycles: int
    human_condition: str
    human_people: int | None
    human_source: str
    reasons: dict[str, str]
    notes: dict[str, str]


def difference_to_group(model: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """E|m - X| of the folded normal, sample by sample; |m - mean| where the SD is 0. Arrays broadcast."""
    delta, sd = np.asarray(model) - mean, np.asarray(sd, dtype=float)
    spread = sd > NO_SPREAD_DEG
    safe = np.where(spread, sd, 1.0)
    ratio = delta / safe
    folded = safe * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * ratio**2) + delta * (1.0 - 2.0 * ndtr(-ratio))
    return np.where(spread, folded, np.abs(delta))


def score_joint_angles(
    model: Mapping[str, np.ndarray] | None,
    human: HumanJointAngles,
    *,
    cycles: int,
    independent: bool,
    why_absent: str = "",
) -> JointAngleScore:
    """Compare a model's mean curves with people's.

    Args:
        model: joint name without side to the model's mean curve (100,) [deg], in the project's signs; None
            where the model has no cycles, and then the figures of people alone are given. Joints that only
            one side has are left out, and named in ``notes``.
        human: references.
        cycles: behind ``model``.
        independent: whether the motions that the model followed were made from other data than ``human``.
        why_absent: reason to give where ``model`` is None.
    """
    notes: dict[str, str] = {}
    common = [joint for joint in human.joints if model is None or joint in model]
    if not common:
        model, why_absent, common = (
            None,
            "the model has none of the joints of the human data",
            list(human.joints),
        )
    if len(common) < len(human.joints):
        notes["per_joint"] = f"the model lacks {', '.join(j for j in human.joints if j not in common)}"
    if human.frame:
        notes["mpjae_deg"] = human.frame
    if human.curves_deg is None:
        notes["mean_removed_deg"] = notes["human_mean_removed_deg"] = SD_AS_IT_IS
    per_joint = {
        joint: _figures(
            None if model is None else np.asarray(model[joint], dtype=float), human, human.joints.index(joint)
        )
        for joint in common
    }

    def over_joints(field: str) -> float | None:
        values = [getattr(one, field) for one in per_joint.values()]
        return None if None in values else float(np.mean(values))

    error = over_joints("mpjae_deg")
    between = over_joints("human_deg")
    score = JointAngleScore(
        mpjae_deg=error,
        human_deg=between,
        mean_removed_deg=over_joints("mean_removed_deg"),
        human_mean_removed_deg=over_joints("human_mean_removed_deg"),
        ratio=error / between if error is not None and between else None,
        ratio_of_mean_curve=MODEL_AT_MEAN if human.curves_deg is None else None,
        per_joint=per_joint,
        by_person=_by_person(model, human, common),
        pairs_deg=_pairs(human, common),
        independent=independent,
        cycles=cycles,
        human_condition=human.condition,
        human_people=human.people,
        human_source=human.source,
        reasons={},
        notes=notes,
    )
    known = {
        "human_people": "the source does not say",
        "ratio_of_mean_curve": "known only where people are known by mean and SD",
        "ratio": "people do not differ, or there is one only",
        **dict.fromkeys(OF_PEOPLE, "needs at least two people"),
        "by_person": NO_PEOPLE,
        "pairs_deg": NO_PEOPLE if human.curves_deg is None else "needs at least two people",
    }
    if model is None:
        known |= dict.fromkeys(OF_MODEL, why_absent)
    return replace(score, reasons=reasons_of_nulls(score, known))


def _figures(model: np.ndarray | None, human: HumanJointAngles, joint: int) -> JointAngleFigures:
    mean, sd = human.mean_deg[joint], human.sd_deg[joint]
    if human.curves_deg is not None:
        people = human.curves_deg[:, joint]
        levelled = people - people.mean(axis=-1, keepdims=True)
        between, between_levelled = _between(people), _between(levelled)
    else:
        between = between_levelled = float((2.0 / np.sqrt(np.pi) * sd).mean())
    if model is None:
        return JointAngleFigures(None, between, None, between_levelled, None)
    if human.curves_deg is not None:
        error, error_levelled = np.abs(model - people), np.abs(model - model.mean() - levelled)
    else:
        error = difference_to_group(model, mean, sd)
        error_levelled = difference_to_group(model - model.mean(), mean - mean.mean(), sd)
    return JointAngleFigures(
        mpjae_deg=float(error.mean()),
        human_deg=between,
        mean_removed_deg=float(error_levelled.mean()),
        human_mean_removed_deg=between_levelled,
        offset_deg=float(model.mean() - mean.mean()),
    )


def _by_person(
    model: Mapping[str, np.ndarray] | None, human: HumanJointAngles, joints: Sequence[str]
) -> dict[str, float] | None:
    if model is None or human.curves_deg is None:
        return None
    rows = [human.joints.index(joint) for joint in joints]
    curves = np.stack([np.asarray(model[joint], dtype=float) for joint in joints])
    error = np.abs(curves - human.curves_deg[:, rows]).mean(axis=(1, 2)).tolist()
    names = human.names or tuple(str(place + 1) for place in range(len(error)))
    return dict(zip(names, error, strict=True))


def _pairs(human: HumanJointAngles, joints: Sequence[str]) -> tuple[float, ...] | None:
    if human.curves_deg is None or len(human.curves_deg) < 2:
        return None
    people = human.curves_deg[:, [human.joints.index(joint) for joint in joints]]
    first, second = np.triu_indices(len(people), 1)
    return tuple(np.abs(people[first] - people[second]).mean(axis=(1, 2)).tolist())


def _between(people: np.ndarray) -> float | None:
    """Mean absolute difference over all pairs of people: (N, 100); None for one person."""
    if len(people) < 2:
        return None
    first, second = np.triu_indices(len(people), 1)
    return float(np.abs(people[first] - people[second]).mean())
