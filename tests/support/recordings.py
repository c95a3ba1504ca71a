"""Small recordings written in AMASS's form, for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinesis_bench.motions.retarget import smpl_rotations
from kinesis_bench.motions.skeleton import mean_skeleton

FPS = 100.0

NAMES = (
    "KIT/3/walking_slow01",
    "KIT/3/walking_slow02",
    "KIT/3/WalkInCounterClockwiseCircle01",
    "KIT/8/LeftTurn01",
    "KIT/8/walking_run01",
    "KIT/10/WalkingStraightBackwards01",
)


def walk_arrays(seconds: float, seed: int) -> dict[str, np.ndarray]:
    """Fields of an AMASS file of a plain walk; every seed walks differently."""
    rng = np.random.default_rng(seed)
    time = np.arange(0, seconds, 1 / FPS)
    phase = 2 * np.pi * rng.uniform(0.8, 1.0) * time + rng.uniform(0, 6)
    angles: dict[str, np.ndarray] = {}
    for side, shift in (("r", 0.0), ("l", np.pi)):
        angles[f"hip_flexion_{side}"] = 0.15 + 0.35 * np.sin(phase + shift)
        angles[f"knee_angle_{side}"] = 0.4 + 0.3 * np.sin(phase + shift + 1.2)
        angles[f"ankle_angle_{side}"] = 0.15 * np.sin(phase + shift)
    poses = np.zeros((len(time), 156))
    poses[:, :66] = smpl_rotations(angles, yaw=rng.uniform(-3, 3)).reshape(len(time), 66)
    path = np.stack([1.1 * time, 0 * time, 0.92 + 0.02 * np.cos(2 * phase)], axis=1)
    return {
        "poses": poses,
        "trans": path - mean_skeleton().rest[0],
        "betas": np.zeros(16),
        "gender": np.array("neutral"),
        "mocap_framerate": np.array(FPS),
    }


def write_tree(folder: Path, names: tuple[str, ...] = NAMES, seconds: float = 2.0) -> Path:
    """An AMASS tree under ``folder``."""
    for seed, name in enumerate(names):
        path = folder / f"{name}_poses.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **walk_arrays(seconds, seed))
    return folder
