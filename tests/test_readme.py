"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from kinesis_bench.policies.load import load_policy

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_policy_in_five_lines(tmp_path: Path):
    code = next(
        block for block in re.findall(r"```python\n(.*?)```", README.read_text(), re.S) if "Mine" in block
    )
    (tmp_path / "my_policy.py").write_text(code)
    loaded = load_policy(f"{tmp_path / 'my_policy.py'}:Mine")
    mine = loaded.make()
    mine.reset(None, np.arange(3))
    assert mine.act(np.zeros((3, 309), np.float32), []).shape == (3, 80)
    assert (loaded.control, loaded.needs) == ("direct", ())


def test_the_table_holds_what_the_data_say():
    """People's figures of the table, from the built-in data."""
    from kinesis_bench.human.sources import human_emg
    from kinesis_bench.metrics.emg import score_emg

    score = score_emg(
        None, human_emg("emg_walk_wang2023", 4.5), np.random.default_rng(0), cycles=0, cycle_s=None
    )
    text = README.read_text()
    assert f"| {score.human_pairs_r:.3f} | 1 |" in text
    assert f"| {score.leave_one_out_r:.3f} | {score.leave_one_out_r / score.human_pairs_r:.2f} |" in text
