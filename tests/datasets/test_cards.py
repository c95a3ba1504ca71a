"""The cards for people and the descriptions for machines say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CARDS = sorted((Path(__file__).resolve().parents[2] / "datasets").glob("*/README.md"))

cards = pytest.mark.parametrize("card", CARDS, ids=[card.parent.name for card in CARDS])


def description(card):
    return json.loads((card.parent / "croissant.json").read_text(encoding="utf-8"))


@cards
def test_every_licence_stands_on_the_card(card):
    text = card.read_text(encoding="utf-8")
    for url in description(card)["license"]:
        if "spdx.org" in url:
            name = url.rpartition("/")[2].removesuffix(".html")
            assert name in text or name.replace("-", " ") in text
        else:
            assert url in text


@cards
def test_every_file_and_figure_that_ships_stands_on_the_card(card):
    text = card.read_text(encoding="utf-8").replace("{1,2,3}", "1")
    for file in description(card)["distribution"]:
        assert file["name"].replace("subject2", "subject1").replace("subject3", "subject1") in text


@cards
def test_the_year_and_first_author_cited_stand_on_the_card(card):
    text = card.read_text(encoding="utf-8")
    for entry in description(card)["citeAs"].split("\n"):
        first = entry.split("author={")[1].split(",")[0]
        assert first in text


@pytest.mark.parametrize(
    "card", [c for c in CARDS if c.parent.name.startswith("emg_")], ids=lambda c: c.parent.name
)
def test_emg_cards_say_where_the_cycle_begins_and_what_was_verified(card):
    text = card.read_text(encoding="utf-8")
    assert "| Event of zero |" in text
    assert "erified" in text
    assert "## Known flaws" in text
