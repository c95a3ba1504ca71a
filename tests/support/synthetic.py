"""Small motions made from a body's own forward kinematics, so that tests of tasks need no prepared data.

The clips are no gait: a body that glides forward, sways and bends its joints smoothly, each clip in its own
direction. Pose, velocities and keypoints belong together exactly, which is what tests need.
"""

from __future__ import annotations

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.bodies.contract import Body
from kinesis_bench.motions.clip import FPS, Clip
from kinesis_bench.motions.motion_set import ClipIk, Motions, collect_motions
from kinesis_bench.motions.skeleton import KEYPOINTS

STANDING_HEIGHT_M = 0.947
SPEED_M_S = 0.6


def synthetic_motions(*bodies: Body, clips: int = 3, frames: int = 24, seed: int = 0) -> Motions:
    """Clips of ``frames`` and a few more frames, in splits ``synthetic/train`` and ``synthetic/test``.

    The keypoints are those of the first body; every body has IK, exact for the first.
    """
    made = [_clip(bodies[0], index, frames + 3 * index, seed) for index in range(clips)]
    ik = {
        body.name: {clip.key: _motion(body, index, clip.frames, seed) for index, clip in enumerate(made)}
        for body in bodies
    }
    return collect_motions(
        made, id="synthetic", ik=ik, model_sha256={body.name: body.sha256 for body in bodies}
    )


def _motion(body: Body, index: int, frames: int, seed: int) -> ClipIk:
    """A free path of the root and sinusoids of the angles that no equality constraint drives."""
    model = body.model
    rng = np.random.default_rng((seed, index))
    time = np.arange(frames) / FPS
    direction = rng.uniform(-np.pi, np.pi)
    qpos = np.tile(model.qpos0, (frames, 1))
    qpos[:, 0] = SPEED_M_S * time * np.cos(direction)
    qpos[:, 1] = SPEED_M_S * time * np.sin(direction)
    qpos[:, 2] = STANDING_HEIGHT_M + 0.01 * np.sin(2 * np.pi * time)
    turn = Rotation.from_euler("z", (direction + 0.2 * np.sin(np.pi * time))[:, None])
    rest = _facing_x(body)
    qpos[:, 3:7] = (turn * rest).as_quat(scalar_first=True)
    for angle in body.angles:
        low, high = angle.range_rad
        size = 0.1 * (high - low)
        start = np.clip(0.0, low + size, high - size)
        value = start + size * np.sin(2 * np.pi * time + rng.uniform(0, 2 * np.pi))
        qpos[:, list(angle.qpos)] = angle.sign * value[:, None] / len(angle.qpos)
    qvel = np.zeros((frames, model.nv))
    for frame in range(frames):
        before, after = max(frame - 1, 0), min(frame + 1, frames - 1)
        mujoco.mj_differentiatePos(model, qvel[frame], (after - before) / FPS, qpos[before], qpos[after])
    return ClipIk(qpos, qvel, np.zeros(frames))


def _facing_x(body: Body) -> Rotation:
    """Rotation of the root with which the body stands upright and faces world +x."""
    data = mujoco.MjData(body.model)
    mujoco.mj_kinematics(body.model, data)
    forward = data.xmat[body.pelvis_id].reshape(3, 3)[:, 0]
    upright = Rotation.from_quat(body.model.qpos0[3:7], scalar_first=True)
    return Rotation.from_euler("z", -np.arctan2(forward[1], forward[0])) * upright


def _clip(body: Body, index: int, frames: int, seed: int) -> Clip:
    motion = _motion(body, index, frames, seed)
    data = mujoco.MjData(body.model)
    sites = [body.model.site(f"keypoint_{name}").id for name in KEYPOINTS]
    position, velocity, pelvis, turn = [], [], [], []
    for qpos, qvel in zip(motion.qpos, motion.qvel, strict=True):
        data.qpos[:], data.qvel[:] = qpos, qvel
        mujoco.mj_fwdPosition(body.model, data)
        mujoco.mj_fwdVelocity(body.model, data)
        position.append(data.site_xpos[sites])
        velocity.append([_velocity(body.model, data, mujoco.mjtObj.mjOBJ_SITE, site)[3:] for site in sites])
        pelvis.append(np.concatenate((data.xpos[body.pelvis_id], data.xquat[body.pelvis_id])))
        turn.append(_velocity(body.model, data, mujoco.mjtObj.mjOBJ_XBODY, body.pelvis_id))
    return Clip(
        key=f"synthetic/{index}",
        keypoint_position=np.array(position),
        keypoint_velocity=np.array(velocity),
        pelvis_position=np.array(pelvis)[:, :3],
        pelvis_quaternion=np.array(pelvis)[:, 3:],
        pelvis_linear_velocity=np.array(turn)[:, 3:],
        pelvis_angular_velocity=np.array(turn)[:, :3],
        subject="none",
        skill="walk",
        source="synthetic",
        splits=("synthetic/test" if index % 3 == 2 else "synthetic/train",),
    )


def _velocity(model: mujoco.MjModel, data: mujoco.MjData, kind: mujoco.mjtObj, index: int) -> np.ndarray:
    velocity = np.zeros(6)
    mujoco.mj_objectVelocity(model, data, kind, index, velocity, 0)
    return velocity
