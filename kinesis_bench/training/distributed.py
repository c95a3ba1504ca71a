"""Several processes that train one policy, started by torchrun; without it, one process and no-ops."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

# The defaults of its functions are the group that exists when it is imported, which an optimiser does by
# itself: destroyed, that group would live on, and its threads could meet the interpreter's end (an abort).
import torch.distributed.nn.functional
from torch import Tensor

LONGEST = timedelta(days=1)
"""That processes wait for one another: while the first scores or exports, the others have nothing to do."""


@contextmanager
def joined() -> Iterator[None]:
    """The processes that torchrun started, joined; without torchrun nothing happens.

    Tensors on GPUs, of which each process has its own, travel by NCCL, those on CPUs by gloo.
    """
    if not dist.is_torchelastic_launched():
        yield
        return
    gpus = torch.cuda.device_count()
    if gpus:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % gpus)
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo", timeout=LONGEST)
    try:
        yield
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def processes() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum of a tensor over all processes, as a new tensor."""
    if processes() == 1:
        return values.clone()
    total = values.clone()
    dist.all_reduce(total)
    return total


def gather_over_processes(values: Tensor) -> Tensor:
    """(P, …) the tensors of all processes, of one shape, by rank."""
    if processes() == 1:
        return values[None].clone()
    gathered = [torch.empty_like(values) for _ in range(processes())]
    dist.all_gather(gathered, values.contiguous())
    return torch.stack(gathered)


def gather_json(content: Any) -> list[Any]:
    """What JSON can hold, from all processes by rank; sent as text, since objects would be pickled."""
    text = json.dumps(content).encode()
    length = gather_over_processes(torch.tensor([len(text)]))
    padded = torch.tensor(list(text.ljust(int(length.max()))), dtype=torch.uint8)
    return [json.loads(bytes(row.tolist())) for row in gather_over_processes(padded)]


def copy_from_first(tensors: Iterable[Tensor]) -> None:
    """Overwrite tensors by those of the first process."""
    if processes() > 1:
        for tensor in tensors:
            dist.broadcast(tensor.detach(), src=0)


def wait_for_all() -> None:
    """Return when all processes have come here."""
    sum_over_processes(torch.zeros(()))


def moments_over_processes(values: Tensor) -> tuple[Tensor, Tensor]:
    """() mean and () population variance of all processes' values (n,), in double precision."""
    values = values.double()
    count, total = sum_over_processes(torch.stack((values.new_tensor(values.numel()), values.sum())))
    mean = total / count
    return mean, sum_over_processes((values - mean).square().sum()) / count


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace gradients by their mean over all processes, in one transfer."""
    if processes() == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= processes()
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))
