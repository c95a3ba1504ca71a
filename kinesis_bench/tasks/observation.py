"""The observation of the imitation task, written once for numpy and torch.

Everything is in the heading frame (z up, yaw of the pelvis) and at segment origins; the reference is that of
one control step later. The content is KINESIS's (proprioception and three task inputs), with heading and tilt
taken from the pelvis instead of the root body.
"""

from __future__ import annotations

from typing import Any, Literal

from array_api_compat import array_namespace

from kinesis_bench.bodies.contract import TOUCH_SENSORS, Body
from kinesis_bench.tasks.kinematics import Kinematics, to_heading

FatigueMode = Literal["hidden", "observed"]
"""Whether a policy sees how fatigued its muscles are, where these tire."""

FATIGUED = "fatigued"
"""The part of an observation that says it: the fatigued part of each muscle's units, 0 to 1."""


def observation_layout(body: Body, fatigue: FatigueMode | None = None) -> tuple[tuple[str, slice], ...]:
    """Names and places of the parts of an observation; N = 15 B + 6 + 9 K in total (309, 363, 453).

    B segments in the order of ``body.segments``, K keypoints in that of ``body.keypoints``. Observed fatigue
    comes last, M more numbers in the order of ``body.muscles``.
    """
    segments, keypoints = len(body.segments), len(body.keypoints)
    sizes = {
        "pelvis_height": 1,
        "pelvis_tilt": 4,
        "segment_position": 3 * (segments - 1),
        "segment_orientation": 6 * segments,
        "segment_linear_velocity": 3 * segments,
        "segment_angular_velocity": 3 * segments,
        "touch": len(TOUCH_SENSORS),
        "reference_position_difference": 3 * keypoints,
        "reference_velocity_difference": 3 * keypoints,
        "reference_position": 3 * keypoints,
    }
    if fatigue == "observed":
        sizes[FATIGUED] = len(body.muscles)
    layout, start = [], 0
    for name, size in sizes.items():
        layout.append((name, slice(start, start + size)))
        start += size
    return tuple(layout)


def observation_names(body: Body, fatigue: FatigueMode | None = None) -> tuple[str, ...]:
    """N names, ``part/item/component``; the first segment of every body is its ``root``.

    What has the same name on two bodies means the same.
    """
    segments = ("root", *body.segments[1:])
    items = {
        "pelvis_height": ("pelvis",),
        "pelvis_tilt": ("pelvis",),
        "segment_position": segments[1:],
        "segment_orientation": segments,
        "segment_linear_velocity": segments,
        "segment_angular_velocity": segments,
        "touch": TOUCH_SENSORS,
        "reference_position_difference": body.keypoints,
        "reference_velocity_difference": body.keypoints,
        "reference_position": body.keypoints,
        FATIGUED: body.muscles,
    }
    return tuple(
        f"{part}/{item}/{component}"
        for part, places in observation_layout(body, fatigue)
        for item in items[part]
        for component in range((places.stop - places.start) // len(items[part]))
    )


def observation_size(body: Body, fatigue: FatigueMode | None = None) -> int:
    """N, the length of an observation."""
    return observation_layout(body, fatigue)[-1][1].stop


def observe(
    now: Kinematics, touch: Any, reference_position: Any, reference_velocity: Any, fatigued: Any = None
) -> Any:
    """Observations.

    Args:
        now: kinematics of n rows.
        touch: (n, 4) forces of the touch sensors [N].
        reference_position, reference_velocity: (n, K, 3) keypoints of the next time [m], [m/s], world frame.
        fatigued: (n, M) fatigued part of the muscles' units, where the policy sees it.

    Returns:
        (n, N) float32, parts as in ``observation_layout``: pelvis height [m]; tilt; segment positions
        relative to the first [m]; forward and up axes; linear [m/s] and angular velocities [rad/s]; touch
        [N]; reference minus body keypoint positions [m] and velocities [m/s]; reference keypoints relative to
        the first segment [m].
    """
    xp = array_namespace(now.position)
    root = now.position[:, :1, :]
    rows, segments = now.position.shape[:2]
    vectors = xp.concat(
        (
            now.position[:, 1:, :] - root,
            xp.reshape(now.axes, (rows, 2 * segments, 3)),
            now.linear_velocity,
            now.angular_velocity,
            reference_position - now.keypoint_position,
            reference_velocity - now.keypoint_velocity,
            reference_position - root,
        ),
        axis=1,
    )
    turned = xp.reshape(to_heading(now.heading, vectors), (rows, 3 * vectors.shape[1]))
    own = 3 * (5 * segments - 1)
    parts = [now.pelvis_height, now.tilt, turned[:, :own], touch, turned[:, own:]]
    if fatigued is not None:
        parts.append(fatigued)
    return xp.astype(xp.concat(parts, axis=1), xp.float32)
