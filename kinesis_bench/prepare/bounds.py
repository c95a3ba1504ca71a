"""Which clips a body cannot be started on: bounds on the IK's residual and on speeds."""

from __future__ import annotations

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.motions.clip import FPS, Clip
from kinesis_bench.motions.motion_set import ClipIk

RESIDUAL_M = 0.10
"""Mean keypoint distance that IK may leave in any frame [m]. On clean walks and runs it leaves 5 to 14 mm,
which is the difference in proportions; strict success counts a keypoint as lost at 0.15 m."""

JOINT_SPEED_RAD_S = 35.0
"""The fastest joint movement studied in legs, the knee in a maximal instep kick, reaches about 2000°/s (Lees
and Nolan, J Sports Sci 16:211, 1998); faster ones are swapped markers and jumps [rad/s]."""

PELVIS_SPEED_M_S = 12.5
"""Nobody has been measured to run faster; the world record over 100 m peaked at about 12.4 m/s [m/s]."""

PELVIS_TURN_RAD_S = 20.0
"""Three turns a second; a U-turn in walking stays below one [rad/s]."""


def out_of_bounds(clip: Clip, body: Body, ik: ClipIk) -> str:
    """Why a clip cannot be used, "" if it can.

    Args:
        clip: the motion.
        body: that was posed.
        ik: from ``bodies.ik.warm_start``.
    """
    for name, velocity, bound, unit in (
        ("pelvis speed", clip.pelvis_linear_velocity, PELVIS_SPEED_M_S, "m/s"),
        ("pelvis turning speed", clip.pelvis_angular_velocity, PELVIS_TURN_RAD_S, "rad/s"),
    ):
        speed = np.linalg.norm(velocity, axis=1)
        if speed.max() > bound:
            return f"{name} {speed.max():.1f} {unit} at {_time(speed)}, more than {bound:g} {unit}"
    worst = float(ik.residual.max())
    if worst > RESIDUAL_M:
        return (
            f"{body.name} stays {1000 * worst:.0f} mm from the keypoints at {_time(ik.residual)}, "
            f"more than {1000 * RESIDUAL_M:.0f} mm"
        )
    speeds = np.abs(ik.qvel[:, 6:])
    fastest = speeds.max(axis=0)
    if fastest.max() > JOINT_SPEED_RAD_S:
        dof = int(fastest.argmax())
        joint = body.model.joint(int(body.model.dof_jntid[6 + dof])).name
        return (
            f"{joint} of {body.name} moves at {fastest[dof]:.0f} rad/s at {_time(speeds[:, dof])}, "
            f"more than {JOINT_SPEED_RAD_S:g} rad/s"
        )
    return ""


def _time(values: np.ndarray) -> str:
    return f"{values.argmax() / FPS:.2f} s"
