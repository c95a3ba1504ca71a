"""Bodies in some state of motion, and what MuJoCo itself says of it."""

from __future__ import annotations

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.tasks.kinematics import FIELDS, BodyPoints, kinematics


def moving(body, seed=0, qpos=None):
    rng = np.random.default_rng(seed)
    data = mujoco.MjData(body.model)
    if qpos is not None:
        data.qpos[:] = qpos
    else:
        data.qpos[:3] = 3 * rng.standard_normal(3)
        data.qpos[3:7] = Rotation.random(random_state=seed).as_quat()
        data.qpos[7:] += 0.2 * rng.standard_normal(body.model.nq - 7)
    data.qvel[:] = rng.standard_normal(body.model.nv)
    mujoco.mj_forward(body.model, data)
    return data


def of(body, *datas):
    arrays = [np.stack([getattr(data, name) for data in datas]) for name in FIELDS]
    return kinematics(BodyPoints(body, arrays[0]), *arrays)


def velocity(body, data, kind, index):
    both = np.zeros(6)
    mujoco.mj_objectVelocity(body.model, data, kind, index, both, 0)
    return both[:3], both[3:]
