"""Small files in the exact formats of AMASS: SMPL-H ``*_poses.npz`` and SMPL-X ``*_stageii.npz``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.skeleton import FACING_X


def walker(frames: int, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Body pose (frames, 66) and trans (frames, 3) of somebody who swings the legs and moves along +x."""
    t = np.arange(frames) / fps
    poses = np.zeros((frames, 22, 3))
    poses[:, 0] = Rotation.from_matrix(FACING_X).as_rotvec()
    swing = 0.4 * np.sin(2 * np.pi * t)
    poses[:, 1, 0], poses[:, 2, 0] = swing, -swing
    poses[:, 4, 0], poses[:, 5, 0] = 0.3 - 0.3 * np.cos(2 * np.pi * t), 0.3 + 0.3 * np.cos(2 * np.pi * t)
    return poses.reshape(frames, 66), np.column_stack([1.2 * t, 0.02 * np.sin(t), np.full(frames, 0.9)])


def smplh(frames: int = 201, fps: float = 100.0) -> dict[str, np.ndarray]:
    """Fields of an SMPL-H file."""
    body, trans = walker(frames, fps)
    return {
        "trans": trans,
        "gender": np.array("female"),
        "mocap_framerate": np.array(fps),
        "betas": np.linspace(-1, 1, 16),
        "dmpls": np.zeros((frames, 8)),
        "poses": np.hstack([body, np.zeros((frames, 90))]),
    }


def smplx(frames: int = 201, fps: float = 100.0) -> dict[str, np.ndarray]:
    """Fields of an SMPL-X file, object arrays included."""
    body, trans = walker(frames, fps)
    poses = np.hstack([body, np.zeros((frames, 99))])
    return {
        "gender": np.array(b"male"),
        "surface_model_type": np.array("smplx"),
        "mocap_frame_rate": np.array(fps),
        "mocap_time_length": np.array(frames / fps),
        "markers_latent": np.zeros((4, 3)),
        "latent_labels": np.array(["a", "b", "c", "d"]),
        "markers_latent_vids": np.array({"a": 1}, dtype=object),
        "trans": trans,
        "poses": poses,
        "betas": np.linspace(-1, 1, 16),
        "num_betas": np.array(16),
        "root_orient": poses[:, :3],
        "pose_body": poses[:, 3:66],
        "pose_hand": poses[:, 75:],
        "pose_jaw": poses[:, 66:69],
        "pose_eye": poses[:, 69:75],
    }


def write_amass(path: Path, fields: dict[str, np.ndarray] | None = None) -> Path:
    """Write one file (SMPL-X by its name, else SMPL-H), folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = fields if fields is not None else smplx() if path.stem.endswith("stageii") else smplh()
    np.savez(path, **chosen)  # type: ignore[arg-type]
    return path
