"""The leg that puts a foot where it belongs: knee by the law of cosines, hip by two rotations."""

from __future__ import annotations

import numpy as np

from kinesis_bench.motions.gait.geometry import leg

SOFT_M = 0.003
"""How short of straight a leg is left, about [m]: near there a small way is a large turn of the knee."""


def solve_leg(
    target: np.ndarray, hip_rotation: np.ndarray, side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hip flexion, hip adduction and knee flexion that bring the ankle to a place.

    The hip is an intrinsic z-x-y joint (flexion, adduction, rotation; mirrored on the left). Its rotation is
    given; the target's place to the side then tells adduction, its place in the sagittal plane flexion.

    Args:
        target: (N, 3) hip joint to ankle in the pelvis's axes (forward, up, right) [m]. One that is further
            than the leg reaches is approached in its own direction.
        hip_rotation: (N,) internal positive [rad].
        side: ``r`` or ``l``.

    Returns:
        flexion, adduction and knee flexion, (N,) each [rad].
    """
    limb = leg(side)
    mirror = np.array([1.0, 1.0, -1.0 if side == "l" else 1.0])
    length = np.linalg.norm(target, axis=1)
    slack = SOFT_M * np.logaddexp(0.0, (limb.thigh + limb.shank - length) / SOFT_M)
    direction = target * mirror / length[:, None]
    length = limb.thigh + limb.shank - slack
    cosine = (length**2 - limb.thigh**2 - limb.shank**2) / (2 * limb.thigh * limb.shank)
    knee = np.arccos(np.clip(cosine, -1.0, 1.0))
    back = -limb.shank * np.sin(knee)
    down = -(limb.thigh + limb.shank * np.cos(knee))
    forward, right = back * np.cos(hip_rotation), -back * np.sin(hip_rotation)
    wanted = direction * length[:, None]
    adduction = _turn(down, right, wanted[:, 2])
    below = down * np.cos(adduction) - right * np.sin(adduction)
    flexion = np.arctan2(wanted[:, 1], wanted[:, 0]) - np.arctan2(below, forward)
    return (flexion + np.pi) % (2 * np.pi) - np.pi, adduction, knee


def _turn(up: np.ndarray, right: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Angle a with up · sin a + right · cos a = wanted, the one near zero for a leg that hangs (up < 0)."""
    size = np.hypot(up, right)
    return np.arctan2(right, -up) - np.arcsin(np.clip(wanted / size, -1.0, 1.0))
