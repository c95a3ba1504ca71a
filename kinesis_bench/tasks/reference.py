"""The motions that a task is to imitate, as flat arrays for one body."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.errors import InputError
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.tasks.arrays import like


@dataclass(frozen=True)
class Reference:
    """C clips for one body, flat over N frames; clips have the indices they have in the ``Motions``.

    Attributes:
        keys: C clip keys.
        offset, length: (C,) first frame of each clip in the flat arrays, and its number of frames.
        keypoint_position: (N, K, 3) of the body's keypoints [m], world frame.
        keypoint_velocity: (N, K, 3) [m/s].
        qpos, qvel: (N, nq), (N, nv) the body posed by IK.
    """

    keys: tuple[str, ...]
    offset: np.ndarray
    length: np.ndarray
    keypoint_position: np.ndarray
    keypoint_velocity: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray

    @classmethod
    def of(cls, motions: Motions, body: Body) -> Reference:
        """The motions for a body.

        Raises:
            InputError: the motions hold no IK of this body, IK of another version of it, or a clip of fewer
                than two frames.
        """
        if body.name not in motions.ik:
            raise InputError(
                f"{motions.id}: ik/{body.name}",
                f"the motions hold no IK for this body (they have {', '.join(motions.ik) or 'none'})",
                f"prepare the data with --body {body.name}",
            )
        ik = motions.ik[body.name]
        if ik.model_sha256 and ik.model_sha256 != body.sha256:
            raise InputError(
                f"{motions.id}: ik/{body.name}",
                f"solved for model {ik.model_sha256[:12]}…, not for this version's {body.sha256[:12]}…",
                "prepare the data again with this version",
            )
        short = np.flatnonzero(motions.length < 2)
        if len(short):
            raise InputError(motions.keys[short[0]], "the clip has fewer than two frames", "leave it out")
        return cls(
            keys=motions.keys,
            offset=motions.offset,
            length=motions.length,
            keypoint_position=motions.frames["keypoint_position"][:, body.keypoint_columns],
            keypoint_velocity=motions.frames["keypoint_velocity"][:, body.keypoint_columns],
            qpos=ik.qpos,
            qvel=ik.qvel,
        )

    def like(self, array: Any) -> Reference:
        """The same in the arrays of an engine: where, and as precise as, a floating array of it is."""
        if isinstance(array, np.ndarray):
            return self
        return replace(
            self, **{name: like(values, array) for name, values in vars(self).items() if name != "keys"}
        )
