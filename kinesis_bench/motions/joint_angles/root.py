"""Where the pelvis goes: the path that joint angles and pelvis coordinates imply on the mean skeleton.

The recorded person and the mean skeleton differ in size. Both stand on their feet, so the size of the person
is told by the height of the hips while a foot is on the floor: ``leg_scale`` is the height of the mean
skeleton's hips over its lowest sole point, posed by the recorded angles, divided by the recorded height of
the hips; the 75th percentile over frames, so that flight phases of running (hips higher than legs reach) do
not count. Height and path of the hips are multiplied by it. A file without a usable pelvis height has
scale 1.

Where the pelvis stays in place, the floor moved under it or nobody recorded the path; then the stance foot
says how fast. Each foot has two sole points, heel and ball. Those near the floor are weighted by their height
(1 cm) and by how well they agree on one velocity (Cauchy weights, 0.15 m/s; iterated), because shortly before
and after contact a low foot still moves: the lowest point alone is 10 to 40 % too slow.

- Treadmill (pelvis_tx and pelvis_tz vary, but do not get away): the belt's speed, the weighted mean over
  about a second, is added to the recorded path.
- No pelvis_tx, or a constant one: the hips go by the stance foot's velocity, smoothed over 30 ms. This fits
  walking; in a flight phase there is no stance foot, and the velocity is carried over it.
- No pelvis_ty, or a constant one: the lowest sole point is on the floor in every frame.

On recordings whose path is known (OpenSim's, Falisse's and loco-mujoco's), leaving it out costs 1 to 5 % of
the distance walked and 11 % of that run; made into a treadmill recording it comes out 7 % short to 1 % long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.retarget import OPENSIM_WORLD
from kinesis_bench.motions.skeleton import ANKLE_SOLE_M, HEEL_BEHIND_ANKLE_M, TOE_SOLE_M, mean_skeleton

HIPS_FROM_PELVIS_M = np.array([-0.0563, -0.0785, 0.0])
"""Midpoint of the hips in OpenSim's pelvis frame, whose origin lies between the front iliac spines (Rajagopal
et al. 2016; gait2392 has -0.0707, -0.0661, which changes the scale by 1 %)."""

STANDING_HEIGHT_M = 0.5
"""A pelvis lower than this on average is not a height above the floor [m]."""

LEG_SCALE_RANGE = (0.4, 2.5)
"""Scales that people, children included, can have."""

SCALE_PERCENTILE = 75.0
CONTACT_HEIGHT_M = 0.010
AGREEMENT_M_S = 0.15
FOOT_SMOOTHING_S = 0.03
BELT_SMOOTHING_S = 0.5
CONSTANT_M = 0.001
IN_PLACE = 0.25
"""The pelvis stays in place if its mean velocity is less than this share of the stance foot's."""

SOLE_POINTS = ("r_heel", "r_ball", "l_heel", "l_ball")
"""Order of the sole points."""


@dataclass(frozen=True)
class Root:
    """Path of the pelvis joint.

    Attributes:
        pelvis_position: (N, 3) world [m], z up, lowest stance at about z = 0.
        leg_scale: mean skeleton's leg over the recorded person's; 1 where unknown.
        height: where the height comes from, in words.
        path: where the path comes from, in words.
    """

    pelvis_position: np.ndarray
    leg_scale: float
    height: str
    path: str


def sole_points(rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sole points and pelvis joint relative to the midpoint of the hips, in world axes.

    Args:
        rotations: (N, 22, 3) axis-angle [rad].

    Returns:
        sole points (N, 4, 3) in the order of SOLE_POINTS, and the pelvis joint (N, 3) [m].
    """
    skeleton = mean_skeleton()
    position, world = skeleton.forward_kinematics(
        Rotation.from_rotvec(rotations.reshape(-1, 3)), np.zeros((len(rotations), 3))
    )
    hips = (position[:, skeleton.index("R_Hip")] + position[:, skeleton.index("L_Hip")]) / 2
    points = []
    for side in ("R_", "L_"):
        foot = world[:, skeleton.index(side + "Ankle")]
        points += [
            position[:, skeleton.index(side + "Ankle")] + foot @ [0.0, -ANKLE_SOLE_M, -HEEL_BEHIND_ANKLE_M],
            position[:, skeleton.index(side + "Toe")] + foot @ [0.0, -TOE_SOLE_M, 0.0],
        ]
    return np.stack(points, axis=1) - hips[:, None], -hips


def root_path(
    rotations: np.ndarray, angles: dict[str, np.ndarray], translations: dict[str, np.ndarray], fps: float
) -> Root:
    """Place the pelvis of a body posed by ``rotations``.

    Args:
        rotations: (N, 22, 3) axis-angle [rad], the retargeted angles.
        angles: the pelvis angles among them [rad], to go from pelvis to hips.
        translations: pelvis_tx, pelvis_ty, pelvis_tz as far as recorded, (N,) [m].
        fps: frames per second [Hz].

    Raises:
        ValueError: pelvis_ty is not in metres.
    """
    soles, pelvis = sole_points(rotations)
    lowest = soles[:, :, 2].min(axis=1)
    recorded = _recorded_hips(angles, translations, len(rotations))

    scale, height = 1.0, -lowest
    how_height = "the lowest sole point is on the floor in every frame (no pelvis height in the file)"
    ty = translations.get("pelvis_ty")
    if ty is not None and ty.mean() > STANDING_HEIGHT_M:
        scale = float(np.percentile(-lowest / recorded[:, 2], SCALE_PERCENTILE))
        if not LEG_SCALE_RANGE[0] < scale < LEG_SCALE_RANGE[1]:
            raise ValueError(f"pelvis_ty averages {ty.mean():.3g}, no height of a pelvis in metres")
        if np.ptp(ty) > CONSTANT_M:
            height, how_height = scale * recorded[:, 2], "recorded, scaled by leg length"
        else:
            how_height = "the lowest sole point is on the floor in every frame (pelvis_ty is constant)"

    foot_velocity = np.gradient(soles[:, :, :2], axis=0) * fps
    clearance = np.maximum(soles[:, :, 2] + height[:, None], 0.0)
    path = scale * recorded[:, :2]
    tx = translations.get("pelvis_tx")
    moves = tx is not None and max(np.ptp(tx), np.ptp(translations.get("pelvis_tz", tx))) > CONSTANT_M
    if not moves:
        velocity = -_contact_velocity(foot_velocity, clearance, FOOT_SMOOTHING_S * fps, "mean")
        path = _integrate(velocity, fps)
        how_path = "from the stance foot (no pelvis path in the file)"
    else:
        own = np.gradient(path, axis=0) * fps
        belt = _contact_velocity(
            foot_velocity + own[:, None], clearance, BELT_SMOOTHING_S * fps, "most common"
        )
        walked, ran = np.linalg.norm(own.mean(axis=0)), np.linalg.norm((own - belt).mean(axis=0))
        how_path = "recorded, scaled by leg length"
        if ran > 0.1 and walked < IN_PLACE * ran:
            path = path + _integrate(-belt, fps)
            how_path = (
                f"treadmill: belt speed from the stance foot ({ran:.2f} m/s at the mean skeleton's size)"
            )
    hips = np.column_stack([path - path[0], height])
    return Root(hips + pelvis, scale, how_height, how_path)


def _recorded_hips(
    angles: dict[str, np.ndarray], translations: dict[str, np.ndarray], frames: int
) -> np.ndarray:
    """Midpoint of the recorded person's hips in the world (N, 3) [m]; absent translations are zero."""
    zero = np.zeros(frames)
    names = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
    turn = Rotation.from_euler("ZXY", np.stack([angles.get(name, zero) for name in names], axis=1))
    origin = np.stack([translations.get(f"pelvis_{axis}", zero) for axis in ("tx", "ty", "tz")], axis=1)
    return (origin + turn.apply(HIPS_FROM_PELVIS_M)) @ OPENSIM_WORLD.T


def _contact_velocity(
    velocity: np.ndarray,
    clearance: np.ndarray,
    smoothing_frames: float,
    start: Literal["mean", "most common"],
) -> np.ndarray:
    """Velocity (N, 2) that the sole points on the floor agree on.

    Args:
        velocity: (N, 4, 2) of the sole points [m/s].
        clearance: (N, 4) their height over the floor [m].
        smoothing_frames: standard deviation of the Gaussian window over frames.
        start: from the mean of the window, or from the velocity that is most common in the recording: over
            a second, swinging feet that pass low would otherwise outweigh the stance foot.
    """
    height_weight = np.exp(-((clearance / CONTACT_HEIGHT_M) ** 2))
    estimate = _weighted(velocity, height_weight, smoothing_frames)
    if start == "most common":
        estimate = np.broadcast_to(_most_common(velocity, height_weight), estimate.shape)
    for _ in range(10):
        apart = np.linalg.norm(velocity - estimate[:, None], axis=2)
        weight = height_weight / (1.0 + (apart / AGREEMENT_M_S) ** 2)
        estimate = _weighted(velocity, weight, smoothing_frames)
    return estimate


def _most_common(velocity: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The velocity (2,) that most sole points near the floor have, up to AGREEMENT_M_S."""
    samples, weights = velocity.reshape(-1, 2), weight.reshape(-1)
    taken = np.linspace(0, len(weights) - 1, min(len(weights), 4000)).astype(int)
    taken = taken[weights[taken] > 0.1]
    if not len(taken):
        return np.zeros(2)
    samples, weights = samples[taken], weights[taken]
    apart = np.linalg.norm(samples[:, None] - samples[None], axis=2)
    votes = (weights / (1.0 + (apart / AGREEMENT_M_S) ** 2)).sum(axis=1)
    return samples[votes.argmax()]


def _weighted(velocity: np.ndarray, weight: np.ndarray, smoothing_frames: float) -> np.ndarray:
    def smooth(values: np.ndarray) -> np.ndarray:
        return gaussian_filter1d(values, smoothing_frames, axis=0, mode="nearest", truncate=8.0)

    total = smooth(weight.sum(axis=1))
    known = total > 1e-6
    mean = smooth((velocity * weight[..., None]).sum(axis=1)) / np.where(known, total, 1.0)[:, None]
    if not known.any():
        return np.zeros_like(mean)
    frames = np.arange(len(mean))
    return np.stack([np.interp(frames, frames[known], axis[known]) for axis in mean.T], axis=1)


def _integrate(velocity: np.ndarray, fps: float) -> np.ndarray:
    """Trapezoidal path (N, 2) from zero."""
    steps = (velocity[1:] + velocity[:-1]) / (2.0 * fps)
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
