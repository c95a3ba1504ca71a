"""Where the segments and keypoints of a body are and how they move, in the world frame.

Works on numpy and torch arrays alike. n rows, B segments, K keypoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.bodies.contract import Body

FIELDS = ("xpos", "xmat", "cvel", "subtree_com")
"""What ``kinematics`` reads of an engine."""

_LEVEL_EPSILON = 1e-9
"""Below this length the forward axis is vertical and the heading undefined; it is then world +x."""


@dataclass(frozen=True)
class Kinematics:
    """A body's segments and keypoints, world frame, z up.

    Attributes:
        position: (n, B, 3) of the segments' origins [m].
        axes: (n, B, 2, 3) the segments' forward and up axes.
        linear_velocity: (n, B, 3) of the segments' origins [m/s].
        angular_velocity: (n, B, 3) [rad/s].
        keypoint_position: (n, K, 3) [m].
        keypoint_velocity: (n, K, 3) [m/s].
        pelvis_height: (n, 1) of the pelvis's origin [m].
        heading: (n, 2) cosine and sine of the pelvis's yaw.
        tilt: (n, 4) cosine and sine of the pelvis's roll, cosine and sine of its pitch. Yaw, pitch, roll as
            intrinsic rotations about z, y, x of a frame x forward, y left, z up: positive pitch leans
            forward, positive roll to the right.
    """

    position: Any
    axes: Any
    linear_velocity: Any
    angular_velocity: Any
    keypoint_position: Any
    keypoint_velocity: Any
    pelvis_height: Any
    heading: Any
    tilt: Any

    def take(self, rows: Any) -> Kinematics:
        """Some rows."""
        return Kinematics(**{name: values[rows] for name, values in vars(self).items()})

    def put(self, rows: Any, other: Kinematics) -> None:
        """Overwrite some rows in place."""
        for name, values in vars(self).items():
            values[rows] = getattr(other, name)


class BodyPoints:
    """The constants of a body that ``kinematics`` needs, in the arrays of one engine.

    Args:
        body: the body.
        like: an array of the engine, for its kind, dtype and device.
    """

    def __init__(self, body: Body, like: Any) -> None:
        xp = array_namespace(like)
        device = {} if xp.__name__.endswith("numpy") else {"device": like.device}

        def constant(values: np.ndarray, dtype: Any) -> Any:
            return xp.asarray(values, dtype=dtype, **device)

        model, ids = body.model, list(body.segment_ids)
        sites = body.keypoint_site_ids
        self.segments = constant(body.segment_ids, xp.int64)
        self.keypoints = constant(
            np.array([ids.index(segment) for segment in model.site_bodyid[sites]]), xp.int64
        )
        self.offset = constant(model.site_pos[sites][:, None, :], like.dtype)
        self.axes = constant(np.stack((body.segment_forward, body.segment_up), axis=1), like.dtype)
        self.centre = int(model.body_rootid[ids[0]])
        self.pelvis = ids.index(body.pelvis_id)


def kinematics(points: BodyPoints, xpos: Any, xmat: Any, cvel: Any, subtree_com: Any) -> Kinematics:
    """Segments and keypoints from MuJoCo's derived quantities.

    MuJoCo's ``cvel`` is the velocity of the frame that moves with a body, taken at the centre of mass of the
    whole tree: v(point) = v + ω × (point - centre).

    Args:
        points: the body's constants.
        xpos, subtree_com: (n, nbody, 3).
        xmat: (n, nbody, 9).
        cvel: (n, nbody, 6), rotation first.
    """
    xp = array_namespace(xpos)
    position = xp.take(xpos, points.segments, axis=1)
    count = position.shape[1]
    matrix = xp.reshape(xp.take(xmat, points.segments, axis=1), (-1, count, 3, 3))
    twist = xp.take(cvel, points.segments, axis=1)
    angular, linear = twist[:, :, :3], twist[:, :, 3:]
    transposed = xp.matrix_transpose(matrix)
    velocity = linear + _cross(xp, angular, position - subtree_com[:, points.centre : points.centre + 1, :])
    arm = (points.offset @ xp.take(transposed, points.keypoints, axis=1))[:, :, 0, :]
    keypoint_position = xp.take(position, points.keypoints, axis=1) + arm
    keypoint_velocity = xp.take(velocity, points.keypoints, axis=1) + _cross(
        xp, xp.take(angular, points.keypoints, axis=1), arm
    )
    heading, tilt = _attitude(xp, matrix[:, points.pelvis, :, :])
    return Kinematics(
        position=position,
        axes=points.axes @ transposed,
        linear_velocity=velocity,
        angular_velocity=angular,
        keypoint_position=keypoint_position,
        keypoint_velocity=keypoint_velocity,
        pelvis_height=position[:, points.pelvis, 2:],
        heading=heading,
        tilt=tilt,
    )


def to_heading(heading: Any, vectors: Any) -> Any:
    """World vectors (n, V, 3) in the frames of headings (n, 2): z up, x where the pelvis looks."""
    xp = array_namespace(vectors)
    cosine, sine = heading[:, 0:1], heading[:, 1:2]
    x, y = vectors[:, :, 0], vectors[:, :, 1]
    return xp.stack((cosine * x + sine * y, cosine * y - sine * x, vectors[:, :, 2]), axis=-1)


def _attitude(xp: Any, pelvis: Any) -> tuple[Any, Any]:
    """Heading (n, 2) and tilt (n, 4) of OpenSim pelvis frames (n, 3, 3): x forward, y up, z right."""
    forward, up_z, left_z = pelvis[:, :, 0], pelvis[:, 2, 1], -pelvis[:, 2, 2]
    level = xp.sqrt(forward[:, 0] ** 2 + forward[:, 1] ** 2)
    defined = level > _LEVEL_EPSILON
    safe = xp.where(defined, level, xp.ones_like(level))
    one, zero = xp.ones_like(level), xp.zeros_like(level)
    heading = xp.stack(
        (xp.where(defined, forward[:, 0] / safe, one), xp.where(defined, forward[:, 1] / safe, zero)), axis=-1
    )
    cos_roll, sin_roll = xp.where(defined, up_z / safe, one), xp.where(defined, left_z / safe, zero)
    return heading, xp.stack((cos_roll, sin_roll, level, -forward[:, 2]), axis=-1)


def _cross(xp: Any, a: Any, b: Any) -> Any:
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return xp.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), axis=-1)
