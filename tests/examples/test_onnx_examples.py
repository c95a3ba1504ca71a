"""A network that is exported and signed is scored on its own body, and refused by another."""

from __future__ import annotations

import numpy as np
import pytest
from example_scripts import example
from synthetic import synthetic_motions

pytest.importorskip("torch", reason="to export a network: pip install 'kinesis-bench[train]'")
pytest.importorskip("onnx", reason="to export a network: pip install 'kinesis-bench[train]'")

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.policies.load import load_policy

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Torch's of the exporter that needs no further package."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    file = tmp_path_factory.mktemp("exported") / "mine.onnx"
    example("export_to_onnx").main(["--out", str(file)])
    return file


def test_an_exported_network_does_what_torch_does(tmp_path):
    import torch

    script, file = example("export_to_onnx"), tmp_path / "mine.onnx"
    torch.manual_seed(0)
    network = script.network(309, 80)
    script.export(network, 309, file)
    observation = np.random.default_rng(0).normal(size=(5, 309)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(observation)).numpy()
    action = load_policy(str(file)).make().act(observation, ())
    np.testing.assert_allclose(action, expected, atol=1e-6)


def test_it_says_what_it_was_made_for(exported):
    policy = load_policy(str(exported))
    assert (policy.contract.body, policy.contract.control, policy.notes) == ("legs", "direct", ())
    body = load_body("legs_abs")
    script = example("score_an_onnx_policy")
    with pytest.raises(InputError, match="made for 'legs', this run has 'legs_abs'"):
        script.score(str(exported), "legs_abs", synthetic_motions(body))


def test_it_is_scored_from_python(exported, capsys, monkeypatch):
    script, motions = example("score_an_onnx_policy"), synthetic_motions(load_body("legs"), clips=6)
    monkeypatch.setattr(script, "default_motions", lambda: "motions.h5")
    monkeypatch.setattr(script, "read_motions", lambda path, bodies: motions)
    script.main([str(exported), "--all"])
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:4]] == ["frame", "success", "MPJPE", "EMG"]
    assert said[3].endswith("are needed)")
    covered = [int(line.split("%")[0]) for line in said[5:]]
    assert len(covered) == 2, "the clips of the test split"
    assert covered == sorted(covered)
