from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nulls import nulls_without_reason

from kinesis_bench.human.references import HumanEmg, from_people
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import CLOSED_PHASE, PHASE, at_phase, pearson, standardise
from kinesis_bench.metrics.emg import EmgScore, score_emg
from kinesis_bench.metrics.emg_lag import Lags, r_by_lag
from kinesis_bench.metrics.emg_references import leave_one_out_r, mean_of_others, pairs_r, pairs_r_of_group

MUSCLES = ("Soleus", "Tibialis Anterior", "Vastus Lateral", "Rectus Femoris")
HEALTHY = {"without_flaws", "within_person_r", "per_muscle.within_person_r"}
"""What is null in a score against people without flaws and without single cycles."""

CENTRES = np.array([0.45, 0.05, 0.10, 0.90])


def shift_earlier(curves: np.ndarray, samples: int) -> np.ndarray:
    return np.roll(curves, -samples, axis=-1)


def bump(centre: np.ndarray, width: float = 0.08) -> np.ndarray:
    distance = (PHASE - np.asarray(centre)[..., None] + 0.5) % 1.0 - 0.5
    return np.exp(-0.5 * (distance / width) ** 2)


def some_people(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 4, 100): bursts that differ in timing, and a second burst that differs in size."""
    centre = CENTRES + rng.normal(0, 0.02, (count, 1)) + rng.normal(0, 0.04, (count, 4))
    second = 0.25 * np.exp(rng.normal(0, 0.5, (count, 4, 1))) * bump(centre + 0.4, 0.1)
    return bump(centre) + second


def group(count: int = 9, seed: int = 0) -> HumanEmg:
    curves = some_people(np.random.default_rng(seed), count)
    return from_people(curves, MUSCLES, condition="walk-4.5", speed_m_s=1.25)


def score(model: np.ndarray, human: HumanEmg, cycle_s: float = 1.1) -> EmgScore:
    curves = dict(zip(human.muscles, model, strict=True))
    return score_emg(curves, human, np.random.default_rng(0), cycles=12, cycle_s=cycle_s)


def test_a_model_that_is_later_than_people_has_a_positive_lag() -> None:
    human = group()
    late = shift_earlier(human.mean, -7)  # everything happens 7 % of the cycle later
    result = score(late, human)
    assert result.lag_pct == 7
    assert result.lag_ms == pytest.approx(77.0)
    assert result.mean_r is not None
    assert result.zero_lag_r is not None
    assert result.mean_r > result.zero_lag_r + 0.1
    assert human.curves is not None
    assert result.mean_r == pytest.approx(pearson(human.mean, human.curves).mean())
    assert result.lag_curve is not None
    assert result.lag_curve.lag_pct[int(np.argmax(result.lag_curve.mean_r))] == 7
    assert result.lag_curve.mean_r[20 + 7] == pytest.approx(result.mean_r)
    assert result.lag_curve.mean_r[20] == pytest.approx(result.zero_lag_r)
    assert result.lag_curve.lag_ms[0] == pytest.approx(-220.0)


def test_a_model_that_is_earlier_than_people_gets_no_lag() -> None:
    human = group()
    result = score(shift_earlier(human.mean, 9), human)
    assert result.lag_pct == 0
    assert result.mean_r == result.zero_lag_r
    assert result.lag_curve is not None
    assert result.lag_curve.lag_pct[int(np.argmax(result.lag_curve.mean_r))] == -9


@pytest.mark.parametrize(("cycle_s", "most"), [(1.2, 10), (1.1, 10), (0.7, 17), (0.2, 50)])
def test_lag_stays_within_120_ms(cycle_s: float, most: int) -> None:
    lags = Lags(cycle_s)
    assert lags.allowed[-1] == most
    human = group()
    assert score(shift_earlier(human.mean, -30), human, cycle_s).lag_pct == min(most, 30)


def test_one_lag_serves_all_muscles() -> None:
    human = group()
    model = human.mean.copy()
    model[0] = shift_earlier(model[0], -8)
    result = score(model, human)
    assert result.lag_pct is not None
    shifted = shift_earlier(model, result.lag_pct)
    by_muscle = pearson(shifted, human.curves).mean(axis=0)
    assert [result.per_muscle[m].r for m in MUSCLES] == pytest.approx(by_muscle.tolist())
    assert result.mean_r == pytest.approx(by_muscle.mean())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_a_persons_gain_and_offset_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    human = group(seed=seed)
    assert human.curves is not None
    model = bump(CENTRES + 0.05)
    gain, offset = np.exp(rng.normal(0, 1, (9, 4, 1))), rng.normal(0, 1, (9, 4, 1))
    changed = from_people(gain * human.curves + offset, MUSCLES, condition="walk-4.5", speed_m_s=1.25)
    before, after = score(model, human), score(3.0 * model + 0.2, changed)
    for name in (
        "mean_r",
        "zero_lag_r",
        "lag_ms",
        "human_pairs_r",
        "leave_one_out_r",
        "model_leave_one_out_r",
    ):
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-9), name


def test_a_person_against_oneself_gives_1() -> None:
    person = some_people(np.random.default_rng(0), 1)
    twice = np.concatenate([person, person])
    human = from_people(twice, MUSCLES, condition="walk-4.5", speed_m_s=1.25)
    result = score(person[0], human)
    for value in (result.mean_r, result.human_pairs_r, result.leave_one_out_r, result.ratio):
        assert value == pytest.approx(1.0)
    assert result.model_leave_one_out_r == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 12))
def test_group_identities_are_exact(seed: int, count: int) -> None:
    curves = some_people(np.random.default_rng(seed), count)
    z_bar = standardise(curves).mean(axis=0)
    np.testing.assert_allclose(pairs_r_of_group(z_bar, count), pairs_r(curves), atol=1e-12)
    model = bump(CENTRES + 0.07)
    np.testing.assert_allclose(
        np.mean(standardise(model) * z_bar, axis=-1), pearson(model, curves).mean(axis=0), atol=1e-12
    )


def test_pairs_and_leave_one_out_worked_out_one_by_one() -> None:
    curves = some_people(np.random.default_rng(3), 4)
    pairs = [np.corrcoef(curves[p, 1], curves[q, 1])[0, 1] for p in range(4) for q in range(p + 1, 4)]
    assert pairs_r(curves)[1] == pytest.approx(np.mean(pairs))
    z = standardise(curves)
    others = [np.mean([z[q, 1] for q in range(4) if q != p], axis=0) for p in range(4)]
    np.testing.assert_allclose(mean_of_others(curves, standardised=True)[:, 1], others)
    expected = np.mean([np.corrcoef(curves[p, 1], others[p])[0, 1] for p in range(4)])
    assert leave_one_out_r(curves)[1] == pytest.approx(expected)
    raw = [np.mean([curves[q, 1] for q in range(4) if q != p], axis=0) for p in range(4)]
    expected = np.mean([np.corrcoef(curves[p, 1], raw[p])[0, 1] for p in range(4)])
    assert leave_one_out_r(curves, standardised=False)[1] == pytest.approx(expected)


def test_intervals_by_people_hold_the_truth_at_their_rate() -> None:
    """Nine people at a time from a large population; the lag is chosen anew in every bootstrap sample."""
    population = some_people(np.random.default_rng(9), 5000)
    z_bar = standardise(population).mean(axis=0)
    model = bump(CENTRES + 0.05)
    allowed = Lags(1.1).allowed
    pairs = float(pairs_r_of_group(z_bar, 5000).mean())
    best = float(r_by_lag(model, z_bar, PHASE).mean(axis=0)[allowed].max())
    repeats = 150
    held = np.zeros(3)
    rng = np.random.default_rng(4)
    for _ in range(repeats):
        people = from_people(some_people(rng, 9), MUSCLES, condition="walk-4.5", speed_m_s=1.25)
        intervals = score_emg(dict(zip(MUSCLES, model, strict=True)), people, rng, cycles=9, cycle_s=1.1).ci95
        for place, (truth, interval) in enumerate(
            ((best, intervals.mean_r), (pairs, intervals.human_pairs_r), (best / pairs, intervals.ratio))
        ):
            assert interval is not None
            held[place] += interval[0] <= truth <= interval[1]
    assert np.all(held / repeats >= 0.90), held / repeats


def test_chance_lies_far_below_a_model_like_people() -> None:
    human = group()
    result = score(human.mean, human)
    assert result.chance is not None
    assert result.mean_r is not None
    assert -0.1 < result.chance.circular_shift_mean_r < 0.5
    assert result.chance.circular_shift_p95_r < result.mean_r
    assert result.chance.permuted_mean_r < result.mean_r


def test_chance_of_random_shifts_is_what_random_models_reach() -> None:
    human = group()
    result = score(human.mean, human)
    rng = np.random.default_rng(1)
    reached = []
    for _ in range(300):
        model = np.stack([np.roll(curve, rng.integers(100)) for curve in human.mean])
        by_lag = [pearson(shift_earlier(model, k), human.curves).mean() for k in Lags(1.1).allowed]
        reached.append(max(by_lag))
    assert result.chance is not None
    assert result.chance.circular_shift_mean_r == pytest.approx(np.mean(reached), abs=0.05)
    assert result.chance.circular_shift_p95_r == pytest.approx(np.quantile(reached, 0.95), abs=0.08)


def test_flawed_channels_are_named_and_figures_given_without_them_too() -> None:
    whole = group()
    assert whole.curves is not None
    curves = whole.curves.copy()
    curves[3, 2] = shift_earlier(curves[3, 2], 50)
    human = from_people(curves, MUSCLES, condition="walk-4.5", speed_m_s=1.25, names=list("abcdefghi"))
    model = bump(CENTRES + 0.03)
    result = score(model, human)
    assert list(result.flaws) == ["Vastus Lateral"]
    assert result.flaws["Vastus Lateral"][0].startswith("person d mistimed (r -0.")
    without = result.without_flaws
    assert without is not None
    assert without.lag_pct is not None
    others = np.delete(curves[:, 2], 3, axis=0)
    late = shift_earlier(model, without.lag_pct)
    by_muscle = [pearson(late[m], others if m == 2 else curves[:, m]).mean() for m in range(4)]
    assert without.mean_r == pytest.approx(np.mean(by_muscle))
    pairs = pairs_r(curves)
    pairs[2] = pairs_r(others[:, None])[0]
    assert without.human_pairs_r == pytest.approx(pairs.mean())
    loo = leave_one_out_r(curves)
    loo[2] = leave_one_out_r(others[:, None])[0]
    assert without.leave_one_out_r == pytest.approx(loo.mean())
    assert without.ci95.mean_r is not None
    assert without.ci95.mean_r[0] < without.mean_r < without.ci95.mean_r[1]
    healthy = score(model, whole)
    assert healthy.without_flaws is None
    assert "without_flaws" in healthy.reasons
    assert score(model[:2], human.only(MUSCLES[:2])).without_flaws is None


def test_a_muscle_that_some_people_lack_counts_those_who_have_it() -> None:
    human = group()
    assert human.curves is not None
    curves = human.curves.copy()
    curves[:4, 1] = np.nan
    some = from_people(curves, MUSCLES, condition="walk-4.5", speed_m_s=1.25)
    np.testing.assert_array_equal(some.people_by_muscle, [9, 5, 9, 9])
    np.testing.assert_allclose(some.mean[1], curves[4:, 1].mean(axis=0))
    np.testing.assert_allclose(some.sd[1], curves[4:, 1].std(axis=0, ddof=1))
    fewer = from_people(curves[4:, [1]], MUSCLES[1:2], condition="walk-4.5", speed_m_s=1.25)
    model = bump(CENTRES)
    assert some.mean_of_standardised is not None
    assert fewer.mean_of_standardised is not None
    np.testing.assert_allclose(some.mean_of_standardised[1], fewer.mean_of_standardised[0])
    one = score(model, some).per_muscle["Tibialis Anterior"]
    alone = score(model[[1]], fewer).per_muscle["Tibialis Anterior"]
    assert one.zero_lag_r == pytest.approx(alone.zero_lag_r)
    assert one.human_pairs_r == pytest.approx(alone.human_pairs_r)
    assert one.leave_one_out_r == pytest.approx(alone.leave_one_out_r)


def test_a_muscle_that_never_acts_counts_as_no_correlation() -> None:
    human = group()
    model = human.mean.copy()
    model[1] = 0.05
    result = score(model, human)
    assert result.per_muscle["Tibialis Anterior"].flat
    assert result.per_muscle["Tibialis Anterior"].r == 0.0
    others = [result.per_muscle[m].r or 0.0 for m in MUSCLES if m != "Tibialis Anterior"]
    assert result.mean_r == pytest.approx(sum(others) / 4)


def test_missing_muscles_are_named_and_left_out() -> None:
    human = group()
    result = score_emg({"Soleus": human.mean[0]}, human, np.random.default_rng(0), cycles=5, cycle_s=1.1)
    assert list(result.per_muscle) == ["Soleus"]
    assert "Rectus Femoris" in result.notes["per_muscle"]
    none = score_emg({"Nothing": human.mean[0]}, human, np.random.default_rng(0), cycles=5, cycle_s=1.1)
    assert none.mean_r is None
    assert "none of the muscles" in none.reasons["mean_r"]


def test_group_figures_give_what_can_be_had_and_reasons_for_the_rest() -> None:
    human = human_emg("emg_walk_wang2023", 4.5)
    result = score(human.mean, human)
    assert result.mean_r is not None
    assert result.ratio == pytest.approx(result.mean_r / 0.7314, rel=1e-3)
    assert result.leave_one_out_r == pytest.approx(0.8352, abs=5e-4)
    assert result.ci95.ratio is None
    assert {"ci95.ratio", "model_leave_one_out_r"} <= set(result.reasons)
    json.dumps(asdict(result), allow_nan=False)


def test_mean_and_sd_alone_give_the_correlation_with_the_mean_curve_only() -> None:
    human = human_emg("emg_run_santuz2020")
    assert human.phase.tolist() == pytest.approx(PHASE.tolist())  # as the table says
    result = score(shift_earlier(human.mean, -5), human, cycle_s=0.7)
    assert result.group_mean_r == pytest.approx(1.0)
    assert result.group_mean_lag_ms == pytest.approx(35.0)
    nulls = ("mean_r", "zero_lag_r", "human_pairs_r", "ratio", "lag_curve", "chance", "leave_one_out_r")
    for name in nulls:
        assert getattr(result, name) is None, name
        assert name in result.reasons
    json.dumps(asdict(result), allow_nan=False)


def test_same_seed_same_numbers() -> None:
    assert score(bump(CENTRES), group()) == score(bump(CENTRES), group())


def smooth(phase: np.ndarray) -> np.ndarray:
    """(4, …) periodic functions of phase, one a muscle."""
    turns = [phase - centre for centre in CENTRES]
    return np.stack([np.exp(3 * np.cos(2 * np.pi * t)) + 0.3 * np.sin(4 * np.pi * t) for t in turns])


@pytest.mark.parametrize(
    "phase", [PHASE, CLOSED_PHASE, PHASE + 0.005], ids=["open", "closed", "half a sample"]
)
@pytest.mark.parametrize("lag_pct", [0, 6])
def test_the_same_function_sampled_at_other_phases_correlates_fully(phase: np.ndarray, lag_pct: int) -> None:
    people = np.stack([smooth(phase), 2 * smooth(phase) + 1])
    human = from_people(people, MUSCLES, condition="walk-4.5", speed_m_s=1.25, phase=phase)
    result = score(smooth(PHASE - lag_pct / 100), human)
    assert result.lag_pct == lag_pct
    for value in (result.mean_r, result.model_leave_one_out_r, result.group_mean_r):
        assert value == pytest.approx(1.0, abs=1e-3)
    assert [one.r for one in result.per_muscle.values()] == pytest.approx([1.0] * 4, abs=1e-3)
    assert result.ci95.mean_r is None
    assert result.reasons["ci95.mean_r"] == "too few people for an interval, or all alike"
    assert result.lag_curve is not None
    assert max(result.lag_curve.mean_r) == result.mean_r
    assert result.lag_curve.mean_r[20] == result.zero_lag_r
    if lag_pct == 0:
        assert result.zero_lag_r == pytest.approx(1.0, abs=1e-3)
    assert result.human_pairs_r == pytest.approx(1.0)


def test_reading_closed_curves_as_open_is_half_a_sample_off_on_average() -> None:
    """What the phases are for: the same curves at the wrong phases no longer correlate fully."""
    people = np.stack([smooth(CLOSED_PHASE)] * 2)
    right = from_people(people, MUSCLES, condition="walk-4.5", speed_m_s=1.25, phase=CLOSED_PHASE)
    wrong = from_people(people, MUSCLES, condition="walk-4.5", speed_m_s=1.25)
    at_right, at_wrong = (score(smooth(PHASE), human).zero_lag_r or 0.0 for human in (right, wrong))
    assert 1 - at_wrong > 10 * (1 - at_right)


def test_every_r_of_a_model_is_pearson_at_peoples_phases() -> None:
    rng = np.random.default_rng(5)
    people = from_people(
        some_people(rng, 5), MUSCLES, condition="walk-4.5", speed_m_s=1.25, phase=CLOSED_PHASE
    )
    assert people.curves is not None
    model = bump(CENTRES + 0.05) + 0.1 * rng.random((4, 100))
    result = score(model, people)
    assert result.lag_pct is not None
    read = at_phase(model, CLOSED_PHASE + result.lag_pct / 100)
    by_muscle = pearson(read, people.curves).mean(axis=0)
    assert [one.r for one in result.per_muscle.values()] == pytest.approx(by_muscle.tolist())
    zero = pearson(at_phase(model, CLOSED_PHASE), people.curves).mean(axis=0)
    assert [one.zero_lag_r for one in result.per_muscle.values()] == pytest.approx(zero.tolist())
    others = mean_of_others(people.curves, standardised=True)
    assert result.model_leave_one_out_r == pytest.approx(pearson(read, others).mean())
    group = replace(people, curves=None)
    assert score(model, group).mean_r == pytest.approx(result.mean_r, abs=1e-12)
    with_mean = [
        pearson(at_phase(model, CLOSED_PHASE + k / 100), people.mean).mean() for k in Lags(1.1).allowed
    ]
    assert result.group_mean_r == pytest.approx(max(with_mean))


@pytest.mark.parametrize("with_model", [True, False])
@pytest.mark.parametrize("kind", ["people", "two people", "table", "mean only"])
def test_every_null_of_a_score_has_a_reason(kind: str, with_model: bool) -> None:
    humans = {"people": group(), "two people": group(2), "table": human_emg()}
    human = humans.get(kind) or human_emg("emg_run_santuz2020")
    model = dict(zip(human.muscles, human.mean, strict=True)) if with_model else None
    result = score_emg(
        model,
        human,
        np.random.default_rng(0),
        cycles=12 if with_model else 1,
        cycle_s=1.1 if with_model else None,
        why_absent="too few cycles",
    )
    content = asdict(result)
    assert nulls_without_reason(content) == []
    assert (result.group_mean_r is None) == (not with_model)
    assert (set(result.reasons) == HEALTHY) == (with_model and kind == "people")
    json.dumps(content, allow_nan=False)


def test_within_person_is_r_between_two_trials_of_one() -> None:
    whole = group()
    assert whole.curves is not None
    rng = np.random.default_rng(3)
    trials = [curve + 0.1 * rng.normal(size=(5, 4, 100)) for curve in whole.curves]
    human = replace(whole, trials=tuple(trials))
    result = score(bump(CENTRES), human)
    by_muscle = [
        np.mean([np.corrcoef(one[:, m])[np.triu_indices(5, 1)].mean() for one in trials]) for m in range(4)
    ]
    assert [one.within_person_r for one in result.per_muscle.values()] == pytest.approx(by_muscle)
    assert result.within_person_r == pytest.approx(np.mean(by_muscle))
    stored = score(bump(CENTRES), replace(whole, stored_within_person={"Soleus": 0.9}))
    assert stored.within_person_r == pytest.approx(0.9)
    assert stored.per_muscle["Tibialis Anterior"].within_person_r is None
    assert "stored" in stored.notes["within_person_r"]


def test_single_people_are_compared_where_all_have_all_muscles() -> None:
    rng = np.random.default_rng(6)
    people = rng.random((3, 2, 100))
    named = {"condition": "walk-4.5", "speed_m_s": 1.25}
    human = from_people(people, ("Soleus", "Tibialis Anterior"), **named)
    model = dict(zip(human.muscles, rng.random((2, 100)), strict=True))
    whole = score_emg(model, human, rng, cycles=5, cycle_s=1.1)
    assert whole.by_person is not None
    assert whole.pairs_r is not None
    expected = [pearson(model[muscle], people[1, place]) for place, muscle in enumerate(human.muscles)]
    assert whole.by_person["2"].zero_lag_r == pytest.approx(np.mean(expected))
    assert whole.pairs_r[2] == pytest.approx(np.mean(pearson(people[1], people[2])))
    assert np.mean([one.r for one in whole.by_person.values()]) == pytest.approx(whole.mean_r)
    people[0, 1] = np.nan
    lacking = score_emg(model, from_people(people, human.muscles, **named), rng, cycles=5, cycle_s=1.1)
    assert lacking.by_person is None
    assert lacking.pairs_r is None
    assert "lack a muscle" in lacking.reasons["by_person"]


def test_a_muscle_that_one_person_has_nulls_only_itself() -> None:
    whole = group()
    assert whole.curves is not None
    curves = whole.curves.copy()
    curves[1:, 0] = np.nan
    human = from_people(curves, MUSCLES, condition="walk-4.5", speed_m_s=1.25)
    model = bump(CENTRES + 0.03)
    result = score(model, human)
    rest = score(model[1:], human.only(MUSCLES[1:]))
    assert result.per_muscle["Soleus"].human_pairs_r is None
    assert result.per_muscle["Soleus"].r is not None
    assert "two people" in result.reasons["per_muscle.human_pairs_r"]
    assert result.human_pairs_r == pytest.approx(rest.human_pairs_r)
    assert result.leave_one_out_r == pytest.approx(rest.leave_one_out_r)
    of_two = [result.per_muscle[muscle].r for muscle in MUSCLES[1:]]
    assert result.ratio == pytest.approx(np.mean(of_two) / rest.human_pairs_r)
    assert result.ci95.ratio is not None
    assert nulls_without_reason(asdict(result)) == []
    nobody_twice = from_people(curves[:1], MUSCLES, condition="walk-4.5", speed_m_s=1.25)
    assert nulls_without_reason(asdict(score(model, nobody_twice))) == []


def test_leave_one_out_of_the_model_is_a_mean_over_muscles_as_that_of_people() -> None:
    whole = group()
    assert whole.curves is not None
    curves = whole.curves.copy()
    curves[:5, 2] = np.nan
    human = from_people(curves, MUSCLES, condition="walk-4.5", speed_m_s=1.25)
    result = score(bump(CENTRES), human)
    assert result.lag_pct is not None
    late = shift_earlier(bump(CENTRES), result.lag_pct)
    by_muscle = []
    for m in range(4):
        having = curves[~np.isnan(curves[:, m, 0]), m][:, None]
        by_muscle.append(pearson(late[m], mean_of_others(having, standardised=True)).mean())
    assert result.model_leave_one_out_r == pytest.approx(np.mean(by_muscle))
