"""Two processes on gloo train as one process with twice the environments does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.training import distributed  # noqa: E402

WORKER = Path(__file__).resolve().parents[1] / "support" / "distributed_worker.py"


def run(what: str, folder: Path, world: int) -> list[dict[str, np.ndarray]]:
    """What each process wrote."""
    folder.mkdir()
    started = [
        subprocess.Popen(
            [sys.executable, str(WORKER), what, str(folder)],
            env=os.environ | {"RANK": str(rank), "WORLD_SIZE": str(world), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(world)
    ]
    try:
        for process in started:
            _, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors
    finally:
        for process in started:
            process.kill()
    return [dict(np.load(folder / f"{rank}.npz")) for rank in range(world)]


@pytest.fixture(scope="module")
def updates(tmp_path_factory):
    """One process, and two."""
    folder = tmp_path_factory.mktemp("updates")
    return run("update", folder / "one", 1)[0], run("update", folder / "two", 2)


def named(found: dict[str, np.ndarray], *beginnings: str) -> dict[str, np.ndarray]:
    chosen = {name: value for name, value in found.items() if name.startswith(beginnings)}
    assert chosen
    return chosen


def assert_equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray], atol: float = 0.0) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], rtol=0, atol=atol, err_msg=name)


def test_processes_have_the_same_weights_to_the_bit(updates):
    _, (first, second) = updates
    wanted = ("first.actor", "first.critic", "later.actor", "later.critic")
    assert_equal(named(first, *wanted), named(second, *wanted))


def test_statistics_are_those_of_all_observations(updates):
    one, (two, _) = updates
    wanted = ("first.actor.normaliser", "first.critic.normaliser")
    assert_equal(named(one, *wanted), named(two, *wanted), 1e-12)
    assert one["first.actor.normaliser.count"] == 24


def test_the_first_gradients_are_equal(updates):
    one, (two, _) = updates
    gradients = named(one, "first.gradient")
    assert all(np.abs(value).max() > 0 for value in gradients.values())
    assert_equal(gradients, named(two, "first.gradient"), 1e-12)


def test_whole_updates_are_equal(updates):
    """Four epochs of three minibatches, gradients clipped, the rate adapted: parameters and report."""
    one, (two, _) = updates
    wanted = ("later.actor", "later.critic", "later.report")
    assert_equal(named(one, *wanted), named(two, *wanted), 1e-9)
    assert one["later.report.learning_rate"] != 1e-2
    moved = one["later.actor.head.weight"] - one["first.actor.head.weight"]
    assert np.abs(moved).max() > 1e-3


def test_every_process_is_told_the_same_report(updates):
    _, (first, second) = updates
    assert_equal(named(first, "first.report", "later.report"), named(second, "first.report", "later.report"))


def test_small_collectives(updates):
    one, two = updates
    np.testing.assert_allclose(one["moments"], [1, 2 / 3])
    together = np.array([0, 1, 2, 10, 11, 12, 13])
    for found in two:
        np.testing.assert_allclose(found["moments"], [together.mean(), together.var()])
        np.testing.assert_array_equal(found["gathered"], [[0, 5], [1, 5]])
    np.testing.assert_array_equal(one["gathered"], [[0, 5]])


def test_a_stage_of_two_processes_stays_together_and_resumes(tmp_path):
    first, second = run("stage", tmp_path / "run", 2)
    wanted = ("trunk", "head", "log_", "normaliser", "updates", "history", "episode_steps", "reward")
    assert_equal(named(first, *wanted), named(second, *wanted))
    assert first["updates"] == 4
    np.testing.assert_array_equal(first["episode_steps"], np.full(4, 5.5))
    np.testing.assert_array_equal(first["history"], np.full(4, 0.75))
    assert not np.isclose(first["starts"], second["starts"]).any(), "processes must not see the same starts"
    for found in (first, second):
        for name in ("head.weight", "normaliser.mean", "updates"):
            np.testing.assert_array_equal(found[f"resumed.{name}"], found[name])


def test_a_student_of_two_processes_is_one_student(tmp_path):
    """Else each would learn from its own rows alone, and the judges of some clips would judge another."""
    first, second = run("distil", tmp_path / "run", 2)
    assert_equal(named(first, "trunk", "head", "normaliser"), named(second, "trunk", "head", "normaliser"))
    assert first["normaliser.count"] == 2 * 3 * 20
    assert first["samples"].tolist() == [20, 40, 60]
    assert not np.isclose(first["starts"], second["starts"]).any()


def test_one_process_needs_no_group():
    values = torch.tensor([1.0, 2.0])
    total = distributed.sum_over_processes(values)
    total += 1
    assert values.tolist() == [1.0, 2.0]
    assert (distributed.rank(), distributed.processes()) == (0, 1)
    distributed.copy_from_first([values])
    distributed.average_gradients([values])
    distributed.wait_for_all()
    assert distributed.gather_json({"a": None}) == [{"a": None}]
