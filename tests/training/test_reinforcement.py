"""A stage as a whole: what stays and what moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from tiny_runs import motions_file, tiny_config  # noqa: E402

from kinesis_bench.training.chain import train  # noqa: E402
from kinesis_bench.training.checkpoint import checkpoints, read_checkpoint  # noqa: E402
from kinesis_bench.training.run_folder import stage_folder  # noqa: E402


def test_while_only_values_are_learned_the_policy_is_the_same_to_the_bit(tmp_path):
    """Weights, noise and the statistics that its observations are normalised by; from the fifth update on
    they move."""
    config = tiny_config(motions_file(tmp_path / "m.h5"))
    config = replace(config, expert=replace(config.expert, critic_only_updates=4, checkpoint_every=2))
    train(tmp_path / "run", config, score=lambda _: None, only="expert-1")
    second, fourth, sixth = (
        read_checkpoint(folder)[0] for folder in checkpoints(stage_folder(tmp_path / "run", "expert-1"))
    )
    for name in (name for name in sixth if name.startswith(("actor.", "critic."))):
        assert torch.equal(second[name], fourth[name]) == name.startswith("actor."), name
    moved = {
        name for name in sixth if name.startswith("actor.") and not torch.equal(fourth[name], sixth[name])
    }
    assert {"actor.head.weight", "actor.normaliser.mean", "actor.normaliser.count"} <= moved
