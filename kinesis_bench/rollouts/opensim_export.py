"""Writer of a clip as an OpenSim storage file: coordinates, muscle signals and vertical forces over time.

OpenSim's GUI loads it as a motion of a model with Rajagopal's coordinates and shows the other columns as
curves; ``opensim_results`` reads it back.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.errors import InputError
from kinesis_bench.files import write_text
from kinesis_bench.rollouts.opensim_results import OPENSIM_WORLD, PELVIS_PATH, PELVIS_TURNS
from kinesis_bench.rollouts.schema import FEET, UNIT, ClipRollout, Rollouts


def write_opensim(path: str | Path, rollouts: Rollouts, clip: ClipRollout) -> None:
    """Write what a clip has of: pelvis path and turn, joint angles, excitation, activation, forces.

    Angles are radians. Row t is the state at (t + 1)·dt_s. Excitation, the mean over a step, is put there as
    the mean of the steps before and after, so that it is not moved in time. Both signals are clipped to 0 to
    1, which readers take for granted: MuJoCo's activation can overshoot (recordings reach 1.066).

    Args:
        path: ends in ``.sto``.
        rollouts: whose names the columns have.
        clip: one of its clips.

    Raises:
        InputError: the clip has neither excitation nor activation, its excitation is in another unit and
            beyond 0 to 1, or the file cannot be written.
    """
    if clip.excitation is None and clip.activation is None:
        remedy = "give a recording with excitation or activation"
        raise InputError(f"clip {clip.key}", "has neither excitation nor activation", remedy)
    unit = (rollouts.attributes or {}).get(UNIT)
    if unit and clip.excitation is not None and (clip.excitation.min() < 0 or clip.excitation.max() > 1):
        remedy = "write .h5, which keeps it as it is"
        raise InputError(f"clip {clip.key}", f"has excitation in {unit}, not 0 to 1", remedy)
    columns = _pelvis(rollouts, clip)
    if clip.joint_angle is not None:
        columns |= dict(zip(rollouts.joint_names, clip.joint_angle.T, strict=True))
    if clip.excitation is not None:
        after = np.concatenate([clip.excitation[1:], clip.excitation[-1:]])
        at_state = np.clip((clip.excitation + after) / 2, 0.0, 1.0)
        names = [f"{name}.excitation" for name in rollouts.muscle_names]
        columns |= dict(zip(names, at_state.T, strict=True))
    if clip.activation is not None:
        names = [f"{name}.activation" for name in rollouts.muscle_names]
        columns |= dict(zip(names, np.clip(clip.activation, 0.0, 1.0).T, strict=True))
    if clip.ground_force is not None:
        names = [f"ground_force_{foot}_vy" for foot in FEET]
        columns |= dict(zip(names, clip.ground_force.T, strict=True))
    steps = len(next(iter(columns.values())))
    time = clip.dt_s * (np.arange(steps) + 1)
    table = np.column_stack([time, *columns.values()]).astype(float)
    head = [Path(path).stem, "version=1", f"nRows={steps}", f"nColumns={table.shape[1]}", "inDegrees=no"]
    rows = ["\t".join(f"{value:.8g}" for value in row) for row in table]
    write_text(path, "\n".join([*head, "endheader", "\t".join(["time", *columns]), *rows, ""]))


def _pelvis(rollouts: Rollouts, clip: ClipRollout) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    if clip.pelvis_quaternion is not None:
        world = Rotation.from_quat(np.asarray(clip.pelvis_quaternion, float), scalar_first=True)
        turns = (Rotation.from_matrix(OPENSIM_WORLD).inv() * world).as_euler("ZXY")
        columns |= dict(zip(PELVIS_TURNS, np.unwrap(turns, axis=0).T, strict=True))
    if clip.keypoint_position is not None and "pelvis" in rollouts.keypoint_names:
        place = clip.keypoint_position[:, rollouts.keypoint_names.index("pelvis")]
        columns |= dict(zip(PELVIS_PATH, (place @ OPENSIM_WORLD).T, strict=True))
    return columns
