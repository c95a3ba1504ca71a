"""A new folder appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.files import whole_new_folder


def fill(folder: Path, stop: type[BaseException]) -> None:
    with whole_new_folder(folder) as temporary:
        (temporary / "half").write_text("half")
        raise stop


def fill_beside(folder: Path) -> None:
    with whole_new_folder(folder) as temporary:
        (temporary / "new").write_text("new")
        folder.mkdir()
        (folder / "theirs").write_text("theirs")


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_a_folder_that_fails_leaves_nothing(tmp_path: Path, there: bool, stop: type[BaseException]):
    if there:
        (tmp_path / "made").mkdir()
    before = set(tmp_path.iterdir())
    with pytest.raises(stop):
        fill(tmp_path / "made", stop)
    assert set(tmp_path.iterdir()) == before
    assert not there or not list((tmp_path / "made").iterdir())


def test_a_folder_that_filled_up_meanwhile_is_left_alone(tmp_path: Path):
    with pytest.raises(InputError, match="made: cannot be written"):
        fill_beside(tmp_path / "made")
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "theirs"]


def test_a_full_disk_is_said(tmp_path: Path):
    with pytest.raises(InputError, match="disk is full"), whole_new_folder(tmp_path / "made"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []
