"""Control law tracking: its formula, its shift of the reference, and starts at its level."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.tasks import tracking
from kinesis_bench.tasks.control import action_size, control_law
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.muscle import Muscles
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.tracking import TrackingControl


def lengths_at(model, qpos):
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    mujoco.mj_forward(model, data)
    return data.actuator_length.copy()


def test_one_action_for_each_independent_joint(body, motions):
    law = control_law("tracking", body, Reference.of(motions, body))
    assert law.action_size == action_size("tracking", body) == (14 if body.name == "legs" else 17)
    assert action_size("pd", body) == action_size("direct", body) == body.model.nu
    with pytest.raises(ValueError, match="reference"):
        control_law("tracking", body)


def test_excitation_is_feed_forward_plus_feedback(body, motions):
    """The formula, muscle by muscle, from numbers of the simulator."""
    reference = Reference.of(motions, body)
    law = TrackingControl(body, reference)
    now = np.array([5, reference.offset[1] + 2])
    rng = np.random.default_rng(0)
    action = rng.uniform(-1, 1, (2, law.action_size))
    length = np.stack([lengths_at(body.model, reference.qpos[at]) for at in now])
    length += 0.004 * rng.normal(size=length.shape)
    velocity = 0.1 * rng.normal(size=length.shape)
    target = law.target(action, now, now + 1)
    shift = np.einsum("nmd,nd->nm", law.moment_arm(now), tracking.OFFSET_RAD * action)
    for substep in (0, 3):
        share = (substep + tracking.LEAD_SUBSTEPS) / 5
        between = [
            (1 - share) * part[now].astype(float) + share * part[now + 1].astype(float)
            for part in (law._feed_forward, law._length, law._velocity)
        ]
        length_gain, velocity_gain = law.gains
        wanted = between[0] + length_gain * (length - between[1] - shift)
        wanted += velocity_gain * (velocity - between[2])
        excitation = law.excitation(target, length, velocity, substep)
        np.testing.assert_allclose(excitation, np.clip(wanted, 0, 1), atol=1e-6)
        assert ((excitation > 0) & (excitation < 1)).mean() > 0.1


def test_no_joint_is_held_stiffer_than_the_hips(body, motions):
    """From the simulator's own lengths where a joint is turned a little; the trunk's strands share a pull."""
    law = TrackingControl(body, Reference.of(motions, body))
    joints, pose = coupling(body.model), mujoco.MjData(body.model).qpos.copy()
    small, stiffness = 1e-4, {}
    pull = law.gains[0] * Muscles(body.model).peak_force
    for joint, name in enumerate(joints.names):
        lengths = []
        for sign in (-1, 1):
            turned = pose[joints.independent] + sign * small * np.eye(law.action_size)[joint]
            posed = pose.copy()
            posed[joints.qpos] = joints.values(turned[None])[0]
            lengths.append(lengths_at(body.model, posed))
        arm = (lengths[1] - lengths[0]) / (2 * small)
        stiffness[name] = float(pull @ np.square(arm))
    assert max(stiffness.values()) < 1.001 * tracking.STIFFEST_N_M_RAD
    assert stiffness["hip_adduction_l"] == pytest.approx(1172, abs=2)
    in_leg = [not name.startswith(("flex", "lat", "axial")) for name in stiffness]
    legs = np.abs(law.moment_arm(np.array([0]))[0][:, in_leg]).max(axis=1) > 0
    np.testing.assert_allclose(pull[legs], tracking.LENGTH_GAIN_N_M)
    np.testing.assert_allclose(law.gains[1] / law.gains[0], 150 / 30_000)


def test_an_action_shifts_the_joint_it_stands_for(legs, legs_motions):
    """Muscles as long as in the reference with one joint turned by the action's angle are in place."""
    joints, reference = coupling(legs.model), Reference.of(legs_motions, legs)
    qpos = reference.qpos.copy()
    qpos[:, joints.qpos] = joints.values(qpos[:, joints.independent])
    law = TrackingControl(legs, replace(reference, qpos=qpos))
    small, pose = 1e-4, qpos[4].copy()
    for joint in range(law.action_size):
        lengths = []
        for sign in (-1, 1):
            turned = qpos[4, joints.independent] + sign * small * np.eye(law.action_size)[joint]
            pose[joints.qpos] = joints.values(turned[None])[0]
            lengths.append(lengths_at(legs.model, pose))
        change = (lengths[1] - lengths[0]) / 2
        shift = law.moment_arm(np.array([4]))[0] @ (small * np.eye(law.action_size)[joint])
        np.testing.assert_allclose(shift, change, atol=1e-8)
        assert np.abs(change).max() > 1e-7


def test_clips_are_prepared_when_they_are_used_and_in_any_order(legs, legs_motions):
    reference = Reference.of(legs_motions, legs)
    one, other = TrackingControl(legs, reference), TrackingControl(legs, reference)
    first, second = reference.offset[:1], reference.offset[1:2] + 3
    a, b = one.feed_forward(first), one.feed_forward(second)
    np.testing.assert_array_equal(other.feed_forward(second), b)
    np.testing.assert_array_equal(other.feed_forward(first), a)
    assert one._known.sum() == reference.length[:2].sum()
    assert (a >= 0).all()
    assert (a <= 1).all()
    assert 0.01 < a.mean() < 0.5


def test_a_start_may_have_activation_and_a_push(legs, legs_motions):
    task = Imitation(legs, Reference.of(legs_motions, legs), 3, control="tracking", threads=1)
    rows, clip = np.arange(2), np.array([0, 1])
    level = task.law.feed_forward(task.reference.offset[clip] + 2)
    push = np.array([[0.1, 0, 0], [0, -0.2, 0.3]])
    before = task.reference.qvel.copy()
    task.start(rows, clip, 2, activation=level, push_m_s=push)
    qpos, qvel, activation = task.state(rows)
    at = task.reference.offset[clip] + 2
    np.testing.assert_array_equal(activation, level)
    np.testing.assert_array_equal(qpos, task.reference.qpos[at])
    np.testing.assert_array_equal(qvel[:, :3], before[at][:, :3] + push)
    np.testing.assert_array_equal(qvel[:, 3:], before[at][:, 3:])
    np.testing.assert_array_equal(task.reference.qvel, before)


def test_an_action_moves_its_joint_its_way(body, motions):
    """A tenth of a second of asking for more, and of asking for less, of one angle."""
    reference = Reference.of(motions, body)
    joints = coupling(body.model)
    free = ("hip_flexion", "hip_adduction", "ankle")  # the knee stands at its limit
    chosen = [i for i, name in enumerate(joints.names) if name.startswith(free)]
    assert len(chosen) == 6
    rows = np.arange(2 * len(chosen))
    task = Imitation(body, reference, len(rows), control="tracking", threads=1)
    task.start(rows, np.zeros(len(rows), np.int64))
    action = np.zeros((len(rows), task.action_size))
    action[rows[::2], chosen], action[rows[1::2], chosen] = 1.0, -1.0
    for _ in range(3):
        task.step(rows, action)
    angle = task.state(rows)[0][:, joints.independent]
    for pair, joint in enumerate(chosen):
        assert angle[2 * pair, joint] > angle[2 * pair + 1, joint] + 0.05, joints.names[joint]


def test_the_task_shows_exact_moment_arms(body, motions):
    """Equal to the reference's where the body is in the reference's pose."""
    needs = ("moment_arm",)
    task = Imitation(body, Reference.of(motions, body), 2, control="tracking", threads=1, needs=needs)
    rows, clip = np.arange(2), np.array([0, 2])
    task.start(rows, clip, 3)
    seen = task.view(rows, needs)["moment_arm"]
    assert seen.shape == (2, body.model.nu, task.action_size)
    at = task.reference.offset[clip] + 3
    np.testing.assert_allclose(seen, task.law.moment_arm(at), atol=1e-7)
