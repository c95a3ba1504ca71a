"""What a report shows beyond its result, from recordings whose every number is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from walking_rollouts import STANCE, walking, walking_clip

from kinesis_bench.evaluation.details import Details, find_details
from kinesis_bench.evaluation.evaluate import evaluate_rollouts
from kinesis_bench.human.sources import human_emg
from kinesis_bench.rollouts.schema import Rollouts

HUMAN = human_emg()


def details(rollouts: Rollouts) -> Details:
    return find_details(evaluate_rollouts(rollouts, HUMAN), HUMAN)


def test_worst_and_median_clip_over_time() -> None:
    clips = [walking_clip(key=key, error_m=error) for key, error in (("a", 0.04), ("b", 0.01), ("c", 0.02))]
    found = details(walking(*clips, walking_clip(key="d", fails_at=60)))
    assert found.worst is not None
    assert found.median is not None
    assert (found.worst.clip.key, found.median.clip.key) == ("d", "a")  # b, c, a, d from best to worst
    assert found.median.error_mm == pytest.approx(np.full(240, 40.0))
    assert found.median.floor_mm == pytest.approx(np.full(240, 10.0))
    assert found.median.time_s[[0, -1]] == pytest.approx([1 / 30, 8.0])
    assert len(found.worst.time_s) == 61
    assert found.worst.error_mm[-1] == pytest.approx(1000.0)
    assert found.worst.length_s == pytest.approx(8.0)


def test_a_failure_says_when_and_where_the_pelvis_was() -> None:
    clip = walking_clip(fails_at=60)
    assert clip.keypoint_position is not None
    clip.keypoint_position[60:, :] += [0.3, 0.4, -1.5]
    broken = replace(walking_clip(key="b", frames=100), failure="the policy raised ValueError: no")
    found = details(walking(clip, broken, walking_clip(key="c")))
    far, raised = found.failures
    assert (far.key, far.by_distance, far.reason) == ("walk", True, "far from the reference")
    assert (far.at_s, far.of_s) == pytest.approx((61 / 30, 8.0))
    assert (far.below_m, far.away_m) == pytest.approx((0.5, 0.5))
    assert (raised.key, raised.by_distance, raised.reason) == ("b", False, "the policy raised ValueError: no")


def test_ground_contact_of_a_known_walk() -> None:
    found = details(walking(walking_clip(), walking_clip(key="b"))).ground
    assert found.contact is not None
    assert found.contact.stance_pct == pytest.approx((100 * STANCE, 100 * STANCE), abs=0.7)
    assert found.contact.double_support_pct == pytest.approx(20.0, abs=1.4)
    assert found.contact.speed_m_s == pytest.approx(1.25, abs=0.01)
    assert found.contact.force_bw[0, 30] == pytest.approx(700 / (75 * 9.81))
    assert found.times is not None
    assert found.force is not None
    assert found.reasons == {}


def test_force_of_control_steps_serves_where_there_is_no_touch() -> None:
    found = details(walking(*(replace(walking_clip(key=key), touch=None) for key in "ab"))).ground
    assert found.contact is not None
    assert found.contact.sample_s == pytest.approx(1 / 30)
    assert found.contact.stance_pct[0] == pytest.approx(100 * STANCE, abs=100 / 30 / 1.1 + 0.7)  # a step more


def test_what_is_lacking_is_said() -> None:
    clip = walking_clip()
    ankle = np.asarray(clip.keypoint_position).copy()
    time = (np.arange(240) + 1) / 30
    ankle[:, 1, 0] += 0.3 * np.sin(2 * np.pi * time / 1.1)
    blind = replace(clip, touch=None, ground_force=None, keypoint_position=ankle)
    assert "no forces under the feet" in details(walking(blind)).ground.reasons["contact"]
    quick = details(walking(walking_clip(speed_m_s=1.49))).ground
    assert quick.contact is not None
    assert quick.force is not None
    slow = details(walking(walking_clip(speed_m_s=1.02))).ground
    assert slow.force is None
    assert "people at 1.325 m/s, and the model's 1.02 m/s" in slow.reasons["force"]
    bare = details(walking(replace(clip, keypoint_position=None)))
    assert (bare.worst, bare.median, bare.failures) == (None, None, ())
    assert "no pelvis position" in bare.ground.reasons["contact"]
