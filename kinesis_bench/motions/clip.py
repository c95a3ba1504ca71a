"""The two things a motion is in this project: a recording on the mean skeleton, and a clip of keypoints."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from kinesis_bench.motions.skeleton import KEYPOINTS

FPS = 30.0
"""Frames per second of every clip; one frame a control step."""

SKILLS = ("walk", "gradual_turn", "turn_in_place", "backward", "run")


@dataclass(frozen=True)
class Recording:
    """A motion as SMPL joint rotations at its own frame rate: what AMASS holds, and what every reader makes.

    The world has z up. The root's rotation takes SMPL's pelvis axes (x left, y up, z forward) to the world.
    Joint j's rotation is relative to its parent, in SMPL's joint order (22 body joints).

    Attributes:
        key: name without suffix, for AMASS its path such as ``KIT/10/LeftTurn01_poses``.
        fps: frames per second of the source [Hz].
        rotations: (N, 22, 3) axis-angle [rad].
        pelvis_position: (N, 3) world position of the pelvis joint [m]. For AMASS: ``trans`` + rest pelvis.
        subject: who moved.
        skill: one of SKILLS, or "" where unknown.
        source: where it comes from, for people to read.
        source_sha256: of the file it was read from, or of what it was made from where there is no file.
        texts: descriptions in words.
        betas: (16,) SMPL shape, or None for the mean body.
        gender: of the SMPL model that ``betas`` belongs to.
        on_floor: whether the heights are trusted already, so that the soles are not moved onto the floor.
    """

    key: str
    fps: float
    rotations: np.ndarray
    pelvis_position: np.ndarray
    subject: str = ""
    skill: str = ""
    source: str = ""
    source_sha256: str = ""
    texts: tuple[str, ...] = ()
    betas: np.ndarray | None = None
    gender: str = "neutral"
    on_floor: bool = False


@dataclass(frozen=True)
class Clip:
    """A motion as the benchmark uses it: keypoints and pelvis at 30 fps, soles on z = 0.

    World frame, z up. The pelvis frame has OpenSim's axes (x forward, y up, z right).

    Attributes:
        key: unique in its file.
        keypoint_position: (F, 8, 3) [m], in the order of KEYPOINTS.
        keypoint_velocity: (F, 8, 3) [m/s].
        pelvis_position: (F, 3) [m].
        pelvis_quaternion: (F, 4) w, x, y, z: pelvis axes to world.
        pelvis_linear_velocity: (F, 3) [m/s].
        pelvis_angular_velocity: (F, 3) [rad/s], world axes.
        subject, skill, source, source_sha256, texts: as in Recording.
        splits: memberships such as ``kinesis-2026/train``; a clip may be in several.
    """

    key: str
    keypoint_position: np.ndarray
    keypoint_velocity: np.ndarray
    pelvis_position: np.ndarray
    pelvis_quaternion: np.ndarray
    pelvis_linear_velocity: np.ndarray
    pelvis_angular_velocity: np.ndarray
    subject: str = ""
    skill: str = ""
    source: str = ""
    source_sha256: str = ""
    texts: tuple[str, ...] = field(default=())
    splits: tuple[str, ...] = field(default=())

    @property
    def frames(self) -> int:
        """Number of frames F."""
        return len(self.pelvis_position)

    def __post_init__(self) -> None:
        frames = len(self.pelvis_position)
        shapes = {
            "keypoint_position": (frames, len(KEYPOINTS), 3),
            "keypoint_velocity": (frames, len(KEYPOINTS), 3),
            "pelvis_position": (frames, 3),
            "pelvis_quaternion": (frames, 4),
            "pelvis_linear_velocity": (frames, 3),
            "pelvis_angular_velocity": (frames, 3),
        }
        for name, shape in shapes.items():
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"clip {self.key}: {name} has shape {found}, not {shape}")
