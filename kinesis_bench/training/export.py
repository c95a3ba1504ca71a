"""Trained policies as folders that the benchmark can score, and that training can start from."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.run import context_of
from kinesis_bench.files import require_file, whole_file
from kinesis_bench.policies.contract import PREFIX, Contract
from kinesis_bench.policies.load import reference_policies
from kinesis_bench.policies.onnx_file import UNIFORM
from kinesis_bench.tasks.observation import FATIGUED, FatigueMode
from kinesis_bench.training.carry_over import CONTROLS, carried_over
from kinesis_bench.training.checkpoint import load_module, module_tensors
from kinesis_bench.training.mixture import Mixture
from kinesis_bench.training.network_graph import actor_model, mixture_model
from kinesis_bench.training.networks import Actor, Critic

WEIGHTS, SETTINGS = "weights.safetensors", "policy.toml"
"""Files of a policy folder besides its networks; the second says which of them is the policy."""

TOLERANCE = 1e-5
"""Most that an exported network's action may differ from the trained one's."""

CHECKED = 256
"""Random observations on which they are compared."""

TIE = 1e-4
"""Experts that lie closer than this, by logit or by random number, may change places by rounding."""


def write_policy_folder(
    folder: Path,
    actor: Actor | Mixture,
    critic: Critic,
    contract: Contract,
    *,
    name: str,
    description: str,
    facts: Mapping[str, object],
    half: bool = False,
) -> dict[str, int]:
    """Export a policy; its files appear together, or none does.

    A plain policy becomes ``policy.onnx``. A mixture becomes ``argmax.onnx`` (the likeliest expert acts; the
    folder's own policy) and ``sampled.onnx`` (the expert is drawn, upstream's way). ``policy.toml`` makes the
    folder a policy, ``weights.safetensors`` holds actor and critic in full precision for ``load_weights``.

    Args:
        folder: made when it is not there; an earlier export's ONNX files go, other files are left alone.
        actor, critic: what was trained, on any device.
        contract: what it was trained for.
        name, description: for tables and readers.
        facts: of the training, such as ``steps``; metadata of each file.
        half: weight matrices are rounded to float16 in the ONNX files, which halves them.

    Returns:
        The size of each file [bytes].

    Raises:
        InputError: the exported network does not do what the trained one does, or it cannot be written.
    """
    metadata = {PREFIX + key: str(value) for key, value in facts.items()} | contract.to_metadata()
    trained = copy.deepcopy(actor).cpu()
    if half:
        _round_to_half(trained)
    if isinstance(trained, Mixture):
        models = {
            f"{kind}.onnx": mixture_model(trained, metadata, sampled=kind == "sampled", half=half)
            for kind in ("argmax", "sampled")
        }
    else:
        models = {"policy.onnx": actor_model(trained, metadata, half=half)}
    for file, model in models.items():
        _check(folder / file, model, trained)
    tensors = module_tensors("actor", actor) | module_tensors("critic", critic)
    settings = {"name": name, "description": description, "policy": next(iter(models))}
    contents = {SETTINGS: "".join(f"{key} = {_quoted(value)}\n" for key, value in settings.items()).encode()}
    contents |= {file: model.SerializeToString() for file, model in models.items()}
    contents[WEIGHTS] = save({key: tensor.contiguous().cpu() for key, tensor in tensors.items()}, metadata)
    with ExitStack() as files:
        for file, content in contents.items():
            files.enter_context(whole_file(folder / file)).write_bytes(content)
    for former in set(folder.glob("*.onnx")) - {folder / file for file in models}:
        former.unlink()
    return {file: len(content) for file, content in contents.items()}


def load_weights(folder: Path, contract: Contract, actor: Actor | Mixture, critic: Critic) -> None:
    """Fill an actor and a critic from a policy folder; the actor alone if the policy learned another task.

    What a state is worth depends on the task, so there the critic stays as it is. A policy that does not see
    fatigue acts, and values, as before where it is observed, until it learns to heed it.

    Raises:
        InputError: see ``read_weights``, or they are those of networks of other sizes.
    """
    path = folder / WEIGHTS
    tensors, task = read_weights(folder, contract)
    modules: dict[str, nn.Module] = {"actor": actor}
    modules |= {"critic": critic} if task == contract.task else {}
    for prefix, module in modules.items():
        ours = {f"{prefix}.{key}" for key in module.state_dict()}
        theirs = {key for key in tensors if key.startswith(f"{prefix}.")}
        if more := sorted(theirs - ours):
            raise InputError(
                f"{path}: {more[0]}", "this network has none", "give the --networks of its config.json"
            )
        load_module(prefix, module, tensors, path)


def read_weights(folder: Path, contract: Contract) -> tuple[dict[str, Tensor], str]:
    """The tensors of a policy folder, and the task that it learned.

    Where fatigue is observed and the policy does not see it, the tensors are made to leave it unheeded; and
    so are those of a plain policy of another body, where this one has more (``carry_over``).

    Raises:
        InputError: the folder holds no weights, or damaged ones, or those of another observation or control
            law, or of a mixture for another body.
    """
    path = folder / WEIGHTS
    known = ", ".join(reference_policies())
    require_file(path, f"name a policy that ships ({known}), or the folder of one that holds its weights")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise InputError(path, f"is damaged ({error})", "get the folder anew") from error
    made_for = Contract.from_metadata(metadata, str(path))
    if made_for is None:
        raise InputError(f"{path}: metadata", "names no body or layout", "export the policy again")
    made_for, tensors = _on_body(made_for, tensors, contract)
    fatigued = contract.observation[-1]
    if fatigued[0] == FATIGUED and contract.observation == (*made_for.observation, fatigued):
        made_for = replace(made_for, observation=contract.observation)
        tensors = {key: _unheeding(key, tensor, contract) for key, tensor in tensors.items()}
    made_for.refuse_unless(contract, str(path), also=(made_for.task,))
    return tensors, made_for.task


def _on_body(
    made_for: Contract, tensors: dict[str, Tensor], contract: Contract
) -> tuple[Contract, dict[str, Tensor]]:
    """A policy of another body as one of the contract's, where bodies share what it sees and does."""
    control = made_for.control
    other = made_for.body != contract.body and {made_for.body, contract.body} <= set(BODIES)
    if not other or control != contract.control or control not in CONTROLS:
        return made_for, tensors
    old, new = load_body(made_for.body), load_body(contract.body)
    mode: FatigueMode | None = "observed" if made_for.observation[-1][0] == FATIGUED else None
    own, asked = (context_of(body, control, made_for.task, mode).contract for body in (old, new))
    mixture = any(key.startswith("actor.experts.") for key in tensors)
    if made_for != own or mixture:
        return made_for, tensors
    return asked, carried_over(tensors, old, new, control, mode)


def _unheeding(key: str, tensor: Tensor, contract: Contract) -> Tensor:
    """A tensor of a network that sees all but the last part of an observation, for one that sees that too.

    The part is normalised as it is, and no weight of the first layer takes it up.
    """
    if not key.endswith(("trunk.0.weight", "normaliser.mean", "normaliser.variance")):
        return tensor
    more = contract.observation[-1][1]
    return nn.functional.pad(tensor, (0, more), value=float(key.endswith("variance")))


def _check(path: Path, model: onnx.ModelProto, actor: Actor | Mixture) -> None:
    """Compare an exported network with the trained one on random observations."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    random = torch.Generator().manual_seed(0)
    experts = list(actor.experts) if isinstance(actor, Mixture) else [actor]
    normaliser = actor.normaliser
    spread = torch.randn((CHECKED, len(normaliser.mean)), generator=random, dtype=torch.float64)
    observation = (normaliser.mean + 2 * normaliser.scale * spread).float()
    uniform = torch.rand((CHECKED, 1), generator=random)
    values = {"observation": observation, UNIFORM: uniform}
    given = {one.name: values[one.name].numpy() for one in session.get_inputs()}
    action = torch.from_numpy(session.run(["action"], given)[0])
    with torch.no_grad():
        expected = torch.stack([expert(observation).clamp(-1, 1) for expert in experts], dim=1)
        possible = torch.ones(CHECKED, len(experts), dtype=torch.bool)
        if isinstance(actor, Mixture):
            logits = actor.logits(observation)
            possible = _drawn(logits, uniform) if UNIFORM in given else _likeliest(logits)
    error = (action[:, None] - expected).abs().amax(-1)
    worst = float(torch.where(possible, error, torch.inf).amin(1).max())
    if not worst <= TOLERANCE:
        problem = f"the exported network's actions differ from the trained one's by {worst:.2g}"
        raise InputError(path, problem, "check that the weights are finite; nothing was written")


def _likeliest(logits: Tensor) -> Tensor:
    """(n, E) whether an expert is the likeliest, or tied with it."""
    return logits >= logits.amax(1, keepdim=True) - TIE


def _drawn(logits: Tensor, uniform: Tensor) -> Tensor:
    """(n, E) whether a random number falls into an expert's part of [0, 1), or next to it."""
    upper = logits.softmax(1).cumsum(1)
    lower = upper - logits.softmax(1)
    return (uniform >= lower - TIE) & (uniform <= upper + TIE)


@torch.no_grad()
def _round_to_half(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.copy_(torch.from_numpy(layer.weight.numpy().astype(np.float16)))


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
