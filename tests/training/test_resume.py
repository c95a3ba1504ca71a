"""A run that was stopped, however hard, ends in the same bits as one that never was."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from tiny_runs import motions_file, tiny_config  # noqa: E402

from kinesis_bench.errors import InputError  # noqa: E402
from kinesis_bench.training.chain import train  # noqa: E402
from kinesis_bench.training.checkpoint import STATE, TENSORS, checkpoints, read_checkpoint  # noqa: E402
from kinesis_bench.training.log import LOG, StageLog  # noqa: E402
from kinesis_bench.training.networks import Actor  # noqa: E402
from kinesis_bench.training.ppo import PPO  # noqa: E402
from kinesis_bench.training.reinforcement import LOST, Reinforcement  # noqa: E402
from kinesis_bench.training.run_folder import read_chain, read_config, stage_folder  # noqa: E402

STAGE = "expert-1"


@pytest.fixture(scope="module")
def motions(tmp_path_factory) -> Path:
    return motions_file(tmp_path_factory.mktemp("motions") / "m.h5", clips=3)


def run_stage(run: Path, motions: Path) -> None:
    """Begin a run of six updates with a checkpoint every two, or go on with it."""
    new = not (run / "config.json").exists()
    config = tiny_config(motions) if new else read_config(run)
    train(run, config, score=lambda _: None, only=STAGE, new=new)


@pytest.fixture(scope="module")
def uninterrupted(motions, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "uninterrupted"
    run_stage(run, motions)
    return run


def rows(run: Path) -> list[dict[str, str]]:
    """Of the log, without times."""
    with (stage_folder(run, STAGE) / LOG).open() as file:
        return [
            {k: v for k, v in row.items() if k not in ("wall_s", "steps_per_s")}
            for row in csv.DictReader(file)
        ]


def assert_same(run: Path, other: Path) -> None:
    for name in ("checkpoint-000006", "best"):
        tensors, state = read_checkpoint(stage_folder(run, STAGE) / name)
        expected, expected_state = read_checkpoint(stage_folder(other, STAGE) / name)
        assert tensors.keys() == expected.keys()
        for key, tensor in tensors.items():
            assert torch.equal(tensor, expected[key]), f"{name}: {key}"
        assert state == expected_state
    assert rows(run) == rows(other)
    assert [row["update"] for row in rows(run)] == ["1", "2", "3", "4", "5", "6"]
    ours, theirs = read_chain(run).stages[STAGE], read_chain(other).stages[STAGE]
    assert (ours.figures, ours.failed, ours.steps) == (theirs.figures, theirs.failed, theirs.steps)


def test_every_update_changes_the_policy(uninterrupted) -> None:
    """Else equality would say nothing."""
    last = [read_checkpoint(folder)[0] for folder in checkpoints(stage_folder(uninterrupted, STAGE))]
    assert len(last) == 3
    for earlier, later in pairwise(last):
        for name in ("actor.head.weight", "actor.normaliser.mean", "critic.head.weight"):
            assert not torch.equal(earlier[name], later[name])


def test_another_seed_is_another_run(uninterrupted, motions, tmp_path) -> None:
    train(tmp_path / "run", replace(tiny_config(motions), seed=1), score=lambda _: None, only=STAGE)
    ours, _ = read_checkpoint(stage_folder(tmp_path / "run", STAGE) / "checkpoint-000006")
    theirs, _ = read_checkpoint(stage_folder(uninterrupted, STAGE) / "checkpoint-000006")
    assert not torch.equal(ours["actor.head.weight"], theirs["actor.head.weight"])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("update", [1, 4, 5])
def test_stopped_by_an_exception(uninterrupted, motions, tmp_path, monkeypatch, update, stop) -> None:
    shown = StageLog.__call__

    def interrupt(self, progress) -> None:
        shown(self, progress)
        if progress.update == update:
            raise stop

    with monkeypatch.context() as patched:
        patched.setattr(StageLog, "__call__", interrupt)
        with pytest.raises(stop):
            run_stage(tmp_path / "run", motions)
    run_stage(tmp_path / "run", motions)
    assert_same(tmp_path / "run", uninterrupted)


KILLED = """
import os, signal, sys
from pathlib import Path
from kinesis_bench.training import checkpoint
from kinesis_bench.training.log import StageLog
from test_resume import run_stage

shown, save = StageLog.__call__, checkpoint.save_file

def kill_after_row(self, progress):
    shown(self, progress)
    if progress.update == 5:
        os.kill(os.getpid(), signal.SIGKILL)

def kill_in_checkpoint(tensors, path):
    save(tensors, path)
    if "checkpoint-000004" in str(path):
        path.write_bytes(path.read_bytes()[:1000])
        os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "row":
    StageLog.__call__ = kill_after_row
else:
    checkpoint.save_file = kill_in_checkpoint
run_stage(Path(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.parametrize("where", ["row", "checkpoint"])
def test_killed(uninterrupted, motions, tmp_path, where) -> None:
    here = Path(__file__).resolve().parent
    path = f"{here}:{here.parent / 'support'}"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, where, str(tmp_path / "run"), str(motions)],
        env={"PYTHONPATH": path, "PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    run_stage(tmp_path / "run", motions)
    assert_same(tmp_path / "run", uninterrupted)
    assert not list(stage_folder(tmp_path / "run", STAGE).glob(".*"))


def stopped(run: Path, motions: Path, monkeypatch) -> Path:
    """A run that stopped after update 5; its last checkpoint."""

    shown = StageLog.__call__

    def interrupt(self, progress) -> None:
        shown(self, progress)
        if progress.update == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StageLog, "__call__", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_stage(run, motions)
    return checkpoints(stage_folder(run, STAGE))[-1]


def test_damaged_checkpoint_can_be_removed(uninterrupted, motions, tmp_path, monkeypatch) -> None:
    last = stopped(tmp_path / "run", motions, monkeypatch)
    (last / TENSORS).write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match=r"checkpoint-000004: is a damaged checkpoint .* remove this one"):
        run_stage(tmp_path / "run", motions)
    for file in last.iterdir():
        file.unlink()
    last.rmdir()
    run_stage(tmp_path / "run", motions)
    assert_same(tmp_path / "run", uninterrupted)


@pytest.mark.parametrize(
    ("of", "to"),
    [
        ('"updates": 4', '"updates": "four"'),
        ('"best": ', '"best": null, "worst": '),
        ('"failing": [', '"failing": [0.5, '),
        ('"steps"', '"stops"'),
    ],
)
def test_a_state_that_means_nothing_is_a_damaged_checkpoint(motions, tmp_path, monkeypatch, of, to) -> None:
    path = stopped(tmp_path / "run", motions, monkeypatch) / STATE
    damaged = path.read_text().replace(of, to)
    assert damaged != path.read_text()
    path.write_text(damaged)
    with pytest.raises(InputError, match="checkpoint-000004: is a damaged checkpoint"):
        run_stage(tmp_path / "run", motions)


def test_checkpoint_of_another_network(motions, tmp_path, monkeypatch) -> None:
    stopped(tmp_path / "run", motions, monkeypatch)
    path = tmp_path / "run" / "config.json"
    path.write_text(path.read_text().replace('"actor": [\n   16\n', '"actor": [\n   24\n'))
    with pytest.raises(InputError, match=r"actor\..*has shape .* this network's has"):
        run_stage(tmp_path / "run", motions)


def test_an_update_that_is_not_finite_is_undone(motions, tmp_path, monkeypatch) -> None:
    """Once: the run goes on with the weights of before. Three times in a row: it stops."""
    update, calls = PPO.update, []

    def break_second(self, *arguments, **more):
        report = update(self, *arguments, **more)
        calls.append({k: v.clone() for k, v in self.actor.state_dict().items()})
        if len(calls) in broken:
            with torch.no_grad():
                self.actor.head.bias[0] = torch.nan
        return report

    monkeypatch.setattr(PPO, "update", break_second)
    broken = {2}
    run_stage(tmp_path / "once", motions)
    tensors, state = read_checkpoint(stage_folder(tmp_path / "once", STAGE) / "checkpoint-000006")
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())
    assert state["lost"] == 0
    kept, _ = read_checkpoint(stage_folder(tmp_path / "once", STAGE) / LOST)
    assert torch.equal(kept["actor.head.weight"], calls[0]["head.weight"])
    assert kept["observation"].shape == (4, 4, 309)
    calls.clear()
    broken = {3, 4, 5}
    with pytest.raises(
        InputError, match=r"update 4: 3 updates in a row ended in weights that are not finite"
    ):
        run_stage(tmp_path / "thrice", motions)
    last = checkpoints(stage_folder(tmp_path / "thrice", STAGE))[-1]
    assert all(torch.isfinite(tensor).all() for tensor in read_checkpoint(last)[0].values())


def test_physics_that_keeps_breaking_stops_the_run(motions, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Reinforcement, "_learn_normalisers", lambda *_: None)
    act = Actor.to_action
    monkeypatch.setattr(Actor, "to_action", lambda self, seen, sample: act(self, seen, sample) * torch.nan)
    with pytest.raises(InputError, match="the physics broke in 16 of 16 control steps"):
        run_stage(tmp_path / "run", motions)
    assert list((tmp_path / "run" / "broken").glob("*.npz"))
