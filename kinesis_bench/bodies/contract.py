"""What the rest of the suite may rely on of a body: names, places in the model's arrays, and its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kinesis_bench.bodies.build import BODIES, build_spec, compile_spec
from kinesis_bench.errors import unknown_name
from kinesis_bench.motions.skeleton import KEYPOINTS

if TYPE_CHECKING:
    import mujoco

TOUCH_SENSORS = ("r_foot", "r_toes", "l_foot", "l_toes")
"""Touch sensors of every body, in the order of observations and recordings."""

PUBLISHED_SHA256 = {
    "legs": "efd97f62c26f6daaa7c14b11deebf1800ffe6f3c352e4366aa4009f85d10b1b0",
    "legs_abs": "95691e7c64163c32beeb703f1c87535225049f83859a1cb899ee39a91195b6b6",
    "legs_back": "cbc170464410dbc711f349c260cada9f1083193bf2d6acc37353a763c6221cc3",
}
"""Hash of each body's physics with mujoco 4.0.0 and myo-sim 0.2.3, by ``model_sha256``.

A change here is a new version of the bodies: results before and after must not be compared.
"""

_LEG_SEGMENTS = tuple(
    f"{segment}_{side}"
    for side in "rl"
    for segment in ("femur", "tibia", "patella", "talus", "calcn", "toes")
)
_SEGMENTS = {
    "legs": {"Full Body", "pelvis", "torso", "head", *_LEG_SEGMENTS},
    "legs_abs": {"root", "sacrum", "lumbar5", "torso", "neck", "head", "pelvis", *_LEG_SEGMENTS},
    "legs_back": {
        *("Full Body", "sacrum", "lumbar5", "Abdomen", "lumbar4", "lumbar3", "lumbar2", "lumbar1"),
        *("torso", "head_attach", "neck", "head", "pelvis"),
        *_LEG_SEGMENTS,
    },
}

_LEG_ANGLES = (
    *("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle"),
    *("ankle_angle", "subtalar_angle", "mtp_angle"),
)
_LUMBAR = {
    "lumbar_extension": ("flex_extension", "L4_L5_FE", "L3_L4_FE", "L2_L3_FE", "L1_L2_FE"),
    "lumbar_bending": ("lat_bending", "L4_L5_LB", "L3_L4_LB", "L2_L3_LB", "L1_L2_LB"),
    "lumbar_rotation": ("axial_rotation", "L4_L5_AR", "L3_L4_AR", "L2_L3_AR", "L1_L2_AR"),
}

_HASHED_PREFIXES = (
    *("body_", "jnt_", "dof_", "geom_", "site_", "tendon_", "wrap_", "actuator_", "sensor_", "eq_", "pair_"),
    *("exclude_", "qpos", "key_"),
)
_NOT_HASHED = (
    *("adr", "num", "rgba", "matid", "plugin", "user", "bvh", "dataid", "group", "tree", "flex", "history"),
    *(
        "invweight0",
        "acc0",
        "length0",
        "_M0",
        "dof_length",
        "aabb",
        "rbound",
        "simple",
        "sameframe",
        "castshadow",
    ),
)
"""Looks, addresses, and what MuJoCo itself derives from the rest."""


@dataclass(frozen=True)
class AnatomicalAngle:
    """A joint angle in OpenSim's name and sign: the signed sum of coordinates of the model.

    Attributes:
        name: such as ``hip_flexion_l``.
        qpos: places of the coordinates in qpos.
        sign: +1, or -1 where the model counts the other way (mtp).
        range_rad: (2,) limits of the sum, in the angle's sign [rad].
    """

    name: str
    qpos: tuple[int, ...]
    sign: float
    range_rad: tuple[float, float]


@dataclass(frozen=True)
class Body:
    """A compiled body and its contract; B segments, K keypoints, M muscles.

    Attributes:
        name: ``legs``, ``legs_abs`` or ``legs_back``.
        model: the compiled model. Shared by everyone: never write to it.
        sha256: hash of the physics of the model, see ``model_sha256``.
        mass_kg: of the whole body.
        segments: B names in the model's order, the root first.
        segment_ids: (B,) their body ids.
        segment_forward, segment_up: (B, 3) each segment's own axes that point forward and up when it stands
            at rest; x and y but for the root body.
        pelvis_id: body id of segment ``pelvis``, whose axes are OpenSim's (x forward, y up, z right).
        keypoints: K names, a subset of the eight of a motion file.
        keypoint_columns: (K,) their places among the eight.
        keypoint_site_ids: (K,) their sites.
        muscles: M names such as ``soleus_r``.
        touch_addresses: (4,) places of TOUCH_SENSORS in sensordata.
        angles: the anatomical joint angles that are reported.
    """

    name: str
    model: mujoco.MjModel
    sha256: str
    mass_kg: float
    segments: tuple[str, ...]
    segment_ids: np.ndarray
    segment_forward: np.ndarray
    segment_up: np.ndarray
    pelvis_id: int
    keypoints: tuple[str, ...]
    keypoint_columns: np.ndarray
    keypoint_site_ids: np.ndarray
    muscles: tuple[str, ...]
    touch_addresses: np.ndarray
    angles: tuple[AnatomicalAngle, ...]

    @property
    def angle_names(self) -> tuple[str, ...]:
        """Names of the anatomical angles, the columns of ``joint_angles``."""
        return tuple(angle.name for angle in self.angles)

    @property
    def muscle_force_n(self) -> tuple[float, ...]:
        """Maximum isometric force of each muscle [N]."""
        return tuple(self.model.actuator_gainprm[:, 2].tolist())

    def joint_angles(self, qpos: np.ndarray) -> np.ndarray:
        """Anatomical joint angles of poses.

        Args:
            qpos: (..., nq).

        Returns:
            (..., J) [rad], in OpenSim's signs (positive: hip flexion, adduction, internal rotation, knee
            flexion, dorsiflexion, toes up; lumbar extension, right bending, left rotation).
        """
        return joint_angles(self.angles, qpos)


@cache
def load_body(name: str) -> Body:
    """Build and compile a body, once a process.

    Raises:
        InputError: there is no body of that name.
    """
    import mujoco

    if name not in BODIES:
        raise unknown_name("body", name, BODIES)
    model = compile_spec(build_spec(name))
    ids = [i for i in range(model.nbody) if model.body(i).name in _SEGMENTS[name]]
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    frames = data.xmat.reshape(-1, 3, 3)
    pelvis = model.body("pelvis").id
    forward, up = np.tile([1.0, 0.0, 0.0], (len(ids), 1)), np.tile([0.0, 1.0, 0.0], (len(ids), 1))
    forward[0], up[0] = (frames[ids[0]].T @ frames[pelvis])[:, :2].T
    keypoints = tuple(k for k in KEYPOINTS if not (name == "legs" and k == "head"))
    return Body(
        name=name,
        model=model,
        sha256=model_sha256(model),
        mass_kg=float(model.body_mass.sum()),
        segments=tuple(model.body(i).name for i in ids),
        segment_ids=np.array(ids),
        segment_forward=forward,
        segment_up=up,
        pelvis_id=pelvis,
        keypoints=keypoints,
        keypoint_columns=np.array([KEYPOINTS.index(k) for k in keypoints]),
        keypoint_site_ids=np.array([model.site(f"keypoint_{k}").id for k in keypoints]),
        muscles=tuple(model.actuator(i).name for i in range(model.nu)),
        touch_addresses=np.array([model.sensor(s).adr[0] for s in TOUCH_SENSORS]),
        angles=anatomical_angles(model),
    )


def joint_angles(angles: Sequence[AnatomicalAngle], qpos: np.ndarray) -> np.ndarray:
    """The angles of poses.

    Args:
        angles: J of a model.
        qpos: (..., nq) of the same model.

    Returns:
        (..., J) [rad].
    """
    columns = [angle.sign * qpos[..., list(angle.qpos)].sum(axis=-1) for angle in angles]
    return np.stack(columns, axis=-1)


def model_sha256(model: mujoco.MjModel) -> str:
    """Hash of a model's physics: every given number that moves it, to seven digits, and its options.

    Looks, addresses and derived numbers are left out, so that neither a change of colour nor another
    machine's last bit changes the hash.
    """
    digest = hashlib.sha256()
    for field in sorted(f for f in dir(model) if f.startswith(_HASHED_PREFIXES)):
        value = getattr(model, field)
        if isinstance(value, np.ndarray) and not any(word in field for word in _NOT_HASHED):
            digest.update(f"{field}{value.shape}".encode())
            numbers = np.where(np.abs(value) < 1e-10, 0.0, value).ravel()
            digest.update(" ".join(f"{x:.7g}" for x in numbers).encode())
    for field in sorted(f for f in dir(model.opt) if not f.startswith("_")):
        numbers = np.atleast_1d(getattr(model.opt, field)).astype(float)
        digest.update(f"{field} {' '.join(f'{x:.7g}' for x in numbers)}".encode())
    digest.update(model.names)
    return digest.hexdigest()


def anatomical_angles(model: mujoco.MjModel) -> tuple[AnatomicalAngle, ...]:
    """The joint angles that a model made of myo-sim's parts can report, of ours or of MyoSuite's."""
    present = {model.joint(i).name for i in range(model.njnt)}
    parts: dict[str, tuple[str, ...]] = {
        f"{angle}_{side}": (f"{angle}_{side}",) for side in "rl" for angle in _LEG_ANGLES
    }
    parts |= {name: tuple(joint for joint in joints if joint in present) for name, joints in _LUMBAR.items()}
    angles = []
    for name, joints in parts.items():
        if joints:
            sign = -1.0 if name.startswith("mtp") else 1.0
            limits = sorted(sign * sum(model.joint(joint).range for joint in joints))
            places = tuple(int(model.joint(joint).qposadr[0]) for joint in joints)
            angles.append(AnatomicalAngle(name, places, sign, (float(limits[0]), float(limits[1]))))
    return tuple(angles)
