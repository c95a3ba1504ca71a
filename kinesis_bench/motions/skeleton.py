"""The mean SMPL skeleton: its joints, its forward kinematics, and the eight keypoints taken from it.

SMPL's frame is x left, y up, z forward; OpenSim's pelvis frame is x forward, y up, z right; the world has
z up. Joint positions: the published mean neutral SMPL body, ``datasets/kit_locomotion/smpl_mean_joints.csv``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.files import content_dir

KEYPOINTS = ("pelvis", "head", "l_knee", "r_knee", "l_ankle", "r_ankle", "l_toe", "r_toe")
"""Names and order of the keypoints in every motion file."""

KEYPOINT_JOINTS = ("Pelvis", "Head", "L_Knee", "R_Knee", "L_Ankle", "R_Ankle", "L_Toe", "R_Toe")
"""The SMPL joints that KEYPOINTS are."""

BODY_JOINTS = 22
"""SMPL's joints without the hands, shared by SMPL, SMPL-H and SMPL-X."""

TOE_SOLE_M = 0.020
ANKLE_SOLE_M = 0.076
"""Depth of the sole under the toe joint and under the ankle of a standing SMPL body [m]."""

HEEL_BEHIND_ANKLE_M = 0.05
"""How far the heel's sole point lies behind the ankle joint [m]; an assumption, the skeleton has no heel."""

OPENSIM_TO_SMPL = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Turns a vector in OpenSim's axes (forward, up, right) into SMPL's (left, up, forward)."""

FACING_X = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""Root rotation, SMPL's axes to world, of somebody upright who faces world +x."""


@dataclass(frozen=True)
class Skeleton:
    """Joint names, parents and rest offsets of a kinematic tree in SMPL's axes.

    Attributes:
        joints: names, parents first.
        parents: (J,) index of each joint's parent, -1 for the root.
        rest: (J, 3) joint positions of the rest pose [m], x left, y up, z forward.
    """

    joints: tuple[str, ...]
    parents: np.ndarray
    rest: np.ndarray

    def index(self, joint: str) -> int:
        """Place of a joint by name."""
        return self.joints.index(joint)

    def forward_kinematics(
        self, rotations: Rotation, pelvis_position: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """World positions and rotation matrices of all joints.

        Args:
            rotations: N * J rotations, frame after frame; the root's takes SMPL's axes to the world, the
                others are relative to the parent.
            pelvis_position: (N, 3) [m].

        Returns:
            positions (N, J, 3) [m] and rotation matrices (N, J, 3, 3), joint axes to world.
        """
        count = len(self.joints)
        local = rotations.as_matrix().reshape(-1, count, 3, 3)
        position = np.empty((len(local), count, 3))
        world = np.empty_like(local)
        position[:, 0], world[:, 0] = pelvis_position, local[:, 0]
        for joint in range(1, count):
            parent = self.parents[joint]
            world[:, joint] = world[:, parent] @ local[:, joint]
            offset = self.rest[joint] - self.rest[parent]
            position[:, joint] = position[:, parent] + world[:, parent] @ offset
        return position, world


@cache
def mean_skeleton() -> Skeleton:
    """The mean neutral SMPL body's 22 body joints."""
    with (content_dir("datasets") / "kit_locomotion" / "smpl_mean_joints.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:BODY_JOINTS]
    rest = np.array([[float(row[axis]) for axis in ("x_left", "y_up", "z_fwd")] for row in rows])
    rest.setflags(write=False)
    return Skeleton(tuple(row["joint"] for row in rows), np.array([int(row["parent"]) for row in rows]), rest)
