"""Results of one task beside one another: differences known by hand, bodies averaged, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nulls import nulls_without_reason
from scored_trials import RUNS, evaluated, target_run, write_evaluated

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.comparison import Difference
from kinesis_bench.evaluation.schema import BodyInfo
from kinesis_bench.evaluation.tasks.compare import (
    average_over_bodies,
    compare_trials,
    read_scored_trials,
)
from kinesis_bench.evaluation.tasks.comparison import SCHEMA_FILE, TaskComparison, published_schema
from kinesis_bench.evaluation.tasks.differences import trial_differences
from kinesis_bench.evaluation.tasks.figures import ByTrial, named_figures
from kinesis_bench.evaluation.typed_json import to_json


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("results")
    first = target_run("++--xx")
    drawn = replace(first, trials=(replace(first.trials[1], number=0), *first.trials[1:]))
    of_first = evaluated("target", first)
    made = {
        "first": of_first,
        "better": evaluated("target", target_run("+++++x")),
        "abs": evaluated("target", target_run("+-++--"), body=BodyInfo("legs_abs", "a" * 64)),
        "back": evaluated("target", target_run("------"), body=BodyInfo("legs_back", "c" * 64)),
        "fewer": evaluated("target", target_run("++--x")),
        "seed": evaluated("target", first, seed=1),
        "far": evaluated("target-far", first),
        "tired": evaluated("target", first, diagnostic="muscles tire (fatigue-1)"),
        "drawn": evaluated("target", drawn),
        "unknown": replace(of_first, result=replace(of_first.result, task="juggling")),
        **{task: evaluated(task) for task in ("direction", "penalty-kick")},
    }
    return {name: write_evaluated(place / name, evaluation) for name, evaluation in made.items()}


def difference(comparison: TaskComparison, figure: str) -> Difference:
    (found,) = [one for one in comparison.pairs[0].differences if one.figure == figure]
    return found


def test_differences_by_hand(folders: dict[str, Path]) -> None:
    """Three trials differ in success, all for the second: of 8 ways to swap two are as far."""
    comparison = compare_trials([folders["first"], folders["better"]])
    success = difference(comparison, "success_pct")
    assert (success.a, success.b) == (pytest.approx(100 / 3), pytest.approx(500 / 6))
    assert success.difference == pytest.approx(50)
    assert (success.p, success.exact, success.over, success.units) == (0.25, True, "trials", 6)
    assert success.ci95 is not None
    assert 0 <= success.ci95[0] < 50 < success.ci95[1] <= 100
    standing = difference(comparison, "standing_s")
    assert standing.difference == pytest.approx(3 / 30 / 6)
    assert standing.p == 1.0
    assert difference(comparison, "fell_pct").difference == pytest.approx(-100 / 6)
    effort = difference(comparison, "excitation")
    assert (effort.ci95, effort.reasons["ci95"]) == (None, "resampling does not change the difference")
    assert comparison.tests == len(comparison.pairs[0].differences)
    assert [one.policy for one in comparison.results] == ["mine", "mine"]


def test_means_over_bodies_by_hand(folders: dict[str, Path]) -> None:
    averaged = average_over_bodies([folders[name] for name in ("first", "abs", "back")])
    by_name = {one.figure: one for one in averaged.over_bodies}
    success = by_name["success_pct"]
    assert success.values == (pytest.approx(100 / 3), 50.0, 0.0)
    assert success.mean == pytest.approx((100 / 3 + 50) / 3)
    assert success.mean_ci95 is not None
    assert success.mean_ci95[0] < success.mean < success.mean_ci95[1]
    assert success.ci95[2] is not None
    assert by_name["fell_pct"].mean == pytest.approx(100 / 9)
    assert by_name["excitation"].mean_ci95 is None
    assert averaged.pairs == ()


def test_a_mean_of_no_success_anywhere_has_the_interval_of_one_body(tmp_path: Path) -> None:
    """Clopper and Pearson: none of 20 leaves 1 - 0.025^(1/20) open."""
    bodies = ("legs", "legs_abs")
    runs = {body: evaluated("target", target_run("-" * 20), body=BodyInfo(body, "")) for body in bodies}
    written = [write_evaluated(tmp_path / body, evaluation) for body, evaluation in runs.items()]
    by_name = {one.figure: one for one in average_over_bodies(written).over_bodies}
    assert by_name["success_pct"].mean_ci95 == pytest.approx((0.0, 100 * (1 - 0.025 ** (1 / 20))))
    assert by_name["excitation"].mean_ci95 is None


def test_what_is_written_has_reasons_and_is_of_the_published_schema(folders: dict[str, Path]) -> None:
    assert SCHEMA_FILE.read_text() == published_schema()
    schema = json.loads(SCHEMA_FILE.read_text())
    for made in (
        compare_trials([folders["first"], folders["better"]]),
        average_over_bodies([folders["first"], folders["abs"]]),
    ):
        content = to_json(made)
        jsonschema.validate(content, schema)
        assert nulls_without_reason(content) == []


@pytest.mark.parametrize("task", RUNS)
def test_the_parts_in_the_file_make_the_figures_of_the_result(task: str, tmp_path: Path) -> None:
    evaluation = evaluated(task)
    scored = read_scored_trials(write_evaluated(tmp_path / "a", evaluation))
    known = named_figures(evaluation.result.figures)
    ones = np.ones((1, len(evaluation.run.trials)))
    assert set(evaluation.headline) <= set(scored.parts)
    for name, parts in scored.parts.items():
        value = known[name].value
        own = float(parts.figure(ones)[0])
        assert own == pytest.approx(value, abs=2e-6) if value is not None else np.isnan(own), name
    assert len(scored.table.drawn) == len(evaluation.run.trials)
    alone = {name for name in known if name not in scored.parts}
    assert all(word.endswith(("bias_deg", "spread_deg", "turned_s", "after_s")) for word in alone), alone


@settings(max_examples=12, deadline=None)
@given(st.text("+-x", min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_swapped_results_change_the_sign_and_the_same_ones_differ_by_nothing(word: str, chance) -> None:
    other = "".join(chance.choices("+-x", k=len(word)))
    a, b = (evaluated("target", target_run(letters)) for letters in (word, other))
    figures, parts = (a.result.figures, b.result.figures), (a.by_trial.sums(), b.by_trial.sums())
    names = ("success_pct", "end_distance_m", "standing_s")
    there = trial_differences(names, figures, parts)
    back = trial_differences(names, figures[::-1], parts[::-1])
    for one, two in zip(there, back, strict=True):
        assert one.difference == pytest.approx(-two.difference)
        assert one.p == two.p
    for one in trial_differences(names, (figures[0],) * 2, (parts[0],) * 2):
        assert (one.difference, one.p, one.ci95) == (0.0, 1.0, None)


def test_a_trial_without_the_number_counts_for_nothing() -> None:
    parts = ByTrial({"success": np.array([True, False])}, {"arrival_s": np.array([2.0, np.nan])}).sums()
    assert parts["arrival_s"].figure(np.ones((1, 2))) == pytest.approx([2.0])
    assert parts["success_pct"].figure(np.ones((1, 2))) == pytest.approx([50.0])


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ((), "1 result folder given; give two or more"),
        (("first",), "is given twice"),
        (
            ("abs",),
            "body: legs (bbbbbbbbbbbb) against legs_abs (aaaaaaaaaaaa); compare policies on",
        ),
        (("fewer",), "trials: 6 against 5; score all of them with the same options"),
        (("seed",), "seed: 0 against 1"),
        (("far",), "task: target against target-far; protocol: target-1 against target-far-1"),
        (("tired",), "diagnostic: none against muscles tire (fatigue-1)"),
        (("drawn",), "what was drawn: 0, 0.000000, 0.300000, 0.100000 against 0, 0.000000, 0.310000"),
        (("better", "seed"), "seed: 0 against 1"),
        (("unknown",), "result.json: task: 'juggling' is not known here"),
    ],
)
def test_what_cannot_be_compared(folders: dict[str, Path], others: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError) as refused:
        compare_trials([folders[name] for name in ("first", *others)])
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bodies_of_other_trials_or_one_twice_are_not_averaged(folders: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"is of body legs, as .*first is; give one result a body"):
        average_over_bodies([folders["first"], folders["abs"], folders["better"]])
    with pytest.raises(InputError, match="seed: 0 against 1; score all of them on one task"):
        average_over_bodies([folders["abs"], folders["seed"]])


def _spoilt(text: str, how: str) -> str | None:
    lines = text.splitlines()
    if how == "absent":
        return None
    if how == "older":
        return "\n".join(",".join(line.split(",")[:-10]) for line in lines)
    if how == "tampered":
        place = lines[0].split(",").index("figure_success")
        cells = lines[-1].split(",")
        cells[place] = "1"
        return "\n".join([*lines[:-1], ",".join(cells)])
    if how == "no number":
        return "\n".join([*lines[:-1], lines[-1].rpartition(",")[0] + ",much"])
    if how == "another's line":
        return "\n".join([lines[0], *lines[2:], lines[-1]])
    if how == "too long":
        place = lines[0].split(",").index("steps")
        cells = lines[-1].split(",")
        cells[place] = "1000"
        return "\n".join([*lines[:-1], ",".join(cells)])
    if how == "twice":
        return "\n".join([f"{lines[0]},steps", *(f"{line},5" for line in lines[1:])])
    fewer = "\n".join(lines[:-1])
    return {"fewer": fewer, "short row": "\n".join(lines).rpartition(",")[0], "empty": ""}[how]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("absent", "trials.csv: no such file; keep it beside its result.json"),
        ("older", "trials.csv: lacks the column figure_success; score the policy anew"),
        ("tampered", "figure_success_pct: 50, but result.json beside it tells of 33.3333"),
        ("no number", "figure_excitation: could not convert string to float: 'much'"),
        ("fewer", "trials.csv: 5 trials, but result.json beside it tells of 6"),
        ("another's line", "trials.csv: has trial '1' in the place of 0; score the policy anew"),
        ("too long", "trials.csv: has a trial that did not last 1 to 150 steps"),
        ("twice", "trials.csv: has the column steps twice"),
        ("short row", "trials.csv: has a row of other than 20 cells: line 7 has 19"),
        ("empty", "trials.csv: cannot be read, as it is empty"),
    ],
)
def test_damaged_trials_are_refused(tmp_path: Path, how: str, said: str) -> None:
    folder = write_evaluated(tmp_path / "a", evaluated("target", target_run("++--xx")))
    file = folder / "trials.csv"
    spoilt = _spoilt(file.read_text(), how)
    file.unlink() if spoilt is None else file.write_text(spoilt)
    with pytest.raises(InputError) as refused:
        read_scored_trials(folder)
    assert said in str(refused.value)
