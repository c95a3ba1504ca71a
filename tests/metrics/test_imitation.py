from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.metrics.imitation import (
    ClipImitation,
    ImitationScore,
    aggregate,
    aggregate_by_skill,
    from_best_to_worst,
    offset_m,
    score_clip,
)
from kinesis_bench.metrics.kinesis_2025 import imitation_2025


def reference(frames: int = 20, keypoints: int = 7) -> np.ndarray:
    return np.random.default_rng(frames).normal(size=(frames, keypoints, 3))


def shifted(by_m: float, frames: int = 20) -> np.ndarray:
    return reference(frames) + np.array([by_m, 0.0, 0.0])


def test_perfect_rollout() -> None:
    clip = score_clip(reference(), reference(), 20, key="a")
    assert (clip.success, clip.coverage, clip.mpjpe_mm, clip.strict_success) == (True, 1.0, 0.0, True)
    score = aggregate([clip], np.random.default_rng(0))
    assert (score.success_pct.mean, score.frame_coverage_pct.mean, score.mpjpe_mm.mean) == (100.0, 100.0, 0.0)
    assert score.success_pct.sem is None
    assert score.mpjpe_mm.ci95 is None
    assert set(score.mpjpe_mm.reasons) == {"sem", "ci95"}
    assert set(score.success_pct.reasons) == {"sem"}  # its interval is exact


def test_shifting_every_keypoint_by_30_mm_gives_30_mm() -> None:
    clip = score_clip(shifted(0.03), reference(), 20)
    assert clip.mpjpe_mm == pytest.approx(30.0)
    assert clip.root_relative_mpjpe_mm == pytest.approx(0.0, abs=1e-9)
    assert clip.strict_success


def test_errors_worked_out_by_hand() -> None:
    target = np.zeros((3, 2, 3))
    model = np.zeros((3, 2, 3))
    model[0, 1] = (0.03, 0.04, 0.0)  # 0 and 50 mm
    model[1] = ((0.1, 0.0, 0.0), (0.1, 0.0, 0.16))  # 100 and 188.7 mm; relative to the root 0 and 160 mm
    clip = score_clip(model, target, 3)
    assert clip.mpjpe_mm == pytest.approx((0 + 50 + 100 + 1000 * np.hypot(0.1, 0.16) + 0 + 0) / 6)
    assert clip.root_relative_mpjpe_mm == pytest.approx((50 + 160) / 6)
    assert clip.success
    assert not clip.strict_success


def test_a_clip_fails_at_its_first_frame_above_half_a_metre() -> None:
    model = reference()
    model[12:] += np.array([0.0, 0.0, 0.6])
    clip = score_clip(model, reference(), 20)
    assert (clip.failing_frame, clip.covered, clip.coverage) == (13, 12, 0.6)
    assert clip.mpjpe_mm == pytest.approx(0.0)
    cut = score_clip(model[:13], reference()[:13], 20)
    assert cut == clip


def test_the_mean_over_keypoints_decides_failure() -> None:
    model = reference()
    model[5, 0] += np.array([3.0, 0.0, 0.0])  # mean 0.429 m over 7 keypoints
    assert score_clip(model, reference(), 20).success
    model[5, 1] += np.array([0.6, 0.0, 0.0])  # mean 0.514 m
    assert score_clip(model, reference(), 20).failing_frame == 6


def test_exactly_half_a_metre_does_not_fail() -> None:
    model = np.tile([0.5, 0.0, 0.0], (2, 1, 1)).reshape(2, 1, 3)
    assert score_clip(model, np.zeros((2, 1, 3)), 2).success


@pytest.mark.parametrize(("recorded", "covered"), [(20, 19), (10, 9), (1, 0), (0, 0)])
def test_a_run_that_was_broken_off_fails_at_its_last_row(recorded: int, covered: int) -> None:
    model = reference()[:recorded]
    clip = score_clip(model, model, 20, ended_early=True)
    assert (clip.success, clip.covered, clip.failing_frame) == (False, covered, covered + 1)


def test_a_short_recording_fails_even_without_a_stated_reason() -> None:
    assert not score_clip(reference()[:10], reference()[:10], 20).success


def test_not_a_number_fails() -> None:
    model = reference()
    model[7, 3, 1] = np.nan
    clip = score_clip(model, reference(), 20)
    assert (clip.failing_frame, clip.covered, clip.mpjpe_mm) == (8, 7, 0.0)


@given(
    st.lists(st.tuples(st.integers(1, 60), st.floats(0.0, 0.4), st.integers(0, 70)), min_size=1, max_size=8),
)
def test_coverage_success_and_error_are_consistent(clips: list[tuple[int, float, int]]) -> None:
    scored: list[ClipImitation] = []
    for number, (frames, shift_m, fails_at) in enumerate(clips):
        model = shifted(shift_m, frames)
        model[fails_at:] += np.array([0.0, 5.0, 0.0])
        scored.append(score_clip(model, reference(frames), frames, key=str(number)))
        assert scored[-1].covered == min(fails_at, frames)
        assert scored[-1].success == (fails_at >= frames)
    score = aggregate(scored, np.random.default_rng(0))
    assert score.success_pct.mean is not None
    assert score.frame_coverage_pct.macro is not None
    assert score.success_pct.mean <= score.frame_coverage_pct.macro + 1e-9 <= 100.0 + 1e-6
    assert score.success_pct.mean == pytest.approx(score.success_pct.macro)
    assert (score.mpjpe_mm.mean is None) == (not any(clip.covered for clip in scored))


def test_micro_counts_frames_and_macro_counts_clips() -> None:
    long = score_clip(shifted(0.02, 30), reference(30), 30, key="long", skill="walk")
    model = shifted(0.05, 10)
    model[5:] += 9.0
    short = score_clip(model, reference(10), 10, key="short", skill="run")
    score = aggregate([long, short], np.random.default_rng(0))
    assert score.frames == 40
    assert score.frame_coverage_pct.mean == pytest.approx(100 * 35 / 40)
    assert score.frame_coverage_pct.macro == pytest.approx(75.0)
    assert score.mpjpe_mm.mean == pytest.approx((30 * 20 + 5 * 50) / 35)
    assert score.mpjpe_mm.macro == pytest.approx(35.0)
    assert score.success_pct.mean == pytest.approx(50.0)
    by_skill = aggregate_by_skill([long, short], np.random.default_rng(0))
    assert {skill: one.success_pct.mean for skill, one in by_skill.items()} == {"walk": 100.0, "run": 0.0}
    old = imitation_2025([long, short])
    assert (old.success_pct, old.frame_coverage_pct, old.mpjpe_mm) == pytest.approx((50.0, 75.0, 35.0))


def test_runs_give_mean_and_standard_error() -> None:
    clips = [
        score_clip(shifted(shift), reference(), 20, key=key, run=run)
        for run, shift in enumerate((0.010, 0.020, 0.030))
        for key in "ab"
    ]
    figure = aggregate(clips, np.random.default_rng(0)).mpjpe_mm
    assert figure.mean == pytest.approx(20.0)
    assert figure.sem == pytest.approx(10.0 / np.sqrt(3.0))
    with pytest.raises(ValueError, match="same number"):
        aggregate(clips[:-1], np.random.default_rng(0))


def test_no_covered_frame_has_no_error_but_a_reason() -> None:
    clip = score_clip(shifted(2.0), reference(), 20)
    score = aggregate([clip, score_clip(shifted(2.0), reference(), 20, key="b")], np.random.default_rng(0))
    assert score.mpjpe_mm.mean is None
    assert set(score.mpjpe_mm.reasons) == {"mean", "sem", "ci95", "macro"}
    assert score.frame_coverage_pct.mean == 0.0
    json.dumps(asdict(score), allow_nan=False)


def test_all_clips_successful_still_has_an_interval() -> None:
    clips = [score_clip(reference(), reference(), 20, key=str(k)) for k in range(20)]
    assert aggregate(clips, np.random.default_rng(0)).success_pct.ci95 == pytest.approx(
        (83.16, 100.0), abs=0.01
    )


def one_fails(failing: str) -> ImitationScore:
    """Five clips of three skills, 3 + 1 + 1, of which one fails."""
    clips = []
    for key, skill in {"a": "walk", "b": "walk", "c": "walk", "d": "run", "e": "turn"}.items():
        model = shifted(2.0 if key == failing else 0.02)
        clips.append(score_clip(model, reference(), 20, key=key, skill=skill))
    return aggregate(clips, np.random.default_rng(0))


@pytest.mark.parametrize("failing", ["a", "d"])
def test_skills_of_one_clip_do_not_hide_that_clips_differ(failing: str) -> None:
    for figure in (one_fails(failing).success_pct, one_fails(failing).frame_coverage_pct):
        assert figure.mean == pytest.approx(80.0)
        assert figure.ci95 is not None
        assert figure.ci95[0] <= 60.0 + 1e-9
        assert figure.ci95[1] > 90.0


def test_clips_that_differ_only_between_skills_have_an_exact_interval_or_none() -> None:
    shifts = {"walk": 0.01, "run": 2.0}
    clips = [
        score_clip(shifted(shift), reference(), 20, key=f"{skill}{k}", skill=skill)
        for skill, shift in shifts.items()
        for k in range(4)
    ]
    score = aggregate(clips, np.random.default_rng(0))
    # Clopper and Pearson's interval of 4 of 8
    assert score.success_pct.ci95 == pytest.approx((15.70, 84.30), abs=0.01)
    assert score.frame_coverage_pct.ci95 == score.success_pct.ci95
    assert score.mpjpe_mm.mean == pytest.approx(10.0)
    assert score.mpjpe_mm.ci95 is None
    assert score.mpjpe_mm.reasons["ci95"] == "resampling the clips does not change the figure"


def test_same_seed_same_numbers_whatever_the_order() -> None:
    clips = [
        score_clip(shifted(0.01 * k), reference(), 20, key=str(k), skill="walk" if k % 2 else "run")
        for k in range(9)
    ]
    assert aggregate(clips, np.random.default_rng(5)) == aggregate(clips[::-1], np.random.default_rng(5))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        score_clip(reference(20), reference(20), 10)
    with pytest.raises(ValueError, match="not \\(T, K, 3\\)"):
        score_clip(reference(20), reference(19), 20)


def test_order_from_best_to_worst_by_hand() -> None:
    def clip(key: str, covered: int, mpjpe_mm: float | None) -> ClipImitation:
        return ClipImitation(key, 0, "walk", 10, None, covered, mpjpe_mm, mpjpe_mm, False)

    clips = [
        clip("a", 5, 10.0),
        clip("b", 10, 40.0),
        clip("c", 0, None),
        clip("d", 10, 20.0),
        clip("e", 10, 20.0),
    ]
    assert from_best_to_worst(clips) == [3, 4, 1, 0, 2]


@given(st.permutations(range(6)))
def test_order_does_not_depend_on_the_order_of_the_clips(places: list[int]) -> None:
    clips = [ClipImitation(f"{i}", 0, "", 10, None, 10 - i // 2, 5.0 * (i % 2), 0.0, False) for i in range(6)]
    shuffled = [clips[place] for place in places]
    assert [shuffled[place] for place in from_best_to_worst(shuffled)] == clips


def test_offset_is_split_into_height_and_ground() -> None:
    assert offset_m(np.array([3.0, 4.0, 0.5]), np.array([0.0, 0.0, 0.9])) == pytest.approx((-0.4, 5.0))
