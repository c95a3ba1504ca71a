"""The logs of a run's stages become one table and one figure."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from matplotlib.image import imread

from kinesis_bench.errors import InputError
from kinesis_bench.report.training_curve import joined, training_figure, write_training_curve

HEADER = "update,steps,wall_s,reward,success,coverage,strict_success,strict_coverage,mpjpe_mm,excitation"
FIRST = """
1,100,2.0,0.1,,,,,,
2,200,4.0,0.2,0.25,0.5,0.125,0.375,80.0,0.2
3,300,6.0,0.3,,,,,,
"""
SECOND = """
1,50,1.5,0.4,0.5,0.75,0.25,0.5,60.0,0.15
2,100,3.0,0.5,1.0,1.0,0.5,0.75,,0.125
"""


@pytest.fixture
def logs(tmp_path: Path) -> dict[str, Path]:
    paths = {"teacher": tmp_path / "teacher.csv", "expert-1": tmp_path / "expert-1.csv"}
    for path, rows in zip(paths.values(), (FIRST, SECOND), strict=True):
        path.write_text(HEADER + rows)
    return paths


def test_steps_and_time_count_on_from_stage_to_stage(logs: dict[str, Path]) -> None:
    rows = joined(logs)
    assert [(row["stage"], row["update"], row["steps"], row["wall_s"]) for row in rows] == [
        ("teacher", 2, 200, 4.0),
        ("expert-1", 1, 350, 7.5),
        ("expert-1", 2, 400, 9.0),
    ]
    assert [row["success"] for row in rows] == [0.25, 0.5, 1.0]


def test_the_table_and_the_figure_are_written(tmp_path: Path, logs: dict[str, Path]) -> None:
    out = tmp_path / "out"
    write_training_curve(out, logs)
    with (out / "curve.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["reward"] for row in rows] == ["0.2", "0.4", "0.5"]
    assert [row["mpjpe_mm"] for row in rows] == ["80.0", "60.0", ""]
    height, width, _ = imread(out / "curve.png").shape
    assert (height, width) == (900, 1050)


def test_the_figure_shows_the_numbers(logs: dict[str, Path]) -> None:
    figure = training_figure(joined(logs))
    shares, mpjpe, excitation = figure.axes
    millions = [x for line in shares.get_lines() for x in line.get_xdata()]
    assert max(millions) == pytest.approx(400e-6)
    drawn = {tuple(line.get_ydata()) for line in shares.get_lines() if len(line.get_xdata()) == 2}
    assert {(50.0, 100.0), (75.0, 100.0), (50.0, 75.0)} <= drawn
    assert [text.get_text().strip() for text in shares.texts] == ["teacher", "expert-1"]
    assert [text.get_text() for text in excitation.texts] == ["0.125"]
    assert mpjpe.get_ylabel() == "MPJPE [mm]"
    (legend,) = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == ["success: 100 %", "frame coverage: 100 %", "every keypoint within 0.15 m: 75 %"]


def test_names_of_short_stages_do_not_overlap(logs: dict[str, Path]) -> None:
    rows = joined(logs)
    names = {"a": 2_000_000, "b": 2_010_000, "c": 2_020_000, "d": 9_000_000}
    figure = training_figure([rows[0] | {"stage": name, "steps": steps} for name, steps in names.items()])
    place = {text.get_text().strip(): text.get_position() for text in figure.axes[0].texts}
    assert place["a"][1] == place["b"][1] < place["c"][1] < place["d"][1]
    assert place["b"][0] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "\n", "no stage has been evaluated yet"),
        (HEADER + "\n1,100,2.0,0.1,,,,,,\n", "no stage has been evaluated yet"),
        ("key,run\na,1\n", "is no log of a training stage"),
        (HEADER + "\n1,100,2.0,high,,,,,,\n", "is no log of a training stage"),
        (None, "no such file"),
    ],
)
def test_what_is_no_log(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "log.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        write_training_curve(tmp_path / "out", {"expert-1": path})
    assert not (tmp_path / "out").exists()
