"""The log has one row an update, whatever happened in between."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.files import DiskFull
from kinesis_bench.training.log import LOG, Log, Progress, StageLog, _Live
from kinesis_bench.training.trial import CLIP_FIGURES


def rows(folder) -> list[dict[str, str]]:
    with (folder / LOG).open() as file:
        return list(csv.DictReader(file))


def progress(update: int, trial: dict[str, float] | None = None) -> Progress:
    shown = SimpleNamespace(figures=lambda: trial) if trial else None
    return Progress("expert-1", update, 16 * update, 100.0, {"reward": 0.5, "episode_steps": math.nan}, shown)


def test_rows_are_written_at_once(tmp_path) -> None:
    log = Log(tmp_path / "stage")
    log.cut(0)
    log.add({"update": 1, "wall_s": 0.5, "x": np.float64(0.1), "y": math.nan})
    assert rows(tmp_path / "stage") == [{"update": "1", "wall_s": "0.5", "x": "0.1", "y": ""}]


def test_rows_after_the_checkpoint_and_half_rows_are_cut(tmp_path) -> None:
    log = Log(tmp_path)
    log.cut(0)
    for update in range(1, 6):
        log.add({"update": update, "steps": 16 * update, "wall_s": 2.0 * update})
    with (tmp_path / LOG).open("a") as file:
        file.write("6")
    again = Log(tmp_path)
    again.cut(4)
    assert (again.wall_s, again.steps) == (8.0, 64)
    again.add({"update": 5, "steps": 80, "wall_s": 11.0})
    assert [row["update"] for row in rows(tmp_path)] == ["1", "2", "3", "4", "5"]
    assert rows(tmp_path)[-1]["wall_s"] == "11.0"


def test_an_empty_or_headless_log_is_begun_anew(tmp_path) -> None:
    for content in ("", "upd"):
        (tmp_path / LOG).write_text(content)
        log = Log(tmp_path)
        log.cut(3)
        log.add({"update": 4, "wall_s": 1.0})
        assert [row["update"] for row in rows(tmp_path)] == ["4"]


def test_a_stage_tells_a_line_a_trial_where_there_is_no_terminal(tmp_path, capsys) -> None:
    trial = dict.fromkeys(CLIP_FIGURES, 0.25)
    with StageLog("expert-1", tmp_path, tmp_path / "events", 160, CLIP_FIGURES) as log:
        log.begin(0)
        log(progress(1))
        assert capsys.readouterr().out == ""
        log(progress(2, trial))
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.startswith("expert-1: update 2, 0.000 M steps")
    assert "success 0.250" in out
    assert [row["success"] for row in rows(tmp_path)] == ["", "0.25"]
    assert [row["episode_steps"] for row in rows(tmp_path)] == ["", ""]


def test_a_student_tells_how_far_it_is_from_its_teachers(tmp_path, capsys) -> None:
    figures = {"samples": 64, "error": 0.0625, "teaching_excitation": 0.1}
    told = Progress("student-1", 20, 320, 100.0, figures, progress(1, {"success": 0.5}).trial)
    with StageLog("student-1", tmp_path, tmp_path / "events", 640, CLIP_FIGURES) as log:
        log.begin(0)
        log(told)
    assert "error 0.062" in capsys.readouterr().out
    assert {name: float(rows(tmp_path)[0][name]) for name in figures} == figures
    drawn = _Live("student-1", 640)._drawn(told, {"success": 0.5}, 30.0)
    names, values = (list(column.cells) for column in drawn.columns)
    assert dict(zip(names, values, strict=True))["error of the excitations"] == "0.062"
    assert "reward" not in names


def test_time_goes_on_where_it_was(tmp_path) -> None:
    log = Log(tmp_path)
    log.cut(0)
    log.add({"update": 1, "steps": 16, "wall_s": 1000.0})
    with StageLog("expert-1", tmp_path, tmp_path / "events", 160, CLIP_FIGURES) as stage:
        stage.begin(1)
        assert 1000 <= stage.wall_s < 1100


def test_events_can_be_read_by_tensorboard(tmp_path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with StageLog("expert-1", tmp_path, tmp_path / "events", 160, CLIP_FIGURES) as log:
        log.begin(0)
        log(progress(1, dict.fromkeys(CLIP_FIGURES, 0.25)))
    read = events.EventAccumulator(str(tmp_path / "events"))
    read.Reload()
    assert [(event.step, event.value) for event in read.Scalars("success")] == [(16, 0.25)]


def test_tensorboard_shows_what_came_before_a_stop_and_what_was_done_again_once(tmp_path) -> None:
    """Updates 1 to 5, stopped; from the checkpoint at update 4 on another update 5 and a sixth."""
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for begun, told in ((0, range(1, 6)), (4, range(5, 7))):
        with StageLog("expert-1", tmp_path, tmp_path / "events", 160, CLIP_FIGURES) as log:
            log.begin(begun)
            for update in told:
                log(progress(update, dict.fromkeys(CLIP_FIGURES, 0.25 + begun)))
    read = events.EventAccumulator(str(tmp_path / "events"))
    read.Reload()
    wanted = [(16 * update, 0.25 if update < 5 else 4.25) for update in range(1, 7)]
    assert [(event.step, event.value) for event in read.Scalars("success")] == wanted


def test_a_full_disk_is_told_by_the_file_that_met_it(tmp_path) -> None:
    """In the events, /dev/full in the place of their file."""
    pytest.importorskip("tensorboard")
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with StageLog("expert-1", tmp_path, tmp_path / "events", 160, CLIP_FIGURES) as log:
        log.begin(0)
        (file,) = (tmp_path / "events").iterdir()
        file.unlink()
        file.symlink_to("/dev/full")
        with pytest.raises(DiskFull, match=r"tfevents.*: the disk is full"):
            log(progress(1))
