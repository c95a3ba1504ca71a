"""``score --task penalty-kick``: its keeper, its table, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kinesis_bench.cli.main import main
from kinesis_bench.evaluation.tasks.result import read_task_result

SCORE = ("score", "--task", "penalty-kick", "--policy", "zero")


def test_a_score_names_its_keeper(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    main([*SCORE, "--keeper", "tracking", "--trials", "2", "--threads", "1"])
    folder = Path("results") / "zero-legs_back-penalty-kick-keeper_tracking-trials2"
    result = read_task_result(folder / "result.json")
    assert (result.body.name, result.options) == ("legs_back", {"keeper": "tracking"})
    assert list(result.figures.groups["keeper"]) == ["tracking"]
    told = capsys.readouterr().out
    assert "keeper tracking" in told
    assert "zero: success 0.0 % of 2 trials" in told
    with (folder / "trials.csv").open() as file:
        trials = list(csv.DictReader(file))
    assert [trial["keeper"] for trial in trials] == ["tracking"] * 2
    assert {trial["last_fell"] for trial in trials} == {"1.000000"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*SCORE, "--keeper", "brownin"), "--keeper: unknown name 'brownin'; did you mean 'brownian'?"),
        ((*SCORE, "--body", "legs"), "task penalty-kick is for legs_back; use --body legs_back"),
        (("score", "--task", "target", "--keeper", "static"), "--keeper: means nothing for task target"),
        (("score", "--keeper", "static"), "with --task imitation, which has clips: --keeper"),
        ((*SCORE[:-1], "legs"), "the policy was made for 'legs', and task penalty-kick is for legs_back"),
        (("train-reference", "--task", "penalty-kick"), "use --body legs_back"),
    ],
)
def test_what_is_refused(arguments, said, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    captured = capsys.readouterr()
    assert stop.value.code == 2
    assert "Traceback" not in captured.out + captured.err
    (line,) = [line for line in captured.err.splitlines() if line.startswith("kinesis-bench:")]
    assert said in line
    assert not list(tmp_path.rglob("*")), "something was left behind"
