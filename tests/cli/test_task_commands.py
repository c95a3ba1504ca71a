"""``tasks``, and ``score`` and ``train-reference`` with ``--task``: what they print, write and refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.image import imread

from kinesis_bench.cli import score_task
from kinesis_bench.cli.main import main
from kinesis_bench.evaluation.tasks.result import read_task_result
from kinesis_bench.rollouts.store import read_rollouts
from kinesis_bench.tasks.registry import TASKS


def run(*arguments: object) -> None:
    main([str(argument) for argument in arguments])


@pytest.fixture
def refuse(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def refused(*arguments: object) -> str:
        before = set(tmp_path.rglob("*"))
        with pytest.raises(SystemExit) as stop:
            run(*arguments)
        captured = capsys.readouterr()
        assert stop.value.code == 2
        assert "Traceback" not in captured.out + captured.err
        assert set(tmp_path.rglob("*")) == before, "something was left behind"
        (line,) = [line for line in captured.err.splitlines() if line.startswith("kinesis-bench:")]
        return line

    return refused


def test_every_task_is_listed(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    run("tasks")
    lines = capsys.readouterr().out.splitlines()
    for name in ("imitation", *TASKS):
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert "legs" in line
    assert any("target-1" in line and "1000" in line for line in lines)
    assert "in any of them muscles may tire: add --fatigue" in lines


def test_the_list_folds_in_a_narrow_terminal(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run("tasks")
    assert max(map(len, capsys.readouterr().out.splitlines())) < 90


def test_a_score_is_printed_and_its_files_appear(tmp_path, capsys) -> None:
    out = tmp_path / "out"
    run("score", "--task", "target", "--policy", "zero", "--trials", 5, "--threads", 1, "--out", out)
    told = capsys.readouterr().out
    assert "zero: success 0.0 % of 5 trials" in told
    assert "endings: 5 the body fell" in told
    assert "fewer trials than a score has" in told
    elsewhere = {"paths.png", "fatigue.json", "fatigue.png"}
    assert {path.name for path in out.iterdir()} == set(score_task.FILES) - elsewhere
    result = read_task_result(out / "result.json")
    assert (result.task, result.trials, result.recorded) == ("target", 5, 5)
    assert len(read_rollouts(out / "rollouts.h5").clips) == 5
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "kinesis-bench score --policy zero --task target --trials 5" in page
    assert "Asked: reach a goal within 1 m" in page
    for name in ("maps.png", "curves.png"):
        assert imread(out / name).std() > 0.02


def test_the_folder_s_name_says_what_differs(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(score_task, "QUICK_TRIALS", 2)
    run("score", "--task", "target-far", "--policy", "zero", "--quick", "--seed", 2, "--push", 0.2)
    name = Path("results") / "zero-legs-target-far-trials2-seed2-push0.2"
    assert read_task_result(name / "result.json").diagnostic.startswith("pushed at the start")
    assert "a diagnostic, no score" in capsys.readouterr().out


def test_a_recording_of_trials_is_no_recording_of_clips(tmp_path, refuse, capsys) -> None:
    run("score", "--task", "target", "--policy", "zero", "--trials", 1, "--out", tmp_path / "out")
    line = refuse("score", "--rollout", tmp_path / "out")
    assert "holds trials of task target" in line
    assert "score the policy with --task target" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("score", "--task", "targte"), "--task: unknown name 'targte'; did you mean 'target"),
        (("score", "--task", "target", "--runs", "2"), "--task target, which has no motions: --runs"),
        (("score", "--task", "target", "--human-speed", "3"), "which has no motions: --human-speed"),
        (("score", "--task", "fatigue"), "--task: is fatigue, which is no task but comes on top of one"),
        (("score", "--task", "target", "--policy", "mean-human"), "--policy: only says what muscles do in a"),
        (
            ("record", "--policy", "zero", "--task", "target"),
            "target (applied to kinesis-bench record); see kinesis-bench --help",
        ),
        (("play", "direction", "--seed", "-1"), "--seed: is -1; give at least 0"),
        (("score", "--trials", "2"), "cannot be given with --task imitation, which has clips: --trials"),
        (("score", "--task", "target", "--trials", "0"), "--trials: is 0; give 1 to"),
        (("score", "--task", "target", "--body", "arms"), "unknown name 'arms'"),
        (("score", "--task", "target", "--policy", "legs-teacher"), "control: tracking follows a reference"),
        (("train-reference", "--task", "targte"), "--task: unknown name 'targte'; did you mean 'target"),
        (("train-reference", "--task", "direction", "--method", "distilled"), "--method: is distilled"),
        (
            ("train-reference", "--task", "target", "--start-from", "nowhere"),
            "name a policy that ships (legs,",
        ),
        (("train-reference", "--task", "target", "--motions", "m.h5"), "--motions: means nothing"),
    ],
)
def test_what_is_refused(refuse, arguments, said) -> None:
    assert said in refuse(*arguments)


TINY = (
    *("--preset", "laptop", "--threads", "1", "--networks.actor", "16", "--networks.critic", "16"),
    *("--episodes.environments", "4", "--episodes.steps", "4", "--ppo.minibatch", "8"),
    *("--expert.max-steps", "32", "--expert.critic-only-updates", "1", "--expert.evaluate-every", "2"),
)


def test_a_task_is_trained_exported_and_scored(tmp_path, monkeypatch, capsys) -> None:
    from kinesis_bench.training import setting

    monkeypatch.setattr(setting, "JUDGED", 2)
    for name, info in TASKS.items():
        monkeypatch.setitem(TASKS, name, type(info)(**{**vars(info), "trials": 3}))
    folder = tmp_path / "run"
    run("train-reference", "--task", "target", *TINY, "--out", folder)
    result = read_task_result(folder / "score" / "result.json")
    assert (result.policy_task, result.task, result.trials, result.quick) == ("target", "target", 3, False)
    assert (folder / "policy" / "curve.png").exists()
    run("score", "--task", "target-far", "--policy", folder / "policy", "--out", tmp_path / "far")
    assert "zero-shot: the policy learned task target" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run("score", "--policy", folder / "policy", "--out", tmp_path / "clips")
    said = capsys.readouterr().err
    assert "task: the policy was made for task 'target', this run is of task 'imitation'" in said
    assert not (tmp_path / "clips").exists()


@pytest.mark.parametrize("task", sorted(TASKS))
def test_muscles_may_tire_in_every_task(task: str, tmp_path: Path) -> None:
    body = TASKS[task].bodies[0]
    flags = ("--fatigue", "--bouts", 2, "--trials", 2, "--threads", 1, "--out", tmp_path / "r")
    run("score", "--task", task, "--body", body, "--policy", "zero", *flags)
    assert (tmp_path / "r" / "fatigue.json").is_file()
