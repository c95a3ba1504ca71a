"""What ``--start-from`` may name."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.policies.load import reference_policies
from kinesis_bench.training.export import WEIGHTS
from kinesis_bench.training.setting import start_folder


@pytest.mark.parametrize("name", reference_policies())
def test_a_policy_that_ships_is_named_as_for_score(name) -> None:
    assert (start_folder(name) / WEIGHTS).is_file()
    assert start_folder(name).name == name


def test_any_other_folder_is_taken_as_it_is(monkeypatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert start_folder("runs/abs/policy") == Path("runs/abs/policy")
    assert start_folder("~/policy") == Path("/home/someone/policy")
