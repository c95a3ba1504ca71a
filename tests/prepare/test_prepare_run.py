"""prepare-data from AMASS's files to the motion file: labels, quarantine, workers, stopping and going on."""

from __future__ import annotations

import errno
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tyro
from recordings import NAMES, walk_arrays, write_tree
from rich.console import Console

from kinesis_bench.cli.prepare_data import PrepareData
from kinesis_bench.errors import InputError
from kinesis_bench.files import DiskFull, whole_file
from kinesis_bench.motions.curation import load_rules
from kinesis_bench.motions.store import read_motions
from kinesis_bench.prepare import Outcome, Settings, amass_jobs, file_jobs, prepare, print_report, work
from kinesis_bench.prepare.run import only_one, work_folder
from kinesis_bench.prepare.work import work_off

SETTINGS = Settings("true", ("legs",))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("amass"))


def run(tree: Path, out: Path, workers: int = 1, settings: Settings = SETTINGS) -> Outcome:
    jobs, missing = amass_jobs(tree, load_rules())
    console = Console(stderr=True, quiet=True)
    return prepare(
        jobs, out, id="kit-test", settings=settings, workers=workers, missing=missing, console=console
    )


@pytest.fixture(scope="module")
def outcome(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(tree, tmp_path_factory.mktemp("out") / "motions.h5")


def test_clips_are_labelled_posed_and_written(outcome: Outcome):
    motions = read_motions(outcome.path, bodies=("legs",))
    assert len(motions) == len(NAMES)
    assert motions.keys == tuple(sorted(f"{name}_poses" for name in NAMES))
    skill = dict(zip(motions.keys, motions.skill, strict=True))
    assert skill["KIT/3/walking_slow01_poses"] == "walk"
    assert skill["KIT/3/WalkInCounterClockwiseCircle01_poses"] == "gradual_turn"
    assert skill["KIT/8/walking_run01_poses"] == "run"
    assert skill["KIT/10/WalkingStraightBackwards01_poses"] == "backward"
    assert set(motions.splits[motions.index("KIT/8/LeftTurn01_poses")]) >= {"by-subject/test"}
    assert motions.length.tolist() == [60] * len(NAMES)
    ik = motions.ik["legs"]
    assert ik.qpos.shape == (60 * len(NAMES), 35)
    assert 0.002 < np.median(ik.residual) < 0.02
    assert motions.content_sha256 == outcome.motions.content_sha256
    assert not motions.quarantine
    assert not work_folder(outcome.path).exists()


def test_what_of_the_published_lists_is_missing_is_told(outcome: Outcome):
    present = {name for name in NAMES if name in load_rules().published}
    assert present
    for split, names in outcome.missing.items():
        assert not present & set(names)
        assert len(names) > 50, split


def test_two_workers_give_the_same_bits(tree: Path, tmp_path: Path, outcome: Outcome):
    twice = run(tree, tmp_path / "two.h5", workers=2)
    assert twice.motions.content_sha256 == outcome.motions.content_sha256
    assert twice.motions.ik["legs"].sha256 == outcome.motions.ik["legs"].sha256


def test_kinesis_time_base_plays_slower(tree: Path, tmp_path: Path, outcome: Outcome):
    slow = run(tree, tmp_path / "slow.h5", settings=replace(SETTINGS, time_base="kinesis"))
    before, after = (
        np.linalg.norm(m.frames["pelvis_linear_velocity"], axis=1).mean()
        for m in (outcome.motions, slow.motions)
    )
    assert before / after == pytest.approx(100 / 90, rel=0.01)
    assert slow.motions.time_base == "kinesis"


def test_bad_recordings_are_quarantined_and_the_rest_goes_on(tmp_path: Path):
    tree = write_tree(tmp_path / "amass", NAMES[:5])
    good = tree / f"{NAMES[0]}_poses.npz"
    cut = tree / f"{NAMES[1]}_poses.npz"
    cut.write_bytes(good.read_bytes()[:5000])
    arrays = walk_arrays(2.0, 1)
    arrays["poses"][7, 4] = np.nan
    np.savez(tree / f"{NAMES[2]}_poses.npz", **arrays)
    arrays = walk_arrays(2.0, 1)
    arrays["trans"][100:] += (3.0, 0.0, 0.0)
    np.savez(tree / f"{NAMES[3]}_poses.npz", **arrays)
    outcome = run(tree, tmp_path / "motions.h5")
    assert len(outcome.motions) == 2
    reasons = outcome.motions.quarantine
    assert set(reasons) == {NAMES[1], NAMES[2], f"{NAMES[3]}_poses"}
    assert "cut" in reasons[NAMES[1]]
    assert "NaN" in reasons[NAMES[2]]
    assert "pelvis speed" in reasons[f"{NAMES[3]}_poses"]


def test_nothing_left_is_an_error_and_leaves_nothing(tmp_path: Path):
    tree = write_tree(tmp_path / "amass", NAMES[:2])
    for path in tree.rglob("*.npz"):
        path.write_bytes(b"no archive")
    out = tmp_path / "out" / "motions.h5"
    with pytest.raises(InputError, match="none of 2 recordings can be used"):
        run(tree, out)
    assert not out.parent.exists()


def test_a_tree_without_chosen_recordings_says_so(tmp_path: Path):
    tree = write_tree(tmp_path / "amass", ("KIT/3/jumping01",))
    with pytest.raises(InputError, match="none of its 1 recordings is chosen"):
        amass_jobs(tree, load_rules())


def test_a_result_is_used_again_only_while_its_source_and_recipe_are_the_same(tmp_path: Path):
    tree = write_tree(tmp_path / "amass", NAMES[:1])
    (job,), _ = amass_jobs(tree, load_rules())
    folder = tmp_path / "work"
    first, was_there = work_off(job, folder, SETTINGS)
    assert not was_there
    assert work_off(job, folder, SETTINGS) == (first, True)
    assert work_off(job, folder, replace(SETTINGS, time_base="kinesis"))[0] != first
    assert work_off(replace(job, skill="run"), folder, SETTINGS)[0] != first
    np.savez(job.path, **walk_arrays(2.0, 99))
    assert work_off(job, folder, SETTINGS)[0] != first


def test_a_second_process_waits_for_the_first_and_then_has_the_folder(tmp_path: Path):
    out, page, held = tmp_path / "new" / "motions.h5", io.StringIO(), threading.Event()

    def second() -> None:
        with only_one(out, Console(file=page, width=200)):
            assert work_folder(out).is_dir()
            held.set()

    thread = threading.Thread(target=second)
    with only_one(out, Console(quiet=True)):
        thread.start()
        deadline = time.monotonic() + 30
        while "waiting for another process" not in page.getvalue():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not held.is_set()
    thread.join(30)
    assert held.is_set()
    assert not work_folder(out).exists()


def wait_for_results(process: subprocess.Popen[str], out: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while len(list(work_folder(out).glob("[0-9a-f]*.npz"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def start(tree: Path, out: Path, workers: int) -> subprocess.Popen[str]:
    arguments = ["--amass", str(tree), "--bodies", "legs", "--workers", str(workers), "--out", str(out)]
    return subprocess.Popen(
        [sys.executable, "-m", "kinesis_bench", "prepare-data", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_ctrl_c,
    )


def _heed_ctrl_c() -> None:
    """Even where the tests run as a background job, which a shell starts with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def long_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("long"), NAMES, seconds=12.0)


def test_a_killed_run_goes_on_where_it_was(long_tree: Path, tmp_path: Path):
    whole = run(long_tree, tmp_path / "whole.h5")
    out = tmp_path / "motions.h5"
    process = start(long_tree, out, workers=2)
    wait_for_results(process, out, 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not out.exists()
    kept = len(list(work_folder(out).glob("[0-9a-f]*.npz")))
    assert 2 <= kept < len(NAMES)
    second = run(long_tree, out)
    assert second.resumed == kept
    assert second.motions.content_sha256 == whole.motions.content_sha256
    assert second.motions.ik["legs"].sha256 == whole.motions.ik["legs"].sha256
    assert not work_folder(out).exists()


def test_ctrl_c_says_how_to_go_on(long_tree: Path, tmp_path: Path):
    out = tmp_path / "motions.h5"
    process = start(long_tree, out, workers=2)
    wait_for_results(process, out, 1)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "recordings are done and kept: the same command goes on there" in " ".join(errors.split())
    assert "Traceback" not in errors
    assert not out.exists()
    assert list(work_folder(out).glob("[0-9a-f]*.npz"))


def test_the_report_names_skills_splits_and_what_is_missing(outcome: Outcome):
    page = io.StringIO()
    print_report(outcome, Console(file=page, width=160))
    text = page.getvalue()
    for word in (
        "gradual",
        "by-subject/",
        "missing of kinesis-2026/train: ",
        "more (--all)",
        "quarantined: none",
    ):
        assert word in text, word
    assert outcome.motions.content_sha256 in text


def test_joint_angle_files_are_reported(shared: Path, tmp_path: Path):
    folder = shared / "data" / "opensim"
    jobs = file_jobs("joint angles", [folder / "coordinates.sto", folder / "hamner_subject02_running_ik.mot"])
    outcome = prepare(
        jobs, tmp_path / "angles.h5", id="angles", settings=SETTINGS, workers=1,
        console=Console(quiet=True),
    )  # fmt: skip
    assert dict(zip(outcome.motions.keys, outcome.motions.skill, strict=True)) == {
        "coordinates": "walk",
        "hamner_subject02_running_ik": "run",
    }
    remarks = outcome.remarks["hamner_subject02_running_ik"]
    assert remarks["angles_cut"]["hip_flexion_r"] > 10
    assert "hip_flexion_r" not in outcome.remarks["coordinates"]["angles_cut"]
    assert remarks["speed_m_s"] == pytest.approx(3.6, abs=0.2)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (PrepareData(workers=0), "--workers"),
        (PrepareData(bodies=()), "--bodies"),
        (PrepareData(smpl=Path("x")), "without --amass"),
        (PrepareData(joint_angles=(Path("absent.mot"),)), "no such file"),
        (PrepareData(amass=Path("absent")), "no such folder"),
    ],
)
def test_bad_options_are_one_line(command: PrepareData, message: str):
    with pytest.raises(InputError, match=message):
        command.run()


def test_an_out_that_is_a_folder_is_refused_before_the_work(tree: Path, tmp_path: Path):
    (tmp_path / "somedir").mkdir()
    for attempt in (
        lambda: run(tree, tmp_path / "somedir"),
        PrepareData(amass=tree, out=tmp_path / "somedir").run,
        PrepareData(out=tmp_path / "somedir").run,
    ):
        with pytest.raises(InputError, match="is a folder, not a file"):
            attempt()
    assert [path.name for path in tmp_path.iterdir()] == ["somedir"]


def test_no_files_are_not_the_built_in_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path / "home"))
    for flag in ("--joint-angles", "--text-to-motion"):
        with pytest.raises(InputError, match=f"{flag}: names no file"):
            tyro.cli(PrepareData, args=[flag]).run()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("empty", [True, False])
def test_smpl_models_are_looked_for_first(tree: Path, tmp_path: Path, empty: bool):
    folder = tmp_path / "smpl"
    if empty:
        folder.mkdir()
    message = "holds no SMPL-H or SMPL-X model file" if empty else "no such folder"
    with pytest.raises(InputError, match=message):
        PrepareData(amass=tree, smpl=folder, out=tmp_path / "m.h5").run()


def test_a_disk_that_fills_up_names_the_file_and_what_is_kept(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "m.h5"
    save, left = work.save_result, [2]

    def save_two(path: Path, result: work.Result) -> None:
        left[0] -= 1
        if left[0] < 0:
            with whole_file(path):
                raise OSError(errno.ENOSPC, "No space left on device")
        save(path, result)

    monkeypatch.setattr(work, "save_result", save_two)
    with pytest.raises(DiskFull, match=r"m\.h5: the disk is full.* 2 results kept in .*h5\.work") as full:
        run(tree, out)
    assert full.value.where == str(out)
    assert isinstance(pickle.loads(pickle.dumps(full.value)), DiskFull)
    assert not out.exists()
    monkeypatch.undo()
    assert run(tree, out).resumed == 2


def test_a_file_of_other_content_is_said_to_be_replaced(tmp_path: Path, outcome: Outcome):
    tree = write_tree(tmp_path / "amass", NAMES[:2])
    out = tmp_path / "m.h5"
    first, again = run(tree, out), run(tree, out)
    assert not first.replaced
    assert not again.replaced
    write_tree(tmp_path / "amass", NAMES[:3])
    other = run(tree, out)
    assert other.replaced
    page = io.StringIO()
    print_report(other, Console(file=page, width=160))
    assert f"replaces the earlier {out}" in page.getvalue()


def test_the_name_tells_time_base_and_absent_bodies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("KINESIS_BENCH_HOME", str(tmp_path / "home"))
    tree = write_tree(tmp_path / "amass", NAMES[:1])
    PrepareData(amass=tree, bodies=("legs",), time_base="kinesis", workers=1).run()
    (made,) = (tmp_path / "home").iterdir()
    assert made.name == "kit-locomotion-v1-kinesis-time-legs.h5"
    assert read_motions(made).id == "kit-locomotion-v1-kinesis-time"


def test_lists_are_short_unless_all_is_asked_for(outcome: Outcome):
    key = NAMES[0]
    said = {key: f"/data/{key}_poses.npz: poses: holds NaN; leave it out"}
    told = replace(outcome, motions=replace(outcome.motions, quarantine=said))
    pages = []
    for everything in (False, True):
        page = io.StringIO()
        print_report(told, Console(file=page, width=160), everything)
        pages.append(page.getvalue())
    short, full = pages
    names = outcome.missing["kinesis-2026/train"]
    assert f"{len(names)}: {', '.join(names[:3])} and {len(names) - 3} more (--all)" in short
    assert names[3] not in short
    assert all(name in full for name in names)
    assert f"  {key}: poses: holds NaN; leave it out" in short
