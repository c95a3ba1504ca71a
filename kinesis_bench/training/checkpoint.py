"""Checkpoints: tensors in safetensors, everything else in JSON; written aside and renamed, never pickled."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from kinesis_bench.errors import InputError
from kinesis_bench.files import cannot_write

TENSORS, STATE = "tensors.safetensors", "state.json"

KEEP = 3
"""Checkpoints that are kept besides the best."""


def write_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint folder whole or not at all, in place of one of that name.

    Raises:
        InputError: it cannot be written, or the disk is full; what was there is still there.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        save_file({k: v.detach().contiguous().cpu() for k, v in tensors.items()}, temporary / TENSORS)
        (temporary / STATE).write_text(json.dumps(state, indent=1), encoding="utf-8")
        for name in (TENSORS, STATE):
            with (temporary / name).open("rb") as file:
                os.fsync(file.fileno())
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as old:
            if folder.exists():
                folder.rename(Path(old) / folder.name)
            temporary.rename(folder)
    except (OSError, SafetensorError) as error:
        problem = error if isinstance(error, OSError) else OSError(str(error))
        raise cannot_write(folder, problem) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and state of a checkpoint folder.

    Raises:
        InputError: it is missing or damaged.
    """
    remedy = "name another checkpoint, or remove this one to go on from the one before"
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return load_file(folder / TENSORS), state
    except FileNotFoundError as error:
        raise InputError(error.filename or folder, "no such checkpoint", "check the path") from error
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(folder, f"is a damaged checkpoint ({error})", remedy) from error


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a stage, oldest first; the best is not among them."""
    return sorted(folder.glob("checkpoint-*"))


def remove_old(folder: Path) -> None:
    """Keep the last few checkpoints of a stage, and none that was not finished."""
    for old in (*checkpoints(folder)[:-KEEP], *folder.glob(".*.*")):
        shutil.rmtree(old, ignore_errors=True)


def module_tensors(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    """A module's parameters and buffers, their names behind a prefix."""
    return {f"{prefix}.{name}": tensor for name, tensor in module.state_dict().items()}


def load_module(prefix: str, module: nn.Module, tensors: dict[str, Tensor], where: object) -> None:
    """Fill a module from a checkpoint's tensors.

    Raises:
        InputError: they are another network's; names the first that differs.
    """
    expected = module.state_dict()
    for name, tensor in expected.items():
        found = tensors.get(f"{prefix}.{name}")
        if found is None or found.shape != tensor.shape:
            has = "is missing" if found is None else f"has shape {tuple(found.shape)}"
            problem = f"{has}, this network's has {tuple(tensor.shape)}"
            raise InputError(f"{where}: {prefix}.{name}", problem, "use the run's own config and body")
    module.load_state_dict({name: tensors[f"{prefix}.{name}"] for name in expected})


def optimiser_tensors(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Adam's moments and step counts, by the parameters' places."""
    return {
        f"{prefix}.{place}.{name}": value
        for place, moments in optimiser.state_dict()["state"].items()
        for name, value in moments.items()
    }


def load_optimiser(prefix: str, optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put moments and step counts back; the learning rate is the config's until it is set."""
    content = optimiser.state_dict()
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith(f"{prefix}."):
            place, name = key.removeprefix(f"{prefix}.").split(".")
            state.setdefault(int(place), {})[name] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": content["param_groups"]})
