"""What lies in a folder already is safe: files that are not ours, and recordings of something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from walking_rollouts import walking, walking_clip

from kinesis_bench.cli.score import Score
from kinesis_bench.cli.whole_folder import whole_folder
from kinesis_bench.errors import InputError
from kinesis_bench.rollouts.store import write_rollouts

NAMES = ("picture.png", "result.json")


def test_files_of_the_same_name_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_text("mine")
    taken = r"holds a picture\.png that is not ours"
    with pytest.raises(InputError, match=taken), whole_folder(tmp_path, NAMES):
        pass
    assert (tmp_path / "picture.png").read_text() == "mine"
    (tmp_path / "result.json").write_text("{}")
    with whole_folder(tmp_path, NAMES) as temporary:
        (temporary / "result.json").write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_a_recordings_result_does_not_lie_beside_another_recording(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_rollouts(tmp_path / name / "rollouts.h5", walking(walking_clip()))
    Score(rollout=tmp_path / "one" / "rollouts.h5", out=tmp_path / "one").run()
    assert (tmp_path / "one" / "result.json").exists()
    with pytest.raises(InputError, match=r"holds another rollouts\.h5"):
        Score(rollout=tmp_path / "one", out=tmp_path / "other").run()
    with pytest.raises(InputError, match=r"holds another rollouts\.h5"):
        Score(policy="zero", out=tmp_path / "other").run()
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["rollouts.h5"]
