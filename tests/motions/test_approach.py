"""Ways from standing to standing elsewhere, and the clips that demonstrate target reaching."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_bench.motions.gait.approach import Approach, approach
from kinesis_bench.motions.gait.build import FPS, make, recording
from kinesis_bench.motions.gait.demonstrations import DURATION_S, REACH_M, goal_plan, goal_plans
from kinesis_bench.motions.gait.path import Path
from kinesis_bench.motions.gait.speeds import walk_bank
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.tasks.target import STEPS, Target

places = st.floats(-REACH_M, REACH_M)


def gone(way: Approach) -> tuple[Path, np.ndarray]:
    """The path, and its moments that are in the clip, as they follow each other."""
    path = approach(way, walk_bank())
    order = np.flatnonzero((path.time >= 0) & (path.time <= way.duration_s))
    return path, order[::-1] if way.backward else order


@settings(max_examples=40, deadline=None)
@given(ahead=places, left=places)
def test_it_stands_leads_to_the_place_and_stands(ahead: float, left: float) -> None:
    way = Approach(ahead, left, DURATION_S)
    path, order = gone(way)
    np.testing.assert_allclose(path.position[order[-1]] - path.position[order[0]], (ahead, left), atol=2e-3)
    assert path.heading[order[0]] == pytest.approx(0, abs=1e-6)
    assert path.standing[order[-100:]].all()
    assert path.speed[order[0]] == path.speed[order[-1]] == 0
    assert path.speed.max() < 1.25
    assert (np.diff(path.phase) >= 0).all()
    strides = path.phase[-1] - path.phase[0]
    assert strides > 1 - 1e-6
    assert 2 * strides == pytest.approx(round(2 * strides), abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(ahead=places, left=st.floats(0.05, REACH_M))
def test_a_place_on_the_other_side_is_reached_by_the_mirrored_way(ahead: float, left: float) -> None:
    one, other = (approach(Approach(ahead, side * left, DURATION_S), walk_bank()) for side in (1, -1))
    np.testing.assert_allclose(other.heading, -one.heading, atol=1e-6)
    mirrored = np.diff(one.position, axis=0) * (1, -1)
    np.testing.assert_allclose(np.diff(other.position, axis=0), mirrored, atol=1e-6)
    assert abs(one.phase[0] - other.phase[0]) == pytest.approx(0.5)


def test_it_takes_the_way_that_turns_less() -> None:
    ahead, aside, behind = (Approach(*place, DURATION_S) for place in ((0.8, 0.1), (0.0, -0.8), (-0.8, 0.1)))
    assert not ahead.backward
    assert ahead.turn_rad == pytest.approx(np.arctan2(0.1, 0.8))
    assert not aside.backward
    assert aside.turn_rad == pytest.approx(-np.pi / 2)
    assert behind.backward
    assert behind.turn_rad == pytest.approx(-np.arctan2(0.1, 0.8))


def test_a_place_that_is_too_far_is_refused() -> None:
    with pytest.raises(ValueError, match=r"9\.00 m are too far for 5 s"):
        approach(Approach(9.0, 0.0, 5.0), walk_bank())
    assert approach(Approach(2.0, 0.0, 5.0), walk_bank()).speed.max() < 1.4


def test_demonstrations_fill_the_square_and_last_a_trial() -> None:
    plans = goal_plans()
    assert plans == goal_plans()
    assert len({plan.key for plan in plans}) == len(plans) == 400
    ways = np.array([(plan.course.ahead_m, plan.course.left_m) for plan in plans])
    assert np.abs(ways).max() < REACH_M
    assert Target.reach_m < REACH_M
    counts = np.histogram2d(*ways.T, bins=2, range=[[-REACH_M, REACH_M]] * 2)[0]
    assert counts.min() > 70
    walked = make(plans[0])
    clip = to_clip(recording(plans[0], walked))
    assert len(walked.path.time) == DURATION_S * FPS + 1
    assert len(clip.keypoint_position) == STEPS + 1


@pytest.mark.parametrize("place", [(0.9, 0.2), (0.1, -0.7), (-0.6, 0.5)])
def test_a_demonstration_carries_the_pelvis_to_its_place_on_feet_that_do_not_slide(place) -> None:
    walked = make(goal_plan("goal", *place))
    way = walked.pelvis_position[-1] - walked.pelvis_position[0]
    np.testing.assert_allclose(way[:2], place, atol=0.05)
    assert np.abs(np.diff(walked.pelvis_position[-60:], axis=0)).max() * FPS < 0.05
    for foot in walked.feet.values():
        flat = foot.stance & (np.abs(foot.pitch) < 0.02)
        both = flat[1:] & flat[:-1] & (np.diff(foot.hold) == 0)
        slide = np.linalg.norm(np.diff(foot.ankle[:, :2], axis=0), axis=1)[both] * FPS
        assert len(slide) > 50
        assert np.median(slide) < 0.02
