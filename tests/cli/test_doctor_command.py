"""The whole command, in processes of its own: where all is well, and where as much as possible is broken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def doctor(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "kinesis_bench", "doctor", *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "COLUMNS": "80", **environment},
    )


def test_all_is_well_and_nothing_is_changed(tmp_path):
    home = tmp_path / "home"
    done = doctor(KINESIS_BENCH_HOME=str(home))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.isascii(), "so that every terminal can print it"
    headings = [line for line in done.stdout.splitlines() if line[:1].isupper()]
    assert headings == [
        "This machine",
        "Packages",
        "Bodies and engines",
        "Data and policies",
        "All that scoring needs works.",
    ]
    assert all(len(line) <= 80 or "->" in line or "/" in line for line in done.stdout.splitlines())
    assert not home.exists()


def test_much_is_broken_and_each_is_told(tmp_path):
    """No folder to write to, a MuJoCo that cannot be loaded, a way to draw that is none, people nowhere."""
    (tmp_path / "file").write_text("")
    (tmp_path / "path" / "mujoco").mkdir(parents=True)
    (tmp_path / "path" / "mujoco" / "__init__.py").write_text("raise ImportError('libmujoco is cut')")
    done = doctor(
        *("--human", "falisse2019=/nowhere"),
        KINESIS_BENCH_HOME=str(tmp_path / "file"),
        MUJOCO_GL="crayons",
        PYTHONPATH=os.pathsep.join([str(tmp_path / "path"), str(CHECKOUT)]),
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(
        "kinesis-bench: doctor: scoring needs home folder, body legs, body legs_abs,"
    )
    told = " ".join(done.stdout.split())
    assert f"home folder: {tmp_path / 'file'} cannot be written" in told
    assert "libmujoco is cut" in told
    assert "no frame can be drawn" in told
    assert "people: /nowhere" in told
    assert "ok packages" in told, "what is not broken is still looked at"


def test_it_runs_with_nothing_but_python(tmp_path):
    """Where the command itself cannot start, because packages are gone."""
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-m", "kinesis_bench.doctor"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr
    assert "ok       Python" in done.stdout
    assert "broken   packages: packaging cannot be imported" in done.stdout
    assert "-> pip install kinesis-bench" in done.stdout
