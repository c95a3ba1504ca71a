"""Muscles that tire in the CPU engine: only their excitation is cut, row by row."""

from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.physics.cpu import CpuEngine
from kinesis_bench.physics.engine import SUBSTEPS
from kinesis_bench.tasks.control import DirectControl, LengthControl
from kinesis_bench.tasks.fatigue import fatigability

ROWS = 3
READ = ("actuator_length", "actuator_velocity", "sensordata")
MODEL = load_body("legs").model
TIRING = fatigability("legs")


def engine(**options):
    made = CpuEngine(MODEL, ROWS, 1, READ, **options)
    rest = (np.tile(values, (ROWS, 1)) for values in (MODEL.qpos0, np.zeros(MODEL.nv), np.zeros(MODEL.na)))
    made.set_state(np.arange(ROWS), *rest)
    return made


def actions(law, seed=0):
    return np.random.default_rng(seed).uniform(-1, 0, (ROWS, law.action_size))


def test_muscles_tire_at_every_substep_and_what_acts_is_cut():
    law = DirectControl(MODEL)
    tiring = engine(fatigability=TIRING)
    tiring.fatigued[1] = 0.8
    load = law.target(actions(law), None, None)
    driven = tiring.drive(None, law, load)
    fatigued = np.zeros((ROWS, MODEL.nu))
    fatigued[1] = 0.8
    for substep in range(SUBSTEPS):
        active, fatigued = TIRING.step(load, fatigued, MODEL.opt.timestep)
        np.testing.assert_array_equal(driven.excitation[substep], active)
    np.testing.assert_array_equal(tiring.fatigued, fatigued)
    assert driven.excitation[0][1].max() == pytest.approx(0.2)
    np.testing.assert_array_equal(driven.excitation[0][0], load[0])


@pytest.mark.parametrize("make_law", [DirectControl, LengthControl])
def test_muscles_that_cannot_tire_are_those_without_fatigue(make_law):
    law = make_law(MODEL)
    never = TIRING.__class__(*(np.zeros(MODEL.nu) for _ in range(3)))
    plain, tiring = engine(), engine(fatigability=never)
    for seed in range(3):
        for one in (plain, tiring):
            one.drive(None, law, law.target(actions(law, seed), None, None), record=True)
    np.testing.assert_array_equal(plain.field("qpos"), tiring.field("qpos"))
    assert plain.fatigued is None


@pytest.mark.parametrize("make_law", [DirectControl, LengthControl])
def test_rows_and_recording_change_nothing(make_law):
    law = make_law(MODEL)
    whole, parts = engine(fatigability=TIRING), engine(fatigability=TIRING)
    for seed in range(3):
        action = actions(law, seed)
        whole.drive(None, law, law.target(action, None, None))
        for rows in (np.array([0, 2]), np.array([1])):
            parts.drive(rows, law, law.target(action[rows], None, None), record=True)
    np.testing.assert_array_equal(whole.fatigued, parts.fatigued)
    np.testing.assert_array_equal(whole.field("qpos"), parts.field("qpos"))
    assert whole.fatigued.max() > 0


def test_a_finer_timestep_tires_alike():
    law, fine = DirectControl(MODEL), load_body("legs").model.__copy__()
    fine.opt.timestep = MODEL.opt.timestep / 4
    load = law.target(actions(law), None, None)
    coarse, refined = engine(fatigability=TIRING), CpuEngine(fine, ROWS, 1, READ, TIRING)
    for one, refine in ((coarse, 1), (refined, 4)):
        one.drive(None, law, load, refine=refine)
    np.testing.assert_array_equal(coarse.fatigued, refined.fatigued)


def test_a_new_start_leaves_fatigue_to_the_task():
    tiring = engine(fatigability=TIRING)
    tiring.fatigued[:] = 0.3
    state = (tiring.field(name)[:1].copy() for name in ("qpos", "qvel", "act"))
    tiring.set_state(np.array([0]), *state)
    assert (tiring.fatigued == 0.3).all()


@pytest.mark.parametrize("make_law", [DirectControl, LengthControl])
def test_both_engines_tire_alike(make_law):
    pytest.importorskip(
        "mujoco_warp", reason="MuJoCo Warp is not installed (pip install 'kinesis-bench[gpu]')"
    )
    torch = pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[gpu]')")
    from kinesis_bench.physics.warp import WarpEngine

    law = make_law(MODEL)
    cpu, warp = engine(fatigability=TIRING), WarpEngine(MODEL, ROWS, "cpu", fatigability=TIRING)
    start = np.random.default_rng(1).uniform(0, 0.9, (ROWS, MODEL.nu))
    cpu.fatigued[:] = start
    warp.fatigued[:] = torch.from_numpy(start)
    target, rows = law.target(actions(law), None, None), np.array([0, 2])
    one = cpu.drive(rows, law, target[rows], record=True)
    other = warp.drive(rows, law, target[rows], record=True)
    assert len(one.excitation) == len(other.excitation) == SUBSTEPS
    for ours, theirs in zip(one.excitation, other.excitation, strict=True):
        np.testing.assert_allclose(theirs.numpy(), ours, atol=5e-4)
    np.testing.assert_allclose(warp.fatigued.numpy(), cpu.fatigued, atol=1e-6)
    np.testing.assert_array_equal(cpu.fatigued[1], start[1])
    np.testing.assert_allclose(warp.fatigued[1].numpy(), start[1], atol=1e-7)
    assert np.abs(cpu.fatigued[rows] - start[rows]).max() > 1e-4
