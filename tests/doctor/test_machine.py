from __future__ import annotations

import shutil
import sys
from collections import namedtuple

import pytest

from kinesis_bench.doctor import machine

Usage = namedtuple("Usage", "total used free")


def test_this_python_will_do():
    (check,) = machine.python()
    assert (check.mark, check.needed) == ("ok", True)
    assert sys.executable in check.says


def test_an_older_python_is_broken_and_a_newer_one_noted(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    (check,) = machine.python()
    assert check.mark == "broken"
    assert check.remedy == "install Python 3.11 or newer"
    monkeypatch.setattr(sys, "version_info", (3, 13, 1))
    (check,) = machine.python()
    assert check.mark == "ok"
    assert "tested with 3.11" in check.says


def test_fewer_cores_than_there_are_is_said(monkeypatch):
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 64)
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    (check,) = machine.threads()
    assert check.says == "64 cores, 3 for this process"


def test_a_home_that_is_not_there_yet_is_fine_and_stays_away(monkeypatch, tmp_path):
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path / "a" / "b"))
    (check,) = machine.home()
    assert (check.mark, check.needed) == ("ok", True)
    assert not list(tmp_path.iterdir())


def test_a_home_that_cannot_be_written_is_broken(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path / "file"))
    (check,) = machine.home()
    assert (check.mark, check.needed) == ("broken", True)
    assert "cannot be written" in check.says
    assert check.remedy.startswith("export KINESIS_BENCH_HOME=")


def test_no_permission_is_broken(monkeypatch, tmp_path):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path))
    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    (check,) = machine.home()
    assert check.mark == "broken"
    assert "Permission denied" in check.says


@pytest.mark.parametrize(("free", "mark", "says"), [(5e7, "broken", "50 MB free"), (9e9, "ok", "9 GB free")])
def test_room_on_the_disk(monkeypatch, tmp_path, free, mark, says):
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))
    (check,) = machine.home()
    assert check.mark == mark
    assert check.says.endswith(says)
