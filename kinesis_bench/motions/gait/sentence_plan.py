"""From a sentence to a clip of the built-in gait: times, path and an average person."""

from __future__ import annotations

import re

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.motions.gait.feet import Steps
from kinesis_bench.motions.gait.path import START_S, STOP_S, Course
from kinesis_bench.motions.gait.plan import Cell, ClipPlan
from kinesis_bench.motions.gait.pose import Style
from kinesis_bench.motions.gait.sentence import DURATION_RANGE_S, Sentence, parse_sentence
from kinesis_bench.motions.gait.speeds import RUN_STEP_WIDTH_M, STEP_WIDTH_M

DURATION_S = 6.0
"""Of a clip whose sentence leaves it open [s]; what MDM makes by default (``--motion_length 6``)."""

STANDS_S = 0.65
STOOD_S = 0.85
"""Somebody sets off after, and stands for, so long [s], as in the middle of the built-in set's clips."""

STEADY_S = 1.0
"""A clip that starts or stops has at least so much between [s]."""

TURN_RATE_RAD_S = 1.25
TURN_EDGES_S = 0.7
"""A turn in place by an angle lasts angle / rate + edges, as in the built-in set."""

BEFORE_S, AFTER_S = 2.1, 2.2
"""Walked before and after a turn in place, at least [s]."""

TURN_STEP_WIDTH_M = STEP_WIDTH_M + 0.03
"""As in the built-in set."""


def text_plan(text: str, key: str = "") -> ClipPlan:
    """The clip that a sentence asks for.

    Args:
        text: a sentence of the grammar of ``sentence``.
        key: of the clip; ``text/`` and the sentence's words, if not given.

    Raises:
        InputError: the grammar cannot say it, or it does not fit into the time that it states.
    """
    sentence = parse_sentence(text)
    said = " ".join(text.split())
    course = course_of(sentence, f'text "{said}"')
    running = sentence.skill == "run"
    turning = sentence.skill == "turn_in_place"
    width_m = RUN_STEP_WIDTH_M if running else TURN_STEP_WIDTH_M if turning else STEP_WIDTH_M
    steps = Steps(width_m=width_m, jitter_m=0.004 if running else 0.006)
    pattern = "-".join(
        part for part, there in (("start", sentence.starts), ("stop", sentence.stops)) if there
    )
    cell = Cell(
        skill=sentence.skill,
        speed=round(sentence.speed_m_s, 1),
        pattern=pattern or "steady",
        radius_m=sentence.radius_m if np.isfinite(sentence.radius_m) else 0.0,
        turn_deg=sentence.turn_deg if turning else 0.0,
    )
    return ClipPlan(
        key=key or f"text/{'_'.join(re.findall(r'[a-z0-9.]+', said.lower().rstrip('.')))}",
        cell=cell,
        split="",
        side=sentence.side or 1.0,
        course=course,
        style=Style(steps, arms=0.5 if running else 0.28, elbow=1.4 if running else 0.35),
        people=(1 / 3, 1 / 3, 1 / 3),
        texts=(said,),
    )


def course_of(sentence: Sentence, where: str = "text") -> Course:
    """When and where the body goes.

    Without a stated duration, a circle lasts until it is closed (or half, or a quarter of it), a turn in
    place as long as it takes with the shortest ways before and after, and everything else DURATION_S.

    Raises:
        InputError: it does not fit into the stated duration, or takes longer than a clip may last.
    """
    if sentence.skill == "turn_in_place":
        return _turn_in_place(sentence, where)
    lost_s = sentence.starts * (STANDS_S + START_S / 2) + sentence.stops * (STOOD_S + STOP_S / 2)
    duration = DURATION_S
    if sentence.duration_s is not None:
        duration = sentence.duration_s
        shortest = sentence.starts * (STANDS_S + START_S) + sentence.stops * (STOOD_S + STOP_S) + STEADY_S
        if (sentence.starts or sentence.stops) and duration < shortest:
            _refuse(where, duration, shortest)
    elif sentence.turn_deg:
        duration = np.radians(sentence.turn_deg) * sentence.radius_m / sentence.speed_m_s + lost_s
        if duration > DURATION_RANGE_S[1]:
            problem = f"its curve takes {duration:.0f} s, longer than {DURATION_RANGE_S[1]:.0f} s"
            raise InputError(where, problem, "make it smaller or faster, or say for how many seconds")
    return Course(
        duration_s=float(duration),
        speed=sentence.speed_m_s,
        start_s=STANDS_S if sentence.starts else None,
        stop_s=float(duration) - STOOD_S if sentence.stops else None,
        radius_m=sentence.radius_m,
        side=sentence.side or 1.0,
        first_foot=sentence.side or 1.0,
    )


def _turn_in_place(sentence: Sentence, where: str) -> Course:
    turn_rad = float(np.radians(sentence.turn_deg))
    lasts = turn_rad / TURN_RATE_RAD_S + TURN_EDGES_S
    shortest = BEFORE_S + lasts + AFTER_S
    duration = shortest if sentence.duration_s is None else sentence.duration_s
    if duration < shortest - 1e-6:
        _refuse(where, duration, shortest)
    begins = BEFORE_S + (duration - shortest) / 2
    return Course(
        duration_s=duration,
        speed=sentence.speed_m_s,
        side=sentence.side,
        turn_rad=turn_rad,
        turn_from_s=begins,
        turn_to_s=begins + lasts,
    )


def _refuse(where: str, duration_s: float, shortest_s: float) -> None:
    raise InputError(where, f"does not fit into {duration_s:g} s", f"give at least {shortest_s:.1f} seconds")
