"""The leg that puts a foot where it belongs: knee by the law of cosines, hip by two rotations."""

from __future__ import annotations

import numpy as np

from kinesis_bench.motions.gait.geometry import leg

SOFT_M = 0.003
"""How short of straight a leg is left, about [m]: near there a small way is a large turn of the knee."""


KNEE_GAP_M = 0.11
"""Least distance between the knee joints [m]: the bodies' thighs are as wide as this at the knees."""

_OUTWARD_STEP_RAD = np.radians(0.5)
_MOST_OUTWARD_RAD = np.radians(20.0)


def knees_apart(targets: dict[str, np.ndarray], hip_rotation: dict[str, np.ndarray]) -> np.ndarray:
    """The smallest outward turn of both hips that keeps the knees apart, frame by frame.

    Args:
        targets: side → (N, 3), as in ``solve_leg``.
        hip_rotation: side → (N,), as in ``solve_leg``.

    Returns:
        (N,) [rad].
    """
    needed = np.zeros(len(targets["r"]))
    for outward in np.arange(_OUTWARD_STEP_RAD, _MOST_OUTWARD_RAD, _OUTWARD_STEP_RAD):
        close = _knee_gap(targets, hip_rotation, needed) < KNEE_GAP_M
        if not close.any():
            break
        needed[close] = outward
    return needed


def _knee_gap(
    targets: dict[str, np.ndarray], hip_rotation: dict[str, np.ndarray], outward: np.ndarray
) -> np.ndarray:
    """Distance between the knee joints (N,) [m], the hips turned outward by so much [rad]."""
    knees = {}
    for side, target in targets.items():
        flexion, adduction, _ = solve_leg(target, hip_rotation[side] - outward, side)
        aside = np.sin(adduction) if side == "l" else -np.sin(adduction)
        thigh = np.cos(adduction) * [np.sin(flexion), -np.cos(flexion)]
        knees[side] = leg(side).hip + leg(side).thigh * np.stack([*thigh, aside], axis=1)
    return np.linalg.norm(knees["r"] - knees["l"], axis=1)


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
