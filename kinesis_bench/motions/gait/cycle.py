"""Gait cycles at any speed: rows made from the tables at their own speeds, and interpolation between them.

A row holds, for one speed, what the tables say about the right leg's stride and what follows from it once the
stance foot is made to stand still: the pelvis's height, where footholds lie, and the shape of the swing. The
left leg is the right one half a stride later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import least_squares

from kinesis_bench.motions.gait.geometry import lift, mean_leg, reach, rocker
from kinesis_bench.motions.gait.tables import PHASES

LEG_CURVES = ("pitch", "hip_rotation", "hip_flexion", "hip_adduction", "knee_angle", "ankle_angle")
"""Of one leg, over its own stride; ``pitch`` is the foot's, toes up positive."""

BODY_CURVES = (
    "pelvis_tilt",
    "pelvis_list",
    "pelvis_rotation",
    "lumbar_extension",
    "lumbar_bending",
    "lumbar_rotation",
    "height",
    "sway",
    "advance",
)
"""Of the body, over the right leg's stride: angles [rad], pelvis height, its sway to the left and its
advance before its mean place [m]."""

SCALARS = ("speed", "stride_hz", "duty", "foothold_m", "toe_in")
"""Speed [m/s], strides per second [Hz], stance part of it, foothold ahead of the pelvis in mid-stance [m],
and foot progression angle, internal positive [rad]."""

_SWING = np.linspace(0.0, 1.0, 101)
_NEAR, _FAR = 0.15, 0.6
_FLAT_RAD = np.radians(4.5)
_STRAIGHTEST_RAD = np.radians(4.5)
_STEADY_PER_M = 30.0
"""Weight against speeding up and slowing down within a step, so that the pelvis goes steadily [rad/m]."""


@dataclass(frozen=True)
class Row:
    """One speed's cycle: curves by name on PHASES, scalars by name, and the swing on 101 points.

    Attributes:
        curves: LEG_CURVES and BODY_CURVES → (100,).
        scalars: SCALARS → value.
        swing_forward: (101,) from 0 at foot off to 1 at foot contact.
        swing_height: (101,) height of the ankle over the floor [m].
    """

    curves: dict[str, np.ndarray]
    scalars: dict[str, float]
    swing_forward: np.ndarray
    swing_height: np.ndarray


class Bank:
    """Rows at rising speeds, read at any speed between them and a little beyond.

    Args:
        rows: at least two, speeds rising.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        self.speeds = np.array([row.scalars["speed"] for row in rows])
        self._curves = {
            name: [_periodic(row.curves[name]) for row in rows] for name in (*LEG_CURVES, *BODY_CURVES)
        }
        self._swing = [
            CubicSpline(_SWING, np.stack([row.swing_forward, row.swing_height], axis=1)) for row in rows
        ]
        self._duty = np.array([row.scalars["duty"] for row in rows])

    def scalar(self, name: str, speed: np.ndarray | float) -> np.ndarray:
        """One of SCALARS at ``speed`` (N,)."""
        values = np.array([row.scalars[name] for row in self.rows])
        return self._weights(np.atleast_1d(np.asarray(speed, float))) @ values

    def body(self, name: str, speed: np.ndarray, phase: np.ndarray) -> np.ndarray:
        """One of BODY_CURVES at ``speed`` and ``phase`` of the right leg's stride, both (N,)."""
        values = np.stack([curve(phase % 1.0) for curve in self._curves[name]], axis=1)
        return np.sum(self._weights(speed) * values, axis=1)

    def leg(self, name: str, speed: np.ndarray, event_phase: np.ndarray) -> np.ndarray:
        """One of LEG_CURVES at ``speed`` and event phase (0 to 1 in stance, 1 to 2 in swing), both (N,)."""
        stance = event_phase[:, None] * self._duty
        swing = self._duty + (event_phase[:, None] - 1.0) * (1.0 - self._duty)
        phases = np.where(event_phase[:, None] < 1.0, stance, swing)
        values = np.stack(
            [curve(phases[:, place] % 1.0) for place, curve in enumerate(self._curves[name])], axis=1
        )
        return np.sum(self._weights(speed) * values, axis=1)

    def swing(self, speed: float, fraction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Forward fraction and ankle height [m] at ``fraction`` (N,) of a swing, both (N,)."""
        weights = self._weights(np.array([speed]))[0]
        both = sum(w * spline(fraction) for w, spline in zip(weights, self._swing, strict=True) if w != 0.0)
        return both[:, 0], both[:, 1]

    def _weights(self, speed: np.ndarray) -> np.ndarray:
        """What each row counts at ``speed`` (N,): cubic Hermite between rows, straight on beyond them.

        The slope at a row is that between its neighbours, so that nothing jumps in velocity where the speed
        passes a row's. Returns (N, rows), linear in what the rows hold.
        """
        x, count = self.speeds, len(self.speeds)
        slopes = np.zeros((count, count))
        for row in range(count):
            low, high = max(row - 1, 0), min(row + 1, count - 1)
            slopes[row, [low, high]] = np.array([-1.0, 1.0]) / (x[high] - x[low])
        inside = np.clip(speed, x[0], x[-1])
        place = np.clip(np.searchsorted(x, inside) - 1, 0, count - 2)
        width = (x[place + 1] - x[place])[:, None]
        t = (inside - x[place])[:, None] / width
        unit = np.eye(count)
        weights = (1 + 2 * t) * (1 - t) ** 2 * unit[place] + t**2 * (3 - 2 * t) * unit[place + 1]
        weights += width * (t * (1 - t) ** 2 * slopes[place] + t**2 * (t - 1) * slopes[place + 1])
        end = np.where(speed < x[0], 0, count - 1)
        return weights + (speed - inside)[:, None] * slopes[end]


def make_row(
    angles: dict[str, np.ndarray],
    *,
    speed: float,
    stride_s: float,
    duty: float,
    sway_m: float,
    step_width_m: float,
    toe_in: float,
    height: np.ndarray | None = None,
) -> Row:
    """A cycle whose stance foot stands still, from one stride's joint angles.

    Args:
        angles: coordinate → (100,) [rad]: hip_flexion, knee_angle, ankle_angle; others are zero where absent.
        speed: of walking or running [m/s].
        stride_s: [s].
        duty: stance part of the stride.
        sway_m: amplitude of the pelvis's way to the side [m].
        step_width_m: between the ankles of the two feet [m].
        toe_in: foot progression angle, internal positive [rad].
        height: (100,) movement of the pelvis about its mean height [m], where forces tell it; else it is
            fitted to the stance leg (mean, second and fourth harmonic of the stride).
    """
    zero = np.zeros_like(PHASES)
    curves = {name: angles.get(name, zero) for name in (*LEG_CURVES, *BODY_CURVES)}
    raw = curves["pelvis_tilt"] + curves["hip_flexion"] - curves["knee_angle"] + curves["ankle_angle"]
    stance = duty > PHASES
    curves["pitch"] = np.where(stance, _flattened(raw), raw)
    curves["sway"] = -sway_m * np.cos(2 * np.pi * (PHASES - duty / 2))
    foothold, solved = _fit_pelvis(curves, stance, speed * stride_s, duty, step_width_m, height)
    swing = _swing_angles(curves, solved | {"pitch": curves["pitch"][stance], "raw": raw}, duty)
    swing_forward, swing_height = _swing_path(curves, swing, duty, speed * stride_s)
    scalars = {
        "speed": speed,
        "stride_hz": 1 / stride_s,
        "duty": duty,
        "foothold_m": foothold,
        "toe_in": toe_in,
    }
    return Row(curves, scalars, swing_forward, swing_height)


def _flattened(pitch: np.ndarray) -> np.ndarray:
    """A foot's pitch in stance with angles well under 4.5° levelled: the foot is flat on the floor there."""
    return pitch**3 / (pitch**2 + _FLAT_RAD**2)


def _fit_pelvis(
    curves: dict[str, np.ndarray],
    stance: np.ndarray,
    stride_m: float,
    duty: float,
    step_width_m: float,
    given: np.ndarray | None,
) -> tuple[float, dict[str, np.ndarray]]:
    """Find the pelvis's height and its way to and fro that change the stance leg's angles least.

    Both are a mean and harmonics of the step (the height's may be given); the way's mean is the foothold.
    Least squares of hip, knee and ankle against ``curves`` over stance, the leg posed in the sagittal plane
    and the foot rolling in place; a leg that does not reach counts heavily. Writes ``height`` and ``advance``
    into ``curves``; returns the foothold ahead of the pelvis in mid-stance [m], and hip and knee in stance.
    """
    limb = mean_leg()
    roll_forward, roll_height = (part[stance] for part in rocker(curves["pitch"], limb))
    at = {name: curve[stance] for name, curve in curves.items()}
    tilt, pitch = at["pelvis_tilt"], at["pitch"]
    travelled = stride_m * (PHASES - duty / 2)[stance]
    hip_height = limb.hip[1] - limb.hip[2] * np.sin(at["pelvis_list"])
    hip_forward = limb.hip[0] + limb.hip[2] * np.sin(at["pelvis_rotation"])
    aside = step_width_m / 2 - limb.hip[2] + at["sway"]
    straightest = np.clip(0.8 * at["knee_angle"], _STRAIGHTEST_RAD, 2 * _STRAIGHTEST_RAD)
    longest = reach(limb.thigh, limb.shank, straightest)
    basis = _step_harmonics(PHASES)
    lifts = basis if given is None else basis[:, :1]
    base = np.zeros_like(PHASES) if given is None else given

    def split(unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height = base + lifts @ unknown[: lifts.shape[1]]
        return height, basis[:, :3] @ unknown[lifts.shape[1] :]

    def leg_of(unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        height, away = split(unknown)
        ahead = away[stance] + roll_forward - travelled - hip_forward
        fall = height[stance] + hip_height - roll_height
        plumb = np.hypot(fall, aside)
        length = np.hypot(ahead, plumb)
        excess = np.maximum(length - longest, 0.0)
        length = np.minimum(length, longest)
        cosine = (length**2 - limb.thigh**2 - limb.shank**2) / (2 * limb.thigh * limb.shank)
        knee = np.arccos(np.clip(cosine, -1.0, 1.0))
        thigh = np.arctan2(ahead, plumb)
        thigh += np.arctan2(limb.shank * np.sin(knee), limb.thigh + limb.shank * np.cos(knee))
        return thigh - tilt, knee, excess

    def misfit(unknown: np.ndarray) -> np.ndarray:
        hip, knee, excess = leg_of(unknown)
        ankle = pitch - tilt - hip + knee
        wide = np.concatenate([hip - at["hip_flexion"], knee - at["knee_angle"], ankle - at["ankle_angle"]])
        return np.concatenate([wide, 150.0 * excess, _STEADY_PER_M * unknown[lifts.shape[1] + 1 :]])

    start = np.zeros(lifts.shape[1] + 3)
    start[0] = 0.85 - limb.hip[1]
    unknown = least_squares(misfit, start, x_scale=0.02).x
    height, away = split(unknown)
    curves["height"], curves["advance"] = height, -(away - away.mean())
    hip, knee, _ = leg_of(unknown)
    return float(away.mean()), {"hip_flexion": hip, "knee_angle": knee}


def _step_harmonics(phase: np.ndarray) -> np.ndarray:
    """Constant and the first two harmonics of the step, as columns."""
    angle = 4 * np.pi * phase
    return np.stack(
        [np.ones_like(angle), np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], axis=1
    )


def _swing_angles(
    curves: dict[str, np.ndarray], solved: dict[str, np.ndarray], duty: float
) -> dict[str, np.ndarray]:
    """Hip, knee and pitch (101,) of the swing: the table's, bent to go on from one stance into the next."""
    phase = duty + _SWING * (1 - duty)
    table = {name: curves[name] for name in ("hip_flexion", "knee_angle")} | {"pitch": solved["raw"]}
    angles = {}
    for name, curve in table.items():
        own, stance = _periodic(curve), solved[name]
        last, first = (
            np.polyfit(PHASES[place] - at, stance[place], 2)
            for place, at in (
                (slice(len(stance) - 4, len(stance)), duty),
                (slice(0, 4), 0.0),
            )
        )
        gap = np.array([last[2] - own(duty), first[2] - own(0.0)])
        slope = np.array([last[1] - own(duty, 1), first[1] - own(0.0, 1)]) * (1 - duty)
        angles[name] = own(phase % 1.0) + bridge(_SWING, gap, slope)
    return angles


def _swing_path(
    curves: dict[str, np.ndarray], swing: dict[str, np.ndarray], duty: float, stride_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """The ankle's way from foot off to foot contact: forward fraction and height [m], (101,) each."""
    limb = mean_leg()
    phase = duty + _SWING * (1 - duty)
    body = {
        name: _periodic(curves[name])(phase % 1.0)
        for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation", "height", "advance")
    }
    thigh = body["pelvis_tilt"] + swing["hip_flexion"]
    shank = thigh - swing["knee_angle"]
    forward = stride_m * phase + body["advance"] + limb.hip[2] * np.sin(body["pelvis_rotation"])
    forward += limb.thigh * np.sin(thigh) + limb.shank * np.sin(shank)
    height = body["height"] + limb.hip[1] - limb.hip[2] * np.sin(body["pelvis_list"])
    height -= limb.thigh * np.cos(thigh) + limb.shank * np.cos(shank)
    height += lift(height, swing["pitch"], limb)
    return (forward - forward[0]) / (forward[-1] - forward[0]), height


def bridge(fraction: np.ndarray, gap: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """A curve on [0, 1] of given values and slopes at its ends; they die out in ``_FAR`` and ``_NEAR`` of it.

    Args:
        fraction: (N,).
        gap: (2,) or (2, D) values at 0 and 1.
        slope: the same for the derivative with respect to ``fraction``.
    """
    x = fraction.reshape(-1, *(1,) * (np.ndim(gap) - 1))
    leaving, coming = (np.clip(part / _FAR, 0.0, 1.0) for part in (x, x - 1.0 + _FAR))
    leave, come = (part**3 * (10 - 15 * part + 6 * part**2) for part in (leaving, coming))
    early, late = np.maximum(1 - x / _NEAR, 0.0) ** 3, np.maximum(1 - (1 - x) / _NEAR, 0.0) ** 3
    return gap[0] * (1 - leave) + gap[1] * come + slope[0] * x * early - slope[1] * (1 - x) * late


def _periodic(curve: np.ndarray) -> Callable[..., np.ndarray]:
    return CubicSpline(np.append(PHASES, 1.0), np.append(curve, curve[0]), bc_type="periodic")
