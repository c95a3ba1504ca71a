"""A file of joint angles as a Recording on the mean skeleton, with a report of what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.errors import InputError
from kinesis_bench.files import sha256_of_file
from kinesis_bench.motions.clip import Recording
from kinesis_bench.motions.joint_angles.conventions import Coordinates, coordinates
from kinesis_bench.motions.joint_angles.root import root_path, sole_points
from kinesis_bench.motions.pipeline import FLOOR_PERCENTILE, sole_height
from kinesis_bench.motions.retarget import smpl_rotations
from kinesis_bench.motions.skeleton import mean_skeleton
from kinesis_bench.time_tables import TimeTable, read_table

SHORTEST_S = 1.0
"""Recordings shorter than this are refused [s]; N frames at f Hz last N/f."""

LONGEST_GAP_S = 0.1
UNEVEN = 0.1
"""Times that leave an even grid by more than this share of a step are interpolated onto it."""

STANDING_M = 0.02
"""A foot may stand while its heel and its ball are both lower than this [m]."""

MTP_AT_MOST = np.deg2rad(30.0)
TOE_CONTACT_M = 0.03
"""Toes that are kept flat bend by no more than the bodies can [rad], and straighten as the ball rises [m]."""


@dataclass(frozen=True)
class JointAngleReport:
    """What was decided and measured on one file.

    Attributes:
        source: the file.
        frames, fps, duration_s: of the recording [Hz, s].
        unit, knee_sign, height, path, toes: decisions in words, with their ground.
        leg_scale: mean skeleton's leg length over the recorded person's; heights and path are times this.
        absent: coordinates that the file lacks; angles among them are zero.
        speed_m_s: mean horizontal speed of the pelvis, at the mean skeleton's size.
        sole_over_m: 95th percentile over frames of the lowest sole point's height above the floor [m], by the
            pipeline's ``sole_height``. A flight phase counts in it.
        sole_under_m: largest depth of that point under the floor [m].
        foot_skate_m_s: mean horizontal speed of the ball of a foot in mid-stance; NaN where there is none.
        angles_cut: coordinate -> frames in which it exceeds a body's joint limits; empty until a body is
            asked (``count_beyond``).
    """

    source: Path
    frames: int
    fps: float
    duration_s: float
    unit: str
    knee_sign: str
    height: str
    path: str
    toes: str
    leg_scale: float
    absent: tuple[str, ...]
    speed_m_s: float
    sole_over_m: float
    sole_under_m: float
    foot_skate_m_s: float
    angles_cut: Mapping[str, int]

    def with_angles_cut(self, counts: Mapping[str, int]) -> JointAngleReport:
        """The same report with the count of angles beyond a body's limits."""
        return replace(self, angles_cut=dict(counts))


def read_joint_angles(path: str | Path) -> tuple[Recording, JointAngleReport]:
    """Read a file of joint angles as a motion of the mean skeleton.

    Returns:
        the recording, at the file's frame rate, soles on z = 0, and the report.

    Raises:
        InputError: the file cannot be read, lacks a required column, is shorter than a second or has a gap.
    """
    table = read_table(path)
    source = table.source
    given = coordinates(table)
    time, fps = _even_time(table)
    duration = len(time) / fps
    if duration < SHORTEST_S - 1e-6:
        raise InputError(
            source,
            f"lasts {duration:.2f} s",
            f"give at least {SHORTEST_S:.0f} s (half a gait cycle is no motion)",
        )
    given = _resampled(given, table.time_s, time)
    angles = dict(given.angles)
    rotations = smpl_rotations(angles)
    try:
        root = root_path(rotations, angles, given.translations, fps)
    except ValueError as error:
        raise InputError(f"{source}: pelvis_ty", str(error), "give translations in metres") from error
    skeleton = mean_skeleton()
    joints, world = skeleton.forward_kinematics(_rotation(rotations), root.pelvis_position)
    lowest = sole_height(joints, skeleton)
    floor = float(np.percentile(lowest, FLOOR_PERCENTILE))
    position = root.pelvis_position - [0.0, 0.0, floor]
    lowest = lowest - floor
    soles, pelvis = sole_points(rotations)
    soles = soles + (position - pelvis)[:, None]
    toes = "recorded (mtp)"
    if not any(np.ptp(angles[name]) > 1e-6 for name in ("mtp_angle_r", "mtp_angle_l") if name in angles):
        rotations = smpl_rotations(angles | _flat_toes(world, soles))
        toes = "kept flat on the floor (mtp absent or constant)"

    travelled = np.linalg.norm(np.diff(position[:, :2], axis=0), axis=1).sum()
    report = JointAngleReport(
        source=source,
        frames=len(time),
        fps=fps,
        duration_s=duration,
        unit=given.unit,
        knee_sign=given.knee_sign,
        height=root.height,
        path=root.path,
        toes=toes,
        leg_scale=root.leg_scale,
        absent=given.absent,
        speed_m_s=float(travelled / (time[-1] - time[0])),
        sole_over_m=float(max(np.percentile(lowest, 95.0), 0.0)),
        sole_under_m=float(max(-lowest.min(), 0.0)),
        foot_skate_m_s=foot_skate(soles, fps),
        angles_cut={},
    )
    recording = Recording(
        key=source.stem,
        fps=fps,
        rotations=rotations,
        pelvis_position=position,
        source=f"joint angles, {source.name}",
        source_sha256=sha256_of_file(source),
    )
    return recording, report


def count_beyond(
    angles: Mapping[str, np.ndarray], ranges: Mapping[str, tuple[float, float]], tolerance: float = 1e-6
) -> dict[str, int]:
    """Frames in which each coordinate leaves a body's range: those that joint limits would cut.

    Args:
        angles: coordinate -> (N,) [rad], such as ``retarget.joint_angles`` gives.
        ranges: coordinate -> (lowest, highest) [rad]; coordinates not named are free.
        tolerance: excess that does not count [rad].

    Returns:
        coordinate -> number of frames, only those with any.
    """
    counts = {}
    for name, (low, high) in ranges.items():
        if name in angles:
            beyond = int(np.sum((angles[name] < low - tolerance) | (angles[name] > high + tolerance)))
            if beyond:
                counts[name] = beyond
    return counts


def foot_skate(soles: np.ndarray, fps: float) -> float:
    """Mean horizontal speed of the balls of the feet in mid-stance [m/s], NaN where there is none.

    A foot stands while its heel and its ball are both lower than STANDING_M; mid-stance is the middle half of
    each such spell, since a foot is about as low shortly before and after it stands.

    Args:
        soles: (N, 4, 3) world positions in the order of ``root.SOLE_POINTS`` [m], floor at z = 0.
        fps: frames per second [Hz].
    """
    speeds = []
    for heel, ball in ((0, 1), (2, 3)):
        speed = np.linalg.norm(np.gradient(soles[:, ball, :2], axis=0), axis=1) * fps
        low = (soles[:, heel, 2] < STANDING_M) & (soles[:, ball, 2] < STANDING_M)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(int), [0]])))
        for start, end in edges.reshape(-1, 2):
            quarter = (end - start) // 4
            speeds.append(speed[start + quarter : end - quarter])
    return float(np.concatenate(speeds).mean()) if speeds else float("nan")


def _even_time(table: TimeTable) -> tuple[np.ndarray, float]:
    """An even grid of times [s] over the recording, and its rate [Hz]."""
    time = table.time_s
    steps = np.diff(time)
    usual = float(np.median(steps))
    if steps.max() > max(LONGEST_GAP_S, 1.5 * usual):
        row = int(np.argmax(steps)) + 1
        raise InputError(
            f"{table.source}: time", f"has a gap of {steps.max():.2f} s after row {row}", "cut the file there"
        )
    even = np.linspace(time[0], time[-1], len(time))
    if np.abs(time - even).max() > UNEVEN * usual:
        even = time[0] + usual * np.arange(int((time[-1] - time[0]) / usual + 1e-6) + 1)
    return even, round(float((len(even) - 1) / (even[-1] - even[0])), 6)


def _resampled(given: Coordinates, before: np.ndarray, after: np.ndarray) -> Coordinates:
    """On an even grid of times: linear in between; as they are where only the times were rounded."""
    if len(before) == len(after):
        return given
    return replace(
        given,
        angles={name: np.interp(after, before, np.unwrap(values)) for name, values in given.angles.items()},
        translations={name: np.interp(after, before, values) for name, values in given.translations.items()},
    )


def _flat_toes(world: np.ndarray, soles: np.ndarray) -> dict[str, np.ndarray]:
    """Toe angles (N,) [rad] that keep the toes level while the heel is up and the ball on the floor.

    Args:
        world: (N, 22, 3, 3) joint axes to world.
        soles: (N, 4, 3) world positions in the order of ``root.SOLE_POINTS`` [m], floor at z = 0.
    """
    toes = {}
    for side, ball in (("r", 1), ("l", 3)):
        forward = world[:, mean_skeleton().index(f"{side.upper()}_Ankle"), :, 2]
        pitch = np.arcsin(np.clip(forward[:, 2], -1.0, 1.0))
        touching = np.exp(-((np.maximum(soles[:, ball, 2], 0.0) / TOE_CONTACT_M) ** 2))
        toes[f"mtp_angle_{side}"] = touching * np.clip(-pitch, 0.0, MTP_AT_MOST)
    return toes


def _rotation(rotations: np.ndarray) -> Rotation:
    return Rotation.from_rotvec(rotations.reshape(-1, 3))
