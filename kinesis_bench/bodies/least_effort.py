"""Bounded, regularised least squares for many small problems at once.

Sharing a torque out among muscles and a wrench among ground contacts are the same problem: more unknowns than
equations, none below zero, and the least sum of squares wanted.
"""

from __future__ import annotations

import numpy as np

_STEPS = 200
"""Newton steps at most; problems of the bodies take 4 to 20."""

_TOLERANCE = 1e-9
"""Largest error of an equation that is left, in units of the largest target (at least 1)."""

_DESCENT = 1e-4
"""Armijo's constant: share of the slope that a full step has to gain, or it is cut to the best length."""


def least_effort(
    matrix: np.ndarray, target: np.ndarray, slack: np.ndarray | float, upper: float = 1.0
) -> np.ndarray:
    """Least ½|u|² + ½|(A u - b) / slack|² over 0 ≤ u ≤ upper, for n problems.

    With y = (b - A u) / slack² the solution is u = clip(Aᵀ y, 0, upper), so that only a convex, piecewise
    quadratic function of the D numbers y is left to minimise: a semi-smooth Newton method with exact line
    search where a full step is too long (Hager and Zhang, "A new active set algorithm for box constrained
    optimization", SIAM J. Optim. 17, 2006, treat the primal; the dual is quadratic between its kinks, so the
    method ends after finitely many steps).

    Args:
        matrix: A (n, D, M).
        target: b (n, D).
        slack: the error of an equation that costs as much as a u of 1: a number, (D,) or (n, D).
        upper: most that a u may be; ``inf`` for no bound.

    Returns:
        u (n, M).

    Raises:
        ValueError: a slack is not positive, or the numbers are not finite.
    """
    matrix = np.asarray(matrix, np.float64)
    target = np.asarray(target, np.float64)
    slack = np.broadcast_to(np.asarray(slack, np.float64), target.shape)
    if not (slack > 0).all():
        raise ValueError("slack must be positive")
    if not (np.isfinite(matrix).all() and np.isfinite(target).all()):
        raise ValueError("matrix and target must be finite")
    give = np.square(slack)
    dual = np.zeros_like(target)
    limit = _TOLERANCE * np.maximum(1.0, np.abs(target).max(axis=1, initial=0.0))
    live = np.arange(len(target))
    a, b, s = matrix, target, give
    pull = np.zeros((len(target), matrix.shape[2]))
    diagonal = np.arange(target.shape[1])
    for _ in range(_STEPS):
        y = dual[live]
        u = np.clip(pull, 0.0, upper)
        slope = s * y + _apply(a, u) - b
        open_ = np.abs(slope).max(axis=1, initial=0.0) > limit[live]
        if not open_.all():
            live, a, b, s, y, pull, u, slope = (
                values[open_] for values in (live, a, b, s, y, pull, u, slope)
            )
        if not len(live):
            break
        inside = a * ((pull > 0) & (pull < upper))[:, None, :]
        hessian = inside @ a.transpose(0, 2, 1)
        hessian[:, diagonal, diagonal] += s
        step = -np.linalg.solve(hessian, slope[:, :, None])[:, :, 0]
        turn = _apply(a.transpose(0, 2, 1), step)
        length = _step_length(pull, turn, upper, (s * step * step).sum(axis=1), (slope * step).sum(axis=1))
        dual[live] = y + length[:, None] * step
        pull = pull + length[:, None] * turn
    return np.clip(_apply(matrix.transpose(0, 2, 1), dual), 0.0, upper)


def _apply(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return (matrix @ vector[:, :, None])[:, :, 0]


def _step_length(
    pull: np.ndarray, turn: np.ndarray, upper: float, curvature: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """1 where a full step gains enough, else the length at which the function is least along the step.

    Args:
        pull, turn: (n, M) Aᵀ y and its change in a full step.
        curvature: (n,) second derivative that the slack adds.
        slope: (n,) first derivative at the start, negative.
    """
    ahead = pull + turn
    gain = slope + curvature / 2 + (_effort(ahead, upper) - _effort(pull, upper)).sum(axis=1)
    gain -= (np.clip(pull, 0.0, upper) * turn).sum(axis=1)
    length = np.ones(len(pull))
    long = np.flatnonzero(gain > _DESCENT * slope)
    if len(long):
        length[long] = _best_length(pull[long], turn[long], upper, curvature[long], slope[long])
    return length


def _effort(pull: np.ndarray, upper: float) -> np.ndarray:
    """The function whose derivative is clip(pull, 0, upper)."""
    kept = np.clip(pull, 0.0, upper)
    return kept * (pull - kept / 2)


def _best_length(
    pull: np.ndarray, turn: np.ndarray, upper: float, curvature: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Where the derivative along the step, piecewise linear and rising, is zero: from kink to kink."""
    with np.errstate(divide="ignore", invalid="ignore"):
        kinks = np.concatenate([-pull / turn, (upper - pull) / turn], axis=1)
    square = turn * turn
    change = np.concatenate(
        [np.where(turn > 0, square, -square), np.where(turn > 0, -square, square)], axis=1
    )
    starts = (pull > 0) | ((pull == 0) & (turn > 0))
    starts &= (pull < upper) | ((pull == upper) & (turn < 0))
    passed = ~(kinks > 0) | ~np.isfinite(kinks)
    kinks[passed], change[passed] = np.inf, 0.0
    order = np.argsort(kinks, axis=1)
    kinks, change = np.take_along_axis(kinks, order, 1), np.take_along_axis(change, order, 1)
    first = curvature + (square * starts).sum(axis=1)
    rate = np.concatenate([first[:, None], first[:, None] + np.cumsum(change, axis=1)], axis=1)
    at = np.concatenate([np.zeros((len(pull), 1)), kinks], axis=1)
    finite = np.where(np.isfinite(at), at, 0.0)
    width = np.diff(finite, axis=1)
    rise = np.where(np.isfinite(at[:, 1:]), rate[:, :-1] * width, np.inf)
    value = slope[:, None] + np.concatenate([np.zeros((len(pull), 1)), np.cumsum(rise, axis=1)], axis=1)
    segment = (value < 0).sum(axis=1) - 1
    row = np.arange(len(pull))
    return np.asarray(finite[row, segment] - value[row, segment] / rate[row, segment])
