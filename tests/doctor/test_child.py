"""Looks in other processes: a stand-in for Python ends as badly as can be."""

from __future__ import annotations

import sys

import pytest

from kinesis_bench.doctor.child import look_apart
from kinesis_bench.doctor.examine import examine


@pytest.fixture
def python(tmp_path, monkeypatch):
    """Puts a shell script in Python's place."""

    def put(script: str) -> None:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))

    return put


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("kill -SEGV $$", "the process was ended by SIGSEGV"),
        ("echo 'first'; echo 'the reason' >&2; echo >&2; exit 3", "ended with exit code 3: the reason"),
        ("exit 0", "ended with exit code 0"),
        ("echo '[{\"no\": 1}]'", "ended with exit code 0"),
        ("sleep 20", "no answer within 0 s"),
    ],
)
def test_a_bad_end_is_a_broken_check(python, script, says):
    python(script)
    (check,) = look_apart("bodies", "bodies", needed=True, patience_s=0.4 if "sleep" in script else 20)
    assert (check.name, check.mark, check.needed) == ("bodies", "broken", True)
    assert says in check.says


def test_what_is_printed_before_the_answer_does_no_harm(python):
    python("""echo 'noise'; echo '[{"name": "a", "mark": "ok", "says": "b"}]'""")
    (check,) = look_apart("bodies", "bodies")
    assert (check.name, check.mark, check.says, check.remedy) == ("a", "ok", "b", "")


def test_a_python_that_cannot_be_started_is_broken_too(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    headings = dict(examine(["falisse2019=/nowhere"]))
    bodies = headings["Bodies and engines"][0]
    assert (bodies.name, bodies.mark, bodies.needed) == ("bodies", "broken", True)
    assert "FileNotFoundError" in bodies.says
    assert headings["This machine"][0].name == "Python"
