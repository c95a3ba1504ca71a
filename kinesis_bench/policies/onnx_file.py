"""Policies in ONNX files: data, not code, run on one thread so that the same input gives the same bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import sha256_of_file
from kinesis_bench.policies.contract import METADATA, PREFIX, Contract
from kinesis_bench.policies.interface import Context
from kinesis_bench.policies.loaded import LoadedPolicy, appended_needs
from kinesis_bench.tasks.control import CONTROLS

UNIFORM = "uniform"
"""Name of the second input of a network that samples: (n, 1) in [0, 1), each row's from its generator."""


class OnnxPolicy:
    """Runs a session and takes its first output (n, A) as the action.

    Args:
        session: with an input (n, N) of observations and, where it samples, ``uniform`` (n, 1).
        batched: False where the file was exported for a batch of one.
    """

    def __init__(self, session: Any, batched: bool) -> None:
        self._session = session
        self._input, *more = (one.name for one in session.get_inputs())
        self._samples = bool(more)
        self._output = session.get_outputs()[0].name
        self._batched = batched

    def reset(self, context: Context, rows: np.ndarray) -> None:
        """Nothing to reset: the network keeps no state."""

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """The network's first output; row by row where the file was exported for a batch of one."""
        inputs = {self._input: observation}
        if self._samples:
            inputs[UNIFORM] = np.array([[rng.random(dtype=np.float32)] for rng in rngs], np.float32)
        if self._batched:
            return self._session.run([self._output], inputs)[0]
        rows = [
            self._session.run([self._output], {name: part[i : i + 1] for name, part in inputs.items()})[0]
            for i in range(len(observation))
        ]
        return np.concatenate(rows)


def load_onnx(path: Path, control: str | None = None, name: str | None = None) -> LoadedPolicy:
    """An ONNX file as a policy: of one matrix to one matrix, or also of ``uniform`` (n, 1) where it samples.

    Args:
        path: the file.
        control: control law, for a file without the contract in its metadata (``direct`` unless given).
        name: for tables; the file's name unless given.

    Raises:
        InputError: not a readable ONNX network of observations to actions, or its metadata is incomplete.
    """
    import onnxruntime

    remedy = f"export a network with one float32 input (n, N), or also {UNIFORM} (n, 1), and an output (n, A)"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base class
        reason = str(error).splitlines()[0][:200]
        raise InputError(path, f"is not a readable ONNX file ({reason})", remedy) from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if not _are_readable(inputs):
        found = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
        raise InputError(f"{path}: inputs", f"has {found}", remedy)
    if len(outputs[0].shape) != 2:
        raise InputError(f"{path}: output {outputs[0].name}", f"has shape {outputs[0].shape}", remedy)
    metadata = session.get_modelmeta().custom_metadata_map
    contract = Contract.from_metadata(metadata, str(path))
    if contract is not None and contract.control not in CONTROLS:
        problem = f"is {contract.control!r}, not one of {', '.join(CONTROLS)}"
        raise InputError(f"{path}: metadata control", problem, "export the policy again")
    if contract is not None and control is not None and contract.control != control:
        problem = f"the file says {contract.control!r}, the policy.toml says {control!r}"
        raise InputError(f"{path}: control", problem, "remove control from the policy.toml")
    batch, size = inputs[0].shape
    return LoadedPolicy(
        name=name or path.stem,
        make=lambda: OnnxPolicy(session, batched=batch != 1),
        deterministic=len(inputs) == 1,
        control=contract.control if contract else control or "direct",
        needs=appended_needs(contract) if contract else (),
        contract=contract,
        observation_size=size if isinstance(size, int) else None,
        action_size=outputs[0].shape[1] if isinstance(outputs[0].shape[1], int) else None,
        source=str(path),
        sha256=sha256_of_file(path),
        notes=() if contract else (_unsigned(metadata),),
    )


def _are_readable(inputs: Sequence[Any]) -> bool:
    """Whether a network's inputs are those of a policy: an observation and at most ``uniform``."""
    matrices = all(len(one.shape) == 2 and one.type == "tensor(float)" for one in inputs)
    return matrices and (
        len(inputs) == 1 or (len(inputs) == 2 and inputs[1].name == UNIFORM and inputs[1].shape[1] == 1)
    )


def _unsigned(metadata: Mapping[str, str]) -> str:
    """The note on a file without a contract: which metadata keys would be read, and which it has instead."""
    read = ", ".join(PREFIX + name for name in METADATA)
    found = f"its keys {', '.join(sorted(metadata))} are not read" if metadata else "it has none"
    return f"the file names no body or layout (metadata keys {read}; {found}); accepted because the sizes fit"
