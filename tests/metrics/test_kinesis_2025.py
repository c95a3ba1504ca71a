from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.human.references import from_people
from kinesis_bench.metrics.kinesis_2025 import (
    gait_codes,
    gait_cycles,
    mean_cycle,
    score_emg_2025,
    usual_cycles,
)


def test_gait_codes_of_forces() -> None:
    assert gait_codes(np.array([5.0, 0.0, 5.0, 0.0]), np.array([0.0, 5.0, 5.0, 0.0])).tolist() == [
        0,
        1,
        2,
        -1,
    ]


def test_cycles_start_at_the_first_left_only_frame_after_a_right_only_one() -> None:
    codes = np.array([np.nan, 2, 0, 0, -1, 0, 2, 1, 1, 2, 0, 0, 1, -1, 0, 0])
    assert gait_cycles(codes).tolist() == [[2, 10], [10, 14]]
    assert gait_cycles(np.array([1.0, 1.0, 2.0])).shape == (0, 2)
    assert gait_cycles(np.zeros(0)).shape == (0, 2)


def test_usual_cycles_lie_strictly_within_two_population_sds() -> None:
    ends = np.cumsum([0, 40, 40, 40, 40, 70])  # mean 46, SD 12: 70 lies exactly 2 SD away, and goes
    cycles = np.stack([ends[:-1], ends[1:]], axis=1)
    assert (usual_cycles(cycles)[:, 1] - usual_cycles(cycles)[:, 0]).tolist() == [40] * 4
    assert usual_cycles(np.zeros((0, 2), dtype=int)).shape == (0, 2)


def test_a_cycle_ends_on_its_last_frame() -> None:
    ramp = np.arange(30.0)[:, None]
    np.testing.assert_allclose(mean_cycle(ramp, np.array([[10, 20]]))[0], np.linspace(10.0, 19.0, 100))


def test_cycles_of_clips_are_pooled_and_never_span_them() -> None:
    codes = np.array([0.0] * 20 + [1.0] * 20 + [0.0] * 20 + [1.0] * 19 + [0.0] * 5)
    signal = np.arange(len(codes), dtype=float)[:, None]
    people = from_people(
        np.stack([np.arange(100.0)[None] ** p for p in (1.0, 1.1)]),
        ("Soleus",),
        condition="walk-4.5",
        speed_m_s=1.25,
    )
    score = score_emg_2025([signal, signal], [codes, codes], ["soleus_l"], people)
    assert (score.cycles_found, score.cycles) == (4, 4)
    assert score.mean_r_by_muscle is not None
    assert score.mean_r_by_muscle["Soleus"] == pytest.approx(1.0, abs=0.01)


def test_no_cycles_or_muscles_have_reasons() -> None:
    people = from_people(
        np.stack([np.arange(100.0)[None] ** p for p in (1.0, 1.1)]),
        ("Soleus",),
        condition="walk-4.5",
        speed_m_s=1.25,
    )
    none = score_emg_2025([np.zeros((10, 1))], [np.full(10, 2.0)], ["soleus_l"], people)
    assert none.mean_r is None
    assert none.reasons["mean_r"] == "0 gait cycles to average (of 0 found), 3 are needed"
    assert none.human_pairs_r is not None


def test_two_cycles_are_too_few() -> None:
    people = from_people(
        np.random.default_rng(0).random((3, 1, 100)), ("Soleus",), condition="walk-4.5", speed_m_s=1.25
    )
    step = [0] * 12 + [1] * 12
    codes = np.array([1, *step, *step, *step[:6]] + [0] * 0)
    for cycles, more in ((2, []), (3, [*step[6:], *[0] * 13])):
        code = np.array([*codes, *more])
        found = score_emg_2025(
            [np.random.default_rng(1).random((len(code), 1))], [code], ["soleus_l"], people
        )
        assert found.cycles_found == cycles
        if cycles == 2:
            assert found.mean_r is None
            assert "3 are needed" in found.reasons["mean_r"]
