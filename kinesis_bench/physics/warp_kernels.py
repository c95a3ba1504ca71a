"""The Warp kernels of the GPU engine: control laws, guards against broken rows, and rows that wait.

Annotations are evaluated by Warp, so this file must not postpone them.
"""

import mujoco
import warp as wp
from mujoco_warp._src import util_misc
from mujoco_warp._src.types import vec10

from kinesis_bench.physics import fatigue

HUGE = wp.constant(float(mujoco.mjMAXVAL))
"""Beyond this a number is as bad as one that is not finite (MuJoCo's own limit)."""

BAD_POSITION = wp.constant(1)
BAD_VELOCITY = wp.constant(2)
BAD_ACCELERATION = wp.constant(3)
BAD_CONTROL = wp.constant(4)
REASONS = {1: "position", 2: "velocity", 3: "acceleration", 4: "control"}
"""What is bad in a broken row; of several things the highest code, the first in the chain, is kept."""

TINY = wp.constant(float(mujoco.mjMINVAL))

REST_LOAD = wp.constant(float(fatigue.REST_LOAD))
"""Up to this target load a muscle rests."""

LEAST_GAIN_N = wp.constant(1.0)
"""Least active force at full activation that the PD law divides by, as in ``tasks.control``."""


@wp.func
def is_bad(value: float) -> bool:
    """Whether MuJoCo would call a number bad (``mju_isBad``)."""
    return wp.isnan(value) or value > HUGE or value < -HUGE


@wp.kernel(enable_backward=False)
def hold(
    awake: wp.array[bool],
    target: wp.array2d[float],
    code: wp.array[int],
    ctrl: wp.array2d[float],
):
    """Excitations that are constant over the control step; a bad one breaks its row and acts as zero."""
    world, muscle = wp.tid()
    if awake[world]:
        value = target[world, muscle]
        if is_bad(value):
            wp.atomic_max(code, world, BAD_CONTROL)
            value = 0.0
        ctrl[world, muscle] = value


@wp.func
def excite(value: float, world: int, muscle: int, code: wp.array[int], ctrl: wp.array2d[float]):
    """An excitation, kept in [0, 1]; one that is no number breaks its row and acts as zero."""
    if wp.isnan(value):
        wp.atomic_max(code, world, BAD_CONTROL)
        ctrl[world, muscle] = 0.0
    else:
        ctrl[world, muscle] = wp.clamp(value, 0.0, 1.0)


@wp.kernel(enable_backward=False)
def pd(
    length_gain: wp.array[float],
    velocity_gain: wp.array[float],
    lengthrange: wp.array2d[wp.vec2],
    acc0: wp.array2d[float],
    gainprm: wp.array2d[vec10],
    length: wp.array2d[float],
    velocity: wp.array2d[float],
    target: wp.array2d[float],
    awake: wp.array[bool],
    code: wp.array[int],
    ctrl: wp.array2d[float],
):
    """The activation that gives the force which a PD law on muscle length asks for, see ``tasks.control``."""
    world, muscle = wp.tid()
    if not awake[world]:
        return
    here, speed = length[world, muscle], velocity[world, muscle]
    span, acceleration, curve = lengthrange[0, muscle], acc0[0, muscle], gainprm[0, muscle]
    peak = curve[2]
    if peak < 0.0:
        peak = curve[3] / wp.max(TINY, acceleration)
    force = length_gain[muscle] * (target[world, muscle] - here) - velocity_gain[muscle] * speed
    if not wp.isnan(force):
        force = wp.clamp(force, -peak, 0.0)
    force -= util_misc.muscle_bias(here, span, acceleration, curve)
    gain = util_misc.muscle_gain(here, speed, span, acceleration, curve)
    excite(force / wp.min(gain, -LEAST_GAIN_N), world, muscle, code, ctrl)


@wp.kernel(enable_backward=False)
def tracking(
    length_gain: wp.array[float],
    velocity_gain: wp.array[float],
    length: wp.array2d[float],
    velocity: wp.array2d[float],
    base: wp.array2d[float],
    rise: wp.array2d[float],
    substep: float,
    awake: wp.array[bool],
    code: wp.array[int],
    ctrl: wp.array2d[float],
):
    """A base that rises with the substeps, and gains on length and velocity, see ``tasks.tracking``."""
    world, muscle = wp.tid()
    if not awake[world]:
        return
    value = rise[world, muscle] * substep + base[world, muscle]
    value += length_gain[muscle] * length[world, muscle]
    value += velocity_gain[muscle] * velocity[world, muscle]
    excite(value, world, muscle, code, ctrl)


@wp.kernel(enable_backward=False)
def tire(
    fatigue_rate: wp.array[float],
    recovery_rate: wp.array[float],
    rest_recovery_rate: wp.array[float],
    dt_s: float,
    awake: wp.array[bool],
    fatigued: wp.array2d[float],
    ctrl: wp.array2d[float],
):
    """Cut excitations to what the muscles still can, and tire these, see ``physics.fatigue``; rates [1/s]."""
    world, muscle = wp.tid()
    if not awake[world]:
        return
    load, before = ctrl[world, muscle], fatigued[world, muscle]
    active = wp.min(load, 1.0 - before)
    rate = recovery_rate[muscle]
    if load <= REST_LOAD:
        rate = rest_recovery_rate[muscle]
    ctrl[world, muscle] = active
    fatigued[world, muscle] = before + dt_s * (fatigue_rate[muscle] * wp.max(active, 0.0) - rate * before)


@wp.kernel(enable_backward=False)
def guard(
    awake: wp.array[bool],
    old_qpos: wp.array2d[float],
    old_qvel: wp.array2d[float],
    old_act: wp.array2d[float],
    old_warmstart: wp.array2d[float],
    old_time: wp.array[float],
    old_overflow: wp.array[int],
    qacc: wp.array2d[float],
    qpos: wp.array2d[float],
    qvel: wp.array2d[float],
    act: wp.array2d[float],
    warmstart: wp.array2d[float],
    time: wp.array[float],
    overflow: wp.array[int],
    code: wp.array[int],
):
    """Give rows that wait their old state back, and note bad numbers in the others.

    Launched over (rows, max(nq, nv, na)).
    """
    world, i = wp.tid()
    if awake[world]:
        if i < qvel.shape[1]:
            if is_bad(qacc[world, i]):
                wp.atomic_max(code, world, BAD_ACCELERATION)
            if is_bad(qvel[world, i]):
                wp.atomic_max(code, world, BAD_VELOCITY)
        if i < qpos.shape[1] and is_bad(qpos[world, i]):
            wp.atomic_max(code, world, BAD_POSITION)
        return
    if i == 0:
        time[world] = old_time[world]
        overflow[world] = old_overflow[world]
    if i < qpos.shape[1]:
        qpos[world, i] = old_qpos[world, i]
    if i < qvel.shape[1]:
        qvel[world, i] = old_qvel[world, i]
        warmstart[world, i] = old_warmstart[world, i]
    if i < act.shape[1]:
        act[world, i] = old_act[world, i]


@wp.kernel(enable_backward=False)
def mend(
    qpos0: wp.array2d[float],
    code: wp.array[int],
    qpos: wp.array2d[float],
    qvel: wp.array2d[float],
    act: wp.array2d[float],
    warmstart: wp.array2d[float],
):
    """Put broken rows into the model's rest pose, as MuJoCo does, lest they spoil others' contacts.

    Launched over (rows, max(nq, nv, na)).
    """
    world, i = wp.tid()
    if code[world] == 0:
        return
    if i < qpos.shape[1]:
        qpos[world, i] = qpos0[world % qpos0.shape[0], i]
    if i < qvel.shape[1]:
        qvel[world, i] = 0.0
        warmstart[world, i] = 0.0
    if i < act.shape[1]:
        act[world, i] = 0.0
