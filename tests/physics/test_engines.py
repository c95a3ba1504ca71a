"""The engines by name, and what is said where one cannot run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.physics import engines
from kinesis_bench.physics.engines import engine_maker


def test_the_cpu_engine_by_name():
    engine = engine_maker("cpu")(load_body("legs").model, 3, fields=("xpos",), threads=1)
    assert engine.size == len(engine.field("xpos")) == 3


def test_an_unknown_engine_is_named():
    with pytest.raises(InputError, match="gpu"):
        engine_maker("gpuu")


def test_no_gpu_is_said_in_one_line():
    torch = pytest.importorskip("torch", reason="torch is not installed (pip install 'kinesis-bench[gpu]')")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match=r"^--engine gpu: no CUDA device is found; use --engine cpu$"):
        engine_maker("gpu")(load_body("legs").model, 2)


def test_a_missing_package_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(engines, "GPU_PACKAGES", ("no_such_package",))
    with pytest.raises(InputError, match=r"^--engine gpu: no_such_package is not installed; pip install"):
        engine_maker("gpu")(load_body("legs").model, 2)


def test_the_cpu_engine_needs_no_torch():
    code = (
        "import sys, kinesis_bench.physics.engines, kinesis_bench.physics.cpu, kinesis_bench.tasks.imitation"
    )
    found = subprocess.run(
        [sys.executable, "-c", code + "; print({'torch', 'warp'} & set(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "set()"
