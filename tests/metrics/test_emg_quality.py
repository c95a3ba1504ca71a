"""Flawed channels: those that are made are found, and no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.human.references import from_people
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import PHASE, SAMPLES
from kinesis_bench.metrics.emg import score_emg
from kinesis_bench.metrics.emg_quality import Flag, flag_channels


def people(count: int = 8, seed: int = 0) -> np.ndarray:
    """(count, 3, 100) bursts at muscles' own times, a little different from person to person."""
    rng = np.random.default_rng(seed)
    centre = np.array([0.1, 0.45, 0.8]) + rng.normal(0, 0.015, (count, 3))
    distance = (PHASE - centre[..., None] + 0.5) % 1.0 - 0.5
    return rng.uniform(0.5, 2.0, (count, 3, 1)) * np.exp(-0.5 * (distance / 0.08) ** 2)


def test_people_without_flaws_have_none() -> None:
    assert flag_channels(people()) == ()


@given(person=st.integers(0, 7), muscle=st.integers(0, 2), shift=st.integers(35, 65))
def test_one_mistimed_channel_is_found(person: int, muscle: int, shift: int) -> None:
    curves = people()
    curves[person, muscle] = np.roll(curves[person, muscle], shift)
    (flag,) = flag_channels(curves)
    assert (flag.person, flag.muscle, flag.flaw) == (person, muscle, "mistimed")
    assert flag.leave_one_out_r is not None
    assert flag.leave_one_out_r < 0


@given(person=st.integers(0, 7), scale=st.floats(1e-6, 2e-3), offset=st.floats(0, 1))
def test_a_channel_without_variance_is_dead_whatever_its_shape(
    person: int, scale: float, offset: float
) -> None:
    curves = people()
    curves[person, 1] = offset + scale * curves[person, 1]
    assert flag_channels(curves) == (Flag(person, 1, "dead", None),)


def test_a_dead_channel_does_not_hide_a_mistimed_one() -> None:
    curves = people()
    curves[0, 2] = 0.3
    curves[5, 2] = np.roll(curves[5, 2], 50)
    dead, mistimed = flag_channels(curves)
    assert dead == Flag(0, 2, "dead", None)
    assert (mistimed.person, mistimed.muscle, mistimed.flaw) == (5, 2, "mistimed")


def test_where_two_people_differ_from_the_rest_nothing_is_flagged() -> None:
    curves = people()
    curves[:2, 0] = np.roll(curves[:2, 0], 50, axis=-1)
    assert flag_channels(curves) == ()


def test_three_people_do_not_tell_who_is_wrong_and_missing_channels_do_not_count() -> None:
    curves = people()
    curves[4, 0] = np.roll(curves[4, 0], 50)
    curves[:4, 0] = np.nan
    assert len(flag_channels(curves)) == 1
    curves[7, 0] = np.nan
    assert flag_channels(curves) == ()


def test_constant_channels_are_dead_however_few_people_or_live_ones() -> None:
    three = people(3)
    three[1, 2] = 0.2
    assert flag_channels(three) == (Flag(1, 2, "dead", None),)
    six = people(6)
    six[:4, 0] = 0.0
    assert flag_channels(six) == tuple(Flag(person, 0, "dead", None) for person in range(4))
    everybody = people(5)
    everybody[:, 1] = 1.0
    human = from_people(everybody, ("a", "b", "c"), condition="walk-4.5", speed_m_s=1.25)
    assert list(human.flaws) == ["b"]
    assert human.unflawed is not None
    assert human.unflawed.muscles == ("a", "c")
    assert human.only(["b"]).unflawed is None
    model = {"a": everybody[0, 0], "b": everybody[1, 2], "c": everybody[0, 2]}
    score = score_emg(model, human, np.random.default_rng(0), cycles=5, cycle_s=1.1)
    assert score.without_flaws is not None
    assert score.without_flaws.mean_r == pytest.approx(
        np.mean([score.per_muscle[muscle].r for muscle in "ac"]), abs=0.02
    )


def test_circular_shifts_correlate_with_nothing_on_average() -> None:
    """What chance is: the mean of r over all shifts of a curve is 0."""
    one, other = people()[0, 0], people()[1, 1]
    r = [np.corrcoef(np.roll(one, shift), other)[0, 1] for shift in range(SAMPLES)]
    assert np.mean(r) == pytest.approx(0, abs=1e-12)


def test_wang_at_4_5_kmh(shared: Path) -> None:
    human = human_emg(shared / "data" / "emg_wang2023", 4.5)
    assert {muscle: [flaw[:12] for flaw in flaws] for muscle, flaws in human.flaws.items()} == {
        "Tibialis Anterior": ["person 04 mi"],
        "Semimembranosus": ["person 09 mi"],
        "Vastus Lateral": ["person 11 de", "person 12 mi"],
    }
