"""The example records MyoSuite's body, and what it wrote can be scored again."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from example_scripts import example

from kinesis_bench.rollouts.store import read_rollouts

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("myosuite") is None, reason="pip install 'kinesis-bench[myosuite]'"
)


def test_it_records_and_scores(capsys, tmp_path):
    file = tmp_path / "rollouts.h5"
    example("record_in_myosuite").main(["--episodes", "2", "--out", str(file)])
    assert "excitation 0.05" in capsys.readouterr().out
    clips = read_rollouts(file).clips
    assert len(clips) == 2
    np.testing.assert_allclose(clips[0].excitation, 0.05, atol=1e-6)
