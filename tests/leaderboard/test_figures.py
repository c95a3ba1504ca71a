"""Which differences between stated and computed figures are too large."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scored_folders import recording, write_scored

from kinesis_bench.evaluation.result import read_result
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.evaluation.scored_folder import Scored, read_scored
from kinesis_bench.leaderboard.figures import (
    clip_differences,
    people_differences,
    result_differences,
    table_differences,
)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return read_scored(write_scored(tmp_path_factory.mktemp("scored") / "a", recording(fails=(1, 2), runs=2)))


@pytest.fixture
def result(scored: Scored) -> Result:
    return scored.result


@pytest.fixture
def table(scored: Scored) -> str:
    return (scored.folder / "clips.csv").read_text()


def test_a_result_is_itself(result: Result, table: str, scored: Scored) -> None:
    assert result_differences(result, result) == []
    assert clip_differences(table, table, 2) == []
    assert scored.clips is not None
    assert all(not one.refused for one in table_differences(result, scored.clips))


def test_what_is_no_figure_may_differ(result: Result) -> None:
    other = replace(result, wall_s=1e9, realtime_factor=2.0, versions={}, seed=5)
    assert result_differences(result, other) == []


@pytest.mark.parametrize(("by", "refused"), [(0.019, False), (0.021, True), (-0.021, True)])
def test_millimetres(by: float, refused: bool, result: Result) -> None:
    assert result.imitation is not None
    told = replace(result.imitation.mpjpe_mm, mean=(result.imitation.mpjpe_mm.mean or 0.0) + by)
    (one,) = result_differences(replace(result, imitation=replace(result.imitation, mpjpe_mm=told)), result)
    assert (one.where, one.unit, one.refused) == ("imitation.mpjpe_mm.mean", "mm", refused)


@pytest.mark.parametrize(("by", "refused"), [(9e-5, False), (1.1e-4, True)])
def test_correlations(by: float, refused: bool, result: Result) -> None:
    told = replace(result, emg=replace(result.emg, mean_r=(result.emg.mean_r or 0.0) + by))
    (one,) = result_differences(told, result)
    assert (one.where, one.refused) == ("emg.mean_r", refused)


@pytest.mark.parametrize(("steps", "refused"), [(1, False), (2, True)])
def test_a_lag_may_be_its_neighbour(steps: int, refused: bool, result: Result) -> None:
    emg = result.emg
    assert emg.lag_pct is not None
    assert emg.lag_ms is not None
    assert emg.cycle_s is not None
    other = replace(emg, lag_pct=emg.lag_pct + steps, lag_ms=emg.lag_ms + steps * 10 * emg.cycle_s)
    found = result_differences(replace(result, emg=other), result)
    assert {one.where: one.refused for one in found} == {"emg.lag_pct": refused, "emg.lag_ms": refused}


def test_numbers_for_nothing_and_nothing_for_numbers(result: Result) -> None:
    told = replace(result, emg=replace(result.emg, mean_r=None))
    for one in (*result_differences(told, result), *result_differences(result, told)):
        assert one.refused
        assert one.where == "emg.mean_r"


def test_of_people_alone(result: Result) -> None:
    emg = replace(result.emg, mean_r=0.9, human_pairs_r=0.1, human_people=3)
    found = result_differences(replace(result, emg=emg), result, people_only=True)
    assert {one.where for one in found} == {"emg.human_pairs_r", "emg.human_people"}


@pytest.mark.parametrize(
    ("column", "value", "refused"),
    [
        ("covered", "240", True),
        ("success", "0", True),
        ("skill", "run", True),
        ("failure", "tired", True),
        ("mpjpe_mm", "", True),
        ("mpjpe_mm", "many", True),
    ],
)
def test_cells(column: str, value: str, refused: bool, table: str) -> None:
    header, first, *rest = table.splitlines()
    cells = first.split(",")
    place = header.split(",").index(column)
    assert cells[place] != value or column == "covered"
    cells[place] = value if column != "covered" else str(int(cells[place]) - 1)
    told = "\n".join([header, ",".join(cells), *rest]) + "\n"
    (one,) = clip_differences(told, table, 2)
    assert one.where == f"clip0 run 0: {column}"
    assert one.refused == refused


def test_a_column_that_does_not_belong_is_refused(table: str) -> None:
    more = "".join(f"{line},best\n" for line in table.splitlines())
    assert all(one.refused for one in clip_differences(more, table, 2))
    assert len(clip_differences(more, table, 2)) == len(table.splitlines()) - 1


def test_lines_that_are_missing_or_too_many(table: str) -> None:
    lines = table.splitlines(keepends=True)
    (one,) = clip_differences("".join(lines[:-1]), table, 2)
    assert "lacks clip5 run 1" in str(one)
    (one,) = clip_differences("".join([*lines, lines[1]]), table, 2)
    assert "one of them twice" in str(one)
    (one,) = clip_differences(table, table, 3)
    assert "lacks clip0 run 2" in str(one)


def test_the_result_must_follow_from_its_own_table(scored: Scored, result: Result) -> None:
    assert scored.clips is not None
    assert result.imitation is not None
    for name in ("success_pct", "strict_success_pct", "frame_coverage_pct", "mpjpe_mm"):
        figure = replace(getattr(result.imitation, name), mean=1.0)
        told = replace(result, imitation=replace(result.imitation, **{name: figure}))
        refused = [one.where for one in table_differences(told, scored.clips) if one.refused]
        assert refused == [f"imitation.{name}.mean"]


def test_values_of_people_must_average_to_the_figures(result: Result) -> None:
    assert all(not one.refused for one in people_differences(result))
    emg = result.emg
    assert emg.by_person is not None
    best = {name: replace(one, r=0.99, zero_lag_r=0.98) for name, one in emg.by_person.items()}
    found = people_differences(replace(result, emg=replace(emg, by_person=best)))
    assert {one.where for one in found if one.refused} == {"emg.mean_r", "emg.zero_lag_r"}
    pairs = tuple(1.0 for _ in emg.pairs_r or ())
    found = people_differences(replace(result, emg=replace(emg, pairs_r=pairs)))
    assert {one.where for one in found if one.refused} == {"emg.human_pairs_r"}


@pytest.mark.parametrize("name", ["mean_r", "human_pairs_r", "ratio"])
def test_a_figure_lies_in_its_own_interval(name: str, result: Result) -> None:
    intervals = replace(result.emg.ci95, **{name: (1.5, 1.6)})
    found = people_differences(replace(result, emg=replace(result.emg, ci95=intervals)))
    assert [one.where for one in found if one.refused] == [f"emg.ci95.{name}"]


def test_definitions_of_2025_are_other_ones(tmp_path: Path) -> None:
    scored = read_scored(write_scored(tmp_path / "a", recording(), protocol="kinesis-2025"))
    assert scored.clips is not None
    assert read_result(tmp_path / "a" / "result.json").protocol == "kinesis-2025"
    assert table_differences(scored.result, scored.clips) == []
