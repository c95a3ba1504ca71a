"""A small English grammar of what the built-in gait can do: one sentence, one clip.

    sentence = who, [pace], [stand, then], move, {then, more}
    move     = (verb | start), {phrase}
    more     = turn, {phrase} | go on, {phrase} | stop, {phrase}
    phrase   = pace | speed | way | curve | duration
    curve    = ("in" | "along"), ("a" | "an"), [size], [hand], shape, [aside], [radius]
    turn     = "turns", ["around"], [aside], ["by", number, "degrees"], [spot]
             | "makes", ("a", ["quarter" | "half" | "full"], "turn" | "an about-turn"), [aside], [spot]
    speed    = "at", number, ("m/s" | "km/h")
    duration = "for", number, "seconds"
    radius   = ("of" | "with a radius of"), number, "metres"

The words of each are the tables below; commas, a full stop at the end and capitals do not matter, and numbers
up to twelve may be words. What a sentence leaves open is filled in by rules that are stated here; nothing
that it says is guessed: a word that is not known, or a movement that the gait cannot make, is refused.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple, NoReturn, TypeVar

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.motions.gait.speeds import walk_bank

_Value = TypeVar("_Value")

WHO = (
    *(f"{article} {noun}" for article in ("a", "the") for noun in ("person", "human", "man", "woman")),
    *("someone", "somebody", "he", "she"),
)
GAITS = ("walk", "jog", "run")
VERBS = {f"{gait}s": gait for gait in GAITS}
STARTS = {
    f"{start} {form}": gait
    for start in ("starts", "begins")
    for gait, gerund in (("walk", "walking"), ("jog", "jogging"), ("run", "running"))
    for form in (f"to {gait}", gerund)
}
STANDS = ("stands", "stands still")
BACK = "walks back"
GO_ON = ("walks on", "walks away", BACK, "keeps walking", "continues to walk", "continues walking")
STOPS = ("stops", "stops walking", "comes to a stop", "stands still")
THEN = ("and", "then", "and then", ",", ", and", ", then", ", and then")

PACES = {
    **dict.fromkeys(("very slowly",), -2),
    **dict.fromkeys(("slowly", "at a slow pace"), -1),
    **dict.fromkeys(("normally", "at a normal pace"), 0),
    **dict.fromkeys(("quickly", "fast", "at a fast pace"), 1),
    **dict.fromkeys(("very quickly", "very fast"), 2),
}
"""Adverbs to five paces; none is pace 0."""

BACKWARD_M_S = (0.4, 0.6, 0.8, 1.0, 1.2)
JOG_M_S = (2.0, 2.2, 2.5, 2.8, 3.0)
RUN_M_S = (2.0, 2.5, 3.0, 3.3, 3.6)
"""Speeds of the five paces [m/s]. Walking has those of Schwartz's children, whose groups are named very slow,
slow, free, fast and very fast (J Biomech 41:1639, 2008), carried over by leg length (``walk_bank``): 0.50,
0.84, 1.24, 1.62 and 2.01 m/s. The others are choices, near the built-in set's speeds: backwards about two
thirds of walking forward; to jog at the slowest of the three speeds of Fukuchi et al. (PeerJ 5:e3298, 2017),
2.5 m/s, and to run between that and the next, 3.5 m/s."""

SPEED_RANGES = {"walk": (0.4, 2.1), "backward": (0.4, 1.2), "turn_in_place": (0.4, 1.4), "run": (2.0, 3.6)}
"""Speeds that may be said [m/s], those that the built-in gait was looked at with."""

WAYS = {
    **dict.fromkeys(("forward", "forwards", "straight", "straight ahead", "in a straight line"), 1),
    **dict.fromkeys(("backward", "backwards"), -1),
}
HANDS = {
    **dict.fromkeys(("left", "counterclockwise", "counter-clockwise", "anticlockwise"), 1.0),
    **dict.fromkeys(("right", "clockwise"), -1.0),
}
"""+1 turns left, seen from above against the clock."""

LEFT = HANDS["left"]
"""Where no side is said."""

ASIDE = {"to the left": 1.0, "to the right": -1.0, **HANDS}

SIZES = {"small": 1.0, "tight": 1.0, "": 1.5, "large": 3.0, "big": 3.0, "wide": 3.0}
"""Radius of a curve [m]; a choice. One that is too tight for the speed is widened, see SIDEWAYS_M_S2."""

SIDEWAYS_M_S2 = 1.0
"""A curve's v²/R is no larger [m/s²], about the most in the built-in set (1.4 m/s on 2 m)."""

RADIUS_RANGE_M = (1.0, 20.0)

SHAPES = {
    "circle": 360.0,
    **dict.fromkeys(("half circle", "half-circle", "semicircle"), 180.0),
    **dict.fromkeys(("quarter circle", "quarter-circle"), 90.0),
    **dict.fromkeys(("curve", "arc"), 0.0),
}
"""By how much a curve turns [deg] where the sentence states no duration; 0 where it just goes on."""

TURNS = {
    "turns": 90.0,
    **dict.fromkeys(("turns around", "turns round", "makes an about-turn", "makes a half turn"), 180.0),
    "makes a turn": 90.0,
    "makes a quarter turn": 90.0,
    "makes a full turn": 360.0,
}
"""By how much somebody turns in place [deg]."""

TURN_RANGE_DEG = (45.0, 360.0)

HALF_TURN_DEG = 180.0
"""After it somebody can walk back."""

SPOTS = ("in place", "on the spot")

NUMBERS = {
    word: float(value)
    for value, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
}
SECONDS = ("seconds", "second", "s")
METRES = ("metres", "metre", "meters", "meter", "m")
SPEED_UNITS = {"m/s": 1.0, "metres per second": 1.0, "meters per second": 1.0, "km/h": 1 / 3.6}
DEGREES = ("degrees", "degree", "deg", "°")

DURATION_RANGE_S = (2.0, 60.0)

ROUNDING = 1e-9
"""A value may be off its bounds by this: 5.04 km/h are 1.4 m/s."""

EXAMPLE = '"a person walks slowly in a circle to the left for 8 seconds"'


@dataclass(frozen=True)
class Sentence:
    """What a sentence asks for.

    Attributes:
        skill: one of clip.SKILLS.
        speed_m_s: along the path.
        starts, stops: whether it begins and ends in standing.
        side: +1 turns left, -1 right, 0 goes straight.
        radius_m: of a curve, infinite for straight.
        turn_deg: by how much it turns, in place or along the curve; 0 for straight on and for a curve that
            just goes on.
        duration_s: as said, or None.
    """

    skill: str
    speed_m_s: float
    starts: bool = False
    stops: bool = False
    side: float = 0.0
    radius_m: float = np.inf
    turn_deg: float = 0.0
    duration_s: float | None = None


class _Curve(NamedTuple):
    """A curve as it was said; ``radius_m`` is None where only a size was."""

    turn_deg: float
    side: float
    size_m: float
    radius_m: float | None


class _Turn(NamedTuple):
    """A turn in place as it was said."""

    turn_deg: float
    side: float


@dataclass
class _Said:
    """What has been read so far; None where nothing was said."""

    gait: str
    starts: bool = False
    stops: bool = False
    pace: int | None = None
    speed_m_s: float | None = None
    way: int | None = None
    curve: _Curve | None = None
    turn: _Turn | None = None
    duration_s: float | None = None


def parse_sentence(text: str) -> Sentence:
    """Read one sentence.

    Args:
        text: such as ``a person walks slowly in a circle to the left``.

    Raises:
        InputError: a word is not known (the nearest that is known is named), the words are not in an order
            of the grammar, or the built-in gait cannot do what they say.
    """
    reader = _Reader(text)
    return _meaning(_read(reader), _where(reader.text))


@cache
def vocabulary() -> frozenset[str]:
    """Every word that the grammar knows."""
    tables = (WHO, VERBS, STARTS, STANDS, GO_ON, STOPS, THEN, PACES, WAYS, ASIDE, SIZES, SHAPES, TURNS)
    units = (SPOTS, NUMBERS, SECONDS, METRES, SPEED_UNITS, DEGREES)
    phrases = [phrase for table in (*tables, *units) for phrase in table]
    between = "in along a an at for of with radius by"
    return frozenset(" ".join([*phrases, between]).split())


class _Reader:
    """The words of a sentence, taken from the front."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(text.split())
        words = re.findall(
            r"\d+(?:\.\d+)?|[^\W\d_]+(?:[-/'][^\W\d_]+)*|[^\w\s]|_", self.text.lower().rstrip(".!")
        )
        if not words:
            raise InputError("text", "says nothing", f"give a sentence such as {EXAMPLE}")
        unknown = [word for word in words if word not in vocabulary() and not word[0].isdecimal()]
        if unknown:
            raise _unknown(self.text, list(dict.fromkeys(unknown)))
        self.words = words
        self.place = 0

    def take(self, table: Mapping[str, _Value]) -> _Value | None:
        """The value of the longest of the table's phrases that stands here, which is passed; or None."""
        found = max((phrase for phrase in table if phrase and self._here(phrase)), key=len, default=None)
        if found is None:
            return None
        self.place += len(found.split())
        return table[found]

    def passes(self, *phrases: str) -> bool:
        """Whether one of the phrases stands here; it is passed."""
        return self.take(dict.fromkeys(phrases, True)) is not None

    def number(self) -> float:
        """The number that has to stand here."""
        word = self.words[self.place] if self.place < len(self.words) else ""
        value = float(word) if word[:1].isdecimal() else NUMBERS.get(word)
        if value is None:
            self.fail("a number")
        self.place += 1
        return value

    def expect(self, what: str, *phrases: str) -> None:
        """Pass one of the phrases, which has to stand here."""
        if not self.passes(*phrases):
            self.fail(what)

    @property
    def finished(self) -> bool:
        return self.place == len(self.words)

    def fail(self, what: str) -> NoReturn:
        rest = " ".join(self.words[self.place :]).replace(" ,", ",")
        problem = f"cannot be read from {rest!r} on" if rest else "ends too early"
        raise InputError(_where(self.text), problem, f"{what} is expected there, as in {EXAMPLE}")

    def _here(self, phrase: str) -> bool:
        words = phrase.split()
        return self.words[self.place : self.place + len(words)] == words


def _read(reader: _Reader) -> _Said:
    reader.expect("somebody, such as 'a person',", *WHO)
    pace = reader.take(PACES)
    stood = reader.passes(*STANDS)
    if stood:
        reader.expect("'then'", *THEN)
    gait, started = reader.take(VERBS), False
    if gait is None:
        gait, started = reader.take(STARTS), True
    if gait is None:
        reader.fail("'walks', 'jogs', 'runs' or 'starts to walk'")
    said = _Said(gait, starts=stood or started, pace=pace)
    _phrases(reader, said)
    while not reader.finished:
        reader.expect("'and', 'then' or a way, pace, curve or duration", *THEN)
        turn, way = _turn(reader), said.way
        if turn is not None:
            _once(reader, said.turn, "which turn")
            said.turn = turn
        elif reader.passes(BACK):
            if said.turn is None or said.turn.turn_deg != HALF_TURN_DEG:
                problem = "the built-in gait walks back after a half turn only"
                raise InputError(
                    _where(reader.text), problem, "let the person turn around before, or walk on"
                )
        elif not reader.passes(*GO_ON):
            reader.expect("'turns', 'walks on' or 'stops'", *STOPS)
            said.stops = True
        _phrases(reader, said)
        if said.way == -1 and way is None:
            problem = "the built-in gait walks one way all the time"
            raise InputError(_where(reader.text), problem, "say 'backwards' of the first walking")
        if said.stops and not reader.finished:
            reader.fail("the end")
    return said


def _phrases(reader: _Reader, said: _Said) -> None:
    """Read paces, speeds, ways, curves and durations as long as there are some."""
    while True:
        begin = reader.place
        if (pace := reader.take(PACES)) is not None:
            _once(reader, said.pace, "how fast")
            said.pace = pace
        elif (way := reader.take(WAYS)) is not None:
            _once(reader, said.way, "which way")
            said.way = way
        elif reader.passes("at"):
            _once(reader, said.speed_m_s, "how fast")
            value = reader.number()
            unit = reader.take(SPEED_UNITS)
            if unit is None:
                reader.fail("m/s or km/h")
            said.speed_m_s = value * unit
        elif reader.passes("for"):
            _once(reader, said.duration_s, "how long the whole clip lasts")
            said.duration_s = reader.number()
            reader.expect("'seconds'", *SECONDS)
        elif reader.passes("in a", "in an", "along a", "along an"):
            _once(reader, said.curve, "along which curve")
            said.curve = _curve(reader)
        if reader.place == begin:
            return


def _curve(reader: _Reader) -> _Curve:
    size = reader.take(SIZES) or SIZES[""]
    hand = reader.take(HANDS)
    turn_deg = reader.take(SHAPES)
    if turn_deg is None:
        reader.fail("'circle', 'half circle', 'quarter circle', 'curve' or 'arc'")
    aside = reader.take(ASIDE)
    if aside is not None:
        _once(reader, hand, "to which side")
    radius = None
    if reader.passes("of", "with a radius of"):
        radius = reader.number()
        reader.expect("'metres'", *METRES)
        reader.passes("radius")
    return _Curve(turn_deg, aside or hand or LEFT, size, radius)


def _turn(reader: _Reader) -> _Turn | None:
    turn_deg = reader.take(TURNS)
    if turn_deg is None:
        return None
    side = reader.take(ASIDE)
    if reader.passes("by"):
        turn_deg = reader.number()
        reader.expect("'degrees'", *DEGREES)
    reader.passes(*SPOTS)
    return _Turn(turn_deg, side or LEFT)


def _once(reader: _Reader, before: object, what: str) -> None:
    if before is not None:
        raise InputError(_where(reader.text), f"says twice {what}", "say it once")


def _meaning(said: _Said, where: str) -> Sentence:
    """What was said, if the built-in gait can do it, with what was left open filled in."""
    curve, turn = said.curve, said.turn
    skill = _skill(said, where)
    speed = _speed(said, skill, where)
    if said.duration_s is not None:
        _check(where, "lasts", said.duration_s, DURATION_RANGE_S, "s")
    if turn is not None:
        _check(where, "turns by", turn.turn_deg, TURN_RANGE_DEG, "degrees")
        return Sentence(skill, speed, side=turn.side, turn_deg=turn.turn_deg, duration_s=said.duration_s)
    straight = Sentence(skill, speed, said.starts, said.stops, duration_s=said.duration_s)
    if curve is None:
        return straight
    tightest = speed**2 / SIDEWAYS_M_S2
    if curve.radius_m is None:
        radius = max(curve.size_m, tightest)
    else:
        radius = curve.radius_m
        lowest, highest = RADIUS_RANGE_M
        _check(
            where, "has a radius of", radius, (max(lowest, float(np.ceil(10 * tightest) / 10)), highest), "m"
        )
    return replace(straight, side=curve.side, radius_m=radius, turn_deg=curve.turn_deg)


def _skill(said: _Said, where: str) -> str:
    curve, turn, back = said.curve is not None, said.turn is not None, said.way == -1
    stands = said.starts or said.stops
    if said.gait != "walk":
        if curve or turn or back or stands:
            problem = "the built-in gait runs straight ahead and is under way already"
            raise InputError(where, problem, "let the person walk, or leave out the turn, start or stop")
        return "run"
    if back:
        if curve or turn:
            problem = "the built-in gait walks backwards straight on only"
            raise InputError(where, problem, "leave out the turn")
        return "backward"
    if curve and turn:
        raise InputError(where, "has a curve and a turn in place", "keep one of them")
    if turn and stands:
        problem = "the built-in gait turns in place out of walking, and walks on"
        raise InputError(where, problem, "leave out the start or stop")
    return "gradual_turn" if curve else "turn_in_place" if turn else "walk"


def _speed(said: _Said, skill: str, where: str) -> float:
    if said.pace is not None and said.speed_m_s is not None:
        raise InputError(where, "says twice how fast", "say it once")
    speed = said.speed_m_s
    if speed is None:
        speed = speed_m_s("jog" if said.gait == "jog" else skill, said.pace or 0)
    _check(where, f"{said.gait}s at", speed, SPEED_RANGES.get(skill, SPEED_RANGES["walk"]), "m/s")
    return speed


def speed_m_s(skill: str, pace: int) -> float:
    """Speed of a pace (-2 to 2): of one of clip.SKILLS, or of ``jog`` [m/s]."""
    table = {"backward": BACKWARD_M_S, "jog": JOG_M_S, "run": RUN_M_S}
    return float(table.get(skill, walk_bank().speeds[1:])[pace + 2])


def _check(where: str, what: str, value: float, bounds: tuple[float, float], unit: str) -> None:
    lowest, highest = bounds
    if not lowest - ROUNDING <= value <= highest + ROUNDING:
        problem = f"{what} {value:.4g} {unit}, which the built-in gait cannot"
        raise InputError(where, problem, f"give {lowest:g} to {highest:g} {unit}")


def _where(text: str) -> str:
    return f'text "{text}"'


def _unknown(text: str, words: list[str]) -> InputError:
    """All unknown words, each with the nearest that is known."""
    nearest = {word: difflib.get_close_matches(word, sorted(vocabulary()), n=1, cutoff=0.7) for word in words}
    meant = [f"{near[0]!r} for {word!r}" for word, near in nearest.items() if near]
    problem = f"unknown word{'s' if len(words) > 1 else ''} {', '.join(map(repr, words))}"
    remedy = f"did you mean {', '.join(meant)}? " if meant else ""
    return InputError(_where(text), problem, f"{remedy}say it as in {EXAMPLE}")
