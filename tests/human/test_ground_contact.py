"""Contact times and vertical force of people, against the tables they are read from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.human.ground_contact import human_foot_contact, human_ground_force
from kinesis_bench.metrics.ground_contact import humps

LEG_M = 0.9
UNIT_M_S = math.sqrt(9.81 * LEG_M)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (0.429, (59, 10, 50, 19)),
        (0.172, (68, 18, 50, 36)),
        (0.694, (56, 7, 49, 14)),
        (0.3595, (60.5, 11, 50, 21.5)),
    ],
)
def test_times_at_the_speeds_of_the_table_and_between(own: float, expected: tuple[float, ...]) -> None:
    found = human_foot_contact(own * UNIT_M_S * (1 - 1e-12) if own == 0.694 else own * UNIT_M_S, LEG_M)
    if found is None:  # the slowest speed of the table, rounded down
        found = human_foot_contact(own * UNIT_M_S * (1 + 1e-12), LEG_M)
    assert found is not None
    told = (found.stance_pct, found.other_off_pct, found.other_contact_pct, found.double_support_pct)
    assert told == pytest.approx(expected, abs=1e-6)
    assert "Schwartz" in found.source


def test_duration_of_the_cycle_by_hand() -> None:
    """Free: 0.565 steps in the unit of time √(0.9 / 9.81) = 0.3029 s, so a cycle of two takes 1.072 s."""
    found = human_foot_contact(0.429 * UNIT_M_S, LEG_M)
    assert found is not None
    assert found.cycle_s == pytest.approx(2 * math.sqrt(LEG_M / 9.81) / 0.565)


@given(st.floats(0.05, 5.0), st.floats(0.5, 1.2))
def test_beyond_the_table_nothing_is_made_up(speed_m_s: float, leg_m: float) -> None:
    inside = 0.172 <= speed_m_s / math.sqrt(9.81 * leg_m) <= 0.694
    found = human_foot_contact(speed_m_s, leg_m)
    assert (found is not None) == inside
    if found is not None:
        assert 0.55 < found.stance_pct / 100 < 0.69
        assert found.other_off_pct < found.other_contact_pct < found.stance_pct


def test_walking_force_is_winters() -> None:
    found = human_ground_force("walk", 1.25)
    assert found is not None
    assert (found.mean_bw[14], found.mean_bw[94]) == pytest.approx((1.10296, 0.0), abs=1e-6)
    assert found.sd_bw[14] == pytest.approx(math.sqrt(0.00569), abs=1e-6)
    shape = humps(found.mean_bw)
    assert shape is not None
    assert (shape.first_bw, shape.valley_bw) == pytest.approx((1.10, 0.72), abs=0.005)
    assert (shape.first_pct, shape.valley_pct) == (14, 30)
    assert found.mean_bw.mean() == pytest.approx(0.5, abs=0.02)  # two feet bear the body


def test_running_force_is_fukuchis() -> None:
    found = human_ground_force("run", 3.4)
    assert found is not None
    assert found.mean_bw[0] == pytest.approx(np.mean([0.01478, 0.03123, 0.01838]), abs=1e-5)
    assert found.mean_bw.max() > 2.3
    assert np.all(found.mean_bw[50:] < 0.05)
    assert "three runners" in found.source


@pytest.mark.parametrize(
    ("activity", "speed"), [("walk", 1.0), ("walk", 1.6), ("run", 2.8), ("backward", 1.3)]
)
def test_no_force_at_other_speeds(activity: str, speed: float) -> None:
    assert human_ground_force(activity, speed) is None
