from __future__ import annotations

from pathlib import Path

import opensim_files as made
import pytest
from walking_rollouts import walking, walking_clip

from kinesis_bench.cli.main import main
from kinesis_bench.evaluation.evaluate import read_recording
from kinesis_bench.rollouts.store import write_rollouts


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return made.scone(tmp_path / "walk.par.sto", made.times(10))


def test_show(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["rollouts", "show", str(source)])
    out = capsys.readouterr().out
    assert "cycles      7 steady at 1.25 m/s" in out
    assert "lacks       imitation: the recording has no keypoints beside a reference's" in out
    assert "EMG r" not in out
    assert "semiten_l" not in out
    main(["rollouts", "show", str(source), "--all"])
    assert "semiten_l" in capsys.readouterr().out


def test_convert_to_every_format_and_back(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.h5", "b.npz", "c.sto"):
        before = {"a.h5": source, "b.npz": Path("a.h5"), "c.sto": Path("b.npz")}[name]
        main(["rollouts", "convert", str(before), name])
        assert f"written to {name} (1 clip)" in capsys.readouterr().out
    last = read_recording("c.sto")
    assert last.clips[0].dt_s == pytest.approx(0.01)
    assert "vaslat_l" in last.muscle_names


def test_score_from_the_command_line(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["score", "--rollout", str(source)])
    out = capsys.readouterr().out
    assert "EMG, left leg, 7 cycles" in out
    assert (source.parent / "results" / "walk.par-rollout" / "result.json").is_file()


def test_what_cannot_be_converted(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rollouts("two.h5", walking(walking_clip(key="a", frames=60), walking_clip(key="b", frames=60)))

    def refused(*arguments: str) -> str:
        before = set(source.parent.rglob("*"))
        with pytest.raises(SystemExit) as stop:
            main(["rollouts", "convert", *arguments])
        assert stop.value.code == 2
        assert set(source.parent.rglob("*")) == before
        (line,) = capsys.readouterr().err.splitlines()
        return line

    assert "unknown ending '.mat'; give one of .h5, .npz, .sto" in refused(str(source), "x.mat")
    assert "holds one clip, the recording has 2; name one with --clip, such as 'a'" in refused(
        "two.h5", "x.sto"
    )
    assert "unknown name 'c'" in refused("two.h5", "x.sto", "--clip", "c")
    assert "is the recording itself" in refused("two.h5", "two.h5")
    main(["rollouts", "convert", "two.h5", "x.sto", "--clip", "b"])
    assert Path("x.sto").is_file()


def test_what_a_format_does_not_keep_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rollouts(tmp_path / "rollouts.h5", walking(walking_clip()))
    for ending, lost in ((".h5", ()), (".sto", ("touch", "reference keypoint position", "action"))):
        main(["rollouts", "convert", str(tmp_path / "rollouts.h5"), str(tmp_path / f"out{ending}")])
        said = " ".join(capsys.readouterr().out.split())
        assert ("does not keep" in said) == bool(lost)
        assert all(name in said for name in lost)
