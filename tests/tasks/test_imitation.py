"""The batched task: starts, times, determinism to the bit, recordings and their replay, forces, failures."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.tasks.control import CONTROLS, LengthControl, quantise_action
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import reward_config
from kinesis_bench.tasks.termination import TRAINING

NEEDS = ("state", "reference", "muscle")


def make(body, motions, rows=4, control="direct", **options):
    return Imitation(body, Reference.of(motions, body), rows, control=control, **{"threads": 1} | options)


def actions(task, steps, seed=0):
    """Gentle actions, quantised; under PD around the lengths of the standing body."""
    rng = np.random.default_rng(seed)
    centre: np.ndarray | float = -0.9
    if isinstance(task.law, LengthControl):
        data = mujoco.MjData(task.body.model)
        mujoco.mj_forward(task.body.model, data)
        centre = task.law.action(data.actuator_length)
    return quantise_action(centre + 0.1 * rng.standard_normal((steps, 8, task.action_size)))


def run(task, rows, clips, frames, acts, columns):
    """Start and step; observation, state and reward after each step."""
    task.start(rows, clips, frames)
    history = [task.observe(rows)]
    for action in acts:
        step = task.step(rows, action[columns])
        history += [task.observe(rows), *task.state(rows), step.keypoint_error_m, step.reward]
    return history


CLIPS, FRAMES = np.array([0, 1, 2, 0]), np.array([0, 3, 5, 9])


def test_a_start_is_the_reference(body, motions):
    task = make(body, motions, needs=NEEDS)
    rows = np.arange(4)
    task.start(rows, CLIPS, FRAMES)
    at = motions.offset[CLIPS] + FRAMES
    qpos, qvel, activation = task.state(rows)
    np.testing.assert_array_equal(qpos, motions.ik[body.name].qpos[at])
    np.testing.assert_array_equal(qvel, motions.ik[body.name].qvel[at])
    assert not activation.any()
    now = task._now
    keypoints = motions.frames["keypoint_position"][at][:, body.keypoint_columns]
    speeds = motions.frames["keypoint_velocity"][at][:, body.keypoint_columns]
    np.testing.assert_allclose(now.keypoint_position, keypoints, atol=1e-6)
    np.testing.assert_allclose(now.keypoint_velocity, speeds, atol=1e-5)


def test_time_runs_with_the_clip(legs, legs_motions):
    task = make(legs, legs_motions, record=True, needs=NEEDS)
    last = int(legs_motions.length[1]) - 1
    rows = np.array([2])
    task.start(rows, np.array([1]), last - 2)
    reference = task.reference
    for frame in (last - 1, last):
        seen = task.view(rows, NEEDS)
        at = reference.offset[1] + frame
        np.testing.assert_array_equal(seen["reference_qpos"][0], reference.qpos[at - 1])
        np.testing.assert_array_equal(seen["reference_qpos_next"][0], reference.qpos[at])
        step = task.step(rows, actions(task, 1)[0, :1])
        assert task.frame[2] == frame
        np.testing.assert_array_equal(
            step.record.reference_keypoint_position[0], reference.keypoint_position[at]
        )
        assert step.finished[0] == (frame == last)
    seen = task.view(rows, ("reference",))
    np.testing.assert_array_equal(seen["reference_qpos_next"], seen["reference_qpos"])
    assert task.observe(rows).shape == (1, task.observation_size)


def test_the_view_shows_the_muscles_as_they_are(legs, legs_motions):
    task = make(legs, legs_motions, needs=NEEDS)
    rows = np.arange(4)
    task.start(rows, CLIPS, FRAMES)
    task.step(rows, actions(task, 1)[0, :4])
    seen = task.view(np.array([1, 3]), NEEDS)
    data = mujoco.MjData(legs.model)
    for place in range(2):
        data.qpos[:], data.qvel[:], data.act[:] = (seen[n][place] for n in ("qpos", "qvel", "activation"))
        mujoco.mj_forward(legs.model, data)
        np.testing.assert_allclose(seen["muscle_length"][place], data.actuator_length, atol=1e-12)
        np.testing.assert_allclose(seen["muscle_velocity"][place], data.actuator_velocity, atol=1e-12)


@pytest.mark.parametrize("control", CONTROLS)
def test_same_bits_whatever_the_rows_threads_and_recording(body, motions, control):
    options = {"control": control, "reward": reward_config(body.name)}
    many = make(body, motions, rows=4, threads=2, **options)
    acts = actions(many, 4)
    whole = run(many, np.arange(4), CLIPS, FRAMES, acts, slice(0, 4))
    recorded = make(body, motions, rows=4, record=True, needs=NEEDS, **options)
    for one, other in zip(whole, run(recorded, np.arange(4), CLIPS, FRAMES, acts, slice(0, 4)), strict=True):
        np.testing.assert_array_equal(one, other)
    part = np.array([1, 2])
    larger = make(body, motions, rows=5, **options)
    larger.start(np.array([0, 3, 4]), CLIPS[[3, 3, 3]], 4)
    larger.step(np.array([0, 3, 4]), acts[0, :3])
    for one, other in zip(whole, run(larger, part, CLIPS[part], FRAMES[part], acts, part), strict=True):
        np.testing.assert_array_equal(one[part], other)


@pytest.mark.parametrize("control", CONTROLS)
def test_replaying_the_actions_gives_the_same_bits(body, motions, control):
    """From the recorded start, through the control law, in a batch that has done something else before."""
    task = make(body, motions, control=control, record=True)
    rows = np.arange(4)
    task.start(rows, CLIPS, FRAMES)
    first = task.state(rows)
    records = [task.step(rows, action[:4]).record for action in actions(task, 5)]
    again = make(body, motions, rows=1, control=control, record=True)
    again.start(np.array([0]), np.array([2]), 0)
    again.step(np.array([0]), records[3].action[:1])
    again.start(np.array([0]), CLIPS[1:2], FRAMES[1:2])
    for one, other in zip(first, again.state(np.array([0])), strict=True):
        np.testing.assert_array_equal(one[1:2], other)
    for record in records:
        repeated = again.step(np.array([0]), record.action[1:2]).record
        assert record.fatigued is repeated.fatigued is None
        for name in vars(record).keys() - {"fatigued"}:
            values = getattr(record, name)
            np.testing.assert_array_equal(values[1:2], getattr(repeated, name), err_msg=name)


@pytest.mark.parametrize("control", CONTROLS)
def test_a_record_holds_what_acted(legs, legs_motions, control):
    """Against MuJoCo's plain loop over one body, with law and energy evaluated at every substep."""
    model = legs.model
    task = make(legs, legs_motions, control=control, record=True, reward=reward_config("legs"))
    rows = np.arange(4)
    task.start(rows, CLIPS, FRAMES)
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:], data.act[:] = (values[1] for values in task.state(rows))
    for action in actions(task, 3):
        at = task.reference.offset[CLIPS[1:2]] + task.frame[1:2]
        step = task.step(rows, action[:4])
        record = step.record
        target, excitations, touches = task.law.target(action[1:2], at, at + 1), [], []
        for substep in range(5):
            mujoco.mj_forward(model, data)
            data.ctrl[:] = task.law.excitation(
                target, data.actuator_length[None].copy(), data.actuator_velocity[None].copy(), substep
            )[0]
            mujoco.mj_step(model, data)
            excitations.append(data.ctrl.copy())
            touches.append(data.sensordata[legs.touch_addresses].copy())
        np.testing.assert_allclose(record.qpos[1], data.qpos, atol=1e-9)
        np.testing.assert_allclose(record.activation[1], data.act, atol=1e-9)
        np.testing.assert_allclose(record.excitation[1], np.mean(excitations, axis=0), atol=1e-9)
        np.testing.assert_allclose(record.excitation_last[1], excitations[-1], atol=1e-9)
        np.testing.assert_allclose(record.touch[1], touches, atol=1e-4)
        energy = [np.exp(-0.05 * (u.sum() + np.sqrt((u**2).sum()))) for u in excitations]
        assert step.reward_terms["energy"][1] == pytest.approx(np.mean(energy), abs=1e-9)
    mujoco.mj_kinematics(model, data)
    np.testing.assert_allclose(record.pelvis_quaternion[1], data.xquat[legs.pelvis_id], atol=1e-9)
    np.testing.assert_allclose(record.keypoint_position[1], data.site_xpos[legs.keypoint_site_ids], atol=1e-9)
    np.testing.assert_array_equal(record.joint_angle, legs.joint_angles(record.qpos))
    changes = np.ptp(excitations, axis=0).max()
    assert changes == 0 if control in ("direct", "synergy") else changes > 0.01


def test_touch_is_the_whole_contact_of_each_foot_part(body, motions):
    """Every normal force on calcn and toes is felt, at any attitude of the foot, on tiptoe too."""
    model, data = body.model, mujoco.MjData(body.model)
    parts = [model.site_bodyid[model.sensor(s).objid[0]] for s in ("r_foot", "r_toes", "l_foot", "l_toes")]
    rng, force, heels = np.random.default_rng(0), np.zeros(6), 0
    for _ in range(6):
        mujoco.mj_resetData(model, data)
        data.qpos[2], data.qvel[:2] = 0.95, rng.standard_normal(2)
        data.ctrl[:] = rng.uniform(0, 0.3, model.nu)
        for _ in range(80):
            mujoco.mj_step(model, data)
            mujoco.mj_forward(model, data)
            felt = np.zeros(4)
            for index in range(data.ncon):
                mujoco.mj_contactForce(model, data, index, force)
                for geom in data.contact[index].geom:
                    if model.geom_bodyid[geom] in parts:
                        felt[parts.index(model.geom_bodyid[geom])] += force[0]
            np.testing.assert_allclose(data.sensordata[body.touch_addresses], felt, atol=1e-6)
            heels += int((felt[[0, 2]] > 20).any())
    assert heels > 50


def test_ground_force_is_what_moves_the_body(legs, legs_motions):
    """Impulse: Σ (F - m g) dt is the change of the body's momentum, while only the feet touch the ground."""
    task = make(legs, legs_motions, rows=1, record=True)
    row = np.array([0])
    task.start(row, np.array([0]), 0)
    model, data = legs.model, mujoco.MjData(legs.model)

    def momentum():
        data.qpos[:], data.qvel[:] = (values[0] for values in task.state(row)[:2])
        mujoco.mj_forward(model, data)
        mujoco.mj_subtreeVel(model, data)
        return legs.mass_kg * data.subtree_linvel[0, 2]

    before, impulse, weight = momentum(), 0.0, legs.mass_kg * 9.81
    for _ in range(12):
        record = task.step(row, actions(task, 1)[0, :1]).record
        np.testing.assert_allclose(record.ground_force[0, 0], record.touch[0, :, :2].sum() / 5)
        np.testing.assert_allclose(record.ground_force[0, 1], record.touch[0, :, 2:].sum() / 5)
        impulse += (record.ground_force.sum() - weight) * 5 * model.opt.timestep
    contact = impulse + weight * 60 * model.opt.timestep
    assert contact > 0.3 * weight * 0.4
    assert momentum() - before == pytest.approx(impulse, abs=0.03 * weight * 0.4)


def test_reward_and_termination_follow_the_reference(legs, legs_motions):
    task = make(legs, legs_motions, reward=reward_config("legs"), termination=TRAINING)
    rows = np.arange(4)
    task.start(rows, CLIPS, FRAMES)
    steps = [task.step(rows, np.full((4, 80), -1.0)) for _ in range(9)]
    assert (steps[0].reward > 0.6).all()
    assert steps[0].reward_terms["energy"] == pytest.approx(1.0)
    assert not steps[0].failed.any()
    assert steps[-1].failed.all()
    for step in steps:
        np.testing.assert_array_equal(step.failed, step.keypoint_error_m.max(axis=1) > 0.15)
    assert make(legs, legs_motions)._termination.over_keypoints == "mean"


def test_corrections_are_of_the_action_applied(legs, legs_motions):
    reward = replace(reward_config("legs"), correction_weight=0.5, correction_rate=2.0)
    task = make(legs, legs_motions, control="tracking", reward=reward)
    rows = np.arange(4)
    task.start(rows, CLIPS, FRAMES)
    action = np.linspace(-0.6, 0.8, 4 * 14).reshape(4, 14)
    step = task.step(rows, action)
    assert step.reward_terms["correction"] == pytest.approx(np.exp(-2 * np.square(action).mean(axis=1)))
    without = sum(
        getattr(reward, f"{name}_weight") * values
        for name, values in step.reward_terms.items()
        if name != "correction"
    )
    np.testing.assert_allclose(step.reward, without + 0.5 * step.reward_terms["correction"])


def test_a_bad_action_breaks_its_row_only(legs, legs_motions):
    sound, broken = (make(legs, legs_motions, record=True) for _ in range(2))
    rows = np.arange(4)
    for task in (sound, broken):
        task.start(rows, CLIPS, FRAMES)
    good = actions(sound, 2)[:, :4]
    bad = good.copy()
    bad[0, 2, 7] = np.nan
    one, other = sound.step(rows, good[0]), broken.step(rows, bad[0])
    assert not one.broken
    assert list(other.broken) == [2]
    others = np.array([0, 1, 3])
    np.testing.assert_array_equal(one.record.qpos[others], other.record.qpos[others])
    left = broken.step(others, good[1][others])
    assert not left.broken
    np.testing.assert_array_equal(left.record.qpos, sound.step(others, good[1][others]).record.qpos)
    broken.start(np.array([2]), CLIPS[2:3], FRAMES[2:3])
    assert not broken.step(np.array([2]), good[0][2:3]).broken


def test_no_rows_is_no_work(legs, legs_motions):
    task = make(legs, legs_motions, record=True, reward=reward_config("legs"))
    task.start(np.arange(4), CLIPS, FRAMES)
    nobody = np.array([], np.int64)
    step = task.step(nobody, np.zeros((0, 80)))
    assert step.reward.shape == (0,)
    assert task.observe(nobody).shape == (0, 309)
    np.testing.assert_array_equal(task.frame, FRAMES)


def test_motions_that_do_not_fit_the_body_are_refused(legs, legs_motions):
    from kinesis_bench.bodies.contract import load_body

    with pytest.raises(InputError, match="no IK for this body"):
        Reference.of(legs_motions, load_body("legs_abs"))
    other = replace(legs_motions.ik["legs"], model_sha256="0" * 64)
    with pytest.raises(InputError, match="solved for model"):
        Reference.of(replace(legs_motions, ik={"legs": other}), legs)
