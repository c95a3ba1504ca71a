"""SMPL's own joints and floor, for who has its model files: shape and skinning of SMPL-H and SMPL-X.

Formulas: Loper et al., SMPL, ACM TOG 34:248 (2015), eq. 2-10; a test compares them with the smplx package.
They are few enough to need no torch. Only ``.npz`` model files are read; nothing is unpickled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.archives import numbers, read_npz
from kinesis_bench.errors import InputError
from kinesis_bench.motions.clip import FPS, Recording
from kinesis_bench.motions.pipeline import FLOOR_PERCENTILE
from kinesis_bench.motions.skeleton import BODY_JOINTS, Skeleton, mean_skeleton

FILES = {
    "smplh": ("{gender}/model.npz", "SMPLH_{GENDER}.npz"),
    "smplx": ("SMPLX_{GENDER}.npz", "{gender}/model.npz"),
}
"""Names of the model files as their makers offer them, in the folder or in its ``smplh`` or ``smplx``."""

GENDERS = ("female", "male", "neutral")
_FIELDS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table")
_FRAMES_AT_ONCE = 32


@dataclass(frozen=True)
class BodyModel:
    """One gender's body model; V vertices, J joints, B shape components.

    Attributes:
        v_template: (V, 3) vertices of the mean shape's rest pose [m].
        shapedirs: (V, 3, B) vertex offsets per unit of shape.
        posedirs: (V, 3, 9 * (J - 1)) vertex offsets per unit of (rotation matrix - identity).
        joint_regressor: (J, V) joints from vertices.
        weights: (V, J) skinning weights.
        parents: (J,) parents, -1 for the root.
    """

    v_template: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray
    joint_regressor: np.ndarray
    weights: np.ndarray
    parents: np.ndarray

    def shaped(self, betas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (V, 3) and joints (J, 3) of the rest pose of a shape [m]."""
        count = min(len(betas), self.shapedirs.shape[2])
        vertices = self.v_template + self.shapedirs[:, :, :count] @ betas[:count]
        return vertices, self.joint_regressor @ vertices

    def lowest(self, betas: np.ndarray, rotations: np.ndarray, pelvis_position: np.ndarray) -> np.ndarray:
        """Height of the lowest vertex, hands and face at rest.

        Args:
            betas: shape.
            rotations: (F, 22, 3) axis-angle [rad].
            pelvis_position: (F, 3) [m].

        Returns:
            (F,) [m].
        """
        parts = range(0, len(rotations), _FRAMES_AT_ONCE)
        blocks = [slice(start, start + _FRAMES_AT_ONCE) for start in parts]
        return np.concatenate(
            [self.vertex_heights(betas, rotations[b], pelvis_position[b]).min(axis=1) for b in blocks]
        )

    def vertex_heights(
        self, betas: np.ndarray, rotations: np.ndarray, pelvis_position: np.ndarray
    ) -> np.ndarray:
        """Heights (F, V) of all vertices [m]; arguments as ``lowest``."""
        vertices, joints = self.shaped(betas)
        frames, count = len(rotations), len(self.parents)
        pose = np.zeros((frames, count, 3))
        pose[:, :BODY_JOINTS] = rotations
        local = Rotation.from_rotvec(pose.reshape(-1, 3))
        skeleton = Skeleton(tuple(map(str, range(count))), self.parents, joints)
        position, world = skeleton.forward_kinematics(local, pelvis_position)
        feature = (local.as_matrix().reshape(frames, count, 3, 3) - np.eye(3))[:, 1:BODY_JOINTS].reshape(
            frames, -1
        )
        posed = vertices + np.tensordot(feature, self.posedirs[:, :, : feature.shape[1]], (1, 2))
        up = world[:, :, 2]
        offset = position[:, :, 2] - np.einsum("fjk,jk->fj", up, joints)
        blend = self.weights @ np.concatenate([up, offset[:, :, None]], axis=2)
        return np.einsum("fvk,fvk->fv", blend[:, :, :3], posed) + blend[:, :, 3]


class SmplBodies:
    """The model files of a folder, loaded as they are needed.

    Raises:
        InputError: the folder does not exist or holds no model file.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InputError(
                self.folder, "no such folder", "give the folder with SMPL-H or SMPL-X model files"
            )
        known = [
            name.format(gender=gender, GENDER=gender.upper())
            for names in FILES.values()
            for name in names
            for gender in GENDERS
        ]
        places = [self.folder / part / name for part in (*FILES, "") for name in known]
        if not any(path.is_file() for path in places):
            raise InputError(
                self.folder,
                "holds no SMPL-H or SMPL-X model file",
                f"download the .npz files, {known[0]} for example (pickled .pkl models are not read)",
            )
        self._models: dict[tuple[str, str], BodyModel] = {}

    def place(self, recording: Recording) -> tuple[Recording, Skeleton]:
        """The recording with its shape's own rest pelvis and its mesh on the floor, and the shape's skeleton.

        The floor is where the FLOOR_PERCENTILE over the frames of the lowest vertex lies.

        Raises:
            InputError: the model file that the recording needs is missing or cannot be read.
        """
        kind = "smplx" if recording.key.endswith("_stageii") else "smplh"
        model = self.model(kind, recording.gender)
        betas = recording.betas if recording.betas is not None else np.zeros(1)
        mean = mean_skeleton()
        rest = model.shaped(betas)[1][:BODY_JOINTS]
        position = recording.pelvis_position - mean.rest[0] + rest[0]
        every = max(1, int(recording.fps // FPS))
        lowest = model.lowest(betas, recording.rotations[::every], position[::every])
        position = position - [0.0, 0.0, np.percentile(lowest, FLOOR_PERCENTILE)]
        return replace(recording, pelvis_position=position, on_floor=True), replace(mean, rest=rest)

    def model(self, kind: str, gender: str) -> BodyModel:
        """The body model of a kind (``smplh`` or ``smplx``) and gender.

        Raises:
            InputError: its file is missing or cannot be read.
        """
        if (kind, gender) not in self._models:
            names = [name.format(gender=gender, GENDER=gender.upper()) for name in FILES[kind]]
            paths = [self.folder / part / name for part in (kind, "") for name in names]
            path = next((path for path in paths if path.is_file()), None)
            if path is None:
                raise InputError(
                    self.folder,
                    f"holds no {kind} model file for {gender} bodies ({' or '.join(names)})",
                    "download the .npz files (pickled .pkl models are not read)",
                )
            self._models[kind, gender] = _read_model(path, kind)
        return self._models[kind, gender]


def _read_model(path: Path, kind: str) -> BodyModel:
    again = "download the model file again"
    fields = read_npz(path, lambda name: name in _FIELDS, again)
    for name in _FIELDS:
        if name not in fields:
            raise InputError(f"{path}: {name}", "is missing", "give an SMPL-H or SMPL-X .npz model file")
        numbers(f"{path}: {name}", fields[name], again)
    if fields["v_template"].ndim != 2 or fields["kintree_table"].ndim != 2 or fields["shapedirs"].ndim != 3:
        raise InputError(path, "is no model of the kind: an array has the wrong dimensions", again)
    vertices, joints = len(fields["v_template"]), fields["kintree_table"].shape[-1]
    shapes = {
        "v_template": (vertices, 3),
        "shapedirs": (vertices, 3, fields["shapedirs"].shape[-1]),
        "posedirs": (vertices, 3, 9 * (joints - 1)),
        "J_regressor": (joints, vertices),
        "weights": (vertices, joints),
        "kintree_table": (2, joints),
    }
    for name, shape in shapes.items():
        if fields[name].shape != shape or joints < BODY_JOINTS:
            raise InputError(
                f"{path}: {name}",
                f"has shape {fields[name].shape}, not {shape}",
                again,
            )
    return BodyModel(
        v_template=fields["v_template"].astype(np.float64),
        shapedirs=fields["shapedirs"][:, :, : _shape_components(kind, fields["shapedirs"].shape[2])].astype(
            np.float64
        ),
        posedirs=fields["posedirs"].astype(np.float64),
        joint_regressor=fields["J_regressor"].astype(np.float64),
        weights=fields["weights"].astype(np.float64),
        parents=np.concatenate([[-1], fields["kintree_table"][0, 1:].astype(np.int64)]),
    )


def _shape_components(kind: str, count: int) -> int:
    """How many components are shape: SMPL-X appends expressions, to 300, in early files to 10."""
    if kind == "smplx":
        return 300 if count >= 400 else min(count, 10)
    return count
