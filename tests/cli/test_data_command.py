from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
import tyro

from kinesis_bench.cli.data import Data, Diff, Ls, Show, Verify
from kinesis_bench.errors import InputError
from kinesis_bench.motions.clip import Clip
from kinesis_bench.motions.store import write_motions


@dataclasses.dataclass(frozen=True)
class Other:
    """Another command."""


Command = Annotated[Data, tyro.conf.subcommand("data")] | Annotated[Other, tyro.conf.subcommand("other")]


def call(*arguments: str) -> None:
    tyro.cli(Command, args=["data", *arguments]).run()  # type: ignore[call-overload]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path))
    still, quaternion = np.zeros((60, 3)), np.tile([1.0, 0, 0, 0], (60, 1))
    eight = np.zeros((60, 8, 3))
    clips = [
        Clip(
            f"KIT/1/walk{n:02d}",
            eight,
            eight,
            still,
            quaternion,
            still,
            still,
            "KIT/1",
            "walk",
            splits=splits,
        )
        for n, splits in enumerate([("a/train",), ("a/test",), ("a/train", "b/test")] + 30 * [("b/train",)])
    ]
    write_motions(tmp_path / "m.h5", clips, id="small-v1")
    return tmp_path / "m.h5"


def test_commands_parse() -> None:
    parse = lambda *a: tyro.cli(Command, args=["data", *a]).action  # type: ignore[call-overload]  # noqa: E731
    assert parse("ls") == Ls()
    assert parse("show", "x.h5", "--all") == Show(Path("x.h5"), all=True)
    assert parse("verify", "x.h5") == Verify(Path("x.h5"))
    assert parse("diff", "x.h5", "y.h5") == Diff((Path("x.h5"), Path("y.h5")))
    assert parse("diff", "x.h5", "--splits", "a", "b") == Diff((Path("x.h5"),), ("a", "b"))


def test_ls(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("ls")
    out = capsys.readouterr().out
    assert "small-v1" in out
    assert " 33 " in out


def test_show(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("show", str(path))
    out = capsys.readouterr().out
    assert "1 of 1 clips share person and motion name with a/train" in out
    assert "b/train" in out


def test_verify(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("verify", str(path))
    out = capsys.readouterr().out
    assert "FAILED" not in out
    assert "not checked  sources are unchanged: 0 of" in out


def test_diff_of_splits(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("diff", str(path), "--splits", "a/train", "b/test")
    out = capsys.readouterr().out
    assert "crossing train and test (1):" in out
    assert "KIT/1/walk02: a/train | b/test" in out
    call("diff", str(path), "--splits", "a/train", "b/train")
    out = capsys.readouterr().out
    assert "only in B (30):" in out
    assert "and 10 more (--all)" in out
    assert "crossing" not in out


def test_diff_of_files(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("diff", str(path), str(path))
    assert "33 clips in both (0 changed), 0 only in A, 0 only in B" in capsys.readouterr().out
    with pytest.raises(InputError, match="give two files, or one and --splits A B"):
        call("diff", str(path))
    with pytest.raises(InputError, match="no such file"):
        call("diff", str(path), "none.h5")


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    for command in ("show", "verify"):
        with pytest.raises(InputError, match="is a folder, not a file"):
            call(command, str(tmp_path))
