"""The GPU engine on Warp's CPU device: C MuJoCo's physics, rows that know nothing of each other, failures.

Warp compiles its kernels when a machine first needs them: then this file takes a minute, later seconds.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik import warm_start
from kinesis_bench.motions.gait.build import make, recording
from kinesis_bench.motions.gait.plan import clip_plans
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.physics.cpu import CpuEngine
from kinesis_bench.tasks.control import DirectControl, LengthControl

pytest.importorskip("mujoco_warp", reason="MuJoCo Warp is not installed (pip install 'kinesis-bench[gpu]')")
torch = pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[gpu]')")

from kinesis_bench.physics.warp import WarpEngine  # noqa: E402

STATE = ("qpos", "qvel", "act")
POSITIONS = ("xpos", "xmat", "xquat", "subtree_com", "actuator_length")
VELOCITIES = ("cvel", "actuator_velocity")
READ = (*POSITIONS, *VELOCITIES, "sensordata")
ROWS = 6


@cache
def gait(body):
    """States of the built-in walking: IK poses and velocities, one foot or both on the ground."""
    plan = next(plan for plan in clip_plans() if plan.split.endswith("test"))
    solved = warm_start(load_body(body), to_clip(recording(plan, make(plan))))
    frames = np.linspace(5, len(solved.qpos) - 5, ROWS).astype(int)
    act = np.random.default_rng(0).uniform(0, 0.3, (ROWS, load_body(body).model.na))
    return solved.qpos[frames], solved.qvel[frames], act


def excitations(body, seed=1):
    return np.random.default_rng(seed).uniform(0, 0.4, (ROWS, load_body(body).model.nu))


@cache
def warp_engine(body="legs", **options):
    return WarpEngine(load_body(body).model, ROWS, options.pop("device", "cpu"), **options)


def started(engine, body="legs"):
    engine.set_state(np.arange(ROWS), *gait(body))
    control = excitations(body)
    engine.control[:] = control if isinstance(engine, CpuEngine) else torch.from_numpy(control)
    return engine


def host(array):
    return (array.cpu().numpy() if isinstance(array, torch.Tensor) else array).copy()


def copies(engine, rows=slice(None), names=(*STATE, *READ)):
    return {name: host(engine.field(name)[rows]) for name in names}


def assert_same(one, other):
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def assert_near(warp, cpu):
    """Within what single precision costs: measured 2e-5 in positions, 1e-3 in velocities, 0.02 N in touch."""
    for names, tolerance in (((*STATE[::2], *POSITIONS), 1e-4), (("qvel", *VELOCITIES), 1e-2)):
        for name in names:
            np.testing.assert_allclose(warp[name], cpu[name], atol=tolerance, err_msg=name)
    np.testing.assert_allclose(warp["sensordata"], cpu["sensordata"], atol=0.2)


@pytest.mark.parametrize("body", BODIES)
def test_five_substeps_are_those_of_c_mujoco(body):
    warp, cpu = warp_engine(body), CpuEngine(load_body(body).model, ROWS, 1, READ)
    for engine in (warp, cpu):
        started(engine, body)
    assert_near(copies(warp), copies(cpu))
    for engine in (warp, cpu):
        engine.step(None)
    assert copies(cpu)["sensordata"].max() > 100
    assert_near(copies(warp), copies(cpu))
    assert not warp.failures(None)


@pytest.mark.gpu
@pytest.mark.parametrize("body", BODIES)
def test_five_substeps_on_a_gpu_are_those_of_c_mujoco(body):
    warp, cpu = (
        WarpEngine(load_body(body).model, ROWS, "cuda"),
        CpuEngine(load_body(body).model, ROWS, 1, READ),
    )
    for engine in (warp, cpu):
        started(engine, body).step(None)
    assert_near(copies(warp), copies(cpu))


def test_tensors_are_warps_own_memory():
    engine = started(warp_engine())
    for name in ("qpos", "ctrl", "cvel"):
        assert engine.field(name).data_ptr() == getattr(engine._data, name).ptr
    before = engine.field("qpos")
    values = before.clone()
    engine.step(None)
    assert (before != values).any()
    assert engine.field("xmat").shape == (ROWS, engine.model.nbody, 9)


def test_nothing_is_carried_over_by_a_start():
    engine = started(warp_engine())
    fresh = copies(engine)
    engine.step(None)
    after = copies(engine)
    engine.control[:] = 0.9
    engine.step(None, substeps=40)
    started(engine)
    assert_same(fresh, copies(engine))
    assert not engine.field("time").any()
    engine.step(None)
    assert_same(after, copies(engine))


def test_rows_that_are_not_stepped_or_started_stay():
    engine = started(warp_engine())
    engine.step(None)
    once = copies(engine)
    engine.step(None)
    twice = copies(engine)
    started(engine).step(None)
    some, others = np.array([1, 3]), np.array([0, 2, 4, 5])
    engine.step(some)
    assert_same(copies(engine, others), {name: values[others] for name, values in once.items()})
    assert_same(copies(engine, some), {name: values[some] for name, values in twice.items()})
    engine.set_state(some, *(values[some] for values in gait("legs")))
    engine.step(others)
    assert_same(copies(engine, others), {name: values[others] for name, values in twice.items()})
    engine.step(np.array([], np.int64))
    assert_same(copies(engine, others), {name: values[others] for name, values in twice.items()})


def test_five_steps_of_one_are_one_of_five():
    engine = started(warp_engine())
    engine.step(None)
    five = copies(engine)
    started(engine)
    for _ in range(5):
        engine.step(None, substeps=1)
    assert_same(five, copies(engine))


class Feedback:
    """A law as ``tracking`` is one, with gains of its own."""

    name, every_substep = "tracking", True

    def __init__(self, model):
        self.gains = np.full(model.nu, 3.0), np.full(model.nu, 0.05)

    def excitation(self, target, length, velocity, substep):
        feedback = self.gains[0] * length + self.gains[1] * velocity
        return np.clip(target.base + target.rise * substep + feedback, 0, 1)


def target_of(law, cpu):
    noise = np.random.default_rng(2).normal(0, 0.02, (ROWS, cpu.model.nu))
    if law.name == "direct":
        return np.abs(noise)
    if law.name == "pd":
        return cpu.field("actuator_length") - 0.02 + noise
    return SimpleNamespace(base=0.2 - law.gains[0] * cpu.field("actuator_length"), rise=noise)


@pytest.mark.parametrize("law", [DirectControl, LengthControl, Feedback])
def test_control_laws_are_those_of_the_cpu(law):
    warp, cpu = warp_engine(), CpuEngine(load_body("legs").model, ROWS, 1, READ)
    law = law(cpu.model)
    for engine in (warp, cpu):
        started(engine)
    target = target_of(law, cpu)
    expected = cpu.drive(None, law, target, record=True)
    driven = warp.drive(None, law, target, record=True)
    assert len(expected.excitation) == len(driven.excitation) == (5 if law.every_substep else 1)
    assert len(expected.sensordata) == len(driven.sensordata) == 5
    for one, other in zip(driven.excitation, expected.excitation, strict=True):
        assert 0.001 < np.mean(other) < 0.9
        np.testing.assert_allclose(one, other, atol=2e-3)
    for one, other in zip(driven.sensordata, expected.sensordata, strict=True):
        np.testing.assert_allclose(one, other, atol=0.2)
    assert_near(copies(warp), copies(cpu))
    np.testing.assert_array_equal(warp.control, driven.excitation[-1])


def test_a_drive_of_some_rows_leaves_the_others():
    engine, law = started(warp_engine()), LengthControl(load_body("legs").model)
    target = host(engine.field("actuator_length")) - 0.01
    whole = engine.drive(None, law, target)
    after, some = copies(engine, names=(*STATE, *READ, "ctrl")), np.array([2, 5])
    started(engine)
    before = copies(engine, names=(*STATE, *READ, "ctrl"))
    part = engine.drive(some, law, target[some])
    for one, other in zip(whole.excitation, part.excitation, strict=True):
        np.testing.assert_array_equal(one[some], other)
    for row in range(ROWS):
        expected = after if row in some else before
        got = copies(engine, row, expected)
        assert_same(got, {name: values[row] for name, values in expected.items()})


@pytest.mark.parametrize(
    ("name", "reason"), [("qpos", "position"), ("qvel", "velocity"), ("ctrl", "excitation")]
)
def test_a_broken_row_is_reported_and_takes_no_other_down(name, reason):
    engine = started(warp_engine())
    engine.step(None)
    others = np.array([0, 1, 3, 4, 5])
    sound = copies(engine, others)
    started(engine)
    if name == "ctrl":
        engine.control[2, 7] = np.nan
    else:
        state = dict(zip(STATE, (values[2:3].copy() for values in gait("legs")), strict=True))
        state[name][0, 8] = np.nan if name == "qpos" else 1e12
        engine.set_state(np.array([2]), *state.values())
    engine.step(None)
    assert_same(sound, copies(engine, others))
    assert list(engine.failures(None)) == [2]
    assert reason in engine.failures(None)[2]
    assert not engine.failures(others)
    engine.step(None)
    assert all(np.isfinite(values).all() for values in copies(engine).values())
    started(engine)
    assert not engine.failures(None)


@pytest.mark.parametrize("law", [DirectControl, LengthControl, Feedback])
def test_a_target_that_is_no_number_breaks_its_row(law):
    engine, cpu = warp_engine(), CpuEngine(load_body("legs").model, ROWS, 1, READ)
    for one in (engine, cpu):
        started(one)
    law = law(cpu.model)
    target = target_of(law, cpu)
    (target.base if law.name == "tracking" else target)[4, 11] = np.nan
    engine.drive(None, law, target)
    assert engine.failures(None) == {4: "an excitation is not finite"}


def test_a_violent_row_is_stopped():
    """Velocities at which the physics blows up within the step."""
    engine = started(warp_engine())
    qpos, qvel, act = (values[:1] for values in gait("legs"))
    engine.set_state(np.array([0]), qpos, qvel + 1e7, act)
    engine.step(None)
    assert list(engine.failures(None)) == [0]
    assert all(np.isfinite(values).all() for values in copies(engine).values())


@pytest.mark.parametrize(("room", "reason"), [("constraints", "constraints"), ("contacts", "contacts")])
def test_a_full_room_is_a_failure(room, reason):
    engine = started(
        WarpEngine(load_body("legs").model, ROWS, "cpu", **{room: {"constraints": 20}.get(room, 1)})
    )
    engine.step(None)
    assert set(engine.failures(None).values()) == {f"too many {reason}"}
    engine.set_state(np.array([1]), *(values[:1] for values in gait("legs")))
    assert 1 not in engine.failures(None)
