"""The grammar of the built-in gait: every sentence means what it was made of; what it has not is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.errors import InputError
from kinesis_bench.motions.gait import sentence as grammar
from kinesis_bench.motions.gait.sentence import Sentence, parse_sentence, speed_m_s

THEN = st.sampled_from(grammar.THEN)
WORDS = ("zero", *grammar.NUMBERS)


def _one_of(table, value):
    return st.sampled_from([phrase for phrase, meaning in table.items() if meaning == value])


@st.composite
def _number(draw, value: float) -> str:
    if value == int(value) and int(value) < len(WORDS) and draw(st.booleans()):
        return WORDS[int(value)]
    return f"{value:g}"


@st.composite
def _curve_of(draw) -> tuple[str, float, float, float | None]:
    """Words of a curve, its angle and side, and the radius that was said."""
    shape = draw(st.sampled_from(sorted(grammar.SHAPES)))
    size = draw(st.sampled_from(sorted(grammar.SIZES)))
    side, where = draw(st.sampled_from([1.0, -1.0])), draw(st.sampled_from(["", "hand", "aside"]))
    hand = draw(_one_of(grammar.HANDS, side)) if where == "hand" else ""
    aside = draw(_one_of(grammar.ASIDE, side)) if where == "aside" else ""
    radius = draw(st.none() | st.integers(5, 20))
    stated = ""
    if radius is not None:
        stated = f"{draw(st.sampled_from(['of', 'with a radius of']))} {draw(_number(radius))} metres"
        stated += " radius" if draw(st.booleans()) else ""
    begin = draw(st.sampled_from(["in a", "along a", "in an", "along an"]))
    words = " ".join(part for part in (begin, size, hand, shape, aside, stated) if part)
    meant = float(radius) if radius is not None else -grammar.SIZES[size]
    return words, grammar.SHAPES[shape], side if where else 1.0, meant


@st.composite
def sentences(draw) -> tuple[str, Sentence]:
    """A sentence of the grammar, and what it means."""
    skill = draw(st.sampled_from(["walk", "gradual_turn", "turn_in_place", "backward", "run"]))
    gait = draw(st.sampled_from(["jog", "run"])) if skill == "run" else "walk"
    meant = Sentence(skill, speed_m_s("jog" if gait == "jog" else skill, 0))
    phrases, early = [], ""
    how_fast = draw(st.sampled_from(["", "pace", "speed"]))
    if how_fast == "pace":
        pace = draw(st.sampled_from([-2, -1, 0] if skill == "turn_in_place" else [-2, -1, 0, 1, 2]))
        word = draw(_one_of(grammar.PACES, pace))
        meant = replace(meant, speed_m_s=speed_m_s("jog" if gait == "jog" else skill, pace))
        if draw(st.booleans()):
            early = word
        else:
            phrases.append(word)
    if how_fast == "speed":
        low, high = grammar.SPEED_RANGES.get(skill, grammar.SPEED_RANGES["walk"])
        speed = draw(st.integers(int(10 * low), int(10 * high))) / 10
        unit = draw(st.sampled_from(sorted(grammar.SPEED_UNITS)))
        phrases.append(f"at {speed / grammar.SPEED_UNITS[unit]:.10f} {unit}")
        meant = replace(meant, speed_m_s=pytest.approx(speed, abs=1e-8))
        told = speed
    else:
        told = meant.speed_m_s
    if skill == "backward" or draw(st.booleans()):
        phrases.append(draw(_one_of(grammar.WAYS, -1 if skill == "backward" else 1)))
    if skill == "gradual_turn":
        words, angle, side, radius = draw(_curve_of())
        phrases.append(words)
        radius = max(-radius, told**2 / grammar.SIDEWAYS_M_S2) if radius < 0 else radius
        meant = replace(meant, turn_deg=angle, side=side, radius_m=pytest.approx(radius))
    if draw(st.booleans()):
        meant = replace(meant, duration_s=float(draw(st.integers(2, 60))))
        unit = draw(st.sampled_from(grammar.SECONDS))
        phrases.append(f"for {draw(_number(meant.duration_s))} {unit}")
    phrases = draw(st.permutations(phrases))
    parts = [draw(st.sampled_from(grammar.WHO)), early]
    if skill in ("walk", "gradual_turn", "backward"):
        stands, starts = draw(st.booleans()), draw(st.booleans())
        if stands:
            parts += [draw(st.sampled_from(grammar.STANDS)), draw(THEN)]
        parts.append(draw(_one_of(grammar.STARTS if starts else grammar.VERBS, gait)))
        meant = replace(meant, starts=stands or starts, stops=draw(st.booleans()))
    else:
        parts.append(draw(_one_of(grammar.VERBS, gait)))
    ends = []
    if skill == "turn_in_place":
        turn = draw(st.sampled_from(sorted(grammar.TURNS)))
        side = draw(st.sampled_from([0.0, 1.0, -1.0]))
        ends = [draw(THEN), turn, draw(_one_of(grammar.ASIDE, side)) if side else ""]
        meant = replace(meant, turn_deg=grammar.TURNS[turn], side=side or 1.0)
        if draw(st.booleans()):
            meant = replace(meant, turn_deg=float(draw(st.integers(45, 360))))
            ends.append(f"by {meant.turn_deg:g} {draw(st.sampled_from(grammar.DEGREES))}")
        ends.append(draw(st.sampled_from(["", *grammar.SPOTS])))
    if draw(st.booleans()):
        about = skill == "turn_in_place" and meant.turn_deg == 180
        on = [words for words in grammar.GO_ON if about or words != grammar.BACK]
        ends += [draw(THEN), draw(st.sampled_from(on))]
    if meant.stops:
        ends += [draw(THEN), draw(st.sampled_from(grammar.STOPS))]
    backwards = [place for place, words in enumerate(phrases) if grammar.WAYS.get(words) == -1]
    first = 1 + backwards[0] if backwards else 0
    late = draw(st.integers(first, len(phrases))) if ends else len(phrases)
    text = " ".join(part for part in (*parts, *phrases[:late], *ends, *phrases[late:]) if part)
    text = text.replace(" ,", ",")
    return (text.capitalize() + "." if draw(st.booleans()) else text), meant


@given(sentences())
def test_every_sentence_of_the_grammar_means_what_it_was_made_of(made):
    text, meant = made
    assert parse_sentence(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a person walks", Sentence("walk", speed_m_s("walk", 0))),
        (
            "a person walks slowly in a circle to the left",
            Sentence("gradual_turn", speed_m_s("walk", -1), side=1.0, radius_m=1.5, turn_deg=360.0),
        ),
        (
            "Somebody stands still, then quickly walks backwards for eight seconds and comes to a stop.",
            None,
        ),
        (
            "someone stands still, then walks backwards quickly for eight seconds and comes to a stop.",
            Sentence("backward", 1.0, starts=True, stops=True, duration_s=8.0),
        ),
        (
            "the man walks forward at 4.5 km/h, turns around to the right and walks back",
            Sentence("turn_in_place", 1.25, side=-1.0, turn_deg=180.0),
        ),
        ("she runs at 3 m/s for 4.5 s", Sentence("run", 3.0, duration_s=4.5)),
        (
            "he walks and turns left at 5.04 km/h",
            Sentence("turn_in_place", pytest.approx(1.4), side=1.0, turn_deg=90.0),
        ),
    ],
)
def test_examples(text, meant):
    if meant is None:
        with pytest.raises(InputError, match="'walks', 'jogs', 'runs' or 'starts to walk' is expected"):
            parse_sentence(text)
    else:
        assert parse_sentence(text) == meant


def test_speeds_of_walking_are_the_five_groups_of_schwartz():
    froude = np.sqrt(9.81 * 0.856)
    groups = froude * np.array([0.172, 0.290, 0.429, 0.560, 0.694])
    assert [speed_m_s("walk", pace) for pace in range(-2, 3)] == pytest.approx(groups, abs=0.005)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "says nothing; give a sentence such as"),
        (" . ", "says nothing"),
        (
            "a person waks sloly",
            "unknown words 'waks', 'sloly'; did you mean 'walks' for 'waks', 'slowly' for",
        ),
        ("a person walks like a duck", "unknown words 'like', 'duck'"),
        ("a person läuft", "unknown word 'läuft'"),
        ("a person dances", "unknown word 'dances'; say it as in"),  # pace is another word
        ("a person walks 3 ✓", "unknown word '✓'"),
        ("a person walks for ² seconds", "unknown word '²'"),
        ("a person", "ends too early; 'walks', 'jogs', 'runs' or 'starts to walk' is expected"),
        ("walks", "cannot be read from 'walks' on; somebody, such as 'a person'"),
        ("a person walks to the left", "cannot be read from 'to the left' on"),
        ("a person turns around", "cannot be read from 'turns around' on"),
        ("a person walks in a left", "cannot be read from 'left' on|ends too early"),
        ("a person walks for seconds", "cannot be read from 'seconds' on; a number"),
        ("a person walks for 4", "ends too early; 'seconds' is expected"),
        ("a person walks at 4 seconds", "cannot be read from 'seconds' on; m/s or km/h"),
        ("a person walks and stops and walks on", "cannot be read from 'and walks on' on; the end"),
        ("a person walks slowly at 1 m/s", "says twice how fast"),
        ("a person slowly walks quickly", "says twice how fast"),
        ("a person walks for 4 s for 5 s", "says twice how long"),
        ("a person walks in a left circle to the right", "says twice to which side"),
        ("a person walks and turns left and turns right", "says twice which turn"),
        ("a person walks in a circle and turns left", "a curve and a turn in place"),
        ("a person walks forward and walks back", "walks back after a half turn only; let .* turn around"),
        ("a person walks, turns left and walks back", "walks back after a half turn only"),
        ("a person walks, then walks on backwards", "walks one way all the time"),
        ("a person runs in a circle", "runs straight ahead"),
        ("a person starts to run", "is under way already"),
        ("a person walks backwards in a circle", "backwards straight on only"),
        ("a person walks, turns left and stops", "turns in place out of walking, and walks on"),
        ("a person walks at 9 m/s", "walks at 9 m/s, which the built-in gait cannot; give 0.4 to 2.1 m/s"),
        ("a person runs at 1 m/s", "give 2 to 3.6 m/s"),
        ("a person walks for 100 seconds", "lasts 100 s, which the built-in gait cannot; give 2 to 60 s"),
        ("a person walks in a circle of 0.5 m", "has a radius of 0.5 m, .*; give 1.6 to 20 m"),
        ("a person walks and turns left by 10 degrees", "turns by 10 degrees, .*; give 45 to 360 degrees"),
    ],
)
def test_what_cannot_be_said_is_refused_in_one_line(text, says):
    with pytest.raises(InputError, match=says) as refused:
        parse_sentence(text)
    assert "\n" not in str(refused.value)
