"""Chances of starts by hand, and a toy body that fails in one place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_bench.training.mining import BIN_FRAMES, FORGETTING, LEAD_FRAMES, LEAST_SHARE, StartSampler

DRAWS = 200_000


def counts(sampler: StartSampler, clips: int, frames: int, draws: int = DRAWS) -> np.ndarray:
    """(clips, frames) how often each frame was drawn."""
    clip, frame = sampler.draw(draws, np.random.default_rng(0))
    found = np.zeros((clips, frames))
    np.add.at(found, (clip, frame), 1)
    return found


def test_bins_by_hand():
    """Clips of 31, 32 and 61 frames; the last frame is no start, so that they have 1, 2 and 2 bins."""
    sampler = StartSampler(np.array([0, 2, 3]), np.array([31, 500, 32, 61]), 0.0)
    assert len(sampler.weight) == 5
    sampler.count(np.array([3]), np.array([0]), np.array([60]), np.array([False]))
    kept = 0.5 * (1 - FORGETTING)
    np.testing.assert_allclose(sampler.failing, [0.5, 0.5, 0.5, kept, kept])


def test_without_hard_starts_all_frames_are_even():
    """Chance 1 / 121 each for the 30 + 91 frames that may be drawn: within five standard errors."""
    found = counts(StartSampler(np.array([0, 2]), np.array([31, 500, 92]), 0.0), 3, 500)
    assert not found[1].any()
    assert not found[0, 30:].any()
    assert not found[2, 91:].any()
    drawn = np.concatenate((found[0, :30], found[2, :91]))
    np.testing.assert_allclose(drawn, DRAWS / 121, atol=5 * (DRAWS / 121) ** 0.5)


def test_a_failed_episode_passes_the_bins_before_its_last():
    """From frame 10 to a failure at frame 95, in the fourth bin."""
    sampler = StartSampler(np.array([0]), np.array([151]), 1.0)
    sampler.count(np.array([0]), np.array([10]), np.array([95]), np.array([True]))
    kept = 0.5 * (1 - FORGETTING)
    share = np.array([kept, kept, kept, kept + FORGETTING, 0.5])
    np.testing.assert_allclose(sampler.failing, share)
    np.testing.assert_allclose(sampler.weight, (LEAST_SHARE + share) / (LEAST_SHARE + share).sum())


def test_an_episode_that_ends_at_a_bin_s_first_frame_failed_in_the_bin_before():
    """The step from frame 29 to frame 30 was made in the first bin."""
    sampler = StartSampler(np.array([0]), np.array([61]), 1.0)
    sampler.count(np.array([0]), np.array([0]), np.array([30]), np.array([True]))
    np.testing.assert_allclose(sampler.failing, [0.5 + 0.5 * FORGETTING, 0.5])


def hardened(hard_share: float) -> StartSampler:
    """Two clips of four bins; of 4,000 episodes all fail in the third bin of clip 1 and nowhere else."""
    sampler = StartSampler(np.array([0, 1]), np.array([121, 121]), hard_share)
    for _ in range(1000):
        sampler.count(
            np.array([0, 1, 1, 1]),
            np.array([0, 0, 60, 90]),
            np.array([120, 75, 75, 120]),
            np.array([False, True, True, False]),
        )
    return sampler


def test_hard_starts_lie_where_episodes_fail():
    """Weights 1.02 for the bin that always fails, 0.02 for the others; starts up to 15 frames before it."""
    sampler = hardened(1.0)
    chance = np.full(8, LEAST_SHARE)
    chance[4 + 2] += 1
    np.testing.assert_allclose(sampler.weight, chance / chance.sum(), rtol=0.01)
    found = counts(sampler, 2, 121) / DRAWS
    assert found[1, 60 - LEAD_FRAMES + 1 : 90].sum() > 1.02 / 1.16 - 0.005
    lead = (np.arange(30)[:, None] - np.arange(LEAD_FRAMES)).ravel() + 60  # a frame of the bin, less a lead
    expected = np.bincount(lead, minlength=121) / len(lead) * 1.02 / 1.16
    assert np.abs(found[1, 50:80] - expected[50:80]).max() < 0.002


def test_the_share_of_hard_starts():
    """At one half: half of them by failures, half even over 240 frames, of which 30 are in the hard bin."""
    part = [counts(hardened(share), 2, 121)[1, 46:90].sum() / DRAWS for share in (0.0, 0.5, 1.0)]
    assert part[1] == pytest.approx((part[0] + part[2]) / 2, abs=0.005)
    assert part[0] == pytest.approx(44 / 240, abs=0.005)


def test_what_was_hard_is_forgotten():
    sampler = hardened(1.0)
    hard = sampler.weight[6]
    good = np.ones(100, np.int64)
    for _ in range(100):
        sampler.count(good, 0 * good, 120 * good, good == 0)
    assert sampler.weight[6] < hard / 5


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_starts_are_always_within_the_clips_that_may_be_drawn(data):
    length = np.array(data.draw(st.lists(st.integers(2, 200), min_size=1, max_size=6)))
    some = data.draw(st.sets(st.integers(0, len(length) - 1), min_size=1))
    clips = np.array(sorted(some))
    sampler = StartSampler(clips, length, data.draw(st.floats(0, 1)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    for _ in range(5):
        clip, start = sampler.draw(64, rng)
        assert np.isin(clip, clips).all()
        assert (start >= 0).all()
        assert (start <= length[clip] - 2).all()
        end = start + 1 + (rng.random(64) * (length[clip] - 1 - start)).astype(int)
        sampler.count(clip, start, end, rng.random(64) < 0.5)
    assert sampler.weight.sum() == pytest.approx(1)
    assert (sampler.weight > 0).all()
    assert ((sampler.failing >= 0) & (sampler.failing <= 1)).all()


def episodes_until_met(hard_share: float, seed: int) -> int:
    """Episodes until a toy has met its hard place 60 times.

    Ten clips of ten bins. A body falls at frame 165 of clip 7 and nowhere else; an episode lasts until the
    fall, or one second.
    """
    sampler, rng = StartSampler(np.arange(10), np.full(10, 301), hard_share), np.random.default_rng(seed)
    met = episodes = 0
    while met < 60:
        clip, start = (each[0] for each in sampler.draw(1, rng))
        end = min(start + BIN_FRAMES, 300)
        failed = clip == 7 and start < 180 and end > 165
        if failed:
            end, met = max(start + 1, 165), met + 1
        sampler.count(*(np.array([each]) for each in (clip, start, end, failed)))
        episodes += 1
    return episodes


def test_hard_starts_meet_the_hard_place_sooner():
    """Even starts meet it in 44 of 3,000 frames; hard starts need less than half of the episodes."""
    even, half = (np.array([episodes_until_met(share, seed) for seed in range(3)]) for share in (0.0, 0.5))
    assert half.max() < even.min() / 2
