"""The built-in data set: its jobs, and when it is built."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import h5py
import mujoco
import numpy as np
import pytest
from rich.console import Console

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik import warm_start
from kinesis_bench.cli.prepare_data import PrepareData
from kinesis_bench.errors import InputError
from kinesis_bench.motions.clip import SKILLS
from kinesis_bench.motions.gait.build import make, recording
from kinesis_bench.motions.gait.plan import clip_plans
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.motions.store import read_motions
from kinesis_bench.prepare import Settings, built_in, built_in_jobs, default_motions, prepare


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def small(home: Path) -> Path:
    """A file of two clips in the place of the built-in one, made by this code for all bodies."""
    path = home / "normative-gait-v2.h5"
    prepare(
        built_in_jobs()[:2], path, id="normative-gait-v2", settings=Settings("true", BODIES), workers=1,
        console=Console(quiet=True),
    )  # fmt: skip
    return path


def test_jobs_cover_the_five_skills_in_both_splits():
    jobs = built_in_jobs()
    assert len(jobs) == len({job.key for job in jobs}) >= 60
    counts = Counter((job.skill, *job.splits) for job in jobs)
    assert set(counts) == {(s, f"normative/{split}") for s in SKILLS for split in ("train", "test")}
    assert len({job.sha256() for job in jobs}) == len(jobs)


def test_a_current_file_is_taken_as_it_is(small: Path):
    before = small.stat().st_mtime_ns
    assert default_motions() == small
    assert small.stat().st_mtime_ns == before


def test_a_file_of_other_code_or_with_a_body_less_is_built_again(
    small: Path, monkeypatch: pytest.MonkeyPatch
):
    runs = []
    monkeypatch.setattr(built_in, "_run_child", lambda path, id: runs.append(path) or (1, ""))
    for change in ({"code_sha256": "0"}, {"bodies": ["legs"]}):
        with h5py.File(small, "a") as file:
            recipe = json.loads(file["recipe"].asstr()[()])
            del file["recipe"]
            file["recipe"] = json.dumps(recipe | change)
        with pytest.raises(InputError, match="could not be built"):
            default_motions()
        with h5py.File(small, "a") as file:
            del file["recipe"]
            file["recipe"] = json.dumps(recipe)
        assert default_motions() == small
    small.write_bytes(small.read_bytes()[:1000])
    with pytest.raises(InputError, match="could not be built"):
        default_motions()
    assert len(runs) == 3


def test_a_cache_that_cannot_be_written_is_one_line(home: Path, capfd: pytest.CaptureFixture[str]):
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file where a folder should be")
    with pytest.raises(InputError, match=r"cannot be written.*KINESIS_BENCH_HOME"):
        default_motions()
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_the_whole_set_is_built_in_under_two_minutes(home: Path):
    begin = time.monotonic()
    motions = read_motions(default_motions())
    assert time.monotonic() - begin < 120
    assert not motions.quarantine
    assert set(motions.ik) == set(BODIES)
    seconds = motions.length / 30
    assert seconds.min() > 3.9
    assert seconds.max() < 10.1
    for ik in motions.ik.values():
        assert np.median(ik.residual) < 0.012


@pytest.mark.parametrize("skill", ["run", "turn_in_place", "gradual_turn"])
def test_legs_do_not_pass_through_each_other(skill: str):
    """Clips of the skills in which knees or feet come closest, posed on the body and tried for overlap."""
    body = load_body("legs")
    data = mujoco.MjData(body.model)
    floor = body.model.geom("floor").id
    for plan in [plan for plan in clip_plans() if plan.cell.skill == skill][:2]:
        clip = to_clip(recording(plan, make(plan)))
        for pose in warm_start(body, clip).qpos[::2]:
            data.qpos[:] = pose
            mujoco.mj_kinematics(body.model, data)
            mujoco.mj_collision(body.model, data)
            between = [c.dist for c in data.contact[: data.ncon] if floor not in c.geom]
            assert min(between, default=0.0) > -0.005, plan.key


def test_prepare_data_leaves_a_file_that_is_up_to_date(small: Path, capsys: pytest.CaptureFixture[str]):
    before = small.stat().st_mtime_ns
    PrepareData().run()
    assert "up to date" in capsys.readouterr().out
    assert small.stat().st_mtime_ns == before


def test_a_partial_build_takes_no_whole_files_place(small: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kinesis_bench.prepare.built_in_jobs", lambda people: built_in_jobs(people)[:1])
    PrepareData(bodies=("legs",), workers=1).run()
    assert read_motions(small.with_name("normative-gait-v2-legs.h5")).ik.keys() == {"legs"}
    assert default_motions() == small


def test_ctrl_c_while_the_child_imports_is_silent(home: Path):
    """SIGINT is pending, blocked as by ``default_motions``, before the child's first import."""
    code = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT});"
        "signal.signal(signal.SIGINT, signal.default_int_handler); os.kill(os.getpid(), signal.SIGINT);"
        "os.execv(sys.executable, [sys.executable, '-m', 'kinesis_bench.prepare', sys.argv[1]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home / "normative-gait-v2.h5")], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not home.exists()


def test_ctrl_c_is_blocked_only_while_the_child_starts(home: Path, monkeypatch: pytest.MonkeyPatch):
    masks = []

    def popen(*_: object, **__: object) -> None:
        masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        raise OSError

    monkeypatch.setattr("subprocess.Popen", popen)
    with pytest.raises(OSError):  # noqa: PT011
        default_motions()
    assert signal.SIGINT in masks[0]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
