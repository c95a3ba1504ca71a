"""How well a body goes where it is sent: speed along a command, angles off it, time to turn into it.

Angles are in the world, counter-clockwise; an error is what was done minus what was commanded, in [-π, π).
Statistics of angles are circular (Mardia and Jupp, Directional Statistics, 2000, chapter 2): 359° and 1° are
2° apart and their mean is 0°.
"""

from __future__ import annotations

import numpy as np

WINDOW_S = 0.5
"""The direction of travel is that of the displacement within this time before [s].

It is about a walking step: in it the pelvis's sway from leg to leg mostly cancels out. What is found with it
is up to this much late, by half of it in a steady turn.
"""

SLOWEST_M_S = 0.1
"""Below this speed a body has no direction of travel [m/s]; the sway of people who stand is about a tenth."""

TOLERANCE_RAD = np.pi / 8
"""A body travels in a commanded direction within this: with eight, the commanded one is then the nearest."""

HELD_S = 0.5
"""It has turned once it does so until the next command, for at least this long [s]."""


def wrapped(angle_rad: np.ndarray) -> np.ndarray:
    """Angles brought to [-π, π)."""
    return np.mod(np.asarray(angle_rad, float) + np.pi, 2.0 * np.pi) - np.pi


def circular_mean(cosine_sum: np.ndarray, sine_sum: np.ndarray) -> np.ndarray:
    """Mean direction [rad] from sums of cosines and sines; nan where both are 0 and there is none."""
    mean = np.arctan2(sine_sum, cosine_sum)
    return np.where(np.hypot(cosine_sum, sine_sum) > 0.0, mean, np.nan)


def circular_sd(cosine_sum: np.ndarray, sine_sum: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Circular standard deviation √(-2 ln R) [rad], R the mean resultant length (Mardia and Jupp, 2.3).

    Args:
        cosine_sum, sine_sum: of the angles.
        count: of the angles, or the sum of their weights.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        length = np.minimum(np.hypot(cosine_sum, sine_sum) / count, 1.0)
        return np.sqrt(-2.0 * np.log(length))


def progress_m(position_m: np.ndarray, command_rad: np.ndarray) -> np.ndarray:
    """What each step covered in the direction commanded during it.

    Args:
        position_m: (T + 1, 2) on the plane, from the start on [m].
        command_rad: (T,) during each step.

    Returns:
        (T,) [m]; negative backwards.
    """
    moved = np.diff(position_m, axis=0)
    along = np.stack([np.cos(command_rad), np.sin(command_rad)], axis=-1)
    return np.sum(moved * along, axis=-1)


def travel_rad(position_m: np.ndarray, dt_s: float, window_s: float = WINDOW_S) -> np.ndarray:
    """Direction of travel after each step: of the displacement in the window that ends there.

    Args:
        position_m: (T + 1, 2) on the plane, from the start on [m].
        dt_s: time of a step [s].
        window_s: see WINDOW_S; soon after the start the window begins there.

    Returns:
        (T,) in [-π, π]; nan where the body is slower than SLOWEST_M_S.
    """
    steps = len(position_m) - 1
    after = np.arange(1, steps + 1)
    before = np.maximum(after - max(1, round(window_s / dt_s)), 0)
    moved = position_m[after] - position_m[before]
    slow = np.hypot(*moved.T) < SLOWEST_M_S * dt_s * (after - before)
    return np.where(slow, np.nan, np.arctan2(moved[:, 1], moved[:, 0]))


def seconds_to_turn(
    error_rad: np.ndarray,
    dt_s: float,
    tolerance_rad: float = TOLERANCE_RAD,
    held_s: float = HELD_S,
) -> float:
    """Time from a command until the direction of travel is within the tolerance for the rest of the command.

    Args:
        error_rad: (T,) of the direction of travel after each step of the command, wrapped; nan where there is
            none, which is never within.
        dt_s: time of a step [s].
        tolerance_rad: largest error.
        held_s: how long the rest has to be at least.

    Returns:
        Time of the first sample of that rest, so at least ``dt_s``; nan where it never turned.
    """
    within = np.abs(error_rad) <= tolerance_rad
    outside = np.flatnonzero(~within)
    first = 0 if not len(outside) else int(outside[-1]) + 1
    enough = (len(within) - first) * dt_s >= held_s - 1e-9
    return dt_s * (first + 1) if enough else np.nan


def time_of_half(time_s: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Time by which half of all had turned: where their cumulative incidence reaches one half.

    A body that falls will not turn any more, so it stays among those who had not: falling is a competing
    event, not censoring. As all others are watched equally long, the cumulative incidence (Aalen and
    Johansen, Scand J Stat 5:141, 1978) is then the share of all that have turned by a time. Kaplan and
    Meier's curve would take fallen bodies away, and call a policy quick that turns before it falls.

    Args:
        time_s: (C,) seconds to turn, nan where a command was never followed [s].
        weights: (B, C) how often each counts; a row gives a median.

    Returns:
        (B,) [s]; inf where fewer than half ever turned, nan where all weights are zero.
    """
    order = np.argsort(time_s)  # nan last
    found = int(np.isfinite(time_s).sum())
    total = weights.sum(axis=1)
    if not found:
        return np.where(total > 0, np.inf, np.nan)
    share = np.cumsum(weights[:, order[:found]], axis=1) >= total[:, None] * (0.5 - 1e-12)
    median = np.where(share[:, -1], time_s[order][share.argmax(axis=1)], np.inf)
    return np.where(total > 0, median, np.nan)
