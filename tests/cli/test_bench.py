"""``kinesis-bench bench``: a row for each engine and body, and refusals in one line."""

from __future__ import annotations

import contextlib
import importlib
import re

import numpy as np
import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.cli import bench
from kinesis_bench.cli.main import main
from kinesis_bench.physics import engines
from kinesis_bench.physics.engines import cpu_engine
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.speed import _Pair, measure


@pytest.fixture
def no_prepared_data(monkeypatch):
    """The built-in motions are replaced by small ones.

    Modules that are first imported meanwhile would keep the replacements.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module("kinesis_bench.training.setting")
    monkeypatch.setattr("kinesis_bench.prepare.default_motions", lambda: None)
    monkeypatch.setattr(
        "kinesis_bench.motions.store.read_motions",
        lambda _, bodies: synthetic_motions(*(load_body(name) for name in bodies)),
    )


@pytest.mark.usefixtures("no_prepared_data")
def test_a_row_has_what_was_measured(monkeypatch, capsys):
    monkeypatch.setattr(bench, "_can_train", lambda: False)
    main(["bench", "--body", "legs", "--engine", "cpu", "--rows", "8", "--seconds", "0.01"])
    out = capsys.readouterr().out
    row = next(line.split() for line in out.splitlines() if "cpu" in line)
    assert row[1:3] == ["legs", "8"]
    physics, environment, share = (float(re.sub("[,%]", "", cell)) for cell in row[3:6])
    assert share == pytest.approx(100 * environment / physics, abs=1)
    assert row[6] == "–"
    assert "training was not measured" in out


@pytest.mark.usefixtures("no_prepared_data")
def test_training_is_measured_where_it_can_be(capsys):
    pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[train]')")
    main(["bench", "--body", "legs", "--engine", "cpu", "--rows", "4", "--seconds", "0.01"])
    row = next(line.split() for line in capsys.readouterr().out.splitlines() if "cpu" in line)
    assert float(row[6].replace(",", "")) > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rows", "0"), r"--rows: is 0; give a number from 1"),
        (("--seconds", "0"), r"--seconds: is 0; give a number above 0"),
        (("--seconds", "inf"), r"--seconds: is inf; give"),
        (("--body", "arms"), r"legs_back"),
        (("--engine", "tpu"), r"gpu"),
    ],
)
def test_what_means_nothing_is_refused(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["bench", *arguments])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert re.search(said, err)


def test_a_gpu_engine_without_a_gpu_is_refused(capsys):
    torch = pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[gpu]')")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(SystemExit) as stop:
        main(["bench", "--engine", "gpu"])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err == "kinesis-bench: --engine gpu: no CUDA device is found; use --engine cpu\n"


def test_without_a_gpu_only_the_cpu_is_measured(monkeypatch):
    monkeypatch.setattr(engines, "GPU_PACKAGES", ("no_such_package",))
    assert bench._engines(None) == ["cpu"]


def test_both_sides_go_through_the_same_states():
    body = load_body("legs")
    reference = Reference.of(synthetic_motions(body), body)
    pair = _Pair(body, reference, 6, cpu_engine, 1)
    pair.round()
    np.testing.assert_array_equal(pair._task.engine.field("qpos"), pair._alone.field("qpos"))
    assert measure(body, reference, 6, 0.01, cpu_engine, threads=1).physics > 0
