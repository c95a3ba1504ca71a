"""Recordings of a walk whose every number is known, made without a simulator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinesis_bench.human.electrodes import WANG_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.metrics.curves import PHASE
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts

DT_S = 1 / 30
SUBSTEPS = 5
MASS_KG = 75.0
STANCE = 0.6
"""Part of the cycle during which the left foot bears load."""

MUSCLES = tuple(f"{muscle}_l" for muscle in (*WANG_ELECTRODES.values(), "bfsh", "tibpost"))

Curve = Callable[[np.ndarray], np.ndarray]


def cyclic(curve: np.ndarray) -> Curve:
    """(…, 100) samples as a function of phase."""
    grid = np.arange(101) / 100
    closed = np.concatenate([curve, curve[..., :1]], axis=-1)

    def at(phase: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(phase % 1.0, grid, row) for row in closed], axis=-1)

    return at


def ring(human: HumanEmg, curves: np.ndarray) -> np.ndarray:
    """People's curves (M, 100) at the phases of a model's curve."""
    return np.stack([np.interp(PHASE, human.phase, row) for row in curves])


def stance_force(phase: np.ndarray, cycle_s: float) -> np.ndarray:
    """Force [N] that rises within 20 ms of the strike, so that the time of the strike can be interpolated."""
    since_s = phase % 1.0 * cycle_s
    return np.where(phase % 1.0 < STANCE, 700.0 * np.minimum(since_s / 0.02, 1.0), 0.0)


def walking_clip(
    *,
    key: str = "walk",
    skill: str = "walk",
    frames: int = 240,
    speed_m_s: float = 1.25,
    cycle_s: float = 1.1,
    muscles: Curve | None = None,
    joints_deg: Curve | None = None,
    error_m: float = 0.0,
    fails_at: int | None = None,
    run: int = 0,
) -> ClipRollout:
    """Straight walking along +x; the left heel strikes at 0.3 s and every ``cycle_s`` after.

    ``muscles`` gives (…, 11) excitation and ``joints_deg`` (…, 4) angles by phase since left heel strike. All
    keypoints are off by ``error_m`` upwards, and 1 m off from row ``fails_at`` on, the last one recorded.
    """
    steps = frames if fails_at is None else fails_at + 1
    time = (np.arange(steps) + 1) * DT_S

    def phase(t: np.ndarray) -> np.ndarray:
        return (t - 0.3) / cycle_s

    fine = (np.arange(steps * SUBSTEPS) + 1) * DT_S / SUBSTEPS
    touch = np.zeros((steps * SUBSTEPS, 4))
    touch[:, 2] = stance_force(phase(fine), cycle_s)
    touch[:, 0] = stance_force(phase(fine) + 0.5, cycle_s)
    reference = np.zeros((steps, 2, 3))
    reference[:, 0] = np.stack([speed_m_s * time, 0 * time, np.full(steps, 0.95)], axis=-1)
    reference[:, 1] = reference[:, 0] - [0, 0, 0.9]
    keypoints = reference + np.array([0, 0, error_m])
    if fails_at is not None:
        keypoints[fails_at:] += [0, 0, 1.0]
    middle = np.zeros((steps, len(MUSCLES))) if muscles is None else muscles(phase(time - DT_S / 2))
    end = np.zeros((steps, len(MUSCLES))) if muscles is None else muscles(phase(time))
    angles = np.zeros((steps, len(JOINTS))) if joints_deg is None else joints_deg(phase(time))
    turn = np.sqrt(0.5)
    return ClipRollout(
        key=key,
        run=run,
        skill=skill,
        frames=frames,
        dt_s=DT_S,
        failure="" if fails_at is None else "far from the reference",
        control="direct",
        action=np.zeros((steps, len(MUSCLES))),
        excitation=middle,
        activation=end,
        qpos=np.zeros((steps, 3)),
        keypoint_position=keypoints,
        reference_keypoint_position=reference,
        pelvis_quaternion=np.tile([turn, turn, 0.0, 0.0], (steps, 1)),
        joint_angle=np.radians(angles),
        ik_error_m=np.full(steps, 0.01),
        touch=touch.reshape(steps, SUBSTEPS, 4),
        ground_force=touch.reshape(steps, SUBSTEPS, 2, 2).sum(axis=3).mean(axis=1),
    )


def walking(*clips: ClipRollout, **attributes: str) -> Rollouts:
    """A recording of such clips."""
    return Rollouts(
        clips=clips,
        body="legs",
        model_sha256="ab" * 32,
        body_mass_kg=MASS_KG,
        leg_length_m=0.9,
        muscle_names=MUSCLES,
        joint_names=tuple(f"{joint}_l" for joint in JOINTS),
        keypoint_names=("pelvis", "l_ankle"),
        attributes=attributes,
    )
