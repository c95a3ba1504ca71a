"""From a path and two feet to a posed body: pelvis, legs, trunk and arms of every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.gait.balance import lean
from kinesis_bench.motions.gait.cycle import BODY_CURVES, Bank
from kinesis_bench.motions.gait.feet import Foot, Steps, move_foot
from kinesis_bench.motions.gait.geometry import leg, reach
from kinesis_bench.motions.gait.legs import knees_apart, solve_leg
from kinesis_bench.motions.gait.path import DT_S, Path
from kinesis_bench.motions.retarget import OPENSIM_WORLD, SIDES, smpl_rotations
from kinesis_bench.motions.skeleton import OPENSIM_TO_SMPL, mean_skeleton

_STANCE_KNEE_RAD = np.radians(3.0)
"""The pelvis is lowered where a leg on the floor would otherwise be straighter than this."""

_LEANS_M = 1e-3
"""Whoever leans by more somewhere sinks further, and takes longer for it."""


@dataclass(frozen=True)
class Style:
    """How this person moves, about the table's mean.

    Attributes:
        steps: how the feet are set down.
        sway: factor on the pelvis's way to the side.
        pelvis: factor on the pelvis's list and rotation, and on the trunk's answer to them.
        tilt: added to the pelvis's tilt, and taken back by the trunk [rad].
        arms: amplitude of the arms' swing [rad].
        elbow: mean elbow flexion [rad].
    """

    steps: Steps
    sway: float = 1.0
    pelvis: float = 1.0
    tilt: float = 0.0
    arms: float = 0.3
    elbow: float = 0.35


@dataclass(frozen=True)
class Walked:
    """A posed walk, N frames.

    Attributes:
        path: the course.
        feet: side → Foot.
        rotations: (N, 22, 3) axis-angle [rad], as in Recording.
        pelvis_position: (N, 3) [m].
    """

    path: Path
    feet: dict[str, Foot]
    rotations: np.ndarray
    pelvis_position: np.ndarray


def pose(path: Path, bank: Bank, style: Style, frames: np.ndarray) -> Walked:
    """Pose the mean SMPL body along a path, its legs on the feet's ways.

    Args:
        path: the whole path, so that feet that are on their way at its ends know where from and where to.
        bank: the cycles it is walked with.
        style: the person.
        frames: (N,) indices into ``path``, those that are posed, in this order.
    """
    body = {name: bank.body(name, path.speed, path.phase) for name in BODY_CURVES}
    turning = ("pelvis_list", "pelvis_rotation", "lumbar_bending", "lumbar_rotation")
    angles = {
        name: value * (style.pelvis if name in turning else 1.0)
        for name, value in body.items()
        if name not in ("height", "sway", "advance")
    }
    angles["pelvis_tilt"] = angles["pelvis_tilt"] + style.tilt
    angles["lumbar_extension"] = angles["lumbar_extension"] - style.tilt
    feet = {side: move_foot(path, bank, style.steps, side) for side in SIDES}

    left = np.stack([-np.sin(path.heading), np.cos(path.heading)], axis=1)
    ahead = np.stack([np.cos(path.heading), np.sin(path.heading)], axis=1)
    ground = path.position + (style.sway * body["sway"])[:, None] * left + body["advance"][:, None] * ahead
    leaning = lean(path)
    ground += leaning
    pelvis = np.concatenate([ground, body["height"][:, None]], axis=1)
    axes = _pelvis_axes(angles, path.heading)
    leans = bool(np.abs(leaning).max() > _LEANS_M)
    pelvis[:, 2] -= _lowering(pelvis, axes, feet, span_s=0.3 if leans else 0.2)

    path, pelvis, axes = path.at(frames), pelvis[frames], axes[frames]
    feet = {side: foot.at(frames) for side, foot in feet.items()}
    angles = {name: value[frames] for name, value in angles.items()}
    targets, hip_rotation = {}, {}
    for side, foot in feet.items():
        mirror = 1.0 if side == "r" else -1.0
        facing = path.heading + angles["pelvis_rotation"]
        inward = mirror * (foot.yaw - facing)
        usual = bank.scalar("toe_in", path.speed) - mirror * angles["pelvis_rotation"]
        hip_rotation[side] = bank.leg("hip_rotation", path.speed, foot.event_phase) + inward - usual
        hip = pelvis + axes @ leg(side).hip
        targets[side] = np.einsum("nij,ni->nj", axes, foot.ankle - hip)
    outward = _held(knees_apart(targets, hip_rotation), abs(path.time[1] - path.time[0]), 0.4)
    for side, foot in feet.items():
        mirror = 1.0 if side == "r" else -1.0
        rotation = hip_rotation[side] - outward
        flexion, adduction, knee = solve_leg(targets[side], rotation, side)
        angles |= {
            f"hip_flexion_{side}": flexion,
            f"hip_adduction_{side}": adduction,
            f"hip_rotation_{side}": rotation,
            f"knee_angle_{side}": knee,
            f"mtp_angle_{side}": foot.toes,
        }
        swing = 1.0 - np.exp(-path.speed / 0.5)
        angles |= {
            f"arm_flex_{side}": -mirror * style.arms * swing * np.cos(2 * np.pi * path.phase),
            f"arm_add_{side}": np.full_like(path.time, -0.12),
            f"elbow_flex_{side}": style.elbow
            - mirror * 0.4 * style.arms * swing * np.cos(2 * np.pi * path.phase),
        }
    rotations = smpl_rotations(angles, path.heading)
    _place_feet(rotations, feet)
    return Walked(path, feet, rotations, pelvis)


def _pelvis_axes(angles: dict[str, np.ndarray], heading: np.ndarray) -> np.ndarray:
    """(N, 3, 3): the pelvis's axes (forward, up, right) in the world."""
    names = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
    own = Rotation.from_euler("ZXY", np.stack([angles[name] for name in names], axis=1)).as_matrix()
    yaw = Rotation.from_euler("z", heading[:, None]).as_matrix()
    return yaw @ OPENSIM_WORLD @ own


def _lowering(pelvis: np.ndarray, axes: np.ndarray, feet: dict[str, Foot], span_s: float) -> np.ndarray:
    """How far the pelvis must sink (N,) [m], within ``span_s``, for the legs on the floor to reach it."""
    excess = np.zeros(len(pelvis))
    for side, foot in feet.items():
        limb = leg(side)
        away = foot.ankle - (pelvis + axes @ limb.hip)
        longest = float(reach(limb.thigh, limb.shank, _STANCE_KNEE_RAD))
        upright = np.sqrt(np.maximum(longest**2 - np.sum(away[:, :2] ** 2, axis=1), 0.0))
        excess = np.maximum(excess, np.where(foot.stance, -away[:, 2] - upright, 0.0))
    return _held(excess, DT_S, span_s)


def _held(needed: np.ndarray, dt_s: float, span_s: float) -> np.ndarray:
    """A smooth curve over ``needed`` (N,), never much under it, that comes and goes within ``span_s``."""
    held = maximum_filter1d(needed, int(span_s / dt_s))
    return gaussian_filter1d(held, span_s / 4 / dt_s)


def _place_feet(rotations: np.ndarray, feet: dict[str, Foot]) -> None:
    """Turn the ankles so that the feet have their directions in the world."""
    skeleton = mean_skeleton()
    to_smpl = Rotation.from_matrix(OPENSIM_TO_SMPL)
    for side, foot in feet.items():
        mark = f"{side.upper()}_"
        shank = Rotation.identity(len(rotations))
        for joint in ("Pelvis", mark + "Hip", mark + "Knee"):
            shank = shank * Rotation.from_rotvec(rotations[:, skeleton.index(joint)])
        level = Rotation.from_euler("z", foot.yaw[:, None]) * Rotation.from_matrix(OPENSIM_WORLD)
        world = level * Rotation.from_euler("z", foot.pitch[:, None]) * to_smpl.inv()
        rotations[:, skeleton.index(mark + "Ankle")] = (shank.inv() * world).as_rotvec()
