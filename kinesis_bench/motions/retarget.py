"""Anatomical joint angles in OpenSim's coordinates to SMPL joint rotations on the mean skeleton, and back.

Coordinates, axes, orders and signs are those of the Rajagopal model (Rajagopal et al., IEEE TBME 63:2068,
2016), segment frames x forward, y up, z right:

- pelvis and lumbar: intrinsic z-x-y (tilt or extension, list or bending, rotation). Positive: pelvis tilted
  backwards, listed right side down, turned left; trunk extended, bent to the right, turned left;
- hip and arm: intrinsic z-x-y (flexion, adduction, internal rotation), mirrored on the left;
- knee: about -z (flexion positive); elbow: about z (flexion positive);
- ankle (dorsiflexion) and subtalar (inversion) about the model's oblique axes, mirrored on the left;
- mtp: about z (toes up positive). The model's oblique mtp axis is not used: no keypoint lies beyond it.

In OpenSim's zero pose legs and arms hang straight along -y and the feet are flat. SMPL's rest pose differs by
the small tilt of its leg bones and by its raised arms, so every limb segment has one fixed rotation that
lays its rest direction onto -y (the shortest one); feet and toes have none. The lumbar joint is SMPL's lowest
spine joint. Hence zero angles are a straight-legged body and the way there and back is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.skeleton import BODY_JOINTS, FACING_X, OPENSIM_TO_SMPL, mean_skeleton

SIDES = ("r", "l")

COORDINATES = (
    "pelvis_tilt",
    "pelvis_list",
    "pelvis_rotation",
    "lumbar_extension",
    "lumbar_bending",
    "lumbar_rotation",
    *(
        f"{name}_{side}"
        for side in SIDES
        for name in (
            "hip_flexion",
            "hip_adduction",
            "hip_rotation",
            "knee_angle",
            "ankle_angle",
            "subtalar_angle",
            "mtp_angle",
            "arm_flex",
            "arm_add",
            "arm_rot",
            "elbow_flex",
        )
    ),
)
"""Every coordinate that is turned into rotations; all in radians."""

OPENSIM_WORLD = FACING_X @ OPENSIM_TO_SMPL
"""Turns OpenSim's ground axes (x forward, y up, z right) into the world's (x forward, y left, z up)."""

_ANKLE_AXIS = np.array([-0.10501355, -0.17402245, 0.97912632])
_SUBTALAR_AXIS = np.array([0.78717961, 0.60474746, -0.12094949])
_Z = np.array([0.0, 0.0, 1.0])
_LEFT_MIRROR = np.array([-1.0, -1.0, 1.0])
_SEGMENTS = (("Hip", "Knee"), ("Knee", "Ankle"), ("Shoulder", "Elbow"), ("Elbow", "Wrist"))


def smpl_rotations(angles: Mapping[str, np.ndarray], yaw: np.ndarray | float = 0.0) -> np.ndarray:
    """SMPL joint rotations of a body posed by OpenSim coordinates.

    Args:
        angles: name of COORDINATES → (N,) [rad]; those that are absent are zero.
        yaw: (N,) or scalar [rad], turn about the world's z applied after the pelvis angles; at zero, a pelvis
            with zero angles is upright and faces world +x.

    Returns:
        (N, 22, 3) axis-angle [rad], as in Recording.rotations.

    Raises:
        ValueError: a name that is not one of COORDINATES, or no angles at all.
    """
    unknown = sorted(set(angles) - set(COORDINATES))
    if unknown or not angles:
        raise ValueError(f"not joint angles that can be retargeted: {', '.join(unknown) or 'none given'}")
    frames = max(np.size(value) for value in (*angles.values(), yaw))
    given = {name: np.broadcast_to(np.asarray(value, float), frames) for name, value in angles.items()}
    zero = np.zeros(frames)

    def zxy(names: tuple[str, str, str], mirror: float = 1.0) -> Rotation:
        sign = (1.0, mirror, mirror)
        columns = [s * given.get(name, zero) for s, name in zip(sign, names, strict=True)]
        return Rotation.from_euler("ZXY", np.stack(columns, axis=1))

    def about(axis: np.ndarray, name: str) -> Rotation:
        return Rotation.from_rotvec(given.get(name, zero)[:, None] * axis)

    joint = _Joints()
    local = np.zeros((frames, BODY_JOINTS, 3))
    turn = Rotation.from_rotvec(np.broadcast_to(np.asarray(yaw, float), frames)[:, None] * _Z)
    pelvis = zxy(("pelvis_tilt", "pelvis_list", "pelvis_rotation"))
    root = turn * Rotation.from_matrix(OPENSIM_WORLD) * pelvis * joint.to_smpl.inv()
    local[:, joint.index("Pelvis")] = root.as_rotvec()
    for name in joint.names[1:]:
        local[:, joint.index(name)] = joint.local(name, Rotation.identity()).as_rotvec()
    posed = {"Torso": zxy(("lumbar_extension", "lumbar_bending", "lumbar_rotation"))}
    for side, mark, mirror in (("r", "R_", 1.0), ("l", "L_", -1.0)):
        ankle, subtalar = _foot_axes(side)
        posed |= {
            mark + "Hip": zxy(
                (f"hip_flexion_{side}", f"hip_adduction_{side}", f"hip_rotation_{side}"), mirror
            ),
            mark + "Knee": about(-_Z, f"knee_angle_{side}"),
            mark + "Ankle": about(ankle, f"ankle_angle_{side}") * about(subtalar, f"subtalar_angle_{side}"),
            mark + "Toe": about(_Z, f"mtp_angle_{side}"),
            mark + "Shoulder": zxy((f"arm_flex_{side}", f"arm_add_{side}", f"arm_rot_{side}"), mirror),
            mark + "Elbow": about(_Z, f"elbow_flex_{side}"),
        }
    for name, rotation in posed.items():
        local[:, joint.index(name)] = joint.local(name, rotation).as_rotvec()
    return local


def joint_angles(rotations: np.ndarray, yaw: np.ndarray | float = 0.0) -> dict[str, np.ndarray]:
    """OpenSim coordinates of a posed SMPL skeleton: the inverse of ``smpl_rotations``.

    A rotation outside a joint's freedom is projected: knee, elbow and mtp give their first z-x-y angle, the
    ankle the dorsiflexion that carries the subtalar axis to its place; the lumbar angles are of the chest
    relative to the pelvis.

    Args:
        rotations: (N, 22, 3) axis-angle [rad].
        yaw: (N,) or scalar [rad], the heading to leave out of the pelvis angles.

    Returns:
        every name of COORDINATES → (N,) [rad].
    """
    joint = _Joints()
    frames = len(rotations)
    turn = Rotation.from_rotvec(np.broadcast_to(np.asarray(yaw, float), frames)[:, None] * _Z)

    def rotation(name: str) -> Rotation:
        return joint.opensim(name, Rotation.from_rotvec(rotations[:, joint.index(name)]))

    root = Rotation.from_rotvec(rotations[:, joint.index("Pelvis")])
    pelvis = Rotation.from_matrix(OPENSIM_WORLD).inv() * turn.inv() * root * joint.to_smpl
    chest = rotation("Torso") * rotation("Spine") * rotation("Chest")
    angles: dict[str, np.ndarray] = {}

    def put(names: tuple[str, str, str], value: Rotation, mirror: float = 1.0) -> None:
        euler = value.as_euler("ZXY") * (1.0, mirror, mirror)
        angles.update(zip(names, euler.T, strict=True))

    put(("pelvis_tilt", "pelvis_list", "pelvis_rotation"), pelvis)
    put(("lumbar_extension", "lumbar_bending", "lumbar_rotation"), chest)
    for side, mark, mirror in (("r", "R_", 1.0), ("l", "L_", -1.0)):
        put(
            (f"hip_flexion_{side}", f"hip_adduction_{side}", f"hip_rotation_{side}"),
            rotation(mark + "Hip"),
            mirror,
        )
        put((f"arm_flex_{side}", f"arm_add_{side}", f"arm_rot_{side}"), rotation(mark + "Shoulder"), mirror)
        angles[f"knee_angle_{side}"] = -rotation(mark + "Knee").as_euler("ZXY")[:, 0]
        angles[f"elbow_flex_{side}"] = rotation(mark + "Elbow").as_euler("ZXY")[:, 0]
        angles[f"mtp_angle_{side}"] = rotation(mark + "Toe").as_euler("ZXY")[:, 0]
        ankle, subtalar = _foot_axes(side)
        foot = rotation(mark + "Ankle")
        dorsiflexion = _turn_about(ankle, subtalar, foot.apply(subtalar))
        rest = Rotation.from_rotvec(-dorsiflexion[:, None] * ankle) * foot
        across = np.cross(subtalar, ankle)
        angles[f"ankle_angle_{side}"] = dorsiflexion
        angles[f"subtalar_angle_{side}"] = _turn_about(subtalar, across, rest.apply(across))
    return angles


@cache
def zero_pose_alignment() -> dict[str, np.ndarray]:
    """Per joint the rotation (3, 3), in SMPL's axes, that its segment has in OpenSim's zero pose."""
    skeleton = mean_skeleton()
    down = np.array([0.0, -1.0, 0.0])
    alignment = {name: np.eye(3) for name in skeleton.joints}
    for mark in ("L_", "R_"):
        for near, far in _SEGMENTS:
            bone = skeleton.rest[skeleton.index(mark + far)] - skeleton.rest[skeleton.index(mark + near)]
            bone = bone / np.linalg.norm(bone)
            axis = np.cross(bone, down)
            angle = np.arctan2(np.linalg.norm(axis), bone @ down)
            alignment[mark + near] = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
        alignment[mark + "Wrist"] = alignment[mark + "Elbow"]
    return alignment


class _Joints:
    """Joint rotations between OpenSim's axes in its zero pose and SMPL's in its rest pose."""

    def __init__(self) -> None:
        skeleton = mean_skeleton()
        self.index = skeleton.index
        self.names = skeleton.joints
        self.to_smpl = Rotation.from_matrix(OPENSIM_TO_SMPL)
        own = {name: Rotation.from_matrix(matrix) for name, matrix in zero_pose_alignment().items()}
        parent_of = {
            name: skeleton.joints[skeleton.parents[place]]
            for place, name in enumerate(skeleton.joints)
            if place
        }
        self._own = own
        self._parent = {name: own[parent] for name, parent in parent_of.items()}

    def local(self, name: str, opensim: Rotation) -> Rotation:
        """SMPL's local rotation of a joint from its rotation in OpenSim's axes."""
        return self._parent[name].inv() * self.to_smpl * opensim * self.to_smpl.inv() * self._own[name]

    def opensim(self, name: str, local: Rotation) -> Rotation:
        """Inverse of ``local``."""
        return self.to_smpl.inv() * self._parent[name] * local * self._own[name].inv() * self.to_smpl


def _foot_axes(side: str) -> tuple[np.ndarray, np.ndarray]:
    mirror = _LEFT_MIRROR if side == "l" else np.ones(3)
    ankle, subtalar = _ANKLE_AXIS * mirror, _SUBTALAR_AXIS * mirror
    return ankle / np.linalg.norm(ankle), subtalar / np.linalg.norm(subtalar)


def _turn_about(axis: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Angle (N,) about ``axis`` that carries ``before`` (3,) to ``after`` (N, 3), seen along the axis."""
    across = np.cross(axis, before)
    along = np.cross(across, axis)
    return np.arctan2(after @ across * np.linalg.norm(along), after @ along * np.linalg.norm(across))
