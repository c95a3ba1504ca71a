"""The list of prompts, and the category of any prompt."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from kinesis_bench.motions.clip import SKILLS, Clip
from kinesis_bench.motions.gait.sentence import parse_sentence
from kinesis_bench.motions.motion_set import collect_motions
from kinesis_bench.motions.prompts import OTHER, by_category, category_of, prompt_of, prompts, sayable_prompts


def test_the_list_has_ten_prompts_a_skill_and_seven_that_the_grammar_says():
    assert Counter(prompt.category for prompt in prompts()) == dict.fromkeys(SKILLS, 10)
    assert Counter(prompt.category for prompt in sayable_prompts()) == dict.fromkeys(SKILLS, 7)
    assert len({prompt.id for prompt in prompts()}) == len({prompt.text for prompt in prompts()}) == 50
    # A line of the file is a prompt for MDM, cut out by its commas.
    assert not any("," in prompt.text or '"' in prompt.text for prompt in prompts())


def test_a_sayable_prompt_means_its_category():
    for prompt in sayable_prompts():
        assert parse_sentence(prompt.text).skill == prompt.category == category_of(prompt.text)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("a person backs away from something frightening", "backward"),  # by the list: no word tells
        ("  A person backs away from  something frightening. ", "backward"),
        ("a person walks once around a table .", "gradual_turn"),
        ("a man runs backwards", "run"),
        ("the person is walking backward in a circle", "backward"),
        ("he turns around in a wide circle", "gradual_turn"),
        ("a figure walks and then turns left", "turn_in_place"),
        ("someone strolls", "walk"),
        ("a person does a cartwheel", OTHER),
        ("a person walkabout", OTHER),
        ("", OTHER),
    ],
)
def test_category_of_any_prompt(text, category):
    assert category_of(text) == category


def _clip(key: str, *texts: str) -> Clip:
    still, upright = np.zeros((2, 3)), np.tile([1.0, 0, 0, 0], (2, 1))
    points = np.zeros((2, 8, 3))
    return Clip(key, points, points, still, upright, still, still, skill="walk", texts=texts)


def test_clips_are_sorted_by_their_prompts_or_else_their_names():
    motions = collect_motions(
        [_clip("a", "a person runs", "someone walks"), _clip("mdm_turn_left_0"), _clip("x1")], id="some"
    )
    sorted_ = by_category(motions)
    assert [prompt_of(motions, clip) for clip in range(3)] == ["a person runs", "mdm turn left", "x"]
    assert sorted_.skill == ("run", "turn_in_place", OTHER)
    assert (sorted_.keys, sorted_.texts, motions.skill) == (motions.keys, motions.texts, ("walk",) * 3)
