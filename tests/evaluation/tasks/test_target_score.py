"""The score of target reaching on trials known by hand, its files, and what is drawn of them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_trials import DT_S, STEPS, made_run, trial

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.schema import BodyInfo, PolicyInfo
from kinesis_bench.evaluation.tasks.figures import cell_map, mean, proportion
from kinesis_bench.evaluation.tasks.result import (
    SCHEMA_FILE,
    published_schema,
    read_task_result,
    write_task_result,
    write_trials,
)
from kinesis_bench.evaluation.tasks.run import TrialRun
from kinesis_bench.evaluation.tasks.schema import SCHEMA, TaskResult
from kinesis_bench.evaluation.tasks.target import by_trial, score, succeeded
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.metrics.statistics import wilson_interval


def scored() -> TaskResult:
    run = made_run()
    return TaskResult(
        schema=SCHEMA,
        task="target",
        protocol="target-1",
        options={},
        policy=PolicyInfo("made"),
        body=BodyInfo("legs", ""),
        policy_task="imitation",
        trials=4,
        seed=0,
        quick=True,
        diagnostic="",
        versions={},
        figures=score(run, np.random.default_rng(0)),
        endings={"whole": 2, "the body fell": 2},
        recorded=0,
        wall_s=2.0,
        control_steps=13,
        realtime_factor=13 * DT_S / 2,
    )


def test_figures_by_hand() -> None:
    figures = scored().figures
    assert (figures.success.count, figures.success.trials, figures.success.pct) == (1, 4, 25.0)
    assert figures.success.ci95 == pytest.approx([100 * end for end in wilson_interval(1, 4)])
    assert figures.proportions["fell"].count == 2
    assert figures.proportions["reached_at_any_time"].count == 3
    means = figures.means
    assert means["end_distance_m"].mean == pytest.approx((0.05 + 0.3 + 0.08 + 0.9) / 4)
    assert means["least_distance_m"].mean == pytest.approx((0.05 + 0.05 + 0.08 + 0.9) / 4)
    assert means["arrival_s"].mean == pytest.approx((3 + 2 + 2) / 3 * DT_S)
    assert means["arrival_s"].trials == 3
    assert means["standing_s"].mean == pytest.approx((5 + 5 + 2 + 1) / 4 * DT_S)
    assert means["excitation"].mean == pytest.approx(0.1)
    assert means["excitation"].ci95 is None
    assert means["excitation"].reason
    start = [np.hypot(0.3, 0.1)] * 3 + [np.hypot(0.9, 0.7)]
    assert means["start_distance_m"].mean == pytest.approx(np.mean(start))
    assert means["start_distance_m"].sd == pytest.approx(np.std(start, ddof=1))


def test_a_trial_that_fell_stays_where_it_fell_in_the_curve() -> None:
    curve = scored().figures.curves["distance_m"]
    assert curve.time_s == pytest.approx([DT_S * step for step in range(1, STEPS + 1)])
    assert curve.mean == pytest.approx(
        [
            np.mean(column)
            for column in (
                (0.3, 0.3, 0.2, 0.9),
                (0.2, 0.09, 0.08, 0.9),
                (0.09, 0.05, 0.08, 0.9),
                (0.05, 0.2, 0.08, 0.9),
                (0.05, 0.3, 0.08, 0.9),
            )
        ]
    )


def test_the_map_is_the_plane_as_the_body_sees_it() -> None:
    """Facing +y, a goal at x 0.3, y 0.1 lies 0.1 ahead and 0.3 to the right."""
    cells = scored().figures.maps["goal"]
    assert cells.x_m == cells.y_m == (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
    trials, successes = np.array(cells.trials), np.array(cells.successes)
    assert trials.sum() == 4
    assert trials[5, 4] == 1  # 0.3 ahead, 0.1 to the left
    assert trials[2, 4] == 1  # 0.3 behind, 0.1 to the left
    assert trials[4, 2] == 1  # 0.1 ahead, 0.3 to the right
    assert trials[7, 1] == 1  # 0.9 ahead, 0.7 to the right
    assert successes.sum() == successes[5, 4] == 1


@pytest.mark.parametrize(
    ("last", "ending", "success"),
    [(0.0999, "", True), (0.1, "", False), (0.01, "the body fell", False), (0.01, "policy raised", False)],
)
def test_success_is_within_a_tenth_of_a_metre_and_standing(last: float, ending: str, success: bool) -> None:
    assert succeeded(trial(0, (0.5, last), ending)) == success


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.booleans()), min_size=1, max_size=50))
def test_a_map_holds_every_trial_once(points: list[tuple[float, float, bool]]) -> None:
    x, y, success = (np.array(column) for column in zip(*points, strict=True))
    cells = cell_map(x, y, success, 0.25, ("x", "y"))
    assert np.sum(cells.trials) == len(points)
    assert np.sum(cells.successes) == success.sum()
    assert (np.array(cells.successes) <= np.array(cells.trials)).all()


def test_nothing_is_made_of_nothing() -> None:
    assert proportion(np.zeros(0, bool)).pct is None
    none = mean(np.array([np.nan, np.nan]), np.random.default_rng(0), "nobody arrived")
    assert (none.mean, none.trials, none.reason) == (None, 0, "nobody arrived")
    one = mean(np.array([2.0]), np.random.default_rng(0))
    assert (one.mean, one.sd, one.ci95, one.reason) == (2.0, None, None, "there is one trial")


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    result, path = scored(), tmp_path / "result.json"
    write_task_result(path, result)
    assert read_task_result(path) == result
    jsonschema.validate(to_json(result), json.loads(SCHEMA_FILE.read_text()))
    path.write_text(json.dumps({**to_json(result), "schema": "other"}))
    with pytest.raises(InputError, match="schema: is 'other'"):
        read_task_result(path)
    content = to_json(result)
    content["figures"]["success"]["count"] = 1.5
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"figures\.success\.count is '1\.5', not a int"):
        read_task_result(path)


def test_the_published_schema_is_that_of_the_classes() -> None:
    assert SCHEMA_FILE.read_text() == published_schema()


def test_a_line_a_trial(tmp_path: Path) -> None:
    run = made_run()
    write_trials(tmp_path / "trials.csv", run, by_trial(run))
    with (tmp_path / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["trial"]) for row in rows] == [0, 1, 2, 3]
    assert rows[2]["ending"] == "the body fell"
    assert float(rows[2]["last_distance_m"]) == pytest.approx(0.08)
    assert float(rows[0]["mean_distance_m"]) == pytest.approx(np.mean((0.3, 0.2, 0.09, 0.05, 0.05)))
    assert float(rows[3]["goal_x_m"]) == pytest.approx(0.9)
    assert [int(row["steps"]) for row in rows] == [5, 5, 2, 1]


def test_a_run_without_whole_trials_is_scored_too() -> None:
    run = made_run()
    fallen = TrialRun(run.trials[3:], run.dt_s, run.steps)
    figures = score(fallen, np.random.default_rng(0))
    assert figures.success.pct == 0.0
    assert figures.means["arrival_s"].mean is None
    assert "0.1 m" in figures.means["arrival_s"].reason
    assert replace(run.trials[0], ending="x").whole is False
