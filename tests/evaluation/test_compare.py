"""Differences between results whose answers are known, and results that must not be compared."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from nulls import nulls_without_reason
from scored_folders import GROUP, MOTIONS, NAMES, recording, write_scored

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.compare import compare
from kinesis_bench.evaluation.comparison import (
    FIGURES,
    OF_CLIPS,
    SCHEMA_FILE,
    Difference,
    published_schema,
    write_comparison,
    write_differences,
)
from kinesis_bench.evaluation.evaluate import evaluate_rollouts, read_recording
from kinesis_bench.evaluation.published import against_published, why_different
from kinesis_bench.evaluation.result import read_result, write_result
from kinesis_bench.human.sources import human_emg


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Results that can be compared with each other, and some that cannot."""
    place = tmp_path_factory.mktemp("results")
    bare = recording()
    bare = replace(
        bare,
        clips=tuple(replace(clip, reference_keypoint_position=None) for clip in bare.clips),
        attributes={},
    )
    made = {
        "good": (recording(), {}),
        "worse": (recording(error_m=0.05, fails=(1, 2), noise=1.0), {}),
        "twice": (recording(runs=2), {}),
        "group": (recording(noise=1.0), {"human": GROUP}),
        "recorded": (bare, {}),
        "upstream": (recording(), {"protocol": "kinesis-2025"}),
        "body": (replace(recording(), body="legs_abs", model_sha256="cd" * 32), {}),
        "fewer": (replace(recording(), clips=recording().clips[:4]), {}),
    }
    for name, (rollouts, how) in made.items():
        write_scored(place / name, rollouts, **how)
    good = read_result(place / "good" / "result.json")
    assert good.emg.by_person is not None
    others = dict(zip("abcdef", good.emg.by_person.values(), strict=True))
    soleus = good.curves.muscles["Soleus"]
    louder = replace(soleus, human_mean=tuple(x + 0.1 for x in soleus.human_mean))
    muscles = good.curves.muscles | {"Soleus": louder}
    per_muscle = {name: one for name, one in good.emg.per_muscle.items() if name != "Soleus"}
    knee = good.curves.joints["knee_angle"]
    stiff = replace(knee, human_mean_deg=tuple(0.5 * x for x in knee.human_mean_deg))
    joints = good.curves.joints | {"knee_angle": stiff}
    changed = {
        "quick": {"quick": True},
        "pushed": {"diagnostic": "pushed: a diagnostic, no score"},
        "motions": {"motions": replace(MOTIONS, sources_sha256="6" * 64)},
        "split": {"motions": replace(MOTIONS, split="some/train")},
        "faster": {"emg": replace(good.emg, human_condition="walk-5.4")},
        "others": {"emg": replace(good.emg, by_person=others)},
        "louder": {"curves": replace(good.curves, muscles=muscles)},
        "part": {"emg": replace(good.emg, per_muscle=per_muscle)},
        "adults": {"curves": replace(good.curves, joints=joints)},
    }
    for name, fields in changed.items():
        shutil.copytree(place / "good", place / name)
        write_result(place / name / "result.json", replace(good, **fields))
    return {path.name: path for path in place.iterdir()}


def by_figure(a: Path, b: Path) -> dict[str, Difference]:
    comparison, _ = compare([a, b])
    assert [one.figure for one in comparison.pairs[0].differences] == list(FIGURES)
    return {one.figure: one for one in comparison.pairs[0].differences}


def test_a_copy_of_a_result_differs_by_nothing(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(folders["good"], tmp_path / "copy")
    for one in by_figure(folders["good"], copy).values():
        assert one.difference == 0.0
        assert one.ci95 is None
        assert one.p in (1.0, None)


def test_differences_are_those_of_the_figures_and_tested_over_their_units(folders: dict[str, Path]) -> None:
    found = by_figure(folders["good"], folders["worse"])
    a, b = (read_result(folders[name] / "result.json") for name in ("good", "worse"))
    assert a.imitation is not None
    assert b.imitation is not None
    success = found["success_pct"]
    assert (success.a, success.b, success.units) == (100.0, pytest.approx(100 * 4 / 6), 6)
    assert success.p == pytest.approx(0.5)  # two clips differ: 2 of 4 ways are as far
    assert success.exact
    covered = (sum(240 + 10 * i for i in range(6)) - 130 - 140) / sum(240 + 10 * i for i in range(6))
    coverage = found["frame_coverage_pct"]
    assert coverage.difference == pytest.approx(100 * covered - 100)
    mpjpe = found["mpjpe_mm"]
    assert a.imitation.mpjpe_mm.mean is not None
    assert mpjpe.difference == pytest.approx((b.imitation.mpjpe_mm.mean or 0) - a.imitation.mpjpe_mm.mean)
    assert mpjpe.p == pytest.approx(2 / 2**6)  # worse in every clip
    assert mpjpe.ci95 is not None
    assert mpjpe.ci95[0] < mpjpe.difference < mpjpe.ci95[1]
    emg = found["emg_mean_r"]
    assert (emg.over, emg.units) == ("people", 6)
    assert emg.p == pytest.approx(2 / 2**6)
    assert emg.difference is not None
    assert emg.difference < -0.05
    assert emg.ci95 is not None
    assert emg.ci95[1] < 0
    ratio = found["emg_ratio"]
    assert ratio.difference == pytest.approx(emg.difference / (a.emg.human_pairs_r or 1))
    assert ratio.ci95 is not None
    assert ratio.p is None
    assert "that of EMG r" in ratio.reasons["p"]
    angles = found["mpjae_deg"]
    assert angles.difference == pytest.approx(0.0)
    assert "mean and SD" in angles.reasons["p"]


def test_the_other_way_round_signs_and_intervals_turn(folders: dict[str, Path]) -> None:
    there, back = (by_figure(folders[a], folders[b]) for a, b in (("good", "worse"), ("worse", "good")))
    for figure in FIGURES:
        assert there[figure].p == back[figure].p
        assert there[figure].difference == pytest.approx(-(back[figure].difference or 0.0))
        forth, reverse = there[figure].ci95, back[figure].ci95
        assert (forth is None) == (reverse is None)
        if forth is not None and reverse is not None:
            assert forth == pytest.approx((-reverse[1], -reverse[0]), rel=1e-6, abs=1e-9)


def test_holm_is_over_all_tests_of_all_pairs(folders: dict[str, Path]) -> None:
    comparison, _ = compare([folders["good"], folders["worse"], folders["twice"]])
    tested = [one for pair in comparison.pairs for one in pair.differences if one.p is not None]
    assert comparison.tests == len(tested) == 14
    assert [(pair.a, pair.b) for pair in comparison.pairs] == [("good", "worse"), ("good", "twice")]
    smallest = min(tested, key=lambda one: one.p or 0)
    assert smallest.p is not None
    assert smallest.p_holm == pytest.approx(min(1.0, 14 * smallest.p))
    for one in tested:
        assert one.p_holm is not None
        assert one.p is not None
        assert one.p <= one.p_holm <= 1.0


def test_runs_are_averaged_and_need_not_be_as_many(folders: dict[str, Path]) -> None:
    found = by_figure(folders["good"], folders["twice"])
    for figure in OF_CLIPS:
        assert found[figure].difference == pytest.approx(0.0, abs=1e-9)
        assert found[figure].units == 6


def test_group_figures_give_the_difference_and_the_remedy(folders: dict[str, Path], tmp_path: Path) -> None:
    good = write_scored(tmp_path / "good", recording(), GROUP)
    found = by_figure(good, folders["group"])
    emg = found["emg_mean_r"]
    assert emg.difference is not None
    assert emg.p is emg.ci95 is None
    assert "--human wang2023=DIR" in emg.reasons["p"]
    assert found["mpjpe_mm"].p is not None


def test_a_recording_without_a_reference_is_compared_on_emg_and_angles(folders: dict[str, Path]) -> None:
    found = by_figure(folders["recorded"], folders["worse"])
    for figure in OF_CLIPS:
        assert found[figure].difference is None
        assert found[figure].reasons["difference"].startswith("recorded followed no reference")
    assert found["emg_mean_r"].p is not None
    assert found["mpjae_deg"].difference is not None


def test_figures_of_other_muscles_or_joints_are_left_out(folders: dict[str, Path]) -> None:
    emg = by_figure(folders["good"], folders["part"])["emg_mean_r"]
    assert emg.difference is None
    assert emg.reasons["difference"] == "not of the same muscles: part lacks Soleus"
    angles = by_figure(folders["good"], folders["adults"])["mpjae_deg"]
    assert angles.difference is None
    assert "other people" in angles.reasons["difference"]


def test_upstreams_figures_are_compared_as_upstream_defines_them(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    worse = write_scored(tmp_path / "worse", recording(fails=(0, 5), error_m=0.05), protocol="kinesis-2025")
    found = by_figure(folders["upstream"], worse)
    halves = 100 * (4 + 120 / 240 + 120 / 290) / 6
    assert found["frame_coverage_pct"].b == pytest.approx(halves)
    assert found["frame_coverage_pct"].p == pytest.approx(0.5)
    assert found["mpjpe_mm"].difference == pytest.approx(20.0 * 1.25)
    assert found["strict_success_pct"].reasons["difference"] == (
        "upstream: protocol kinesis-2025 does not define it"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("upstream", "protocol: kinesis-bench-1 against kinesis-2025"),
        ("body", "body: legs (abababababab) against legs_abs (cdcdcdcdcdcd)"),
        ("quick", "quick: False (6 clips) against True (6 clips)"),
        ("pushed", "diagnostic: none against pushed: a diagnostic, no score"),
        ("motions", "motions: some-motions (555555555555) against some-motions (666666666666)"),
        ("split", "split: some/test against some/train"),
        ("faster", "human condition: walk-4.5 against walk-5.4"),
        ("others", f"people: 6, six people ({', '.join(NAMES)}) against 6, six people (a, b, c, d, e, f)"),
        ("louder", f"against 6, six people ({', '.join(NAMES)}), with other curves"),
        ("group", f"people: 6, six people ({', '.join(NAMES)}) against 9, group figures"),
        ("fewer", "clips: 6 clips, clip4 of 280 frames against 4 clips, clip4 absent"),
    ],
)
def test_what_differs_is_said_with_both_sides(folders: dict[str, Path], name: str, said: str) -> None:
    with pytest.raises(InputError, match="cannot be compared") as refused:
        compare([folders["good"], folders["worse"], folders[name]])
    assert said in refused.value.problem
    assert str(folders[name]) in refused.value.where


def test_all_that_differs_is_said_at_once(folders: dict[str, Path], tmp_path: Path) -> None:
    both = replace(recording(told={"quick": True}), body="legs_abs")
    with pytest.raises(InputError, match=r"quick: .*; body: legs"):
        compare([folders["good"], write_scored(tmp_path / "both", both)])


def test_folders_that_are_no_results(folders: dict[str, Path], tmp_path: Path) -> None:
    good = folders["good"]
    with pytest.raises(InputError, match="1 result folder given"):
        compare([good])
    with pytest.raises(InputError, match="is given twice"):
        compare([good, good.parent / "worse" / ".." / "good"])
    with pytest.raises(InputError, match="no such folder"):
        compare([good, tmp_path / "absent"])
    with pytest.raises(InputError, match="is a file, not a folder"):
        compare([good, folders["worse"] / "result.json"])
    with pytest.raises(InputError, match=r"holds no result\.json"):
        compare([good, tmp_path])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace("mean_excitation", "effort"), "lacks the column 'mean_excitation'"),
        (
            lambda text: "\n".join(text.splitlines()[:-1]) + "\n",
            "5 clips covered to 100.00 %, but result.json",
        ),
        (lambda text: text.replace(",240,240,", ",240,120,"), "but result.json beside it tells of 6"),
        (lambda text: text.replace(",240,240,", ",240,many,"), "could not convert"),
        (lambda text: text.replace(",240,240,", ",240,,"), "has an empty cell"),
        (lambda text: text + text.splitlines()[-1] + "\n", "every run of every clip once"),
        (lambda text: "", "every run of every clip once"),
    ],
)
def test_damaged_tables_of_clips(folders: dict[str, Path], tmp_path: Path, damage: object, said: str) -> None:
    copy = shutil.copytree(folders["good"], tmp_path / "copy")
    text = (copy / "clips.csv").read_text()
    (copy / "clips.csv").write_text(damage(text))  # type: ignore[operator]
    with pytest.raises(InputError, match=said) as refused:
        compare([folders["worse"], copy])
    assert "clips.csv" in refused.value.where


def test_an_absent_table_of_clips(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(folders["good"], tmp_path / "copy")
    (copy / "clips.csv").unlink()
    with pytest.raises(InputError, match=r"clips\.csv: no such file"):
        compare([folders["worse"], copy])


def test_files_are_valid_and_every_null_has_a_reason(folders: dict[str, Path], tmp_path: Path) -> None:
    names = ("recorded", "good", "worse")
    comparison, _ = compare([folders[name] for name in names], against_kinesis=True)
    write_comparison(tmp_path / "comparison.json", comparison)
    write_differences(tmp_path / "differences.csv", comparison.pairs)
    content = json.loads((tmp_path / "comparison.json").read_text())
    jsonschema.validate(content, json.loads(SCHEMA_FILE.read_text()))
    for pair in content["pairs"]:
        for one in pair["differences"]:
            assert nulls_without_reason(one) == []
    for one in content["against_kinesis"]:
        for figure in one["figures"]:
            assert nulls_without_reason(figure) == []
    with (tmp_path / "differences.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len(FIGURES)
    for row in rows:
        assert bool(row["p"]) != bool(row["reason"])


def test_the_same_results_give_the_same_comparison(folders: dict[str, Path]) -> None:
    two = [folders["good"], folders["worse"]]
    assert compare(two) == compare(two)


def test_the_published_schema_is_that_of_the_classes() -> None:
    assert SCHEMA_FILE.read_text() == published_schema()


def test_names_are_paths_where_folders_are_called_alike(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(folders["good"], tmp_path / "elsewhere" / "good")
    comparison, _ = compare([folders["good"], folders["worse"], copy])
    assert [one.name for one in comparison.results] == [str(folders["good"]), "worse", str(copy)]


def test_kinesis_published_table_stands_beside_one_result(folders: dict[str, Path]) -> None:
    comparison, _ = compare([folders["good"]], against_kinesis=True)
    assert comparison.pairs == ()
    (beside,) = comparison.against_kinesis
    table = {(one.figure, one.policy): one for one in beside.figures}
    coverage = table["frame_coverage_pct", "Legs-Direct"]
    assert (coverage.published, coverage.note, coverage.own, coverage.dataset) == (
        97.99,
        "0.35",
        100.0,
        "test",
    )
    assert coverage.own_macro == 100.0
    emg = table["emg_r_mean", "KINESIS 2025 Legs"]
    assert (emg.published, emg.own) == (0.362, read_result(folders["good"] / "result.json").emg.zero_lag_r)
    assert not any(one.policy in ("Legs-PD", "Legs+Abs") for one in beside.figures)
    assert any("these are some-motions" in reason for reason in beside.why_different)


@pytest.mark.parametrize(
    ("body", "control", "split", "mpjpe_mm"),
    [
        ("legs", "pd", "kinesis-2026/test", 48.76),
        ("legs", "direct", "kinesis-2026/train", 42.72),
        ("legs_abs", "direct", "kinesis-2026/test", 44.17),
        ("legs_back", "pd", "kinesis-2026/test", 42.84),
        ("legs", "tracking", "kinesis-2026/test", None),
    ],
)
def test_the_published_policy_is_that_of_body_control_and_split(
    folders: dict[str, Path], body: str, control: str, split: str, mpjpe_mm: float | None
) -> None:
    result = read_result(folders["good"] / "result.json")
    result = replace(
        result,
        body=replace(result.body, name=body),
        policy=replace(result.policy, control=control),
        motions=replace(result.motions, id="kit-locomotion-v1", split=split),
    )
    beside = against_published("mine", result)
    assert [one.published for one in beside.figures if one.figure == "mpjpe_mm"] == (
        [] if mpjpe_mm is None else [mpjpe_mm]
    )
    assert not any("other motions" in reason for reason in beside.why_different)
    assert ("nothing is published" in " ".join(beside.why_different)) == (mpjpe_mm is None)


def test_medians_stand_beside_those_of_upstreams_protocol_only(folders: dict[str, Path]) -> None:
    results = [read_result(folders[name] / "result.json") for name in ("good", "upstream")]
    ours, upstream = (against_published("mine", result) for result in results)
    assert not [one for one in ours.figures if "median" in one.figure]
    soleus = next(one for one in upstream.figures if one.figure == "emg_r_median_Soleus")
    assert soleus.published == 0.732
    assert soleus.own == results[1].emg.per_muscle["Soleus"].r
    assert "micro and macro" in " ".join(ours.why_different)
    assert "micro and macro" not in " ".join(why_different(upstream.figures, results[1]))


def test_kinesis_own_recording_has_the_figures_of_the_table(shared: Path) -> None:
    people = human_emg(shared / "data" / "emg_wang2023")
    rollouts = read_recording(shared / "data" / "kinesis_recording")
    beside = against_published("2025", evaluate_rollouts(rollouts, people, protocol="kinesis-2025").result)
    assert len(beside.figures) == 12
    for one in beside.figures:
        assert one.own == pytest.approx(one.published, abs=6e-4)
