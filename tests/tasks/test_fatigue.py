"""Which muscle has which joint's values, and what a task does with muscles that tire."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.cli.bodies import Bodies
from kinesis_bench.envs import ImitationVectorEnv
from kinesis_bench.tasks.fatigue import JOINT_OF, JOINTS, fatigability, muscle_joints
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.observation import FATIGUED, observation_layout
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.target import Target, TargetTrial

EXPECTED = {
    "soleus": "ankle",
    "tibant": "ankle",
    "gasmed": "ankle",
    "fhl": "ankle",
    "vaslat": "knee",
    "bfsh": "knee",
    "glmax1": "hip",
    "psoas": "hip",
    "addlong": "hip",
    "bflh": "hip",
}
"""Of the muscles over two joints, the gastrocnemius lies further from the ankle than from the knee, the long
hamstrings further from the hip."""


@pytest.fixture(scope="module")
def body():
    return load_body("legs")


@pytest.fixture(scope="module")
def motions(body):
    return synthetic_motions(body, clips=3, frames=8)


@pytest.mark.parametrize("name", BODIES)
def test_muscles_have_the_values_of_the_joint_that_they_move_most(name):
    found = muscle_joints(name)
    of = dict(zip(found.muscles, found.joints, strict=True))
    for side in "lr":
        assert {muscle: of[f"{muscle}_{side}"] for muscle in EXPECTED} == EXPECTED
    sides = [{m[:-2]: j for m, j in of.items() if m.endswith(end)} for end in ("_l", "_r")]
    assert sides[0] == sides[1]
    assert all(of[m] == "trunk" for m in of if m.startswith(("ercspn", "extobl", "LTpT", "rect_abd")))
    place = found.muscles.index("vaslat_r")
    values = fatigability(name)
    assert values.fatigue_per_s[place] == JOINTS["knee"].fatigue_per_s == 0.015
    assert values.rest_recovery_per_s[place] == pytest.approx(15 * 0.00149)


@pytest.mark.parametrize("name", BODIES)
def test_every_coordinate_belongs_to_a_joint(name):
    names = {one.removesuffix("_r").removesuffix("_l") for one in coupling(load_body(name).model).names}
    assert names <= set(JOINT_OF)


def test_a_moment_arm_is_the_change_of_length_with_the_angle(body):
    """Of the soleus about the ankle's coordinates, by differences of lengths."""
    import mujoco

    model, data = body.model, mujoco.MjData(body.model)
    muscle, joints = body.muscles.index("soleus_r"), coupling(model)
    square = 0.0
    for name in ("ankle_angle_r", "subtalar_angle_r", "mtp_angle_r"):
        at = joints.names.index(name)
        angles = np.linspace(joints.lower[at], joints.upper[at], 9)
        arms = []
        for angle in angles:
            lengths = []
            for shift in (-1e-4, 1e-4):
                data.qpos[:] = model.qpos0
                data.qpos[joints.independent[at]] = angle + shift
                mujoco.mj_forward(model, data)
                lengths.append(data.actuator_length[muscle])
            arms.append((lengths[1] - lengths[0]) / 2e-4)
        square += np.mean(np.square(arms))
    expected = np.sqrt(square)
    assert muscle_joints("legs").arm_m[muscle, list(JOINTS).index("ankle")] == pytest.approx(
        expected, rel=1e-3
    )


def test_a_start_makes_muscles_fresh_and_fatigue_can_be_put_back(body, motions):
    rows = np.arange(2)
    task = Imitation(body, Reference.of(motions, body), 2, fatigue="observed")
    task.start(rows, rows)
    assert not task.fatigued(rows).any()
    task.step(rows, np.full((2, 80), 0.5))
    tired = task.fatigued(rows)
    assert (tired > 0).all()
    layout = dict(observation_layout(body, "observed"))
    assert layout[FATIGUED] == slice(309, 389)
    seen = task.observe(rows)
    assert seen.shape == (2, 389) == (2, task.observation_size)
    np.testing.assert_array_equal(seen[:, layout[FATIGUED]], tired.astype(np.float32))
    task.start(rows[:1], rows[:1])
    assert not task.fatigued(rows[:1]).any()
    np.testing.assert_array_equal(task.fatigued(rows[1:]), tired[1:])
    task.tire(rows[:1], np.full((1, 80), 0.4))
    assert (task.fatigued(rows[:1]) == 0.4).all()


def test_hidden_fatigue_leaves_the_observation_as_it_is(body, motions):
    reference, rows = Reference.of(motions, body), np.arange(2)
    plain, tiring = Imitation(body, reference, 2), Imitation(body, reference, 2, fatigue="hidden")
    for task in (plain, tiring):
        task.start(rows, rows)
    np.testing.assert_array_equal(plain.observe(rows), tiring.observe(rows))
    assert plain.fatigued(rows) is None
    for task in (plain, tiring):
        task.step(rows, np.full((2, 80), -0.5))
    assert (plain.engine.control > tiring.engine.control - 1e-12).all()


def test_spent_muscles_do_nothing(body, motions):
    rows = np.arange(1)
    task = Imitation(body, Reference.of(motions, body), 1, fatigue="hidden", record=True)
    task.start(rows, rows)
    task.tire(rows, np.ones((1, 80)))
    record = task.step(rows, np.ones((1, 80))).record
    assert record.excitation.max() < 1e-3  # a little recovers within the step
    assert (record.fatigued > 0.999).all()


def test_tasks_of_trials_tire_too(body):
    task = Target(body, 2, fatigue="observed")
    rows = np.arange(2)
    task.start(rows, [TargetTrial(0.0, 1.0, 0.0)] * 2)
    assert task.observe(rows).shape == (2, 389)
    task.step(rows, np.zeros((2, 80)))
    assert (task.fatigued(rows) > 0).all()


def test_environments_start_fresh_or_as_fatigued_as_the_options_say(motions):
    env = ImitationVectorEnv(2, "legs", motions, fatigue="observed")
    assert env.single_observation_space.shape == (389,)
    env.reset(seed=0)
    assert not env.task.fatigued(np.arange(2)).any()
    env.reset(options={"fatigued": 0.3})
    assert (env.task.fatigued(np.arange(2)) == 0.3).all()
    with pytest.raises(ValueError, match="outside 0 to 1"):
        env.reset(options={"fatigued": 1.5})
    with pytest.raises(ValueError, match="do not tire"):
        ImitationVectorEnv(2, "legs", motions).reset(options={"fatigued": 0.3})


def test_the_table_of_the_command_line(capsys):
    Bodies(fatigue=True).run()
    shown = capsys.readouterr().out
    assert "0.01500" in shown
    assert (
        next(line for line in shown.splitlines() if line.strip().startswith("soleus")).split()[1] == "ankle"
    )
