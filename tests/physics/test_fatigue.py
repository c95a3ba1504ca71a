"""The 3CC-r model against closed forms, the three published equations, and published endurance times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from kinesis_bench.physics.fatigue import REST_LOAD, Fatigability
from kinesis_bench.tasks.fatigue import JOINTS

DT_S = 1 / 150

POWER_LAWS = {"hip": (21.92, -1.98), "knee": (19.38, -1.88), "ankle": (34.71, -2.06), "trunk": (22.69, -2.27)}
"""Endurance time b0·TL^b1 [s] (Frey-Law and Avin, Ergonomics 53:109, 2010, table 2); the hip: all joints."""


def values(*joints):
    chosen = [JOINTS[joint] for joint in joints]
    return Fatigability(
        np.array([one.fatigue_per_s for one in chosen]),
        np.array([one.recovery_per_s for one in chosen]),
        np.array([one.rest_multiplier for one in chosen]),
    )


ALL = values(*JOINTS)


def held(load, seconds, dt_s=DT_S, start=0.0, model=ALL):
    """MA and MF after a load that is constant, or given at every step."""
    fatigued = np.broadcast_to(start, (len(model.fatigue_per_s),)).astype(float)
    active = fatigued
    steps = round(seconds / dt_s)
    for now in np.broadcast_to(load, steps) if np.ndim(load) < 2 else load:
        active, fatigued = model.step(np.broadcast_to(now, fatigued.shape), fatigued, dt_s)
    return active, fatigued


def endurance_s(model, load):
    """When MR + MA falls below a load that is held (closed form of dMF/dt = F·TL - R·MF); inf if never."""
    left = 1 - model.recovery_per_s * (1 - load) / (model.fatigue_per_s * load)
    return np.where(left > 0, -np.log(np.maximum(left, 1e-300)) / model.recovery_per_s, np.inf)


def test_a_load_that_can_be_held_for_ever_leaves_the_published_equilibrium():
    load = 0.08  # below R / (F + R), the most that can be held
    ratio = ALL.fatigue_per_s / ALL.recovery_per_s
    assert (load < 1 / (1 + ratio)).all()
    active, fatigued = held(load, 20_000, dt_s=0.5)
    np.testing.assert_allclose(active, load)
    np.testing.assert_allclose(fatigued / active, ratio, rtol=1e-3)
    assert (1 - active - fatigued > 0).all()


@pytest.mark.parametrize("load", [0.3, 1.0])
def test_a_load_too_high_to_hold_ends_in_the_published_residual_capacity(load):
    active, fatigued = held(load, 6_000, dt_s=0.3)
    residual = 1 / (1 + ALL.fatigue_per_s / ALL.recovery_per_s)
    np.testing.assert_allclose(active, residual, rtol=1e-3)
    np.testing.assert_allclose(active + fatigued, 1, atol=1e-3)  # none rests


def test_the_decline_at_full_load_is_exponential():
    total = ALL.fatigue_per_s + ALL.recovery_per_s
    expected = ALL.fatigue_per_s / total * (1 - np.exp(-total * 60))
    np.testing.assert_allclose(held(1.0, 60)[1], expected, rtol=2e-4)


def test_fatigue_fades_exponentially_at_rest():
    rest = held(0.0, 60, start=0.4)[1]
    np.testing.assert_allclose(rest, 0.4 * np.exp(-ALL.rest_multiplier * ALL.recovery_per_s * 60), rtol=2e-4)
    np.testing.assert_allclose(rest, ALL.rested(np.array([0.4]), 60), rtol=2e-4)
    under_load = held(REST_LOAD + 1e-3, 60, start=0.4)[1]
    assert (under_load > rest + 0.1).all()


def test_the_closed_form_says_how_long_a_load_can_be_held():
    for joint in JOINTS:
        model = values(joint)
        for load in (0.4, 0.9):
            expected = endurance_s(model, load)[0]
            before, after = (held(load, expected + shift, dt_s=0.05, model=model) for shift in (-0.2, 0.4))
            assert before[0] == load, joint
            assert after[0] < load, joint


@pytest.mark.parametrize("joint", JOINTS)
def test_endurance_times_are_those_of_people(joint):
    """Within a factor of 2 at 20 to 80 % of the maximum: the band that the published fits keep."""
    loads = np.arange(0.2, 0.81, 0.1)
    scale, power = POWER_LAWS[joint]
    ratio = endurance_s(values(joint), loads) / (scale * loads**power)
    assert ((ratio > 0.5) & (ratio < 2)).all(), ratio


def three_compartments(model, load_at, seconds, rate=10.0):
    """MF by the three equations as published, recruitment at LD = LR = 10 /s (Xia and Frey-Law 2008)."""
    f, r, rest = (v[0] for v in (model.fatigue_per_s, model.recovery_per_s, model.rest_recovery_per_s))

    def flow(t, state):
        active, resting, fatigued = state
        load = load_at(t)
        recruited = rate * (load - active)
        if active < load:
            recruited = rate * min(load - active, resting)
        back = (rest if load <= REST_LOAD else r) * fatigued
        return [recruited - f * active, back - recruited, f * active - back]

    times = np.linspace(0, seconds, round(seconds / DT_S) + 1)
    solved = solve_ivp(flow, (0, seconds), [0.0, 1.0, 0.0], t_eval=times, max_step=0.02, method="RK23")
    return times, solved.y[2]


@pytest.mark.parametrize(
    "load_at",
    [
        lambda t: 1.0,
        lambda t: 0.5 + 0.5 * np.sin(2 * np.pi * t),
        lambda t: 0.9 if t % 1.0 < 0.35 else 0.0,
    ],
    ids=["full", "sine", "bursts of a gait cycle"],
)
def test_instant_recruitment_is_near_the_published_equations(load_at):
    model = values("knee")
    times, published = three_compartments(model, load_at, 40)
    fatigued, ours = np.zeros(1), [0.0]
    for t in times[:-1]:
        fatigued = model.step(np.array([load_at(t)]), fatigued, DT_S)[1]
        ours.append(fatigued[0])
    assert published[-1] > 0.1
    assert np.abs(np.array(ours) - published).max() < 0.003


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=12),
    st.floats(0, 1),
    st.floats(1e-4, 2.0),
)
def test_compartments_are_parts_that_add_up_to_one(loads, start, dt_s):
    fatigued = np.full(4, start)
    for load in loads:
        before = fatigued
        active, fatigued = ALL.step(np.array(load), before, dt_s)
        resting = 1 - active - before
        for part in (active, resting, fatigued):
            assert ((part >= -1e-15) & (part <= 1)).all()
        assert (active <= load).all()
        np.testing.assert_allclose(active + resting + before, 1, atol=1e-15)


def test_the_step_hardly_matters():
    loads = np.random.default_rng(0).random((300, 4)) ** 2
    coarse, fine = (held(np.repeat(loads, n, axis=0), 0, dt_s=0.1 / n)[1] for n in (3, 150))
    assert fine.min() > 0.05
    np.testing.assert_allclose(coarse, fine, rtol=1e-3)
    at_protocol = held(np.repeat(loads, 15, axis=0), 0)[1]
    np.testing.assert_allclose(at_protocol, fine, rtol=2e-4)


def test_a_fresh_muscle_does_what_it_is_asked_and_no_number_tires_nothing():
    load = np.array([0.0, 0.4, 1.0, np.nan])
    active, fatigued = ALL.step(load, np.zeros(4), DT_S)
    np.testing.assert_array_equal(active, load)
    assert fatigued[0] == fatigued[3] == 0
    assert (fatigued[1:3] > 0).all()
