from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.metrics.effort import co_contraction_index, score_effort

NAMES = ("soleus_r", "tibant_r", "soleus_l", "tibant_l")


def test_co_contraction_worked_out_by_hand() -> None:
    # minima 0.1, 0.2, 0: twice 0.3 over 0.9 + 0.6
    first, second = np.array([0.1, 0.3, 0.5]), np.array([0.4, 0.2, 0.0])
    assert co_contraction_index(first, second) == pytest.approx(0.6 / 1.5)
    assert co_contraction_index(first, first) == pytest.approx(1.0)
    assert co_contraction_index(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 0.0
    assert co_contraction_index(np.zeros(3), np.zeros(3)) is None


def test_effort_pools_frames_and_takes_both_sides() -> None:
    long = np.tile([0.2, 0.2, 0.4, 0.0], (3, 1))
    short = np.tile([0.0, 0.0, 0.0, 0.4], (1, 1))
    effort = score_effort([long, short], NAMES)
    assert effort.mean_excitation == pytest.approx((3 * 0.2 + 0.1) / 4)
    assert effort.co_contraction_by_pair == pytest.approx(
        {"soleus_r:tibant_r": 1.0, "soleus_l:tibant_l": 0.0}
    )
    assert effort.co_contraction == pytest.approx(0.5)
    assert effort.reasons == {}


def test_effort_without_frames_or_muscles_has_reasons() -> None:
    assert score_effort([], NAMES).reasons["mean_excitation"]
    assert score_effort([np.zeros((0, 4))], NAMES).mean_excitation is None
    other = score_effort([np.full((5, 1), 0.3)], ("deltoid_r",))
    assert (other.mean_excitation, other.co_contraction) == (pytest.approx(0.3), None)
    assert other.reasons["co_contraction"]
