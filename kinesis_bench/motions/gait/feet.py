"""Footholds fixed in the world, and the way of each foot over and between them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from kinesis_bench.motions.gait.cycle import Bank, bridge
from kinesis_bench.motions.gait.geometry import Leg, leg, lift, rocker
from kinesis_bench.motions.gait.path import DT_S, Path

_EDGE_S = 0.005
_TOE_DOWN = 0.3
"""Part of the swing in which the toes, bent over the ball at foot off, straighten again."""


@dataclass(frozen=True)
class Steps:
    """How the feet are set down.

    Attributes:
        width_m: between the ankles.
        toe_in: added to the table's foot progression angle [rad], internal positive.
        pitch: factor on the foot's pitch.
        jitter_m: standard deviation of a foothold's place to the side and along.
        seed: of that jitter.
    """

    width_m: float
    toe_in: float = 0.0
    pitch: float = 1.0
    jitter_m: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Foot:
    """One foot over time.

    Attributes:
        ankle: (N, 3) [m].
        yaw: (N,) direction of the toes in the world [rad].
        pitch: (N,) toes up positive [rad].
        toes: (N,) toes up against the foot [rad].
        event_phase: (N,) 0 to 1 in stance, 1 to 2 in swing.
        stance: (N,) whether it is on the floor.
        hold: (N,) number of the foothold, the one left during swing.
    """

    ankle: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    toes: np.ndarray
    event_phase: np.ndarray
    stance: np.ndarray
    hold: np.ndarray

    def at(self, frames: np.ndarray) -> Foot:
        """The foot at some of its moments."""
        return Foot(**{item.name: getattr(self, item.name)[frames] for item in fields(self)})


def move_foot(path: Path, bank: Bank, steps: Steps, side: str) -> Foot:
    """Walk one foot (``r`` or ``l``) along a path."""
    limb = leg(side)
    phase = path.phase - (0.0 if side == "r" else 0.5)
    holds = _footholds(path, bank, steps, phase, outward=-1.0 if side == "r" else 1.0)
    hold = np.floor(phase).astype(int) - holds.first
    part, duty = phase - np.floor(phase), holds.duty[hold]
    stance = part < duty
    event = np.where(stance, part / duty, 1.0 + (part - duty) / (1.0 - duty))
    pitch = steps.pitch * bank.leg("pitch", path.speed, event)
    roll, height = rocker(pitch, limb)
    ankle = np.concatenate([holds.place[hold] + roll[:, None] * holds.forward[hold], height[:, None]], axis=1)
    yaw = holds.yaw[hold].copy()
    toes = np.where(stance, np.maximum(-pitch, 0.0), 0.0)
    for start, stop in _runs(~stance):
        if start == 0 or stop == len(stance):
            continue
        number = hold[start]
        fraction = event[start:stop] - 1.0
        edges = _stance_edges(path, bank, steps, limb, phase, holds, number)
        way = _swing(path, bank, holds, number, float(path.speed[start:stop].mean()), fraction, edges)
        way[:, 2] += lift(way[:, 2], pitch[start:stop], limb)
        ankle[start:stop] = way
        blend = fraction**3 * (10 - 15 * fraction + 6 * fraction**2)
        yaw[start:stop] += blend * (holds.yaw[number + 1] - holds.yaw[number])
        bent = np.clip(1.0 - fraction / _TOE_DOWN, 0.0, 1.0)
        toes[start:stop] = toes[start - 1] * bent**2 * (3 - 2 * bent)
    return Foot(ankle, yaw, pitch, toes, event, stance, hold + holds.first)


@dataclass(frozen=True)
class _Footholds:
    """Where one foot stands, H times.

    ``first`` is the stride that entry 0 belongs to; ``place`` (H, 2) the flat foot's ankle, ``ahead`` and
    ``aside`` (H,) of the path's point ``distance`` (H,) along it [m]; ``yaw`` (H,) the foot's direction and
    ``forward`` (H, 2) the same as a vector; ``duty`` (H,) the stance part of the stride.
    """

    first: int
    place: np.ndarray
    distance: np.ndarray
    ahead: np.ndarray
    aside: np.ndarray
    yaw: np.ndarray
    forward: np.ndarray
    duty: np.ndarray


def _footholds(path: Path, bank: Bank, steps: Steps, phase: np.ndarray, outward: float) -> _Footholds:
    """A foot stands beside the path's point of mid-stance, or where the body stands while it stands."""
    first = int(np.floor(phase[0])) - 1
    holds = np.arange(first, int(np.floor(phase[-1])) + 3)
    middle = _time_of(path, phase, holds + 0.3)
    duty = bank.scalar("duty", np.interp(middle, path.time, path.speed))
    on, off = _time_of(path, phase, holds.astype(float)), _time_of(path, phase, holds + duty)
    middle = _time_of(path, phase, holds + duty / 2)
    for stood in _runs(path.standing):
        begin, end = path.time[stood[0]], path.time[stood[1] - 1]
        middle[(on <= begin) & (off >= end)] = (begin + end) / 2
    speed = np.interp(middle, path.time, path.speed)
    rng = np.random.default_rng([steps.seed, int(outward > 0)])
    jitter = rng.normal(0.0, 1.0, (len(holds), 2)).clip(-2, 2) * steps.jitter_m
    ahead = bank.scalar("foothold_m", speed) + jitter[:, 0]
    aside = outward * steps.width_m / 2 + jitter[:, 1]
    toe_in = bank.scalar("toe_in", speed) + steps.toe_in
    yaw = np.interp(middle, path.time, path.heading) - outward * toe_in
    return _Footholds(
        first=first,
        place=_beside(path, middle, ahead, aside),
        distance=np.interp(middle, path.time, path.distance),
        ahead=ahead,
        aside=aside,
        yaw=yaw,
        forward=np.stack([np.cos(yaw), np.sin(yaw)], axis=1),
        duty=duty,
    )


def _beside(path: Path, time: np.ndarray, ahead: np.ndarray, aside: np.ndarray) -> np.ndarray:
    """Points (n, 2) ahead of and to the left of where the path is at some times."""
    heading = np.interp(time, path.time, path.heading)
    centre = np.stack([np.interp(time, path.time, path.position[:, k]) for k in (0, 1)], axis=1)
    forward = np.stack([np.cos(heading), np.sin(heading)], axis=1)
    left = np.stack([-forward[:, 1], forward[:, 0]], axis=1)
    return centre + ahead[:, None] * forward + aside[:, None] * left


@dataclass(frozen=True)
class _Edge:
    """The end of a stance: ankle (3,) and its velocity (3,)."""

    ankle: np.ndarray
    velocity: np.ndarray


def _stance_edges(
    path: Path, bank: Bank, steps: Steps, limb: Leg, phase: np.ndarray, holds: _Footholds, number: int
) -> tuple[_Edge, _Edge]:
    """How the foot leaves foothold ``number`` and how it arrives at the next."""
    edges = []
    for place, inner in ((number, -1.0), (number + 1, 1.0)):
        duty = holds.duty[place]
        moment = holds.first + place + (duty if inner < 0 else 0.0)
        time = _time_of(path, phase, np.array([moment]))[0]
        times = np.array([time, time + inner * _EDGE_S])
        moved = np.interp(times, path.time, phase) - moment
        events = np.clip((1.0 if inner < 0 else 0.0) + moved / duty, 0.0, 1.0 - 1e-9)
        pitch = steps.pitch * bank.leg("pitch", np.interp(times, path.time, path.speed), events)
        roll, height = rocker(pitch, limb)
        ankle = np.concatenate(
            [holds.place[place] + roll[:, None] * holds.forward[place], height[:, None]], axis=1
        )
        edges.append(_Edge(ankle[0], (ankle[1] - ankle[0]) * inner / _EDGE_S))
    return edges[0], edges[1]


def _swing(
    path: Path,
    bank: Bank,
    holds: _Footholds,
    number: int,
    speed: float,
    fraction: np.ndarray,
    edges: tuple[_Edge, _Edge],
) -> np.ndarray:
    """Ankle (n, 3) from one foothold to the next: the table's swing, bent to leave and land smoothly.

    It goes along the path, so that on a bend the outer foot does not cut across the inner one's place.
    """
    tick = 1e-2
    along, height = bank.swing(speed, np.concatenate([fraction, [0.0, tick, 1.0 - tick, 1.0]]))

    def between(values: np.ndarray) -> np.ndarray:
        return values[number] + along * (values[number + 1] - values[number])

    time = np.interp(between(holds.distance), path.distance, path.time)
    ground = _beside(path, time, between(holds.ahead), between(holds.aside))
    off, on = edges
    leaving, coming = off.ankle[:2] - holds.place[number], on.ankle[:2] - holds.place[number + 1]
    ground += leaving + along[:, None] * (coming - leaving)
    own = np.concatenate([ground, height[:, None]], axis=1)
    duration = len(fraction) * DT_S
    gap = np.stack([off.ankle - own[-4], on.ankle - own[-1]])
    slope = np.stack(
        [
            off.velocity * duration - (own[-3] - own[-4]) / tick,
            on.velocity * duration - (own[-1] - own[-2]) / tick,
        ]
    )
    return own[:-4] + bridge(fraction, gap, slope)


def _time_of(path: Path, phase: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """When a phase is reached; before and after the walked course, at its ends."""
    return np.interp(wanted, phase, path.time)


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Half-open index ranges in which ``mask`` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
