"""Static optimisation: the torques it is asked for, at the least effort, and what joints may give up."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from kinesis_bench.bodies.least_effort import least_effort
from kinesis_bench.tasks.moment_arm import MomentArms
from kinesis_bench.tasks.muscle import Muscles
from kinesis_bench.tasks.static_optimisation import full_moment, joint_slack_n_m, sparing_excitation


def state(body, motions, frame=3):
    """Moment of a pose (1, D, M), and the simulator in that pose."""
    model, data = body.model, mujoco.MjData(body.model)
    data.qpos[:] = motions.ik[body.name].qpos[frame]
    mujoco.mj_forward(model, data)
    arms = MomentArms(model)
    arm = arms.dense(arms.pairs(data.qpos[None], data.actuator_moment[None]))
    gain = Muscles(model).gain(data.actuator_length[None], data.actuator_velocity[None])
    return full_moment(arm, gain), arm, data


def test_the_muscles_give_the_torque_that_was_asked_for(body, motions):
    """MuJoCo's own joint torques, muscles activated as found, less those of muscles at rest."""
    moment, arm, data = state(body, motions)
    rng = np.random.default_rng(0)
    torque = moment @ rng.uniform(0, 0.3, moment.shape[2])
    excitation = sparing_excitation(moment, torque, 0.01)
    pull = []
    for activation in (excitation[0], np.zeros(moment.shape[2])):
        data.act[:] = activation
        mujoco.mj_forward(body.model, data)
        pull.append(data.actuator_force.copy())
    given = (pull[0] - pull[1]) @ arm[0]
    np.testing.assert_allclose(given, torque[0], atol=0.01)
    assert np.square(excitation).sum() < moment.shape[2] * 0.03


def test_effort_falls_as_slack_grows(legs, legs_motions):
    moment, _, _ = state(legs, legs_motions)
    torque = moment @ np.full(80, 0.2)
    effort = [np.square(sparing_excitation(moment, torque, slack)).sum() for slack in (0.01, 1, 10, 100)]
    assert effort == sorted(effort, reverse=True)
    assert effort[-1] < 0.5 * effort[0]


def test_toes_may_give_up_more(legs):
    slack = joint_slack_n_m(legs.model)
    names = [n for n in (legs.model.joint(j).name for j in range(legs.model.njnt)) if "mtp" in n]
    assert len(slack) == 14
    assert (slack == 10).sum() == len(names) == 2
    assert (slack == 1).sum() == 12


def test_rows_are_solved_one_by_one(legs, legs_motions):
    """However many there are; none is no error."""
    moment, _, _ = state(legs, legs_motions)
    rng = np.random.default_rng(1)
    many, torque = np.repeat(moment, 600, axis=0), 30 * rng.normal(size=(600, 14))
    slack = joint_slack_n_m(legs.model)
    every = sparing_excitation(many, torque, slack)
    np.testing.assert_array_equal(every[300:301], least_effort(many[300:301], torque[300:301], slack))
    assert sparing_excitation(many[:0], torque[:0]).shape == (0, 80)
    with pytest.raises(ValueError, match="slack"):
        sparing_excitation(moment, torque[:1], 0.0)
