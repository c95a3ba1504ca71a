"""The strip: its curves are as high as the excitation, its cursor moves, events stand where they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_bench.evaluation.playback import Playback
from kinesis_bench.report.video.strip import ABOVE_PX, BELOW_PX, ROOM, Strip

WIDTH, HEIGHT = 600, 330


def strip_of(playback: Playback, excitation: dict[str, np.ndarray], **changes: object) -> Strip:
    plain = replace(playback, excitation=excitation, error_m=None, strikes_s=np.zeros(0))
    return Strip(replace(plain, **changes), WIDTH, HEIGHT)


def is_orange(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0].astype(int) - picture[..., 2] > 60


def test_the_real_muscles_are_named_and_weighted(playback: Playback) -> None:
    assert len(playback.excitation) == 9
    soleus = playback.body.muscles.index("soleus_l")
    assert playback.clip.excitation is not None
    np.testing.assert_allclose(playback.excitation["Soleus"], playback.clip.excitation[:, soleus])


@pytest.mark.parametrize("level", [0.25, 0.5, 1.0])
def test_a_curve_is_as_high_as_the_excitation(playback: Playback, level: float) -> None:
    steps = len(playback.qpos)
    strip = strip_of(playback, {"a": np.full(steps, level), "b": np.zeros(steps)})
    end_s = steps * playback.clip.dt_s
    column = is_orange(strip.picture(end_s))[:, strip.column(end_s / 2)]
    row_px = (HEIGHT - ABOVE_PX - BELOW_PX) / 2
    assert column.sum() == pytest.approx(ROOM * level * row_px, abs=2.5)
    assert np.flatnonzero(column).max() <= ABOVE_PX + row_px + 1


def test_steps_stand_at_their_times(playback: Playback) -> None:
    steps, dt_s = len(playback.qpos), playback.clip.dt_s
    values = np.zeros(steps)
    values[3] = 1.0
    strip = strip_of(playback, {"a": values})
    columns = np.flatnonzero(is_orange(strip.picture(10.0)).any(axis=0))
    assert columns.min() == pytest.approx(strip.column(3 * dt_s), abs=2)
    assert columns.max() == pytest.approx(strip.column(4 * dt_s), abs=2)


@pytest.fixture(scope="module")
def strip(playback: Playback) -> Strip:
    """Two seconds in which nothing happens."""
    nothing = {"a": np.zeros(len(playback.qpos))}
    return strip_of(playback, nothing, clip=replace(playback.clip, frames=60))


@settings(deadline=None, max_examples=25)
@given(share=st.floats(0, 1))
def test_the_cursor_moves_with_time(strip: Strip, share: float) -> None:
    picture = strip.picture(share * 2.0)
    middle = picture[HEIGHT // 2].astype(int)
    dark = np.flatnonzero((middle == 30).all(axis=-1))
    assert strip.column(share * 2.0) in dark + 1
    left, right = strip.column(0.0), strip.column(2.0)
    assert left <= strip.column(share * 2.0) <= right
    assert strip.column(share * 2.0) == pytest.approx(left + share * (right - left), abs=1)


def test_what_is_to_come_is_paler(playback: Playback) -> None:
    strip = strip_of(playback, {"a": np.ones(len(playback.qpos))})
    seconds = playback.clip.frames * playback.clip.dt_s
    before, after = strip.picture(0.0), strip.picture(seconds)
    column = strip.column(seconds / 2)
    row = HEIGHT // 2
    assert before[row, column].astype(int).sum() > after[row, column].astype(int).sum() + 60
    np.testing.assert_array_equal(before[:, : strip.column(0.0) - 1], after[:, : strip.column(0.0) - 1])


def test_heel_strikes_and_failure_are_marked(playback: Playback) -> None:
    curves = {"a": np.zeros(len(playback.qpos))}
    end_s = playback.clip.frames * playback.clip.dt_s
    plain = strip_of(playback, curves).picture(end_s)
    struck = strip_of(playback, curves, strikes_s=np.array([end_s / 2]))
    differs = (plain != struck.picture(end_s))[ABOVE_PX + 8 : HEIGHT - BELOW_PX].any(axis=(0, 2))
    columns = np.flatnonzero(differs)
    assert columns.min() >= struck.column(end_s / 2) - 5
    assert columns.max() <= struck.column(end_s / 2) + 5
    failed = strip_of(playback, curves, clip=replace(playback.clip, failure="fell"), covered=2)
    reddish = failed.picture(end_s)[ABOVE_PX + 10].astype(int)
    assert failed.column(3 * playback.clip.dt_s) == pytest.approx(
        np.flatnonzero(reddish[:, 0] - reddish[:, 1] > 3).min(), abs=3
    )
