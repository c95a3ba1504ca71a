"""The tables of a comparison say what it holds, and its figures show it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console
from scored_folders import GROUP, POLICY, recording, write_scored

from kinesis_bench.evaluation.compare import compare
from kinesis_bench.evaluation.comparison import Comparison
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.report.comparison import headline, p_text, print_comparison, signed
from kinesis_bench.report.comparison_figures import (
    angles_and_emg_figure,
    differences_figure,
    emg_by_policy_figure,
    write_comparison_figures,
)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, list[Result]]:
    place = tmp_path_factory.mktemp("results")
    teacher = replace(POLICY, privileged=True, needs=("reference",))
    fallen = recording(error_m=0.05, fails=(0, 1, 2, 3, 4, 5), fails_at=20, told={"policy": teacher})
    made = {
        "good": recording(),
        "rather-a-long-name": recording(error_m=0.05, fails=(1, 2), noise=1.0),
        "fallen": fallen,
    }
    folders = [write_scored(place / name, rollouts) for name, rollouts in made.items()]
    return compare(folders, against_kinesis=True)


def printed(comparison: Comparison, width: int = 100) -> str:
    console = Console(width=width, record=True, highlight=False, file=open("/dev/null", "w"))  # noqa: SIM115
    print_comparison(comparison, console)
    return console.export_text()


def test_tables_hold_the_differences(compared: tuple[Comparison, list[Result]]) -> None:
    rows = [" ".join(line.split()) for line in printed(compared[0]).splitlines()]
    first = {one.figure: one for one in compared[0].pairs[0].differences}
    success = first["success_pct"]
    assert success.ci95 is not None
    low, high = success.ci95
    assert f"success [%] 100.0 66.7 -33.3 {low:+.1f}, {high:+.1f} 0.500 1.000" in rows
    mpjpe = first["mpjpe_mm"]
    assert mpjpe.ci95 is not None
    low, high = mpjpe.ci95
    start = f"MPJPE [mm] {mpjpe.a:.1f} {mpjpe.b:.1f} {mpjpe.difference:+.1f} {low:+.1f}, {high:+.1f} 0.031"
    assert any(row.startswith(start) for row in rows)
    assert "over 6 clips and 6 people, runs averaged; each policy keeps its own best lag" in rows
    assert "every result against the first, good" in rows
    assert "privileged: fallen sees more than its observation" in rows
    assert "coverage [%] 100.00 100.00 97.99 ± 0.35" in rows
    assert any(
        row.startswith("Protocol kinesis-bench-1, EMG against 6 people (walk at 4.5 km/h)") for row in rows
    )
    text = " ".join(rows)
    assert text.count("time base: upstream keeps every third frame") == 1
    assert "None" not in text
    assert "nan" not in text


@pytest.mark.parametrize("width", [40, 80])
def test_numbers_are_whole_however_narrow_the_terminal(
    compared: tuple[Comparison, list[Result]], width: int
) -> None:
    numbers = re.compile(r"(?<![\w.])[+-]?\d+\.\d+(?![\w.])")
    narrow = printed(compared[0], width)
    assert "…" not in narrow
    assert numbers.findall(narrow) == numbers.findall(printed(compared[0], 200))


def test_headline_names_what_is_more_than_chance(compared: tuple[Comparison, list[Result]]) -> None:
    pair = compared[0].pairs[0]
    sure = [
        replace(
            one, p_holm=0.01 if one.figure in ("mpjpe_mm", "emg_mean_r", "mean_excitation") else one.p_holm
        )
        for one in pair.differences
    ]
    line = headline(replace(pair, differences=tuple(sure)))
    by_figure = {one.figure: one for one in sure}
    assert line.startswith("rather-a-long-name against good: MPJPE +")
    assert f"MPJPE {signed(by_figure['mpjpe_mm'])} (worse)" in line
    assert f"EMG r {signed(by_figure['emg_mean_r'])} (worse)" in line
    assert f"excitation {signed(by_figure['mean_excitation'])}," in line
    assert "4 no more than chance" in line
    chance = replace(pair, differences=tuple(replace(one, p_holm=0.5 if one.p else None) for one in sure))
    assert headline(chance).endswith("no difference is more than chance (7 tested)")


def test_small_p_is_no_nought() -> None:
    assert [p_text(p) for p in (None, 0.0001, 0.0312, 1.0)] == ["–", "<0.001", "0.031", "1.000"]


def test_figures_are_drawn(compared: tuple[Comparison, list[Result]], tmp_path: Path) -> None:
    written = write_comparison_figures(tmp_path, *compared)
    assert [path.name for path in written] == ["differences.png", "emg_by_policy.png", "angles_and_emg.png"]
    for path in written:
        image = imread(path)
        assert image.shape[0] > 300
        assert image[..., :3].std() > 0.05


def test_the_forest_shows_differences_and_intervals(compared: tuple[Comparison, list[Result]]) -> None:
    comparison = compared[0]
    axes = {
        axis.get_title(loc="left").split(",")[0]: axis for axis in differences_figure(comparison.pairs).axes
    }
    first = {one.figure: one for one in comparison.pairs[0].differences}
    interval, point = axes["MPJPE [mm]"].lines[:2]
    assert tuple(interval.get_xdata()) == first["mpjpe_mm"].ci95
    assert list(point.get_xdata()) == [first["mpjpe_mm"].difference]
    assert [label.get_text() for label in axes["coverage [%]"].get_yticklabels()] == [
        "rather-a-long-name",
        "fallen",
    ]
    assert [text.get_text() for text in axes["EMG r"].texts] == ["no figure"]  # fallen has no cycles


def test_single_people_and_pairs_are_points(compared: tuple[Comparison, list[Result]]) -> None:
    results = compared[1][:2]
    axis = emg_by_policy_figure([("good", results[0]), ("worse", results[1])]).axes[0]
    points = [line.get_ydata() for line in axis.lines if line.get_marker() == "o"]
    assert [len(group) for group in points] == [6, 6, 15]
    for group, mean in zip(points, (results[0].emg.mean_r, results[1].emg.mean_r), strict=False):
        assert np.mean(group) == pytest.approx(mean)
    assert np.mean(points[2]) == pytest.approx(results[0].emg.human_pairs_r)
    assert [label.get_text() for label in axis.get_xticklabels()] == [
        "good\n44 ms earlier",
        f"worse\n{results[1].emg.lag_ms:.0f} ms earlier",
        "human pairs",
    ]


def test_angles_stand_against_emg(compared: tuple[Comparison, list[Result]]) -> None:
    result = compared[1][0]
    lines = {line.get_label(): line for line in angles_and_emg_figure([("good", result)]).axes[0].lines}
    assert list(lines["good"].get_xdata()) == [result.emg.mean_r]
    assert list(lines["good"].get_ydata()) == [result.joint_angles.mpjae_deg]
    assert result.emg.pairs_r is not None
    low, high = min(result.emg.pairs_r), max(result.emg.pairs_r)
    star = lines[f"between people (band: all pairs, r {low:.2f} to {high:.2f})"]
    assert list(star.get_ydata()) == [result.joint_angles.human_deg]


def test_group_figures_have_no_points(tmp_path: Path) -> None:
    folders = [
        write_scored(tmp_path / name, recording(noise=x), GROUP) for name, x in (("a", 0.0), ("b", 1.0))
    ]
    comparison, results = compare(folders)
    named = list(zip("ab", results, strict=True))
    axis = emg_by_policy_figure(named).axes[0]
    assert [len(line.get_ydata()) for line in axis.lines if line.get_marker() == "o"] == [0, 0, 0]
    assert [text.get_text() for text in axis.texts] == [f"{result.emg.mean_r:.2f}" for result in results] + [
        f"{results[0].emg.human_pairs_r:.2f}"
    ]
    assert "--human wang2023=DIR" in " ".join(printed(comparison).split())


def test_where_nothing_differs_the_axis_is_not_of_rounding(
    compared: tuple[Comparison, list[Result]],
) -> None:
    (pair, *_) = compared[0].pairs
    same = replace(pair.differences[0], a=1.0, b=1.0, difference=0.0, ci95=None)
    figure = differences_figure([replace(pair, differences=(same,))])
    assert figure.axes[0].get_xlim() == (-1.0, 1.0)


@pytest.mark.parametrize("name", ["emg_by_policy_figure", "differences_figure"])
def test_labels_of_neighbours_do_not_overlap(compared: tuple[Comparison, list[Result]], name: str) -> None:
    comparison, results = compared
    named = [(f"static-optimisation-legs-{i}", results[i % 2]) for i in range(8)]
    figure = (
        emg_by_policy_figure(named)
        if name == "emg_by_policy_figure"
        else differences_figure(comparison.pairs)
    )
    figure.draw_without_rendering()
    axis = figure.axes[0]
    across = name == "emg_by_policy_figure"
    labels = axis.get_xticklabels() if across else axis.get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    for one, other in pairwise(boxes):
        assert one.x1 < other.x0 if across else one.y0 > other.y1
    assert min(box.x0 for box in boxes) >= 0


def test_the_legend_of_many_policies_is_whole(compared: tuple[Comparison, list[Result]]) -> None:
    named = [(f"static-optimisation-legs-{i}", compared[1][i % 2]) for i in range(9)]
    figure = angles_and_emg_figure(named)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
    assert len({(line.get_marker(), line.get_color()) for line in legend.get_lines()}) == 10
