"""Prompts of text-to-motion models: the fixed list, and the category of any prompt.

The category of a prompt of the list is the list's. That of another is told by its words, by the first of
these that it has: a word for running, for walking backwards, for a curve, for a turn, for walking (WORDS);
"other" if it has none.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache

from kinesis_bench.errors import InputError
from kinesis_bench.files import content_dir
from kinesis_bench.motions.gait.sentence import parse_sentence
from kinesis_bench.motions.motion_set import Motions

DATASET = "normative-gait-prompts-v1"
"""Name of the motion set that the built-in gait makes of the list's prompts."""

OTHER = "other"

WORDS: dict[str, tuple[str, ...]] = {
    "run": ("run", "runs", "running", "jog", "jogs", "jogging", "sprint", "sprints", "sprinting"),
    "backward": ("backward", "backwards"),
    "gradual_turn": (
        *("circle", "circles", "semicircle", "curve", "curves", "curved", "arc", "bend", "gradual"),
        *("gradually", "veer", "veers", "veering"),
    ),
    "turn_in_place": (
        *("turn", "turns", "turning", "rotate", "rotates", "rotating", "spin", "spins", "spinning"),
        *("pivot", "pivots", "pivoting"),
    ),
    "walk": (
        *("walk", "walks", "walking", "stroll", "strolls", "strolling", "march", "marches", "marching"),
        *("step", "steps", "stepping"),
    ),
}
"""Category → the words that a prompt of it has, looked for in this order."""


@dataclass(frozen=True)
class Prompt:
    """A prompt of the list: its name, one of clip.SKILLS, and the words."""

    id: str
    category: str
    text: str


@cache
def prompts() -> tuple[Prompt, ...]:
    """The fixed list, ``datasets/text_prompts/prompts.csv``, in its order."""
    with (content_dir("datasets") / "text_prompts" / "prompts.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        return tuple(Prompt(row["id"], row["category"], row["prompt"]) for row in csv.DictReader(file))


def sayable_prompts() -> tuple[Prompt, ...]:
    """Those of the list that the built-in gait's grammar can say."""
    return tuple(prompt for prompt in prompts() if _is_sayable(prompt.text))


def prompt_of(motions: Motions, clip: int) -> str:
    """A clip's prompt: the first of its texts, or its key's words where it has none."""
    texts = motions.texts[clip]
    return texts[0] if texts else " ".join(re.findall(r"[^\W\d_]+", motions.keys[clip]))


def category_of(text: str) -> str:
    """Category of a prompt: one of clip.SKILLS, or OTHER."""
    listed = _categories().get(_plain(text))
    if listed is not None:
        return listed
    words = set(re.findall(r"[a-z]+", text.lower()))
    return next((category for category, known in WORDS.items() if words & set(known)), OTHER)


def by_category(motions: Motions) -> Motions:
    """The same motions, the category of each clip's prompt in the place of its skill."""
    categories = tuple(category_of(prompt_of(motions, clip)) for clip in range(len(motions)))
    return replace(motions, skill=categories)


@cache
def _categories() -> dict[str, str]:
    return {_plain(prompt.text): prompt.category for prompt in prompts()}


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(". ")


def _is_sayable(text: str) -> bool:
    try:
        parse_sentence(text)
    except InputError:
        return False
    return True
