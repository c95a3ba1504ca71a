"""How fast the muscles of a body tire: published values of joints, given to the muscles that move these.

The values are Frey-Law, Looft and Heitsman's (J Biomech 45:1803, 2012, table 1): F and R fitted to the
endurance times of 194 studies of people who held a constant load (Frey-Law and Avin, Ergonomics 53:109,
2010). The multiplier r of recovery at rest is Looft, Herkert and Frey-Law's (J Biomech 77:16, 2018).
``docs/tasks/fatigue.md`` says what of this was verified, and how.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik.reduced import Coupling, coupling
from kinesis_bench.physics.fatigue import Fatigability
from kinesis_bench.tasks.moment_arm import MomentArms

if TYPE_CHECKING:
    import mujoco

VERSION = "fatigue-1"
"""Of equations, values and the rule that gives them to muscles; a result says it."""

POSES = 9
"""Poses of each coordinate, evenly over its range, at which moment arms are taken."""


@dataclass(frozen=True)
class JointFatigue:
    """The model's values for the muscles of a joint.

    Attributes:
        fatigue_per_s: F [1/s].
        recovery_per_s: R [1/s].
        rest_multiplier: r.
        fitted: what F and R were fitted to.
    """

    fatigue_per_s: float
    recovery_per_s: float
    rest_multiplier: float
    fitted: str


JOINTS = {
    "hip": JointFatigue(0.00970, 0.00091, 15.0, "all joints: there is no fit of the hip"),
    "knee": JointFatigue(0.01500, 0.00149, 15.0, "knee"),
    "ankle": JointFatigue(0.00589, 0.00058, 15.0, "ankle"),
    "trunk": JointFatigue(0.00755, 0.00075, 15.0, "trunk"),
}
"""By joint. r = 15 was found for knee and ankle; for hip and trunk it is taken over."""

JOINT_OF = {
    "hip_flexion": "hip",
    "hip_adduction": "hip",
    "hip_rotation": "hip",
    "knee_angle": "knee",
    "ankle_angle": "ankle",
    "subtalar_angle": "ankle",
    "mtp_angle": "ankle",
    "flex_extension": "trunk",
    "lat_bending": "trunk",
    "axial_rotation": "trunk",
}
"""The joint of each independent coordinate, without its side. Toes have no values of their own: their long
muscles cross the ankle."""


@dataclass(frozen=True)
class MuscleJoints:
    """Which joint each muscle moves most.

    Attributes:
        muscles: the M muscles.
        joints: (M,) names of JOINTS.
        arm_m: (M, J) the muscle's moment arm about each joint of JOINTS [m], see ``muscle_joints``.
    """

    muscles: tuple[str, ...]
    joints: tuple[str, ...]
    arm_m: np.ndarray


@cache
def muscle_joints(body: str) -> MuscleJoints:
    """The joint about which each muscle has the largest moment arm.

    A muscle's arm about a coordinate is the root mean square over POSES poses of the coordinate's range, the
    others at rest; about a joint with several coordinates, the root of the sum of their squares, as their
    axes are at right angles at rest. The muscle's force is the same about all of them and does not matter.

    Args:
        body: name of the body.

    Raises:
        InputError: there is no such body.
    """
    loaded = load_body(body)
    square = _mean_square_arm(loaded.model)
    names = list(JOINTS)
    joint = np.array([names.index(JOINT_OF[_without_side(name)]) for name in coupling(loaded.model).names])
    arm = np.sqrt(square @ np.eye(len(names))[joint])
    most = tuple(names[place] for place in arm.argmax(axis=1))
    return MuscleJoints(loaded.muscles, most, arm)


def fatigability(body: str) -> Fatigability:
    """Values of a body's M muscles, each those of the joint that it moves most.

    Args:
        body: name of the body.

    Raises:
        InputError: there is no such body.
    """
    values = [JOINTS[joint] for joint in muscle_joints(body).joints]
    return Fatigability(
        fatigue_per_s=np.array([one.fatigue_per_s for one in values]),
        recovery_per_s=np.array([one.recovery_per_s for one in values]),
        rest_multiplier=np.array([one.rest_multiplier for one in values]),
    )


def _without_side(name: str) -> str:
    return name.removesuffix("_r").removesuffix("_l")


def _mean_square_arm(model: mujoco.MjModel) -> np.ndarray:
    """(M, D) mean square of the moment arms over each coordinate's range [m²]."""
    import mujoco

    joints, arms = coupling(model), MomentArms(model)
    square = np.zeros((model.nu, len(joints.names)))
    for coordinate in range(len(joints.names)):
        poses = _poses(model, joints, coordinate)
        data, moments = mujoco.MjData(model), []
        for pose in poses:
            data.qpos[:] = pose
            mujoco.mj_fwdPosition(model, data)
            moments.append(data.actuator_moment.copy())
        dense = arms.dense(arms.pairs(poses, np.array(moments)))
        square[:, coordinate] = np.square(dense[:, :, coordinate]).mean(axis=0)
    return square


def _poses(model: mujoco.MjModel, joints: Coupling, coordinate: int) -> np.ndarray:
    """(POSES, nq) over a coordinate's range, with the joints that are coupled to it."""
    independent = np.tile(model.qpos0[joints.independent], (POSES, 1))
    independent[:, coordinate] = np.linspace(joints.lower[coordinate], joints.upper[coordinate], POSES)
    poses = np.tile(model.qpos0, (POSES, 1))
    poses[:, joints.qpos] = joints.values(independent)
    return poses
