"""Policies as ONNX graphs, node by node from their weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from kinesis_bench.policies.onnx_file import UNIFORM
from kinesis_bench.training.mixture import Mixture
from kinesis_bench.training.networks import Actor
from kinesis_bench.training.normaliser import Normaliser
from kinesis_bench.training.symmetry import Mirror

OPSET, IR_VERSION = 17, 8
"""Old enough for every onnxruntime that the package takes."""


class Graph:
    """Collects nodes and weights of a network.

    Args:
        half: weight matrices are stored in half the bytes; the numbers must be float16's already.
    """

    def __init__(self, *, half: bool = False) -> None:
        self._half = half
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: int) -> str:
        """Add an operator and name its output."""
        name = output or f"{operator}_{len(self._nodes)}"
        node = helper.make_node(operator, list(inputs), [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self._nodes.append(node)
        return name

    def constant(self, values: Tensor | np.ndarray | float | list[int] | np.int64) -> str:
        """Add an array (float32, or int64 where it is given as whole numbers) and name it."""
        array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
        name = f"constant_{len(self._weights)}"
        if array.dtype.kind == "f":
            array = array.astype(np.float32)
        self._weights.append(numpy_helper.from_array(array.copy(order="C"), name))
        return name

    def weight(self, matrix: Tensor) -> str:
        """Add a weight matrix, in float16 where weights are halved."""
        if not self._half:
            return self.constant(matrix)
        name = f"constant_{len(self._weights)}"
        array = matrix.detach().cpu().numpy().astype(np.float16)
        self._weights.append(numpy_helper.from_array(array, name))
        return self.node("Cast", name, to=TensorProto.FLOAT)

    def model(
        self, inputs: Mapping[str, int], outputs: Mapping[str, int], metadata: Mapping[str, str]
    ) -> onnx.ModelProto:
        """The network, with the width of each named input and output (n, width).

        Raises:
            onnx.checker.ValidationError: it is none.
        """
        given, wanted = (
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in of.items()]
            for of in (inputs, outputs)
        )
        graph = helper.make_graph(self._nodes, "policy", given, wanted, self._weights)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(
            graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="kinesis-bench"
        )
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model, full_check=True)
        return model


def actor_model(actor: Actor, metadata: Mapping[str, str], *, half: bool = False) -> onnx.ModelProto:
    """``observation`` (n, N) to ``action`` (n, A), the mean action clipped to [-1, 1]."""
    graph = Graph(half=half)
    _clip(graph, _mean_action(graph, actor, "observation"), 1.0, output="action")
    inputs = {"observation": len(actor.normaliser.mean)}
    return graph.model(inputs, {"action": actor.head.out_features}, metadata)


def mixture_model(
    mixture: Mixture, metadata: Mapping[str, str], *, sampled: bool, half: bool = False
) -> onnx.ModelProto:
    """``observation`` (n, N) to ``action`` (n, A) of the likeliest or of a sampled expert.

    The sampled network has a second input ``uniform`` (n, 1) of numbers u in [0, 1); the expert is the first
    one up to which the gate's probabilities add up to more than u.
    """
    graph = Graph(half=half)
    logits = _layers(graph, mixture.normaliser, mixture.trunk, mixture.head, "observation")
    if sampled:
        sums = graph.node("CumSum", graph.node("Softmax", logits, axis=1), graph.constant([1]))
        passed = graph.node("Cast", graph.node("GreaterOrEqual", UNIFORM, sums), to=TensorProto.INT64)
        count = graph.node("ReduceSum", passed, graph.constant([1]), keepdims=1)
        chosen = graph.node("Min", count, graph.constant([len(mixture.experts) - 1]))
    else:
        chosen = graph.node("ArgMax", logits, axis=1, keepdims=1)
    actions = [_mean_action(graph, expert, "observation") for expert in mixture.experts]
    stacked = [graph.node("Unsqueeze", action, graph.constant([1])) for action in actions]
    action = graph.node("GatherND", graph.node("Concat", *stacked, axis=1), chosen, batch_dims=1)
    _clip(graph, action, 1.0, output="action")
    inputs = {"observation": len(mixture.normaliser.mean)} | ({UNIFORM: 1} if sampled else {})
    return graph.model(inputs, {"action": mixture.actions}, metadata)


def _mean_action(graph: Graph, actor: nn.Module, observation: str) -> str:
    assert isinstance(actor, Actor)
    parts = actor.normaliser, actor.trunk, actor.head
    mirror = actor.mirror
    if mirror is None:
        return _layers(graph, *parts, observation)
    both = graph.node("Concat", observation, _mirrored(graph, observation, "observation", mirror), axis=0)
    sides = graph.node(
        "Reshape", _layers(graph, *parts, both), graph.constant([2, -1, actor.head.out_features])
    )
    mean, other = (graph.node("Gather", sides, graph.constant(np.int64(side)), axis=0) for side in (0, 1))
    total = graph.node("Add", mean, _mirrored(graph, other, "action", mirror))
    return graph.node("Mul", total, graph.constant(0.5))


def _mirrored(graph: Graph, value: str, kind: str, mirror: Mirror) -> str:
    place, sign = (getattr(mirror, f"{kind}_{part}") for part in ("place", "sign"))
    return graph.node("Mul", graph.node("Gather", value, graph.constant(place), axis=1), graph.constant(sign))


def _layers(
    graph: Graph, normaliser: Normaliser, trunk: nn.Sequential, head: nn.Linear, observation: str
) -> str:
    shifted = graph.node("Sub", observation, graph.constant(normaliser.mean))
    value = _clip(graph, graph.node("Div", shifted, graph.constant(normaliser.scale)), normaliser.clip)
    for layer in (*trunk, head):
        if isinstance(layer, nn.Linear):
            weights = graph.weight(layer.weight), graph.constant(layer.bias)
            value = graph.node("Gemm", value, *weights, transB=1)
        else:
            assert isinstance(layer, nn.SiLU)
            value = graph.node("Mul", value, graph.node("Sigmoid", value))
    return value


def _clip(graph: Graph, value: str, limit: float, output: str = "") -> str:
    return graph.node("Clip", value, graph.constant(-limit), graph.constant(limit), output=output)
