"""Groups of muscles that lengthen and shorten together, whatever the joints do.

The idea is that of DynSyn (He, Zuo, Ma, Sui, ICML 2024, PMLR 235:18115-18132): joints move at random, and
muscles whose lengths change alike are put together by k-medoids on the correlation distance. Nothing of its
code is used. Here the joints' speeds are not drawn: over independent speeds the covariance of the length
changes at a pose is R diag(s²) Rᵀ exactly, with R the moment arms and s the joints' SDs of speed. Only
poses are drawn: of ``legs`` 1,000 poses give the groups for which drawn speeds took 8,000 length changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.bodies.k_medoids import k_medoids

if TYPE_CHECKING:
    import mujoco

POSES = 2000
"""Random poses. With half of them ``legs`` has the same groups for every seed that was tried. The larger
bodies have muscles that could as well be in the next group: rectus femoris of ``legs_abs`` is one."""

BATCH = 200
"""Poses whose products are made together, a divisor of POSES."""

SEED = 0
"""Of the poses: the groups are part of what a policy is trained for, so they never change."""

GROUPS_PER_MUSCLE = 0.4
"""The paper's legs have 40 groups (its rebuttal, figure R.3) of 100 muscles (MS-Human-700's locomotion
model). Each side has this share of its muscles, rounded: 16 of 40, 17 of 43, 58 of 145."""


@dataclass(frozen=True)
class Synergies:
    """G groups of a body's M muscles.

    Attributes:
        names: G medoids, the muscle that each group is most like: the right side's in the model's order, then
            their mirror images.
        group: (M,) place of each muscle's group.
    """

    names: tuple[str, ...]
    group: np.ndarray


@cache
def muscle_synergies(body_name: str) -> Synergies:
    """The groups of a body, worked out once a process (0.1 s for ``legs``, 0.7 s for ``legs_back``).

    Only the right side's muscles are clustered, and the left side's groups are their mirror images, so that
    a symmetric policy stays one. For ``legs`` clustering the left side gives the same.

    Raises:
        InputError: there is no body of that name.
        ValueError: a muscle has no partner on the other side.
    """
    body = load_body(body_name)
    muscles = body.muscles
    right = [place for place, name in enumerate(muscles) if name.endswith("_r")]
    left = [muscles.index(f"{muscles[place][:-2]}_l") for place in right]
    if 2 * len(right) != len(muscles):
        raise ValueError(f"{body_name}: a muscle has no partner on the other side")
    correlation = length_change_correlation(body.model)[np.ix_(right, right)]
    medoids, cluster = k_medoids(1 - correlation, round(GROUPS_PER_MUSCLE * len(right)))
    group = np.zeros(len(muscles), np.int64)
    group[right], group[left] = cluster, len(medoids) + cluster
    return Synergies(tuple(muscles[side[place]] for side in (right, left) for place in medoids), group)


def length_change_correlation(model: mujoco.MjModel) -> np.ndarray:
    """Correlation (M, M) of the muscles' length changes, over poses and speeds of the joints.

    Poses are uniform within the ranges of the independent coordinates. Their speeds are independent, with SDs
    in proportion to their ranges, so that no joint counts for more because it can move less.
    """
    import mujoco

    joints = coupling(model)
    span = joints.upper - joints.lower
    rng = np.random.default_rng(SEED)
    coordinates = joints.lower + span * rng.uniform(size=(POSES, len(span)))
    position, slope = joints.values(coordinates), joints.slopes(coordinates)
    speed = np.zeros((len(joints.qpos), len(span)))
    speed[np.arange(len(joints.qpos)), joints.driver] = span[joints.driver]
    data = mujoco.MjData(model)
    moment = np.zeros((model.nu, model.nv))
    arm = np.zeros((BATCH, model.nu, len(joints.qpos)))
    covariance = np.zeros((model.nu, model.nu))
    dof = model.jnt_dofadr[1:]
    for pose in range(POSES):
        data.qpos[joints.qpos] = position[pose]
        for stage in (mujoco.mj_kinematics, mujoco.mj_comPos, mujoco.mj_tendon, mujoco.mj_transmission):
            stage(model, data)
        mujoco.mju_sparse2dense(
            moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind
        )
        arm[pose % BATCH] = moment[:, dof] * slope[pose]
        if (pose + 1) % BATCH == 0:
            change = (arm.reshape(-1, len(speed)) @ speed).reshape(BATCH, model.nu, -1)
            by_muscle = change.transpose(1, 0, 2).reshape(model.nu, -1)
            covariance += by_muscle @ by_muscle.T
    deviation = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviation, deviation)
