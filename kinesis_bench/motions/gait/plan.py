"""Which clips ``normative-gait-v2`` holds: speeds, turns, starts and stops, splits, and how people differ.

A clip's cell is (skill, speed to 0.1 m/s, radius or angle of turn, start/stop pattern), whatever its side:
mirrored copies are one cell. No cell is in both splits. Of each skill the test speeds lie between training
speeds, except one that lies outside. For turns in place the speed is that of the way to and from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinesis_bench.motions.gait.approach import Approach
from kinesis_bench.motions.gait.feet import Steps
from kinesis_bench.motions.gait.path import Course
from kinesis_bench.motions.gait.pose import Style
from kinesis_bench.motions.gait.speeds import RUN_STEP_WIDTH_M, STEP_WIDTH_M

PATTERNS = ("steady", "start", "stop", "start-stop")

TRAIN, TEST = "normative/train", "normative/test"


@dataclass(frozen=True)
class Cell:
    """What a clip asks for, apart from its side and its person.

    Attributes:
        skill: one of clip.SKILLS.
        speed: to 0.1 m/s.
        pattern: one of PATTERNS.
        radius_m: of a gradual turn, else zero.
        turn_deg: of a turn in place, else zero.
    """

    skill: str
    speed: float
    pattern: str = "steady"
    radius_m: float = 0.0
    turn_deg: float = 0.0


@dataclass(frozen=True)
class ClipPlan:
    """One clip.

    Attributes:
        key: unique name.
        cell: what is asked for.
        split: TRAIN or TEST.
        side: +1 left, -1 right.
        course: the path.
        style: the person's way of moving.
        people: weights of the running table's three people.
        texts: the motion in words.
    """

    key: str
    cell: Cell
    split: str
    side: float
    course: Course | Approach
    style: Style
    people: tuple[float, float, float]
    texts: tuple[str, ...]


def clip_plans(people: int = 1) -> tuple[ClipPlan, ...]:
    """All clips, the first person's training clips first; the same at every call.

    Args:
        people: how many people make each training clip, every other one its mirror image. The test clips
            have one, and the first person's clips are the same however many there are.
    """
    train = [(cell, side) for cell, sides in _train() for side in sides]
    test = [(cell, side) for cell, sides in _test() for side in sides]
    asked = [(cell, TRAIN, side) for cell, side in train] + [(cell, TEST, side) for cell, side in test]
    for person in range(1, people):
        asked += [(cell, TRAIN, -side if person % 2 else side) for cell, side in train]
    return tuple(_plan(*cell, seed=seed) for seed, cell in enumerate(asked))


def _train() -> list[tuple[Cell, tuple[float, ...]]]:
    straight = [
        (Cell("walk", speed, pattern), (1.0 if (number + place) % 2 else -1.0,))
        for number, speed in enumerate((0.5, 0.8, 1.2, 1.6, 2.0))
        for place, pattern in enumerate(PATTERNS)
    ]
    arcs = [
        (Cell("gradual_turn", speed, radius_m=radius), (1.0, -1.0))
        for speed, radius in ((0.8, 1.0), (0.8, 2.5), (1.2, 1.5), (1.2, 4.0), (1.6, 3.0))
    ]
    about = [
        (Cell("turn_in_place", speed, turn_deg=angle), (1.0, -1.0))
        for speed, angle in ((0.8, 180.0), (1.2, 180.0), (0.8, 90.0), (1.2, 90.0))
    ]
    back = [
        (Cell("backward", speed, pattern), (1.0 if place % 2 else -1.0,))
        for speed in (0.5, 0.8, 1.1)
        for place, pattern in enumerate(PATTERNS[:3])
    ]
    run = [
        (Cell("run", 2.4), (1.0, -1.0)),
        (Cell("run", 2.8), (1.0, -1.0)),
        (Cell("run", 3.2), (1.0, -1.0, 1.0)),
    ]
    return [*straight, *arcs, *about, *back, *run]


def _test() -> list[tuple[Cell, tuple[float, ...]]]:
    return [
        (Cell("walk", 0.6), (1.0,)),
        (Cell("walk", 1.0), (1.0,)),
        (Cell("walk", 1.0, "start-stop"), (-1.0,)),
        (Cell("walk", 1.4), (-1.0,)),
        (Cell("walk", 1.4, "start"), (1.0,)),
        (Cell("walk", 1.8), (1.0,)),
        (Cell("walk", 2.1), (-1.0,)),
        (Cell("gradual_turn", 1.0, radius_m=1.2), (1.0, -1.0)),
        (Cell("gradual_turn", 1.4, radius_m=2.0), (1.0, -1.0)),
        (Cell("gradual_turn", 1.7, radius_m=5.0), (1.0,)),
        (Cell("turn_in_place", 1.0, turn_deg=180.0), (1.0, -1.0)),
        (Cell("turn_in_place", 1.3, turn_deg=135.0), (1.0, -1.0)),
        (Cell("backward", 0.7), (1.0,)),
        (Cell("backward", 1.0, "start"), (-1.0,)),
        (Cell("backward", 1.2), (1.0,)),
        (Cell("run", 2.6), (1.0,)),
        (Cell("run", 3.0), (-1.0,)),
        (Cell("run", 3.4), (1.0,)),
    ]


def _plan(cell: Cell, split: str, side: float, seed: int) -> ClipPlan:
    rng = np.random.default_rng([2008, seed])

    def spread(scale: float) -> float:
        return float(scale * np.clip(rng.normal(), -1.5, 1.5))

    running = cell.skill == "run"
    first, second, third = rng.dirichlet((4.0, 4.0, 4.0)).tolist()
    width = (RUN_STEP_WIDTH_M if running else STEP_WIDTH_M) + spread(0.012)
    if cell.skill == "turn_in_place":
        width += 0.03
    steps = Steps(
        width_m=width,
        toe_in=spread(np.radians(2.5)),
        pitch=1.0 + spread(0.03),
        jitter_m=0.004 if running else 0.006,
        seed=seed,
    )
    style = Style(
        steps=steps,
        sway=1.0 + spread(0.1),
        pelvis=1.0 + spread(0.12),
        tilt=spread(np.radians(1.2)),
        arms=(0.5 if running else 0.28) * (1.0 + spread(0.2)),
        elbow=1.4 if running else 0.35,
    )
    course = _course(cell, side, 1.0 + spread(0.015), rng)
    sign = "left" if side > 0 else "right"
    shape = ""
    if cell.radius_m:
        shape = f"_{sign}_r{cell.radius_m:.1f}"
    if cell.turn_deg:
        shape = f"_{sign}_{cell.turn_deg:.0f}deg"
    key = f"normative/{cell.skill}_{cell.speed:.1f}{shape}_{cell.pattern}_{seed:02d}"
    return ClipPlan(key, cell, split, side, course, style, (first, second, third), _texts(cell, sign))


def _course(cell: Cell, side: float, cadence: float, rng: np.random.Generator) -> Course:
    """Times of the clip; speed is off its 0.1 m/s by at most 0.02 m/s."""
    speed = cell.speed + float(rng.uniform(-0.02, 0.02))
    phase = float(rng.uniform())
    if cell.skill == "turn_in_place":
        turn = np.radians(cell.turn_deg)
        before = float(rng.uniform(1.9, 2.3))
        lasts = turn / float(rng.uniform(1.15, 1.35)) + 0.7
        return Course(
            duration_s=before + lasts + 2.2,
            speed=speed,
            side=side,
            turn_rad=float(turn),
            turn_from_s=before,
            turn_to_s=before + lasts,
            cadence=cadence,
            phase=phase,
        )
    begin = float(rng.uniform(0.5, 0.8)) if "start" in cell.pattern else None
    duration = {"walk": 5.5, "gradual_turn": 6.0, "backward": 5.5, "run": 4.0}[cell.skill]
    duration += float(rng.uniform(0.0, 0.8)) + (1.0 if cell.pattern == "start-stop" else 0.0)
    end = duration - float(rng.uniform(0.7, 1.0)) if "stop" in cell.pattern else None
    return Course(
        duration_s=duration,
        speed=speed,
        start_s=begin,
        stop_s=end,
        radius_m=cell.radius_m or np.inf,
        side=side,
        cadence=cadence,
        first_foot=side,
        phase=phase,
    )


def _texts(cell: Cell, side: str) -> tuple[str, ...]:
    if cell.skill == "run":
        pace = "jogs" if cell.speed < 2.7 else "runs"
        return (f"a person {pace} forward in a straight line", f"someone runs at {cell.speed:.1f} m/s")
    if cell.skill == "gradual_turn":
        return (
            f"a person walks along a circle to the {side}",
            f"someone walks in a {side} curve of {cell.radius_m:g} m radius",
        )
    if cell.skill == "turn_in_place":
        turn = {90.0: "a quarter turn", 135.0: "a turn of 135 degrees", 180.0: "an about-turn"}[cell.turn_deg]
        return (
            f"a person walks forward, makes {turn} to the {side} in place and walks on",
            f"someone walks, turns {side} by {cell.turn_deg:.0f} degrees on the spot and walks away",
        )
    pace = "slowly " if cell.speed < 0.7 else "quickly " if cell.speed > 1.5 else ""
    way = "backwards" if cell.skill == "backward" else "forward"
    begin = "stands, then " if "start" in cell.pattern else ""
    end = " and stops" if "stop" in cell.pattern else ""
    return (
        f"a person {begin}walks {pace}{way}{end}",
        f"someone {begin}walks {way} at {cell.speed:.1f} m/s{end}",
    )
