"""Policies of one's own for another environment's body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.policies.foreign import load_foreign

MINE = """
class Mine:
    action_range = (0.0, 1.0)

    def act(self, observation):
        return observation[:2] * 2


class Empty:
    pass


class Broken:
    def __init__(self):
        raise RuntimeError("no weights")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_a_class_of_ones_own_acts(file: Path) -> None:
    policy = load_foreign(f"{file}:Mine")
    np.testing.assert_array_equal(policy.act(np.arange(5.0)), [0.0, 2.0])
    assert (policy.name, policy.action_range, policy.file) == ("Mine", (0.0, 1.0), file)
    assert len(policy.sha256) == 64


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Mime", "did you mean 'Mine'"),
        ("Empty", "has no act"),
        ("Broken", "raised RuntimeError: no weights"),
    ],
)
def test_classes_that_cannot_be_used(file: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_foreign(f"{file}:{name}")


def test_a_missing_file_or_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_foreign(f"{tmp_path / 'none.py'}:Mine")
    with pytest.raises(InputError, match=r"or FILE\.py:Class"):
        load_foreign("mine")
