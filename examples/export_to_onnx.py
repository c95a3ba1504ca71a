"""Turn a torch network into an ONNX policy that says what it was made for.

    pip install "kinesis-bench[train]"
    python examples/export_to_onnx.py --body legs --out mine.onnx
    kinesis-bench score --policy mine.onnx

The file carries its contract: the body, the hash of its physics, the layout of the observation, the control
law. Anything else then refuses it in one line, where an unsigned file of the right sizes would be driven
wrongly without a word. The network here is untrained; yours takes its place.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import nn

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.run import context_of


def network(observation_size: int, action_size: int) -> nn.Module:
    """An untrained policy: observations (n, N) to actions (n, A) in [-1, 1]."""
    return nn.Sequential(
        nn.Linear(observation_size, 64), nn.SiLU(), nn.Linear(64, action_size), nn.Tanh()
    ).eval()


def export(policy: nn.Module, observation_size: int, out: Path) -> None:
    """Write a network of one matrix to one matrix, for any number of rows.

    ``dynamo=False`` because torch's newer exporter wants one package more, onnxscript.
    """
    example = torch.zeros(1, observation_size)
    rows = {"observation": {0: "rows"}, "action": {0: "rows"}}
    torch.onnx.export(
        policy,
        (example,),
        out,
        dynamo=False,
        input_names=["observation"],
        output_names=["action"],
        dynamic_axes=rows,
    )


def sign(file: Path, body: str, control: str = "direct") -> None:
    """Write into an ONNX file what it was made for."""
    model = onnx.load(file)
    contract = context_of(load_body(body), control).contract
    onnx.helper.set_model_props(model, contract.to_metadata())
    onnx.save(model, file)


def main(argv: Sequence[str] | None = None) -> None:
    """Export and sign."""
    parser = argparse.ArgumentParser(description="Export a torch network as an ONNX policy.")
    parser.add_argument("--body", default="legs", help="legs, legs_abs or legs_back")
    parser.add_argument("--out", type=Path, default=Path("mine.onnx"), help="the ONNX file")
    given = parser.parse_args(argv)
    context = context_of(load_body(given.body), "direct")
    export(network(context.observation_size, context.action_size), context.observation_size, given.out)
    sign(given.out, given.body)
    print(f"written to {given.out}; next: kinesis-bench score --policy {given.out} --body {given.body}")


if __name__ == "__main__":
    main()
