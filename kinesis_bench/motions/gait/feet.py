"""Footholds fixed in the world, and the way of each foot over and between them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from kinesis_bench.motions.gait.cycle import Bank, bridge
from kinesis_bench.motions.gait.geometry import Leg, leg, lift, rocker
from kinesis_bench.motions.gait.path import Path

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
    outward = -1.0 if side == "r" else 1.0
    limb = leg(side)
    phase = path.phase - (0.0 if side == "r" else 0.5)
    first, last = int(np.floor(phase[0])) - 1, int(np.floor(phase[-1])) + 1
    holds = np.arange(first, last + 2)
    places, yaws, duty = _footholds(path, bank, steps, phase, holds, outward)

    hold = np.floor(phase).astype(int) - first
    part = phase - np.floor(phase)
    stance = part < duty[hold]
    event = np.where(stance, part / duty[hold], 1.0 + (part - duty[hold]) / (1.0 - duty[hold]))
    pitch = steps.pitch * bank.leg("pitch", path.speed, event)
    roll, height = rocker(pitch, limb)
    forward = np.stack([np.cos(yaws), np.sin(yaws)], axis=1)
    ankle = np.concatenate([places[hold] + roll[:, None] * forward[hold], height[:, None]], axis=1)
    yaw = yaws[hold].copy()
    toes = np.where(stance, np.maximum(-pitch, 0.0), 0.0)
    for start, stop in _runs(~stance):
        if start == 0 or stop == len(stance):
            continue
        number = hold[start]
        fraction = event[start:stop] - 1.0
        where = np.array([start, stop])
        edges = _stance_edges(path, bank, steps, limb, phase, duty, first + number)
        ends = [
            np.append(places[number + k] + edge[0] * forward[number + k], edge[1])
            for k, edge in enumerate(edges)
        ]
        speeds = [np.append(edge[2] * forward[number + k], edge[3]) for k, edge in enumerate(edges)]
        ankle[start:stop] = _swing(bank, path, where, fraction, ends, speeds, limb, pitch[start:stop])
        blend = fraction**3 * (10 - 15 * fraction + 6 * fraction**2)
        yaw[start:stop] = yaws[number] + blend * (yaws[number + 1] - yaws[number])
        lift = np.clip(1.0 - fraction / _TOE_DOWN, 0.0, 1.0)
        toes[start:stop] = toes[start - 1] * lift**2 * (3 - 2 * lift)
    return Foot(ankle, yaw, pitch, toes, event, stance, hold + first)


def _footholds(
    path: Path, bank: Bank, steps: Steps, phase: np.ndarray, holds: np.ndarray, outward: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (H, 2) of the flat foot's ankle, directions (H,) and stance parts (H,) of the footholds."""
    middle = _time_of(path, phase, holds + 0.3)
    duty = bank.scalar("duty", np.interp(middle, path.time, path.speed))
    on, off = _time_of(path, phase, holds.astype(float)), _time_of(path, phase, holds + duty)
    middle = _time_of(path, phase, holds + duty / 2)
    if path.standing.any():
        for stood in _runs(path.standing):
            begin, end = path.time[stood[0]], path.time[stood[1] - 1]
            rests = (on <= begin) & (off >= end)
            middle[rests] = (begin + end) / 2
    speed = np.interp(middle, path.time, path.speed)
    heading = np.interp(middle, path.time, path.heading)
    centre = np.stack([np.interp(middle, path.time, path.position[:, k]) for k in (0, 1)], axis=1)
    rng = np.random.default_rng([steps.seed, int(outward > 0)])
    jitter = rng.normal(0.0, 1.0, (64 + len(holds), 2))[: len(holds)].clip(-2, 2) * steps.jitter_m
    ahead = bank.scalar("foothold_m", speed) + jitter[:, 0]
    aside = outward * steps.width_m / 2 + jitter[:, 1]
    place = centre + ahead[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    place += aside[:, None] * np.stack([-np.sin(heading), np.cos(heading)], axis=1)
    toe_in = bank.scalar("toe_in", speed) + steps.toe_in
    return place, heading - outward * toe_in, duty


def _stance_edges(
    path: Path, bank: Bank, steps: Steps, limb: Leg, phase: np.ndarray, duty: np.ndarray, number: int
) -> list[tuple[float, float, float, float]]:
    """Roll forward, height and their rates where stance ``number`` ends and the next begins."""
    first = int(np.floor(phase[0])) - 1
    edges = []
    for moment, inner, event in ((number + duty[number - first], -1.0, 1.0), (number + 1.0, 1.0, 0.0)):
        time = _time_of(path, phase, np.array([moment]))[0]
        times = np.array([time, time + inner * _EDGE_S])
        moved = np.interp(times, path.time, phase) - moment
        part = duty[number - first if inner < 0 else number + 1 - first]
        events = np.clip(event + moved / part, 0.0, 1.0 - 1e-9)
        pitch = steps.pitch * bank.leg("pitch", np.interp(times, path.time, path.speed), events)
        roll, height = rocker(pitch, limb)
        rate = inner / _EDGE_S
        edges.append((roll[0], height[0], (roll[1] - roll[0]) * rate, (height[1] - height[0]) * rate))
    return edges


def _swing(
    bank: Bank,
    path: Path,
    where: np.ndarray,
    fraction: np.ndarray,
    ends: list[np.ndarray],
    speeds: list[np.ndarray],
    limb: Leg,
    pitch: np.ndarray,
) -> np.ndarray:
    """Ankle (n, 3) from one foothold to the next: the table's swing, bent to leave and land smoothly."""
    speed = float(path.speed[where[0] : where[1]].mean())
    along, height = bank.swing(speed, np.concatenate([fraction, [0.0, 1e-3, 1.0 - 1e-3, 1.0]]))
    shape = np.stack([along, along, height], axis=1)
    travel = np.append((ends[1] - ends[0])[:2], 1.0)
    own = np.append(ends[0][:2], 0.0) + shape * travel
    duration = path.time[where[1] - 1] - path.time[where[0]] + (path.time[1] - path.time[0])
    gap = np.stack([ends[0] - own[-4], ends[1] - own[-1]])
    slope = np.stack(
        [speeds[0] * duration - (own[-3] - own[-4]) / 1e-3, speeds[1] * duration - (own[-1] - own[-2]) / 1e-3]
    )
    way = own[:-4] + bridge(fraction, gap, slope)
    way[:, 2] += lift(way[:, 2], pitch, limb)
    return way


def _time_of(path: Path, phase: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """When a phase is reached; before and after the walked course, at its ends."""
    return np.interp(wanted, phase, path.time)


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Half-open index ranges in which ``mask`` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
