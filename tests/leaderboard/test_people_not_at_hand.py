"""Where single people are not at hand, their group's figures verify what was scored against them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from submissions import SAID, SOURCES, in_json

from kinesis_bench.cli.main import main
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.result import read_result
from kinesis_bench.human.sources import human_sources
from kinesis_bench.leaderboard.card import card
from kinesis_bench.leaderboard.folder import write_sums
from kinesis_bench.leaderboard.submission import read_submission
from kinesis_bench.leaderboard.submit import submit
from kinesis_bench.leaderboard.verify import verify


@pytest.fixture(scope="module")
def against_people(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("people")
    wang = f"wang2023={shared / 'data' / 'emg_wang2023'}"
    main(["score", "--policy", "mean-human", "--human", wang, "--out", str(place / "scored")])
    folder, whole = submit(place / "scored", SAID, human_sources((wang,)), place / "leaderboards")
    assert not any("each person" in left for left in whole.self_reported)
    return folder


def changed(folder: Path, place: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    copy = place / folder.parent.name / folder.name
    shutil.copytree(folder, copy)
    in_json(copy / "result.json", change)
    told = read_submission(copy / "submission.json"), read_result(copy / "result.json")
    (copy / "card.md").write_text(card(*told), encoding="utf-8")
    write_sums(copy)
    return copy


def test_their_groups_figures_stand_in_and_what_they_cannot_tell_is_said(against_people: Path) -> None:
    found = verify(against_people, SOURCES)
    assert found.wrong == ()
    assert found.verification is not None
    assert found.verification.self_reported[-1] == (
        "what needs each person of wang2023: EMG's intervals and leave-one-out"
    )


def test_r_is_not_believed(against_people: Path, tmp_path: Path) -> None:
    copy = changed(against_people, tmp_path, lambda told: told["emg"].update(mean_r=0.9))
    assert any("emg.mean_r is 0.9, computed anew" in line for line in verify(copy, SOURCES).wrong)


def test_an_interval_is(against_people: Path, tmp_path: Path) -> None:
    copy = changed(against_people, tmp_path, lambda told: told["emg"]["ci95"].update(mean_r=[0.8, 0.9]))
    assert verify(copy, SOURCES).wrong == ()


def test_an_interval_without_its_figure_is_not(against_people: Path, tmp_path: Path) -> None:
    copy = changed(against_people, tmp_path, lambda told: told["emg"]["ci95"].update(mean_r=[0.1, 0.2]))
    assert any("emg.ci95.mean_r is [0.1, 0.2]" in line for line in verify(copy, SOURCES).wrong)


def test_values_of_people_that_do_not_average_to_it_are_not(against_people: Path, tmp_path: Path) -> None:
    def better(told: dict[str, Any]) -> None:
        for person in told["emg"]["by_person"].values():
            person["r"] = 0.99

    copy = changed(against_people, tmp_path, better)
    assert any("emg.mean_r is 0.8" in line for line in verify(copy, SOURCES).wrong)


def test_under_another_protocol_they_are_needed(against_people: Path, tmp_path: Path) -> None:
    copy = changed(against_people, tmp_path, lambda told: told.update(protocol="kinesis-2025"))
    with pytest.raises(InputError, match="was scored against wang2023, which is not at hand"):
        verify(copy, SOURCES)
