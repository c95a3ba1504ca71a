"""Stance, double support, flight and the peaks of vertical force, worked out by hand and by property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.metrics.cycles import GaitCycle
from kinesis_bench.metrics.ground_contact import Humps, ground_contact, humps

MASS_KG, DT_S = 80.0, 0.01
WEIGHT_N = MASS_KG * 9.81


def cycle(start_s: float, end_s: float, walk: int = 0, speed_m_s: float = 1.2) -> GaitCycle:
    return GaitCycle(walk, start_s, end_s, speed_m_s, 0.0)


def block(time: np.ndarray, on: float, off: float, bw: float = 1.0) -> np.ndarray:
    return np.where((time >= on - 1e-9) & (time < off - 1e-9), bw * WEIGHT_N, 0.0)


def test_walking_worked_out_by_hand() -> None:
    """A cycle of 1 s: own foot loaded for 0 to 0.62 s, the other to 0.12 s and from 0.5 s on."""
    time = (np.arange(300) + 1) * DT_S
    phase = (time - 1.0) % 1.0
    own = np.where(phase < 0.62 - 1e-9, 1.1 * WEIGHT_N, 0.0)
    other = np.where((phase < 0.12 - 1e-9) | (phase >= 0.5 - 1e-9), 0.9 * WEIGHT_N, 0.0)
    feet = np.stack([own, other], axis=-1)
    found = ground_contact(
        [cycle(1.0, 2.0), cycle(1.0, 2.0, speed_m_s=1.4)], lambda _: (feet, DT_S, DT_S), MASS_KG
    )
    # a block ends between samples 10 ms apart, where 5 % of body weight is passed late
    assert found.stance_pct == pytest.approx((62.0, 62.0), abs=1.1)
    assert found.double_support_pct == pytest.approx(24.0, abs=2.1)
    assert found.flight_pct == 0.0
    assert found.force_bw[0, 30] == pytest.approx(1.1)
    assert found.force_bw[1, 60] == pytest.approx(0.9)
    assert found.loaded[0].sum() == pytest.approx(62, abs=1)
    assert (found.cycles, found.cycle_s, found.speed_m_s) == (2, 1.0, pytest.approx(1.3))
    assert found.sample_s == DT_S
    assert found.stance_sd_pct == (0.0, 0.0)
    assert found.humps is None


def test_share_is_told_between_samples() -> None:
    """Force that rises and falls by 1 weight in 100 ms passes 5 % 5 ms after, and 5 ms before, its ends."""
    time = (np.arange(120) + 1) * DT_S
    ramp = np.interp(time, [0.1, 0.2, 0.6, 0.7], [0, 1, 1, 0]) * WEIGHT_N
    feet = np.stack([ramp, np.zeros_like(ramp)], axis=-1)
    found = ground_contact([cycle(0.1, 1.1)], lambda _: (feet, DT_S, DT_S), MASS_KG)
    assert found.stance_pct[0] == pytest.approx(59.0, abs=0.11)
    assert found.flight_pct == pytest.approx(41.0, abs=0.11)


def test_each_cycle_is_taken_from_its_own_clip() -> None:
    time = (np.arange(200) + 1) * DT_S
    clips = [np.stack([block(time, 0.5, end), block(time, 0, 0)], axis=-1) for end in (1.0, 1.25)]
    found = ground_contact(
        [cycle(0.5, 1.5, 0), cycle(0.5, 1.5, 1)], lambda i: (clips[i], DT_S, DT_S), MASS_KG
    )
    assert found.stance_pct[0] == pytest.approx((50 + 75) / 2, abs=1.1)
    assert found.stance_sd_pct[0] == pytest.approx(12.5, abs=0.2)
    assert found.loaded[0, 60] == 0.5


@given(
    st.lists(st.floats(0, 2), min_size=8, max_size=40),
    st.lists(st.floats(0, 2), min_size=8, max_size=40),
    st.floats(20, 150),
)
def test_shares_add_up_and_body_mass_does_not_matter(own, other, mass_kg) -> None:
    length = min(len(own), len(other))
    bw = np.stack([own[:length], other[:length]], axis=-1)
    end = length * DT_S

    def of(mass: float):
        return ground_contact([cycle(0.0, end)], lambda _: (bw * mass * 9.81, DT_S, DT_S), mass)

    found, heavier = of(mass_kg), of(2 * mass_kg)
    stance = sum(found.stance_pct)
    assert stance == pytest.approx(100.0 + found.double_support_pct - found.flight_pct)
    assert heavier.force_bw == pytest.approx(found.force_bw)
    assert np.all((found.loaded >= 0) & (found.loaded <= 1))


def test_two_humps() -> None:
    curve = np.interp(np.arange(100), [0, 12, 30, 48, 62, 99], [0.06, 1.1, 0.7, 1.05, 0, 0])
    assert humps(curve) == Humps(pytest.approx(1.1), pytest.approx(0.7), pytest.approx(1.05), 12, 30, 48)


@pytest.mark.parametrize(
    "points",
    [
        ([0, 20, 40, 99], [0.06, 2.4, 0, 0]),  # running: one hump
        ([0, 99], [0, 0]),
        ([0, 99], [1, 1]),
    ],
)
def test_no_two_humps(points) -> None:
    assert humps(np.interp(np.arange(100), *points)) is None
