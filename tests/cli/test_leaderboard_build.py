"""``leaderboard build``: both files, or none and one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_boards import submitted
from scored_folders import recording

from kinesis_bench.cli.main import main

FILES = ("README.md", "index.html")


def test_both_files_are_made_and_made_again_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "leaderboards"
    submitted(root, "one", recording(), status="re-simulated")
    submitted(root, "two", recording(noise=0.5, fails=(1,)))
    main(["leaderboard", "build", str(root)])
    printed = capsys.readouterr().out
    assert "2 submissions in 2 tables" in printed
    assert "self-reported, not verified as it is: imitation_some-motions_some-test/2026-11-26_two" in printed
    assert "_one" not in printed
    first = [(root / name).read_bytes() for name in FILES]
    main(["leaderboard", "build", str(root)])
    assert [(root / name).read_bytes() for name in FILES] == first


def test_a_submission_that_was_tampered_with_stops_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "leaderboards"
    folder = submitted(root, "one", recording())
    clips = folder / "clips.csv"
    text = clips.read_text()
    assert "clip0,0,walk,240,240" in text
    clips.write_text(text.replace("clip0,0,walk,240,240", "clip0,0,walk,240,239"))
    with pytest.raises(SystemExit) as stopped:
        main(["leaderboard", "build", str(root)])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert "2026-11-26_one" in said
    assert "clips.csv" in said
    assert len(said.splitlines()) == 1
    assert [path.name for path in root.iterdir()] == ["imitation_some-motions_some-test"]


def test_no_folder_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["leaderboard", "build", str(tmp_path / "none")])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith("none: no such folder; name the folder that holds the boards\n")
