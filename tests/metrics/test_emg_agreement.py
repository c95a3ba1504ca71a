"""Groups of people against each other: known shifts come back, and real data sets agree as they should."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.files import content_dir
from kinesis_bench.human.references import HumanEmg, from_people
from kinesis_bench.human.santuz_raw import read_emg
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import CLOSED_PHASE, PHASE
from kinesis_bench.metrics.emg_agreement import agreement

MUSCLES = ("Soleus", "Tibialis Anterior", "Rectus Femoris")


def waves(phase: np.ndarray) -> np.ndarray:
    turn = 2 * np.pi * phase
    return np.stack(
        [np.sin(turn), np.cos(turn) + 0.5 * np.cos(2 * turn), np.sin(turn + 2) + np.sin(3 * turn)]
    )


def group(curves: np.ndarray, muscles: tuple[str, ...] = MUSCLES, phase: np.ndarray = PHASE) -> HumanEmg:
    return from_people(
        np.stack([curves, 2 * curves + 1]), muscles, condition="walk-4.5", speed_m_s=1.25, phase=phase
    )


@given(shift=st.integers(-20, 20))
def test_a_shift_of_all_muscles_is_the_common_lag(shift: int) -> None:
    late = group(np.roll(waves(PHASE), shift, axis=1))
    found = agreement(late, group(waves(PHASE)))
    assert found is not None
    assert found.common_lag_pct == shift
    assert found.common_r == pytest.approx(1.0)
    assert {one.best_lag_pct for one in found.per_muscle.values()} == {shift}
    assert found.mean_r[found.lag_pct.index(0)] == pytest.approx(found.zero_lag_r)
    back = agreement(group(waves(PHASE)), late)
    assert back is not None
    assert back.common_lag_pct == -shift
    assert back.zero_lag_r == pytest.approx(found.zero_lag_r)


def test_zero_lag_is_pearson_of_the_means() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 3, 100))
    found = agreement(group(first), group(second))
    assert found is not None
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(first, second, strict=True)]
    assert [one.zero_lag_r for one in found.per_muscle.values()] == pytest.approx(expected)


def test_closed_curves_are_laid_on_rings_at_their_phases() -> None:
    closed = group(waves(CLOSED_PHASE), phase=CLOSED_PHASE)
    for pair in ((closed, group(waves(PHASE))), (group(waves(PHASE)), closed)):
        found = agreement(*pair)
        assert found is not None
        assert found.common_lag_pct == 0
        assert found.zero_lag_r == pytest.approx(1.0, abs=1e-4)


def test_only_shared_muscles_are_compared() -> None:
    two = group(waves(PHASE)[1:], MUSCLES[1:])
    found = agreement(group(waves(PHASE)), two)
    assert found is not None
    assert list(found.per_muscle) == list(MUSCLES[1:])
    assert agreement(group(waves(PHASE)[:1], MUSCLES[:1]), two) is None


def test_one_walker_of_santuz_agrees_with_the_nine_of_wang(shared: Path) -> None:
    found = agreement(read_emg(shared / "data" / "santuz_raw", "walk", 5.0), human_emg())
    assert found is not None
    assert len(found.per_muscle) == 8
    assert found.zero_lag_r == pytest.approx(0.89, abs=0.01)
    assert 0 <= found.common_lag_pct <= 4  # the nine's zero lies a little later than touch-down
    assert found.per_muscle["Lateral Gastrocnemius"].zero_lag_r > 0.95


@pytest.mark.parametrize(
    ("layout", "card", "speed_kmh", "first"),
    [
        ("falisse2019", "emg_walk_falisse2019", 4.5, 0),
        ("opensim", "emg_walk_opensim", 4.5, 0),
        ("santuz_raw", "emg_walk_santuz_raw", 4.5, 0),
        ("santuz_raw", "emg_walk_santuz_raw", 5.4, 3),
    ],
)
def test_cards_state_what_the_command_prints(
    shared: Path, layout: str, card: str, speed_kmh: float, first: int
) -> None:
    """Every row of a muscle of one name, and the mean over these, as `kinesis-bench human` has them."""
    wang = human_emg(f"wang2023={shared / 'data' / 'emg_wang2023'}", speed_kmh)
    found = agreement(human_emg(f"{layout}={shared / 'data' / layout}", speed_kmh), wang)
    assert found is not None
    text = (content_dir("datasets") / card / "README.md").read_text(encoding="utf-8")
    rows = {
        name.strip().lower(): [float(one) for one in re.findall(r"-?[0-9.]+(?= [|(]| %)", f"{figures} |")]
        for name, figures in re.findall(r"^\| ([^|]+) \|(.*)\|$", text, re.MULTILINE)
    }
    at = slice(first, first + 3)
    for muscle, one in found.per_muscle.items():
        (row,) = [figures for name, figures in rows.items() if name.startswith(muscle.lower())]
        r = [pytest.approx(figure, abs=0.0051) for figure in (one.zero_lag_r, one.best_r)]
        assert row[at] == [*r, one.best_lag_pct]
    (row,) = [figures for name, figures in rows.items() if name.startswith("mean of the")]
    r = [pytest.approx(figure, abs=0.00051) for figure in (found.zero_lag_r, found.common_r)]
    assert row[at] == [*r, found.common_lag_pct]
