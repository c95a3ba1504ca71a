"""``kinesis-bench compare``: its files, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from matplotlib.image import imread
from scored_folders import recording, write_scored
from scored_trials import evaluated, target_run, write_evaluated

from kinesis_bench.cli.compare import FILES
from kinesis_bench.cli.main import main
from kinesis_bench.evaluation.schema import BodyInfo


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("results")
    write_scored(place / "a", recording())
    write_scored(place / "b", recording(fails=(2,), noise=1.0))
    write_scored(place / "other", recording(), protocol="kinesis-2025")
    for name, word, changes in (
        ("trials", "++-x", {}),
        ("better", "++++", {}),
        ("seed", "++--", {"seed": 1}),
        ("abs", "+---", {"body": BodyInfo("legs_abs", "a" * 64)}),
    ):
        write_evaluated(place / name, evaluated("target", target_run(word), **changes))
    return place


def test_files_go_to_the_folder_named_after_the_results(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["compare", str(results / "a"), str(results / "b")])
    folder = tmp_path / "results" / "compare-a-b"
    assert {path.name for path in folder.iterdir()} == set(FILES)
    out = capsys.readouterr().out
    assert "b against a: " in out
    assert "written to results/compare-a-b" in out


def test_one_result_beside_kinesis(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    main(["compare", str(results / "a"), "--against-kinesis", "--out", str(out)])
    assert "a beside KINESIS" in capsys.readouterr().out
    names = {path.name for path in out.iterdir()}
    assert names == {"comparison.json", "differences.csv", "emg_by_policy.png", "angles_and_emg.png"}


def test_results_of_a_task_go_to_a_folder_too(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["compare", str(results / "trials"), str(results / "better")])
    folder = tmp_path / "results" / "compare-trials-better"
    names = {path.name for path in folder.iterdir()}
    assert names == {"comparison.json", "differences.csv", "differences.png"}
    assert imread(folder / "differences.png").std() > 0.02
    told = json.loads((folder / "comparison.json").read_text())
    assert (told["schema"], told["task"]) == ("kinesis-bench-task-comparison-1", "target")
    out = capsys.readouterr().out
    assert "Task target (protocol target-1), the same 4 trials of seed 0" in out
    assert re.search(r"success \[%\] +50\.0 +100\.0 +\+50\.0", out)
    assert "zero-shot: trials learned task imitation" in out
    assert "by swapping the two results of a trial" in out
    assert "better against trials: no difference is more than chance (7 tested)" in out


def test_one_task_is_averaged_over_bodies(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    main(["compare", str(results / "trials"), str(results / "abs"), "--over-bodies", "--out", str(out)])
    assert {path.name for path in out.iterdir()} == {"comparison.json"}
    told = capsys.readouterr().out
    assert "legs_abs" in told
    assert re.search(r"success \[%\] +50\.0 \[.+?\] +25\.0 \[.+?\] +37\.5 \[", told)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trials", "a"), "a: is of a task of clips, and"),
        (("trials", "absent"), "absent/result.json: no such file"),
        (("trials", "seed"), "seed: 0 against 1"),
        (("trials", "abs"), "compare policies on one body; --over-bodies averages one task over several"),
        (("trials", "better", "--against-kinesis"), "--against-kinesis: is for imitation; leave it out"),
        (("trials", "better", "--over-bodies"), "is of body legs, as"),
        (("a", "b", "--over-bodies"), "--over-bodies: is for tasks of trials, such as target"),
        (("a",), "1 result folder given; give two or more, or one and --against-kinesis"),
        (("a", "a"), "is given twice"),
        (("a", "absent"), "no such folder"),
        (("a", "."), "holds no result.json"),
        (("a", "b", "other"), "protocol: kinesis-bench-1 against kinesis-2025"),
        ((), "arguments"),
        (("a", "b", "--out", ""), "--out: is empty"),
        (("a", "b", "--against-kineses"), "did you mean --against-kinesis?"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_leaves_nothing(
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = ("--out", "")
    given = [one if one.startswith("--") or one in flags else str(results / one) for one in arguments]
    with pytest.raises(SystemExit) as stop:
        main(["compare", *given])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert list(tmp_path.iterdir()) == []
