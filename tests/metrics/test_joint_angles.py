from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nulls import nulls_without_reason
from scipy.special import ndtri

from kinesis_bench.human.joint_angles import human_joint_angles
from kinesis_bench.human.references import HumanJointAngles
from kinesis_bench.metrics.joint_angles import MODEL_AT_MEAN, difference_to_group, score_joint_angles

JOINTS = ("hip_flexion", "knee_angle")


def known_people(curves_deg: np.ndarray) -> HumanJointAngles:
    return HumanJointAngles(
        "walk",
        1.25,
        JOINTS,
        len(curves_deg),
        curves_deg.mean(axis=0),
        curves_deg.std(axis=0, ddof=1),
        curves_deg,
    )


@given(st.floats(-30.0, 30.0), st.floats(0.0, 12.0))
def test_folded_normal_is_the_mean_of_many_people(delta: float, sd: float) -> None:
    normal = ndtri((np.arange(20_000) + 0.5) / 20_000)
    expected = np.abs(delta - sd * normal).mean()
    assert difference_to_group(np.array(delta), np.array(0.0), np.array(sd)) == pytest.approx(
        expected, abs=2e-3
    )


def test_folded_normal_at_the_mean_and_far_away() -> None:
    assert difference_to_group(np.array(5.0), np.array(5.0), np.array(3.0)) == pytest.approx(
        3.0 * np.sqrt(2 / np.pi)
    )
    assert difference_to_group(np.array(105.0), np.array(5.0), np.array(3.0)) == pytest.approx(100.0)
    assert difference_to_group(np.array(3.0), np.array(5.0), np.array(0.0)) == pytest.approx(2.0)


@pytest.mark.parametrize("source", ["gait_walk_schwartz2008", "gait_walk_winter_natural"])
def test_a_model_equal_to_the_mean_scores_0_71_of_two_people(source: str) -> None:
    human = human_joint_angles(source, 1.25, 0.9)
    model = dict(zip(human.joints, human.mean_deg, strict=True))
    score = score_joint_angles(model, human, cycles=10, independent=False)
    assert score.ratio == pytest.approx(MODEL_AT_MEAN) == pytest.approx(0.7071, abs=1e-4)
    assert score.ratio_of_mean_curve == MODEL_AT_MEAN
    assert score.human_deg == pytest.approx(float(2 / np.sqrt(np.pi) * human.sd_deg.mean()))
    assert not score.independent
    json.dumps(asdict(score), allow_nan=False)


def test_known_people_worked_out_by_hand() -> None:
    curves = np.zeros((3, 2, 100))
    curves[:, 0] = np.array([0.0, 2.0, 6.0])[:, None]  # differences 2, 6, 4
    model = {"hip_flexion": np.full(100, 3.0), "knee_angle": np.sin(2 * np.pi * np.arange(100) / 100)}
    score = score_joint_angles(model, known_people(curves), cycles=4, independent=True)
    hip, knee = score.per_joint["hip_flexion"], score.per_joint["knee_angle"]
    assert (hip.mpjae_deg, hip.human_deg) == pytest.approx(((3 + 1 + 3) / 3, 4.0))
    assert (hip.mean_removed_deg, hip.human_mean_removed_deg) == pytest.approx((0.0, 0.0))
    assert hip.offset_deg == pytest.approx(3.0 - 8 / 3)
    assert knee.mpjae_deg == pytest.approx(np.abs(model["knee_angle"]).mean())
    assert score.mpjae_deg == pytest.approx((hip.mpjae_deg + knee.mpjae_deg) / 2)
    assert score.human_deg == pytest.approx(2.0)
    assert score.by_person is not None
    halves = [(abs(3.0 - hip_deg) + knee.mpjae_deg) / 2 for hip_deg in (0.0, 2.0, 6.0)]
    assert score.by_person == pytest.approx(dict(zip("123", halves, strict=True)))
    assert score.pairs_deg == pytest.approx((1.0, 3.0, 2.0))  # half, as the knees are alike
    assert score.ratio_of_mean_curve is None


def test_an_offset_is_seen_as_it_is_and_not_with_the_mean_removed() -> None:
    human = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9)
    plain = dict(zip(human.joints, human.mean_deg, strict=True))
    tilted = {**plain, "hip_flexion": plain["hip_flexion"] - 12.0}
    before = score_joint_angles(plain, human, cycles=5, independent=True).per_joint["hip_flexion"]
    after = score_joint_angles(tilted, human, cycles=5, independent=True).per_joint["hip_flexion"]
    assert after.offset_deg == pytest.approx(-12.0)
    assert after.mpjae_deg > before.mpjae_deg + 6.0
    assert after.mean_removed_deg == pytest.approx(before.mean_removed_deg)


def test_group_figures_agree_with_a_large_group_of_people() -> None:
    rng = np.random.default_rng(0)
    mean = 20.0 * np.sin(2 * np.pi * np.arange(100) / 100) + np.array([[0.0], [30.0]])
    people = mean + rng.normal(0, 5.0, (400, 2, 1))
    group = HumanJointAngles("walk", 1.25, JOINTS, 400, mean, np.full((2, 100), 5.0))
    model = {"hip_flexion": mean[0] + 4.0, "knee_angle": mean[1] - 1.0}
    known = score_joint_angles(model, known_people(people), cycles=3, independent=True)
    by_sd = score_joint_angles(model, group, cycles=3, independent=True)
    assert by_sd.mpjae_deg == pytest.approx(known.mpjae_deg, rel=0.05)
    assert by_sd.human_deg == pytest.approx(known.human_deg, rel=0.05)


def test_without_cycles_or_joints_there_is_a_reason() -> None:
    human = human_joint_angles("gait_walk_winter_natural", 1.25, 0.9)
    absent = score_joint_angles(None, human, cycles=2, independent=True, why_absent="2 cycles, 3 are needed")
    assert absent.mpjae_deg is None
    assert absent.reasons["mpjae_deg"] == "2 cycles, 3 are needed"
    whole = score_joint_angles(
        dict(zip(human.joints, human.mean_deg, strict=True)), human, cycles=5, independent=True
    )
    assert (absent.human_deg, absent.human_mean_removed_deg) == (
        whole.human_deg,
        whole.human_mean_removed_deg,
    )
    assert list(absent.per_joint) == list(human.joints)
    for joint, one in absent.per_joint.items():
        assert one.human_deg == whole.per_joint[joint].human_deg > 0
        assert one.mpjae_deg is one.offset_deg is None
    other = score_joint_angles({"elbow": np.zeros(100)}, human, cycles=5, independent=True)
    assert "none of the joints" in other.reasons["mpjae_deg"]
    part = score_joint_angles({"knee_angle": np.zeros(100)}, human, cycles=5, independent=True)
    assert "hip_flexion" in part.notes["per_joint"]
    for score in (absent, other, part, whole):
        assert nulls_without_reason(asdict(score)) == []
        json.dumps(asdict(score), allow_nan=False)
