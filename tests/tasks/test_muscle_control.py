"""Muscle functions against MuJoCo's own, and the control laws that use them."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.tasks.control import DirectControl, LengthControl, control_law, quantise_action
from kinesis_bench.tasks.muscle import Muscles

HERE = np.zeros(1, np.int64)
"""A place in a reference, for laws that do not look at one."""


def lengths_and_velocities(model, count=40, seed=0):
    """From well below to well above each muscle's range, at all speeds, with the corners of the curves."""
    rng = np.random.default_rng(seed)
    low, high = model.actuator_lengthrange.T
    length = low + rng.uniform(-0.6, 1.8, (count, model.nu)) * (high - low)
    velocity = rng.uniform(-3, 3, (count, model.nu)) * rng.choice([0.01, 0.3, 1.0], (count, 1))
    length[0], length[1], velocity[2], velocity[3] = low, high, 0.0, 1e3
    return length, velocity


def of_mujoco(model, row_length, row_velocity):
    gain, bias = np.empty(model.nu), np.empty(model.nu)
    for i in range(model.nu):
        span, acc = model.actuator_lengthrange[i], model.actuator_acc0[i]
        gain[i] = mujoco.mju_muscleGain(
            row_length[i], row_velocity[i], span, acc, model.actuator_gainprm[i, :9]
        )
        bias[i] = mujoco.mju_muscleBias(row_length[i], span, acc, model.actuator_biasprm[i, :9])
    return gain, bias


def test_gain_and_bias_are_mujocos(body):
    muscles = Muscles(body.model)
    length, velocity = lengths_and_velocities(body.model)
    gain, bias = muscles.gain(length, velocity), muscles.bias(length)
    scale = muscles.peak_force
    for row in range(len(length)):
        expected_gain, expected_bias = of_mujoco(body.model, length[row], velocity[row])
        np.testing.assert_allclose(gain[row] / scale, expected_gain / scale, atol=1e-12)
        np.testing.assert_allclose(bias[row] / scale, expected_bias / scale, rtol=1e-12, atol=1e-12)
    assert (gain < 0).mean() > 0.3
    assert (bias < 0).mean() > 0.2


def test_negative_force_means_scale_over_acceleration(legs):
    """MuJoCo's rule where no peak force is given."""
    spec = mujoco.MjSpec.from_string(
        "<mujoco><worldbody><body><joint name='j' type='slide' axis='1 0 0' range='-1 1'/>"
        "<geom size='0.1' mass='2'/></body></worldbody>"
        "<actuator><muscle joint='j' force='-1' scale='200' lengthrange='-1 1'/></actuator></mujoco>"
    )
    model = spec.compile()
    length, velocity = np.array([[0.3]]), np.array([[-0.2]])
    gain, bias = of_mujoco(model, length[0], velocity[0])
    muscles = Muscles(model)
    np.testing.assert_allclose(muscles.gain(length, velocity)[0], gain, rtol=1e-12)
    np.testing.assert_allclose(muscles.bias(length)[0], bias, rtol=1e-12)


def test_an_actuator_that_is_no_muscle_is_refused():
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><body><joint name='j'/><geom size='0.1'/></body></worldbody>"
        "<actuator><motor joint='j'/></actuator></mujoco>"
    )
    with pytest.raises(ValueError, match="muscle"):
        Muscles(model)


def test_actions_have_256_values():
    grid = quantise_action(np.linspace(-1, 1, 100_001))
    assert len(np.unique(grid)) == 256
    assert grid[0] == -1
    assert grid[-1] == 1
    np.testing.assert_array_equal(quantise_action(grid), grid)
    np.testing.assert_allclose(np.diff(np.unique(grid)), 2 / 255)
    assert np.abs(grid - np.linspace(-1, 1, 100_001)).max() <= 1 / 255 + 1e-12
    np.testing.assert_array_equal(quantise_action(np.array([-7.0, 7.0])), [-1, 1])
    assert np.isnan(quantise_action(np.array([np.nan]))).all()
    assert quantise_action(np.array([0.1], np.float32)).dtype == np.float64


def test_direct_control_maps_minus_one_to_rest_and_one_to_full(legs):
    target = DirectControl(legs.model).target(np.array([[-1.0, 0.0, 1.0]]), HERE, HERE)
    np.testing.assert_array_equal(target, [[0.0, 0.5, 1.0]])


def test_length_control_is_kinesis_rule_muscle_by_muscle(body):
    model, law = body.model, LengthControl(body.model)
    length, velocity = lengths_and_velocities(model, count=12, seed=1)
    rng = np.random.default_rng(2)
    action = rng.uniform(-1, 1, length.shape)
    given = [length.copy(), velocity.copy()]
    excitation = law.excitation(law.target(action, HERE, HERE), length, velocity, 0)
    np.testing.assert_array_equal(length, given[0])
    np.testing.assert_array_equal(velocity, given[1])
    for row in range(len(length)):
        gain, bias = of_mujoco(model, length[row], velocity[row])
        for i in range(model.nu):
            peak = model.actuator_biasprm[i, 2]
            target = (action[row, i] + 1) / 2 * model.actuator_lengthrange[i, 1]
            pull = 5 * peak * (target - length[row, i]) - 0.5 * peak * velocity[row, i]
            wanted = (min(max(pull, -peak), 0) - bias[i]) / min(-1, gain[i])
            assert excitation[row, i] == pytest.approx(min(max(wanted, 0), 1), abs=1e-9)
    assert 0.1 < (excitation > 0).mean() < 0.95


def test_the_excitation_gives_the_force_that_was_asked_for(legs):
    """With activation equal to it, MuJoCo's muscle pulls with the PD law's force."""
    model, law = legs.model, LengthControl(legs.model)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    length = data.actuator_length[None].copy()
    target = length - 0.03
    excitation = law.excitation(target, length, np.zeros_like(length), 0)[0]
    data.act[:] = excitation
    mujoco.mj_forward(model, data)
    inside = (excitation > 0) & (excitation < 1)
    assert inside.sum() > 20
    wanted = -5 * model.actuator_biasprm[:, 2] * 0.03
    np.testing.assert_allclose(data.actuator_force[inside], wanted[inside], rtol=1e-9)


def test_action_of_a_length_aims_at_it(body):
    law = LengthControl(body.model)
    length = body.model.actuator_lengthrange.mean(axis=1)
    np.testing.assert_allclose(law.target(law.action(length), HERE, HERE), length, rtol=1e-12)
    assert np.abs(law.action(np.full_like(length, 50.0))).max() == 1


def test_unknown_control_is_refused_with_the_nearest_name(legs):
    with pytest.raises(InputError, match="'direct'"):
        control_law("dirct", legs)
