"""``submission.json``: which names, links and boards there are, and what its folder must look like."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from scored_folders import recording, write_scored

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.result import read_result
from kinesis_bench.evaluation.schema import BodyInfo, MotionsInfo
from kinesis_bench.leaderboard.submission import (
    SCHEMA,
    Costs,
    Submission,
    board_of,
    check_name,
    check_url,
    code_link,
    read_submission,
    write_submission,
)

MADE = Submission(
    schema=SCHEMA,
    name="mine",
    authors=("A. Author",),
    code_url="https://example.org/mine",
    paper_url=None,
    date="2026-11-26",
    board="emg",
    costs=Costs(10, None, None, None, None),
    version="0.1.0",
    protocol="kinesis-bench-1",
    body=BodyInfo("legs", "a" * 64),
    motions=MotionsInfo("", "", "", "", 1, 10),
    human=("emg_walk_wang2023",),
    rollouts_sha256="b" * 64,
)


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    write_submission(tmp_path / "submission.json", MADE)
    assert read_submission(tmp_path / "submission.json") == MADE


@pytest.mark.parametrize("name", ["mine", "legs-ppo-2", "v0.1", "a"])
def test_names_that_folders_can_have(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "../up", "Mine", "a b", "a_b", "-a", "a-", "a..b", "a/b", "ä", "a" * 65, "a\n"]
)
def test_names_that_they_cannot(name: str) -> None:
    with pytest.raises(InputError, match="--name"):
        check_name(name)


@pytest.mark.parametrize(
    "url", ["https://example.org", "http://a.org:80/b/c?d=e#f", "https://doi.org/10.1/a(b)c"]
)
def test_addresses(url: str) -> None:
    check_url(url, "--code")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "javascript:alert(1)",
        "https://a.org/<b>",
        'https://a.org/"',
        "https://a.org/ b",
        "file:///etc",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InputError, match="--code"):
        check_url(url, "--code")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "../up", "name: is '../up'"),
        ("authors", [], "authors: has none"),
        ("authors", ["a\nb"], "authors: has none, or an empty or odd one"),
        ("code_url", "javascript:x", "code_url: is 'javascript:x'"),
        ("paper_url", "x", "paper_url: is 'x'"),
        ("date", "26.11.2026", "date: is '26.11.2026'"),
        ("date", "2026-13-01", "date: is '2026-13-01'"),
        ("costs", {**vars(MADE.costs), "parameters": -1}, "costs: has a number below 0"),
        ("costs", {**vars(MADE.costs), "device_hours": "2"}, "costs.device_hours is '2', not a number"),
        ("schema", "other", "schema: is 'other'"),
        ("more", 1, "more is unknown"),
    ],
)
def test_fields_that_cannot_be_used_are_named(field: str, value: object, said: str, tmp_path: Path) -> None:
    path = tmp_path / "submission.json"
    write_submission(path, MADE)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(InputError) as caught:
        read_submission(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("folder", ["baselines/dep", "reference_policies/legs-teacher", "baselines"])
def test_code_may_be_a_folder_of_this_project(folder: str, tmp_path: Path) -> None:
    own = replace(MADE, code_url=folder)
    write_submission(tmp_path / "submission.json", own)
    assert read_submission(tmp_path / "submission.json") == own
    assert code_link(own, up=1) == f"../{folder}"
    assert code_link(MADE, up=3) == MADE.code_url


@pytest.mark.parametrize(
    "folder", ["baselines/../..", "baselines/a/b", "docs", "../baselines", "baselines/.x"]
)
def test_other_folders_are_no_code(folder: str, tmp_path: Path) -> None:
    write_submission(tmp_path / "submission.json", replace(MADE, code_url=folder))
    with pytest.raises(InputError, match="code_url"):
        read_submission(tmp_path / "submission.json")


def test_boards(tmp_path: Path) -> None:
    result = read_result(write_scored(tmp_path / "a", recording()) / "result.json")
    assert board_of(result) == "imitation_some-motions_some-test"
    assert board_of(replace(result, imitation=None)) == "emg"
    nothing = replace(result.emg, mean_r=None, group_mean_r=None, reasons={"mean_r": "no cycles"})
    with pytest.raises(InputError, match=r"no figure of EMG \(no cycles\)"):
        board_of(replace(result, imitation=None, emg=nothing))
    with pytest.raises(InputError, match="are no folder's name"):
        board_of(replace(result, motions=replace(result.motions, id="a b")))
