"""Readers of the published gait figures in ``datasets/normative_gait/``.

Angles come out in radians, in OpenSim's coordinates and signs, with the offsets of the clinical
frame removed, on phases 0, 0.01 … 0.99 of the stride of one leg, starting at its foot contact.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.interpolate import CubicSpline

from kinesis_bench.files import content_dir

PHASES = np.arange(100) / 100
"""Phases of the stride on which every table is given."""

SPEED_NAMES = ("VerySlow", "Slow", "Free", "Fast", "VeryFast")

ANTERIOR_TILT_OFFSET_DEG = 11.6
"""Mean anterior pelvic tilt at free speed: the pelvis markers' frame, not a lean; also inside hip flexion."""

RUN_TILT_DEG = 4.0
"""Taken from the runners' hip flexion and given to their ankle: with it the stance leg is as long at foot
contact as at foot off, as the ground force has it. The pelvis, whose tilt this is, is not in their table."""

_WALK_ANGLES = {
    # coordinate: (column, sign to OpenSim, offset subtracted [deg] or None for the mean of the curve)
    "pelvis_tilt": ("Pelvic Ant/Posterior Tilt", -1.0, ANTERIOR_TILT_OFFSET_DEG),
    "pelvis_list": ("Pelvic Up/Down Obliquity", -1.0, 0.0),
    "pelvis_rotation": ("Pelvic Int/External Rotation", 1.0, 0.0),
    "lumbar_extension": ("Trunk Ant/Posterior Tilt", -1.0, None),
    "lumbar_bending": ("Trunk Up/Down Obliquity", -1.0, 0.0),
    "lumbar_rotation": ("Trunk Int/External Rotation", 1.0, 0.0),
    "hip_flexion": ("Hip Flex/Extension", 1.0, ANTERIOR_TILT_OFFSET_DEG),
    "hip_adduction": ("Hip Ad/Abduction", 1.0, 0.0),
    "hip_rotation": ("Hip Int/External Rotation", 1.0, 0.0),
    "knee_angle": ("Knee Flex/Extension", 1.0, 0.0),
    "ankle_angle": ("Ankle Dorsi/Plantarflexion", 1.0, 0.0),
    "foot_progression": ("Foot Int/External Progression", 1.0, 0.0),
}


@dataclass(frozen=True)
class WalkTable:
    """Schwartz, Rozumalski and Trost, J Biomech 41:1639 (2008): 83 able-bodied children at five speeds.

    Attributes:
        speed: (5,) dimensionless, v / sqrt(g · leg length).
        cadence: (5,) dimensionless steps per time, f · sqrt(leg length / g).
        step_length: (5,) in leg lengths.
        duty: (5,) ipsilateral foot off as a fraction of the stride.
        angles: coordinate → (5, 100) [rad] of the right leg's stride.
        sd: coordinate → (5,) [rad], standard deviation between people, mean over the stride.
    """

    speed: np.ndarray
    cadence: np.ndarray
    step_length: np.ndarray
    duty: np.ndarray
    angles: dict[str, np.ndarray]
    sd: dict[str, np.ndarray]


@dataclass(frozen=True)
class RunTable:
    """Three runners at 3.5 m/s, Fukuchi, Fukuchi and Duarte, PeerJ 5:e3298 (2017).

    Attributes:
        angles: hip_flexion, knee_angle, ankle_angle → (3, 100) [rad] of the right leg's stride. The foot's
            pitch in mid-stance and RUN_TILT_DEG are subtracted from hip flexion.
        vertical_force: (3, 50) ground reaction over half a stride, from foot contact [body weights].
        duty: (3,) part of the stride with more than 5 % of body weight under the foot.
    """

    angles: dict[str, np.ndarray]
    vertical_force: np.ndarray
    duty: np.ndarray


@cache
def walk_table() -> WalkTable:
    """The walking figures, offsets of the clinical frame subtracted."""
    events = _rows("gait_walk_schwartz2008_speeds.csv")
    column = {name: np.array([float(row[name]) for row in events]) for name in events[0] if name != "speed"}
    samples: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for row in _rows("gait_walk_schwartz2008.csv"):
        key = (row["angle"], row["speed"])
        samples.setdefault(key, []).append((float(row["gait_pct"]), float(row["mean"]), float(row["sd"])))
    angles, spread = {}, {}
    for name, (source, sign, offset) in _WALK_ANGLES.items():
        curves = [np.array(sorted(samples[source, speed])) for speed in SPEED_NAMES]
        means = np.stack([_closed(curve[:, 0] / 100, curve[:, 1]) for curve in curves])
        shift = means.mean(axis=1, keepdims=True) if offset is None else offset
        angles[name] = np.radians(sign * (means - shift))
        spread[name] = np.radians([curve[:, 2].mean() for curve in curves])
    return WalkTable(
        speed=column["dimensionless_speed"],
        cadence=column["dimensionless_cadence"],
        step_length=column["dimensionless_step_length"],
        duty=column["ipsilateral_foot_off_frac"],
        angles=angles,
        sd=spread,
    )


@cache
def run_table() -> RunTable:
    """The running figures: right columns, then left columns, are the right leg's stride."""
    angles: dict[str, list[np.ndarray]] = {"hip_flexion": [], "knee_angle": [], "ankle_angle": []}
    forces = []
    for subject in (1, 2, 3):
        rows = _rows(f"gait_run_fukuchi2017_subject{subject}.csv")
        for name, sign in (("hip_flexion", 1.0), ("knee_angle", -1.0), ("ankle_angle", 1.0)):
            half = [[float(row[f"{name}_{side}_mean[rad]"]) for row in rows] for side in ("r", "l")]
            angles[name].append(sign * np.concatenate(half))
        forces.append([float(row["GRF_y_r_mean[BW]"]) for row in rows])
    curves = {name: np.array(value) for name, value in angles.items()}
    vertical = np.array(forces)
    duty = (vertical > 0.05).mean(axis=1) / 2
    pitch = curves["hip_flexion"] - curves["knee_angle"] + curves["ankle_angle"]
    flat = (duty[:, None] * 0.25 <= PHASES) & (duty[:, None] * 0.5 >= PHASES)
    curves["hip_flexion"] -= np.sum(pitch * flat, axis=1, keepdims=True) / flat.sum(axis=1, keepdims=True)
    curves["hip_flexion"] -= np.radians(RUN_TILT_DEG)
    curves["ankle_angle"] += np.radians(RUN_TILT_DEG)
    return RunTable(angles=curves, vertical_force=vertical, duty=duty)


@cache
def winter_table() -> dict[str, np.ndarray]:
    """Adults at 1.325 m/s (Winter): hip_flexion, knee_angle, ankle_angle → (100,) [rad], right leg."""
    rows = _rows("gait_walk_winter_natural.csv")
    place = np.arange(len(rows)) / (len(rows) - 1)
    return {
        name: sign * _closed(place, np.array([float(row[f"{name}_r_mean[rad]"]) for row in rows]))
        for name, sign in (("hip_flexion", 1.0), ("knee_angle", -1.0), ("ankle_angle", 1.0))
    }


def _closed(place: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Resample a curve on [0, 1] to PHASES; what its ends differ by is spread evenly, so that it closes."""
    level = curve - (curve[-1] - curve[0]) * (place - 0.5)
    level[-1] = level[0]
    return np.asarray(CubicSpline(place, level, bc_type="periodic")(PHASES))


def _rows(name: str) -> list[dict[str, str]]:
    with (content_dir("datasets") / "normative_gait" / name).open(newline="") as file:
        return list(csv.DictReader(file))
