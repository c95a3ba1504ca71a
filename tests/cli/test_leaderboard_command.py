"""``kinesis-bench leaderboard``: what is submitted verifies, what does not fit ends with exit code 2."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from scored_folders import recording
from submissions import in_json, scored, two_clips

from kinesis_bench.cli.main import main
from kinesis_bench.leaderboard.folder import find_submissions, write_sums
from kinesis_bench.rollouts.store import write_rollouts


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Motions, a scored folder, and its submission."""
    folder = tmp_path_factory.mktemp("place")
    scored(folder / "scored", two_clips(folder / "motions.h5"), "zero")
    main(submit(folder))
    return folder


@pytest.fixture
def copy(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(place, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def submit(folder: Path, name: str = "mine", **options: str) -> list[str]:
    given = {
        "name": name,
        "authors": "A. Author",
        "code": "https://example.org/mine",
        "motions": str(folder / "motions.h5"),
        "out": str(folder / "leaderboards"),
    } | options
    flags = [word for option, value in given.items() for word in (f"--{option}", value)]
    return ["leaderboard", "submit", str(folder / "scored"), *flags]


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    return said.out + said.err


def test_a_submission_says_what_to_do_next_and_sha256sum_accepts_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boards = place / "others"
    main(submit(place, "second", device="two cores", out=str(boards), **{"training-steps": "5"}))
    said = capsys.readouterr().out
    (folder,) = find_submissions(boards)
    assert f"git add {folder}" in said
    assert "nothing was uploaded" in said
    assert "re-simulated" in said
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0
    costs = json.loads((folder / "submission.json").read_text())["costs"]
    assert (costs["device"], costs["training_steps"], costs["device_hours"]) == ("two cores", 5, None)
    shutil.rmtree(boards)


def test_all_that_is_in_the_folder_is_verified(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["leaderboard", "verify", "--all", "--motions", "motions.h5"])
    said = capsys.readouterr().out
    assert "_mine" in said
    assert "re-simulated" in said
    (folder,) = find_submissions(copy / "leaderboards")
    in_json(folder / "result.json", lambda content: content["imitation"]["mpjpe_mm"].update(mean=1.0))
    write_sums(folder)
    said = refused(["leaderboard", "verify", "--all", "--motions", "motions.h5"], capsys)
    assert "imitation.mpjpe_mm.mean is 1, computed anew it is" in said
    assert "REFUSED" in said
    assert "1 of 1 did not verify" in said
    assert not (folder / "verification.json").exists()


def test_what_cannot_be_submitted_leaves_nothing(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(path.name for path in (copy / "leaderboards").rglob("*"))
    for arguments, said in (
        (submit(copy), "--name: 'mine' is taken by"),
        (submit(copy, "../up"), "is '../up'"),
        (submit(copy, "x", code="javascript:x"), "code_url: is 'javascript:x'"),
        (submit(copy, "x", **{"device-hours": "-1"}), "has a number below 0"),
        (submit(copy, "x", rollout="absent.h5"), "absent.h5: no such file"),
        (submit(copy, "x"), "scored: is on a board already, as "),
        (submit(copy, "x", human="emg_run_santuz2020", out="others"), "was scored against walk-4.5"),
    ):
        assert said in refused(arguments, capsys)
    (copy / "scored" / "rollouts.h5").unlink()
    assert "name the recording that was scored by --rollout" in refused(submit(copy, "x"), capsys)
    in_json(copy / "scored" / "result.json", lambda content: content.update(quick=True))
    assert "is no full score: only a few clips were run" in refused(submit(copy, "x"), capsys)
    assert sorted(path.name for path in (copy / "leaderboards").rglob("*")) == before


def test_missing_motions_and_people_are_named_with_a_remedy(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder,) = find_submissions(copy / "leaderboards")
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(copy))
    (copy / "motions.h5").rename(copy / "renamed.h5")
    main(["leaderboard", "verify", str(folder)])
    assert "re-simulated" in capsys.readouterr().out
    (copy / "renamed.h5").unlink()
    assert "prepare-data" in refused(["leaderboard", "verify", str(folder)], capsys)
    in_json(folder / "submission.json", lambda content: content.update(human=["wang2023"]))
    assert "add --human wang2023=PATH" in refused(["leaderboard", "verify", str(folder)], capsys)


@pytest.mark.parametrize("hours", ["nan", "inf", "-1"])
def test_costs_that_are_no_number_are_refused(
    hours: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(submit(copy, "other", **{"device-hours": hours}), capsys)
    assert "costs: has a number below 0, or one that is not finite" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give folders of submissions, or --all"),
        (("a", "--all"), "got 1 folders and --all"),
        (("absent",), "absent: no such folder"),
        ((str(Path(__file__).parent),), "holds no submission.json; give a submission, leaderboards/BOARD/"),
    ],
)
def test_what_to_verify(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in refused(["leaderboard", "verify", *arguments], capsys)


def test_a_recording_of_another_tool_is_recomputed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made = recording()
    clips = tuple(replace(clip, reference_keypoint_position=None, control="") for clip in made.clips)
    foreign = replace(made, clips=clips, body="", model_sha256="", attributes={})
    write_rollouts("walk.h5", foreign)
    main(["score", "--rollout", "walk.h5", "--out", "scored"])
    arguments = ["leaderboard", "submit", "scored", "--name", "walk", "--authors", "A", "--code"]
    main([*arguments, "https://example.org", "--rollout", "walk.h5"])
    said = capsys.readouterr().out
    assert "recomputed: every figure, those of each clip too, computed anew" in said
    (folder,) = find_submissions(tmp_path / "leaderboards")
    assert folder.parent.name == "emg"
    main(["leaderboard", "verify", str(folder)])
    in_json(folder / "result.json", lambda content: content["emg"].update(mean_r=0.99))
    write_sums(folder)
    said = refused(["leaderboard", "verify", str(folder)], capsys)
    assert "emg.mean_r is 0.99, computed anew it is 0.86" in said
