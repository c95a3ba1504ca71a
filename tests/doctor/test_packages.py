from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from kinesis_bench.doctor import packages

REQUIRES = [
    "mujoco>=4.0",
    "numpy>=2.0",
    'torch>=2.5; extra == "train"',
    'kinesis-bench[train]; extra == "gpu"',
    'warp-lang>=1.15; extra == "gpu"',
    'pytest>=8; extra == "dev"',
]


@pytest.fixture
def installed(monkeypatch):
    """Installed versions, to be changed; and what was tested."""
    versions = {"kinesis-bench": "0.1.0", "mujoco": "4.0.0", "numpy": "2.4.6", "torch": "2.13.0+cpu"}

    def version(name):
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    class Metadata:
        def get_all(self, _key):
            return ["train", "gpu", "dev"]

    monkeypatch.setattr(packages, "requires", lambda _name: REQUIRES)
    monkeypatch.setattr(packages, "metadata", lambda _name: Metadata())
    monkeypatch.setattr(packages, "version", version)
    monkeypatch.setattr(packages, "_tested", lambda: {"mujoco": "4.0.0", "numpy": "2.4.6", "torch": "2.13.0"})
    return versions


def dependencies():
    (check,) = packages.dependencies()
    assert check.needed
    return check


def test_all_as_tested(installed):
    assert dependencies().mark == "ok"
    assert dependencies().says == "kinesis-bench 0.1.0, MuJoCo 4.0.0, 2 packages installed, all as tested"


def test_another_version_than_the_tested_one_is_said(installed):
    installed["numpy"] = "2.5.0"
    assert dependencies().mark == "ok"
    assert dependencies().says.endswith("not as tested: numpy 2.5.0 (tested 2.4.6)")


def test_a_package_that_is_absent_or_too_old_is_broken(installed):
    del installed["mujoco"]
    installed["numpy"] = "1.26.4"
    check = dependencies()
    assert check.mark == "broken"
    assert check.says == "mujoco is not installed; numpy is 1.26.4, not >=2.0"
    assert check.remedy == "pip install kinesis-bench"


def test_extras_with_what_they_include(installed):
    gpu, train = packages.extras()
    assert (train.name, train.mark, train.says) == ("extra train", "ok", "torch 2.13.0+cpu")
    assert (gpu.name, gpu.mark, gpu.says) == ("extra gpu", "missing", "warp-lang is not installed")
    assert gpu.remedy == "pip install 'kinesis-bench[gpu]'"
    installed["warp-lang"] = "1.19.0"
    gpu, _ = packages.extras()
    assert (gpu.mark, gpu.says) == ("ok", "torch 2.13.0+cpu, warp-lang 1.19.0")


def test_what_was_tested_is_read_from_the_constraints():
    pins = packages._tested()
    assert pins["mujoco"] == "4.0.0"
    assert pins["mlcroissant"].startswith("1.")


def test_constraints_that_are_not_there_are_said(installed, monkeypatch):
    monkeypatch.setattr(packages, "_tested", dict)
    assert "is not known here" in dependencies().says
