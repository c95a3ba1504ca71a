"""Submissions of tasks: a real one is accepted, and every way to tamper with it has its own refusal."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from submissions import in_json, in_record
from task_submissions import scored_task, short_scores, submitted_task

from kinesis_bench.cli.main import main
from kinesis_bench.errors import InputError
from kinesis_bench.leaderboard import movement, record
from kinesis_bench.leaderboard.folder import (
    TASK_FILES,
    SubmittedTask,
    current_verification,
    read_submitted,
    write_sums,
)
from kinesis_bench.leaderboard.submission import Figures, TaskSubmission
from kinesis_bench.leaderboard.tables import read_all, tables
from kinesis_bench.leaderboard.tasks.figures import recorded_differences
from kinesis_bench.leaderboard.tasks.statements import counts_that_fit
from kinesis_bench.leaderboard.verify import verify
from kinesis_bench.metrics.paired import mean_of
from kinesis_bench.report.board.markdown import markdown
from kinesis_bench.report.board.sheets import sheets
from kinesis_bench.tasks.direction import Direction

FELL = "the body fell"


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """32 trials, of which 6 are recorded."""
    with short_scores({"target": 32, "direction": 3, "penalty-kick": 2}):
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def honest(place: Path) -> Path:
    return submitted_task(place, "zero", "target")


@pytest.fixture
def copy(honest: Path, tmp_path: Path) -> Path:
    folder = tmp_path / honest.parent.name / honest.name
    shutil.copytree(honest, folder)
    return folder


def test_recorded_trials_are_simulated_again_and_figures_follow_from_the_trials(honest: Path) -> None:
    assert honest.parent.name == "target"
    assert {path.name for path in honest.iterdir()} == {*TASK_FILES, "SHA256SUMS", "verification.json"}
    found = verify(honest, [], threads=1)
    assert found.wrong == ()
    assert found.verification is not None
    assert found.verification == current_verification(honest)
    assert (found.verification.status, found.verification.runs) == ("re-simulated", 6)
    assert found.verification.worst["qpos in whole clips"] == 0.0
    assert found.verification.worst["qpos after a second"] < 1e-7
    assert found.verification.figures == Figures(0.0, *[None] * 8, 0.0)
    assert any(line.startswith("what trials 6 to 31 did") for line in found.verification.self_reported)
    told = read_submitted(honest)
    assert isinstance(told, SubmittedTask)
    assert isinstance(told.submission, TaskSubmission)
    assert (told.submission.task, told.submission.trials, told.submission.seed) == ("target", 32, 0)
    card = (honest / "card.md").read_text()
    assert "| success | 0.0 % [0.0, " in card
    assert "kinesis-bench score --task target --policy zero --body legs\n" in card


def result(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """Something done to ``result.json``, with digests that fit."""

    def done(folder: Path) -> None:
        in_json(folder / "result.json", change)
        write_sums(folder)

    return done


def figure(name: str, **values: Any) -> Callable[[Path], None]:
    return result(lambda content: content["figures"]["means"][name].update(values))


def trial(number: int, **cells: str) -> Callable[[Path], None]:
    """Other cells in the line of a trial; without any, no line."""

    def done(folder: Path) -> None:
        path = folder / "trials.csv"
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        if cells:
            rows[number] |= cells
        else:
            del rows[number]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        write_sums(folder)

    return done


def recorded(change: Callable[[dict[str, np.ndarray], dict[str, Any]], None]) -> Callable[[Path], None]:
    return lambda folder: in_record(folder, change)


def clip(number: int, **values: Any) -> Callable[[Path], None]:
    """Something else said of a recorded trial."""
    return recorded(lambda arrays, about: about["clips"][number].update(values))


def other_action(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    arrays["action"][3] = 255


def moved(row: int) -> Callable[[Path], None]:
    def change(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
        arrays["qpos"][row, 8] += 0.01

    return recorded(change)


def without(number: int) -> Callable[[Path], None]:
    """A recorded trial is not in the record any more."""

    def change(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
        steps = [one["steps"] for one in about["clips"]]
        states = [len(record.state_steps(count)) for count in steps]
        for name, counts in {
            "action": steps,
            **dict.fromkeys(("qpos", "qvel", "activation"), states),
        }.items():
            first = sum(counts[:number])
            arrays[name] = np.delete(arrays[name], slice(first, first + counts[number]), axis=0)
        del about["clips"][number]

    return recorded(change)


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (
            result(lambda c: c["figures"]["success"].update(count=5)),
            "result.json: figures.success.count is 5, computed anew it is 0",
        ),
        (figure("end_distance_m", sd=0.1), "result.json: figures.end_distance_m.sd is 0.1, computed anew"),
        (figure("end_distance_m", ci95=[0.1, 0.2]), "result.json: figures.end_distance_m.ci95 is"),
        (
            result(lambda c: c["figures"]["success"].update(ci95=[50.0, 60.0])),
            "result.json: figures.success.ci95[0] is 50, computed anew it is 0",
        ),
        (result(lambda c: c.update(endings={"whole": 32})), "result.json: endings.whole is 32"),
        (result(lambda c: c.update(control_steps=1)), "result.json: control_steps is 1, computed anew"),
        (result(lambda c: c.update(seed=1)), "is no full score: seed 1, boards take seed 0"),
        (result(lambda c: c.update(protocol="target-0")), "is no full score: protocol 'target-0'"),
        (result(lambda c: c.update(quick=True)), "is no full score: only a few trials were run"),
        (result(lambda c: c.update(options={"keeper": "static"})), "options: keeper is none of the task"),
        (result(lambda c: c["body"].update(model_sha256="0" * 64)), "result.json: body hash is 0000"),
        (trial(3, ending=""), f"trials.csv: trial 3: ending is , computed anew it is {FELL}"),
        (trial(31, ending=""), "trials.csv: trial 31: figure_fell is 1, computed anew it is 0"),
        (trial(3, steps="9"), "trials.csv: trial 3: steps is 9, computed anew it is 10"),
        (trial(3, last_distance_m="0.05"), "trials.csv: trial 3: last_distance_m is 0.05, computed anew"),
        (trial(31, last_distance_m="0.05"), "trials.csv: trial 31: figure_end_distance_m is"),
        (trial(31, goal_x_m="0.05"), "trials.csv: trial 31: goal_x_m is 0.05, computed anew it is"),
        (recorded(other_action), "record.npz: target/0000: qpos is"),
        (moved(1), "record.npz: target/0000: qpos is"),
        (moved(0), "record.npz: target/0000 does not begin as the protocol says: qpos is 0.01 off"),
        (without(2), "record.npz: trial 2 is missing, target/0003 stands in its place"),
        (without(5), "record.npz: holds 5 trials, not the first 6"),
        (clip(2, failure=""), f"target/0002 is said to end with 'success' at step 10, but {FELL}"),
        (
            clip(2, failure="it was tired"),
            "target/0002 ended for a reason that does not exist: 'it was tired'",
        ),
        (clip(2, frames=149), "record.npz: target/0002 is 149 steps of"),
        (
            lambda folder: in_json(folder / "submission.json", lambda c: c.update(trials=9)),
            "trials is 9, not 32",
        ),
        (lambda folder: (folder / "card.md").write_text("# The best\n"), "card.md: is not what"),
        (lambda folder: (folder / "more.md").write_text("!"), "more.md: does not belong into a submission"),
    ],
)
def test_what_was_tampered_with_is_refused_and_named(
    tamper: Callable[[Path], None], said: str, copy: Path
) -> None:
    tamper(copy)
    found = verify(copy, [], threads=1)
    assert found.verification is None
    assert any(said in line for line in found.wrong), found.wrong


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (figure("end_distance_m", mean=0.1), "figure_end_distance_m: 0.75.* beside it tells of 0.1"),
        (trial(3, figure_least_distance_m="0.01"), "figure_least_distance_m: 0.71.* beside it tells of 0.7"),
        (trial(31), "31 trials, but result.json beside it tells of 32"),
        (trial(3), "trials, but result.json beside it"),
        (trial(3, figure_success="much"), "figure_success"),
        (lambda folder: (folder / "trials.csv").unlink(), "trials.csv: no such file"),
    ],
)
def test_files_that_do_not_belong_together_are_one_line(
    tamper: Callable[[Path], None], said: str, copy: Path
) -> None:
    tamper(copy)
    with pytest.raises(InputError, match=said):
        verify(copy, [], threads=1)


def test_a_record_holds_all_trials_unless_they_do_not_fit() -> None:
    assert counts_that_fit(64, 500_000) == [64]
    assert counts_that_fit(64, 5 << 20) == [64, 32, 16, 8, 4, 2, 1]


def test_others_must_look_like_the_recorded_trials() -> None:
    rng = np.random.default_rng(0)
    far = rng.uniform(0.5, 1.0, 1000)
    forged = far.copy()
    forged[64:] -= 0.45
    success = np.zeros(1000)
    success[64:] = rng.random(936) < 0.6
    rare = np.zeros(1000)
    rare[:2] = 1.0
    assert recorded_differences({"a": mean_of(far), "b": mean_of(rare)}, 64) == []
    wrong = recorded_differences({"a": mean_of(forged), "b": mean_of(success)}, 64)
    assert [line[:15] for line in wrong] == ["trials.csv: a o", "trials.csv: b o"]


def test_seconds_decide_where_no_trial_comes_out_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What adds up from a trial's start, such as progress, is joined over its seconds."""
    folder = submitted_task(tmp_path, "zero", "direction")
    monkeypatch.setattr(movement, "_same_clips", lambda seconds, of_whole: frozenset())
    found = verify(folder, [], threads=1)
    assert found.wrong == ()
    assert found.verification is not None
    assert found.verification.runs == 3
    assert not any(line.startswith("what trials") for line in found.verification.self_reported)
    monkeypatch.setattr(Direction, "sums", ())
    assert any("last_progress_m" in line for line in verify(folder, [], threads=1).wrong)


def test_a_kick_is_verified_whole(tmp_path: Path) -> None:
    folder = submitted_task(tmp_path, "zero", "penalty-kick", keeper="static")
    assert folder.parent.name == "penalty-kick_static"
    found = verify(folder, [], threads=1)
    assert found.verification is not None
    assert found.verification.compared[0] == "whole trials, simulated again"
    in_record(folder, other_action)
    assert any("penalty-kick/0000: qpos is" in line for line in verify(folder, [], threads=1).wrong)


def test_submissions_of_a_task_are_a_table(honest: Path, place: Path) -> None:
    submitted_task(place, "constant", "target")
    root = place / "leaderboards"
    (table,) = [table for table in tables(read_all(root)) if table.kind == "task"]
    assert (table.data, table.body, table.units) == ("target", "legs", 32)
    names = [row.submitted.submission.name for row in table.rows]
    assert names == ["constant", "zero"]
    ranks = {name: [row.cells[name].rank for row in table.rows] for name in table.figures}
    assert ranks["success_pct"] == [1, 1]
    assert sorted(ranks["end_distance_m"]) in ([1, 1], [1, 2])
    assert ranks["standing_s"] == [None, None]
    text = markdown(sheets(tables(read_all(root))))
    assert "## Tasks\n\n### legs: target\n\nprotocol target-1 · 32 trials · body " in text
    assert text.count("self-reported<br><sub>re-simulated:</sub><br><sub>6 of 32 trials</sub>") == 2
    rows = [line for line in text.splitlines() if "/card.md) ([code]" in line]
    assert {line.count(" | ") for line in rows} == {11}


def test_commands(place: Path, honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["leaderboard", "verify", str(honest), "--threads", "1"])
    assert "re-simulated: the ends of " in capsys.readouterr().out
    other = scored_task(tmp_path / "other", "zero", "direction", seed=3)
    arguments = ["--name", "other", "--authors", "A", "--code", "https://example.org", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as stop:
        main(["leaderboard", "submit", str(other), *arguments])
    assert stop.value.code == 2
    assert "is no full score: seed 3, boards take seed 0" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(
            [
                "leaderboard",
                "submit",
                str(place / "scored-zero"),
                *arguments[:-1],
                str(place / "leaderboards"),
            ]
        )
    assert "is on a board already" in capsys.readouterr().err
