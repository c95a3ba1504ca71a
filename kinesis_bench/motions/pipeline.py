"""Recordings to clips: resample to 30 fps, forward kinematics, soles on the floor, velocities."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.motions.clip import FPS, Clip, Recording
from kinesis_bench.motions.skeleton import (
    ANKLE_SOLE_M,
    BODY_JOINTS,
    KEYPOINT_JOINTS,
    OPENSIM_TO_SMPL,
    TOE_SOLE_M,
    Skeleton,
    mean_skeleton,
)

TimeBase = Literal["true", "kinesis"]
TIME_BASES = ("true", "kinesis")

FPS_RANGE = (10.0, 1000.0)
"""Frame rates that a recording of a person can have [Hz]."""

FLOOR_PERCENTILE = 5.0
"""The floor is at this percentile, over the frames, of the lowest sole point; few frames are under it."""


def to_clip(
    recording: Recording,
    *,
    skeleton: Skeleton | None = None,
    time_base: TimeBase = "true",
    min_seconds: float = 0.0,
) -> Clip:
    """The clip that the benchmark uses, made from a recording.

    Args:
        recording: joint rotations at their own frame rate.
        skeleton: rest pose of the 22 body joints; SMPL's mean body if None.
        time_base: see ``resample``.
        min_seconds: shortest duration that is accepted [s].

    Raises:
        InputError: no or too few frames, numbers that are not finite, a frame rate out of FPS_RANGE, a
            recording shorter than ``min_seconds``.
    """
    skeleton = skeleton or mean_skeleton()
    even = resample(recording, time_base=time_base, min_seconds=min_seconds)
    rotations = Rotation.from_rotvec(even.rotations.reshape(-1, 3))
    position, world = skeleton.forward_kinematics(rotations, even.pelvis_position)
    return _finish(even, skeleton, position, world[:, 0] @ OPENSIM_TO_SMPL)


def resample(recording: Recording, *, time_base: TimeBase = "true", min_seconds: float = 0.0) -> Recording:
    """The recording at 30 fps.

    ``true`` keeps durations and speeds: rotations by slerp, the pelvis position by cubic spline.
    ``kinesis`` reproduces KINESIS's converter, which keeps every n-th frame, n = floor(rate / 30), and calls
    the result 30 fps: at AMASS KIT's 100 Hz everything plays 11 % slow (speeds divided by 1.111).

    Args:
        recording: at any rate in FPS_RANGE.
        time_base: ``true`` or ``kinesis``.
        min_seconds: shortest duration of the source that is accepted [s].

    Raises:
        InputError: as ``to_clip``.
    """
    where = recording.source or recording.key
    rotations = np.asarray(recording.rotations, float)
    position = np.asarray(recording.pelvis_position, float)
    _check_array(where, "joint rotations", rotations, (BODY_JOINTS, 3))
    _check_array(where, "pelvis positions", position, (3,))
    if len(rotations) != len(position):
        raise InputError(
            where, f"{len(rotations)} frames of rotations but {len(position)} of positions", "repair the file"
        )
    _check_time(where, len(position), recording.fps, min_seconds)
    if time_base == "kinesis":
        every = int(recording.fps // FPS)
        if every < 1:
            raise InputError(
                where,
                f"{recording.fps:g} Hz is less than 30, where the time base 'kinesis' is not defined",
                "use the time base 'true'",
            )
        rotations, position = rotations[::every], position[::every]
        _check_time(where, len(position), FPS, 0.0)
    elif time_base == "true":
        if recording.fps != FPS:
            times = _frame_times(len(position), recording.fps)
            position = CubicSpline(np.arange(len(position)) / recording.fps, position)(times)
            rotations = _slerp(rotations, times * recording.fps)
    else:
        raise unknown_name("time base", time_base, TIME_BASES)
    return replace(recording, fps=FPS, rotations=rotations, pelvis_position=position)


def pelvis_rotation(positions: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Rotation matrices, SMPL's pelvis axes to world, from joint positions (Kabsch's best fit).

    Args:
        positions: (F, J, 3) [m].
        skeleton: the rest pose of the same joints.

    Returns:
        (F, 3, 3).
    """
    children = [skeleton.index(joint) for joint in ("L_Hip", "R_Hip", "Torso")]
    root = skeleton.index("Pelvis")
    rest = skeleton.rest[children] - skeleton.rest[root]
    seen = positions[:, children] - positions[:, [root]]
    rest = rest / np.linalg.norm(rest, axis=-1, keepdims=True)
    seen = seen / np.linalg.norm(seen, axis=-1, keepdims=True)
    u, _, vt = np.linalg.svd(np.einsum("fki,kj->fij", seen, rest))
    u[:, :, 2] *= np.linalg.det(u @ vt)[:, None]
    return u @ vt


def sole_height(positions: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Height of the lowest sole point, TOE_SOLE_M under the toe joints or ANKLE_SOLE_M under the ankles.

    Args:
        positions: (F, J, 3) [m], z up.
        skeleton: names of the joints.

    Returns:
        (F,) [m].
    """
    depth = {"L_Toe": TOE_SOLE_M, "R_Toe": TOE_SOLE_M, "L_Ankle": ANKLE_SOLE_M, "R_Ankle": ANKLE_SOLE_M}
    joints = [skeleton.index(joint) for joint in depth]
    return np.min(positions[:, joints, 2] - np.array(list(depth.values())), axis=1)


def derivative(values: np.ndarray, dt_s: float) -> np.ndarray:
    """Rate of change along the first axis: central differences, second order at both ends too.

    Args:
        values: (F, …), F of at least 2.
        dt_s: time between frames [s].
    """
    return np.gradient(values, dt_s, axis=0, edge_order=2 if len(values) > 2 else 1)


def angular_velocity(rotations: Rotation, dt_s: float) -> np.ndarray:
    """Angular velocity in world axes: log(R(t+dt) R(t-dt)ᵀ) / 2dt, and its second-order form at both ends.

    Args:
        rotations: F rotations, body to world, F of at least 2.
        dt_s: time between frames [s].

    Returns:
        (F, 3) [rad/s].
    """
    step = (rotations[1:] * rotations[:-1].inv()).as_rotvec() / dt_s
    if len(step) == 1:
        return np.repeat(step, 2, axis=0)
    middle = (rotations[2:] * rotations[:-2].inv()).as_rotvec() / (2 * dt_s)
    return np.concatenate([2 * step[:1] - middle[:1], middle, 2 * step[-1:] - middle[-1:]])


def _finish(recording: Recording, skeleton: Skeleton, position: np.ndarray, pelvis_axes: np.ndarray) -> Clip:
    if not recording.on_floor:
        position = position.copy()
        position[..., 2] -= np.percentile(sole_height(position, skeleton), FLOOR_PERCENTILE)
    keypoints = position[:, [skeleton.index(joint) for joint in KEYPOINT_JOINTS]]
    pelvis = position[:, skeleton.index("Pelvis")]
    rotations = Rotation.from_matrix(pelvis_axes)
    return Clip(
        key=recording.key,
        keypoint_position=keypoints,
        keypoint_velocity=derivative(keypoints, 1 / FPS),
        pelvis_position=pelvis,
        pelvis_quaternion=continuous(rotations.as_quat(scalar_first=True)),
        pelvis_linear_velocity=derivative(pelvis, 1 / FPS),
        pelvis_angular_velocity=angular_velocity(rotations, 1 / FPS),
        subject=recording.subject,
        skill=recording.skill,
        source=recording.source,
        source_sha256=recording.source_sha256,
        texts=recording.texts,
    )


def _slerp(rotations: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rotation vectors (N, J, 3) at fractional frames ``at``, along the shortest arcs."""
    before = np.minimum(at.astype(int), len(rotations) - 2)
    shape = (len(at), *rotations.shape[1:])
    start = Rotation.from_rotvec(rotations[before].reshape(-1, 3))
    end = Rotation.from_rotvec(rotations[before + 1].reshape(-1, 3))
    arc = (start.inv() * end).as_rotvec().reshape(shape) * (at - before)[:, None, None]
    return (start * Rotation.from_rotvec(arc.reshape(-1, 3))).as_rotvec().reshape(shape)


def continuous(quaternions: np.ndarray) -> np.ndarray:
    """The same rotations with w >= 0 at the first frame and no sign flips after it."""
    dots = np.sum(quaternions[1:] * quaternions[:-1], axis=1)
    first = 1.0 if quaternions[0, 0] >= 0 else -1.0
    signs = first * np.cumprod(np.concatenate([[1.0], np.where(dots < 0, -1.0, 1.0)]))
    return quaternions * signs[:, None]


def _frame_times(count: int, fps: float) -> np.ndarray:
    """Times of the 30 fps frames that lie within ``count`` frames of the source [s]."""
    return np.arange(int((count - 1) / fps * FPS + 1e-6) + 1) / FPS


def _check_array(where: str, name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.shape[1:] != shape:
        raise InputError(
            where,
            f"{name} have shape {values.shape}, not (frames, {', '.join(map(str, shape))})",
            "convert the file",
        )
    bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if bad.any():
        raise InputError(
            where,
            f"{name} are not finite in {bad.sum()} of {len(bad)} frames, first in frame {bad.argmax()}",
            "leave the file out or repair it",
        )


def _check_time(where: str, count: int, fps: float, min_seconds: float) -> None:
    if count == 0:
        raise InputError(where, "holds zero frames", "leave the file out")
    if not (np.isfinite(fps) and FPS_RANGE[0] <= fps <= FPS_RANGE[1]):
        raise InputError(
            where,
            f"frame rate {fps:g} Hz is none that people are recorded at",
            f"give one between {FPS_RANGE[0]:g} and {FPS_RANGE[1]:g} Hz",
        )
    seconds = (count - 1) / fps
    if seconds < min_seconds:
        raise InputError(where, f"lasts {seconds:.2f} s", f"give at least {min_seconds:g} s")
    if seconds * FPS + 1e-6 < 1:
        raise InputError(
            where, f"{count} frames at {fps:g} Hz are less than two frames at 30 Hz", "leave the file out"
        )
