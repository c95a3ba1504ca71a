"""Clips of sentences: as fast, as far round and as long as said, and as good as the built-in set's."""

from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.motions.gait.build import FPS, make, recording
from kinesis_bench.motions.gait.report import measure
from kinesis_bench.motions.gait.sentence import parse_sentence
from kinesis_bench.motions.gait.sentence_plan import text_plan
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.motions.skill import heading

STEADY = slice(60, -60)
"""Frames of a clip at 30 fps that are away from starts and stops."""


@pytest.mark.parametrize(
    ("text", "speed_m_s", "turned_deg", "lasts_s"),
    [
        ("a person walks very slowly for 7 s", 0.50, 0, 7),
        ("a person starts to walk quickly and stops", 1.62, 0, 6),
        ("a person walks at 2.1 m/s", 2.1, 0, 6),
        ("a person walks in a circle to the right", 1.24, -360, 2 * np.pi * 1.546 / 1.2435),
        ("a person starts to walk slowly in a half circle to the left of 2 m", 0.84, 180, 8.77),
        ("a person walks along a wide arc for 5 s", 1.24, np.degrees(1.2435 * 5 / 3), 5),
        ("a person walks in a small quarter circle and stops", None, 90, 3.4),
        ("a person stands then walks backwards and stops for 8 s", -0.8, 0, 8),
        ("a person walks backwards very quickly", -1.2, 0, 6),
        ("a person jogs for 4 s", 2.5, 0, 4),
        ("a person runs very quickly", 3.6, 0, 6),
        ("a person walks at 0.4 m/s and turns right by 180 degrees", None, -180, 7.51),
        ("a person walks slowly and turns right", None, -90, 6.26),
        ("a person walks and makes a full turn to the left for 12 s", None, 360, 12),
    ],
)
def test_a_clip_does_what_was_said(text, speed_m_s, turned_deg, lasts_s):
    plan = text_plan(text)
    walked = make(plan)
    clip = to_clip(recording(plan, walked))
    assert clip.texts == (text,)
    assert (clip.frames - 1) / 30 == pytest.approx(lasts_s, abs=0.05)
    yaw = heading(clip)
    assert np.degrees(yaw[-1] - yaw[0]) == pytest.approx(turned_deg, abs=12)
    if speed_m_s is not None:  # the pelvis leans inward, and so is a little slower in a curve
        velocity, facing = clip.pelvis_linear_velocity[STEADY], yaw[STEADY]
        forward = velocity[:, 0] * np.cos(facing) + velocity[:, 1] * np.sin(facing)
        assert forward.mean() == pytest.approx(speed_m_s, rel=0.08)
    sentence = parse_sentence(text)
    assert clip.skill == sentence.skill
    still = np.linalg.norm(clip.pelvis_linear_velocity[[0, -1], :2], axis=1) < 0.05
    assert still.tolist() == [sentence.starts, sentence.stops]
    quality = measure(plan, walked)
    assert quality.foot_speed < 0.1
    assert quality.sole_m > -0.01
    assert quality.clearance_m > 0.01
    assert quality.joint_speed < (20.0 if sentence.skill == "run" else 13.0)
    assert len(walked.rotations) == int(plan.course.duration_s * FPS) + 1


def test_a_mirrored_sentence_is_the_other_way_round():
    left, right = (
        make(text_plan(f"a person walks in a half circle to the {side}")) for side in ("left", "right")
    )
    np.testing.assert_allclose(left.path.heading, -right.path.heading, atol=1e-9)
    np.testing.assert_allclose(left.path.position[:, 1], -right.path.position[:, 1], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a person starts to walk and stops for 4 s", "does not fit into 4 s; give at least 5.0 seconds"),
        ("a person walks and turns around for 6 s", "does not fit into 6 s; give at least 7.5 seconds"),
        ("a person walks at 0.5 m/s in a circle of 10 m", "its curve takes 126 s, longer than 60 s; make it"),
    ],
)
def test_what_does_not_fit_says_how_long_it_takes(text, says):
    with pytest.raises(InputError, match=says):
        text_plan(text)
    assert text_plan("a person starts to walk and stops for 5 s").course.duration_s == 5.0


def test_the_key_is_made_of_the_words():
    assert (
        text_plan("A person walks at 1.2 m/s, then stops.").key == "text/a_person_walks_at_1.2_m_s_then_stops"
    )
    assert text_plan("a person walks", "text/walk_01").key == "text/walk_01"
