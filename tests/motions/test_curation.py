from __future__ import annotations

import csv
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.motions.clip import SKILLS
from kinesis_bench.motions.curation import (
    Rules,
    default_rules,
    load_rules,
    motion_name,
    recording_name,
    subject_of,
)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (default_rules().parent / "kit_locomotion_splits.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_rules_choose_all_published_names(rules: Rules, rows: list[dict[str, str]]) -> None:
    assert len(rows) == 1084
    assert all(rules.chooses(recording_name(row["amass_path"])) for row in rows)


@pytest.mark.parametrize(
    "name",
    [
        "KIT/675/walk_with_handrail_table_left03",
        "KIT/3/walk_with_left_support_table01",
        "KIT/3/walking_upstairs02",
        "KIT/167/run01",
        "KIT/3/kick_high_left02",
        "KIT/883/wipe_arm_smallcircle01",
        "KIT/3/jump_forward03",
        "KIT/3/downstairs_backwards01",
        "KIT/3/bend_left01",
        "CMU/07/07_01_walk",
    ],
)
def test_rules_leave_out_the_rest(rules: Rules, name: str) -> None:
    assert not rules.chooses(name)


def test_rules_reproduce_the_skill_column(rules: Rules, rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert rules.skill(recording_name(row["amass_path"])) == row["skill_by_name"], row
    assert Counter(row["skill_by_name"] for row in rows) == {
        "walk": 420, "gradual_turn": 286, "turn_in_place": 210, "run": 90, "backward": 78,
    }  # fmt: skip


def test_rules_reproduce_the_published_splits(rules: Rules, rows: list[dict[str, str]]) -> None:
    counts = Counter(split for name in rules.published for split in rules.splits(name))
    assert counts == {
        "kinesis-2026/train": 946, "kinesis-2026/test": 108,
        "kinesis-2025/train": 975, "kinesis-2025/test": 109,
        "common-105/test": 105,
        "by-subject/train": 869, "by-subject/test": 215,
    }  # fmt: skip
    for row in rows:
        splits = rules.splits(recording_name(row["amass_path"]))
        for year in ("2025", "2026"):
            listed = {split for split in ("train", "test") if f"kinesis-{year}/{split}" in splits}
            assert listed == {row[f"split_kinesis_{year}"]} - {""}


def test_held_out_people_follow_the_stated_rule(rules: Rules) -> None:
    count: Counter[tuple[str, str]] = Counter((subject_of(n), rules.skill(n)) for n in rules.published)
    people = sorted({person for person, _ in count}, key=lambda person: int(person.split("/")[1]))
    table = np.array([[count[person, skill] for skill in SKILLS] for person in people], float)
    share = table / table.sum(axis=0)
    sets = list(itertools.combinations(range(len(people)), 4))
    distance = [np.sum((share[list(group)].sum(axis=0) - 0.2) ** 2) for group in sets]
    best = sets[int(np.argmin(distance))]
    assert len(people) == 21
    assert rules.held_out == tuple(people[index] for index in best)


def test_by_subject_shares_nobody(rules: Rules) -> None:
    people = {
        split: {subject_of(name) for name in rules.published if f"by-subject/{split}" in rules.splits(name)}
        for split in ("train", "test")
    }
    assert not people["train"] & people["test"]
    assert (len(people["train"]), len(people["test"])) == (17, 4)


def test_a_name_that_is_in_no_list(rules: Rules) -> None:
    assert rules.chooses("KIT/3/walk_with_support01")
    assert rules.splits("KIT/3/walk_with_support01") == ("by-subject/train",)
    assert rules.splits("KIT/4/walk01") == ("by-subject/test",)


def test_missing_names_are_reported(rules: Rules) -> None:
    names = list(rules.published)
    assert rules.missing(names) == {}
    absent = names[0]
    assert rules.missing(names[1:]) == dict.fromkeys(rules.published[absent], (absent,))
    assert {split: len(rest) for split, rest in rules.missing([]).items()} == {
        "kinesis-2026/train": 946, "kinesis-2026/test": 108,
        "kinesis-2025/train": 975, "kinesis-2025/test": 109, "common-105/test": 105,
    }  # fmt: skip


def test_names() -> None:
    assert recording_name("/data/AMASS/KIT/10/LeftTurn01_poses.npz") == "KIT/10/LeftTurn01"
    assert recording_name("KIT/10/LeftTurn01_stageii.npz") == "KIT/10/LeftTurn01"
    assert recording_name("KIT/10/LeftTurn01_poses") == "KIT/10/LeftTurn01"
    assert motion_name("KIT/11/WalkingStraightBackwards09_1_poses.npz") == "WalkingStraightBackwards"
    assert motion_name("walking_slow_03") == "walking_slow"
    assert subject_of("KIT/10/LeftTurn01_poses") == "KIT/10"


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = default_rules().read_text()
    assert old in text
    path = tmp_path / "rules.toml"
    path.write_text(text.replace(old, new))
    (tmp_path / "kit_locomotion_splits.csv").write_bytes(
        (default_rules().parent / "kit_locomotion_splits.csv").read_bytes()
    )
    return path


def test_edited_rules(tmp_path: Path) -> None:
    rules = load_rules(edited(tmp_path, '"upstairs"]', '"upstairs", "egyptian"]'))
    assert not rules.chooses("KIT/3/walk_like_an_egyptian01")
    assert rules.chooses("KIT/3/walking_slow01")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('skill = "run"', 'skill = "runn"', "skills.skill: unknown name 'runn'; did you mean 'run'"),
        ("none_of", "nune_of", "choose: unknown name 'nune_of'; did you mean 'none_of'"),
        ('id = "kit-locomotion-v1"', "", "id: is missing"),
        ('datasets = ["KIT"]', 'datasets = "KIT"', "datasets: is 'KIT', not a list"),
        ("[choose]", "[choose", "is not valid TOML"),
        ("kit_locomotion_splits.csv", "nowhere.csv", "nowhere.csv: cannot be read"),
    ],
)
def test_bad_rules_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        load_rules(edited(tmp_path, old, new))
    assert said in str(error.value)


def test_missing_rules(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: cannot be read"):
        load_rules(tmp_path / "none.toml")
