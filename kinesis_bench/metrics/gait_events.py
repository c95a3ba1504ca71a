"""When a foot strikes the floor: from forces, or from kinematics where a recording has no forces.

Clock: sample i of a recording counts as the state at (i + 1)·dt_s after the start, for control steps and for
substeps alike, so that times from forces at 150 Hz and rows at 30 Hz agree. Touch sensors are an exception
that is not corrected: MuJoCo computes them with the forces of a substep, from the state before that substep
is integrated, so that strikes found from them are dated up to one substep (6.7 ms) late; 0.07 to 0.67 of a
substep was measured.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

FORCE_BODY_WEIGHTS = 0.05
"""A foot bears load above this part of body weight."""

UNLOADED_S = 0.1
"""A strike needs at least this long without load before it [s]."""

GRAVITY_M_S2 = 9.81

MIN_STRIDE_S = 0.4
"""Shortest time between two strikes of one foot, for kinematic events [s]."""

LANDED_PART = 0.5
"""A foot has landed when its ankle's forward speed has fallen to this part of the body's."""

LANDING_S = 0.3
"""It does so within this time of being farthest ahead, or there was no landing [s]."""

MEAN_SPEED_S = 1.0
"""The body's speed is the pelvis's, averaged over this time, about a stride [s]."""

MIN_EXCURSION = 0.3
"""A kinematic strike rises above its surroundings by this part of the foot's whole excursion."""


def heel_strikes_from_force(force_n: np.ndarray, dt_s: float, body_mass_kg: float) -> np.ndarray:
    """Times at which a foot's vertical force rises above 5 % of body weight after at least 100 ms below it.

    Protocol ``kinesis-bench-1``. The time is interpolated between the last sample below and the first above.

    Args:
        force_n: (T,) vertical force under one foot [N].
        dt_s: sampling period [s], for example 1/150 for substeps and 1/30 for control steps.
        body_mass_kg: mass of the body [kg].

    Returns:
        (strikes,) times [s] on this module's clock.
    """
    threshold = FORCE_BODY_WEIGHTS * body_mass_kg * GRAVITY_M_S2
    loaded = np.asarray(force_n) > threshold
    edges = np.flatnonzero(np.diff(loaded.astype(np.int8)))
    starts = np.concatenate(([0], edges + 1))
    lengths = np.diff(np.concatenate((starts, [len(loaded)])))
    long_enough = lengths * dt_s >= UNLOADED_S - 1e-9
    rises = [
        start + length
        for start, length, enough in zip(starts, lengths, long_enough, strict=True)
        if enough and start + length < len(loaded) and not loaded[start]
    ]
    first = np.array(rises, dtype=int)
    before, after = force_n[first - 1], force_n[first]
    return (first + (threshold - before) / (after - before)) * dt_s


def heel_strikes_from_kinematics(
    ankle_position: np.ndarray, pelvis_position: np.ndarray, pelvis_heading: np.ndarray, dt_s: float
) -> np.ndarray:
    """Times at which an ankle, after its swing, has slowed down to half of the body's speed over ground.

    The swing ends where the ankle is farthest ahead of the pelvis along the way that the body goes, forwards
    or backwards: the coordinate-based method of Zeni, Richards and Higginson (Gait Posture 27:710, 2008),
    with the ankle for the heel and the pelvis for the sacrum. That event alone lies well before contact, the
    more so the longer a foot is drawn back before it lands: 20 to 31 ms on the one walk with plates and
    markers in our tests, 51 ms (median; 29 to 94 ms in 90 %) on 57 steps of a policy that walks. The ankle's
    speed tells the landing itself: 9 ms before to 1 ms after the force on that walk, 22 ms before (66 before
    to 2 after) on those steps. On a treadmill, where the body goes nowhere, it is Zeni's event.

    Args:
        ankle_position, pelvis_position: (T, 3) [m], world, z up.
        pelvis_heading: (T,) yaw of the pelvis [rad].
        dt_s: sampling period [s].

    Returns:
        (strikes,) times [s] on this module's clock.
    """
    facing = np.stack([np.cos(pelvis_heading), np.sin(pelvis_heading)], axis=-1)
    pelvis = np.asarray(pelvis_position, dtype=float)[:, :2]
    ankle = np.asarray(ankle_position, dtype=float)[:, :2]
    if len(pelvis) < 3:
        return np.zeros(0)
    pelvis_velocity, ankle_velocity = (np.gradient(at, dt_s, axis=0) for at in (pelvis, ankle))
    way = facing * (-1.0 if (pelvis_velocity * facing).sum(axis=-1).mean() < 0.0 else 1.0)
    ahead = ((ankle - pelvis) * way).sum(axis=-1)
    prominence = max(MIN_EXCURSION * float(np.ptp(ahead)), 1e-6)
    peaks, _ = find_peaks(ahead, distance=max(1, round(MIN_STRIDE_S / dt_s)), prominence=prominence)
    window = max(1, round(MEAN_SPEED_S / dt_s))
    body_speed = uniform_filter1d((pelvis_velocity * way).sum(axis=-1), window, mode="nearest")
    ankle_speed = (ankle_velocity * way).sum(axis=-1)
    fast = ankle_speed - LANDED_PART * np.maximum(body_speed, 0.0)
    strikes = []
    for peak in peaks:
        after = fast[peak - 1 : peak + round(LANDING_S / dt_s) + 1]
        slow = np.flatnonzero(after[1:] <= 0.0)
        if len(slow) and after[slow[0]] > 0.0:
            first = int(slow[0])
            strikes.append(peak - 1 + first + after[first] / (after[first] - after[first + 1]))
    return (np.array(strikes) + 1.0) * dt_s


def heading_rad(quaternion: np.ndarray) -> np.ndarray:
    """Yaw of a segment's +x axis in the world, unwrapped along the first axis.

    Args:
        quaternion: (T, 4) w, x, y, z: segment axes (x forward) to world (z up).

    Returns:
        (T,) [rad], without jumps of a full turn.
    """
    w, x, y, z = np.moveaxis(np.asarray(quaternion, dtype=float), -1, 0)
    return np.unwrap(np.arctan2(2.0 * (x * y + w * z), w**2 + x**2 - y**2 - z**2))
