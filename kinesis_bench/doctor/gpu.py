"""Whether the GPU engine can run: its packages, and a CUDA device for each that drives one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec

from kinesis_bench.doctor.check import Check
from kinesis_bench.doctor.child import look_apart
from kinesis_bench.physics.engines import GPU_PACKAGES

NAME = "GPU engine"

INSTALL = "pip install 'kinesis-bench[gpu]'"

FOR_THE_CPU = "+cpu"
"""How the version of a torch ends that was built without CUDA."""

WITHOUT = "scoring and training run on the CPU"


def gpu() -> Iterator[Check]:
    """One check; packages are looked for here, the device in a process of its own."""
    absent = [package for package in GPU_PACKAGES if find_spec(package) is None]
    if absent:
        yield Check(NAME, "missing", f"{', '.join(absent)} not installed; {WITHOUT}", INSTALL)
    elif version("torch").endswith(FOR_THE_CPU):
        yield Check(NAME, "missing", f"torch {version('torch')} is built for the CPU alone; {WITHOUT}")
    else:
        yield from look_apart("gpu", NAME)


def look() -> Iterator[Check]:
    """Ask torch for the device, then Warp."""
    import torch

    if not torch.cuda.is_available():
        yield Check(NAME, "missing", f"torch {torch.__version__} finds no CUDA device; {WITHOUT}")
        return
    import warp

    warp.init()
    device = torch.cuda.get_device_properties(0)
    memory = f"{device.total_memory / 2**30:.0f} GiB"
    says = f"{device.name}, {memory}, CUDA {torch.version.cuda}, Warp {warp.__version__}"
    if warp.is_cuda_available():
        yield Check(NAME, "ok", says, "kinesis-bench bench --engine gpu  (says how fast it is)")
    else:
        yield Check(NAME, "broken", f"torch finds {says}, Warp finds no CUDA device", INSTALL)
