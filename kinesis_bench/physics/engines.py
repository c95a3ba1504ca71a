"""The engines by name; neither is loaded before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Protocol

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.physics.engine import Engine
from kinesis_bench.physics.fatigue import Fatigability

if TYPE_CHECKING:
    import mujoco

EngineName = Literal["cpu", "gpu"]

GPU_PACKAGES = ("torch", "warp", "mujoco_warp")
"""What the GPU engine is made of; the extra ``gpu`` installs it."""


class MakeEngine(Protocol):
    """Something that makes an engine for a model."""

    def __call__(
        self,
        model: mujoco.MjModel,
        size: int,
        *,
        fields: Iterable[str] = (),
        threads: int = 0,
        fatigability: Fatigability | None = None,
    ) -> Engine:
        """An engine.

        Args:
            model: what every row runs.
            size: number of rows.
            fields: what will be asked for besides qpos, qvel and act.
            threads: for physics on the CPU; 0 for all cores.
            fatigability: of the muscles, which tire if it is given.
        """


def cpu_engine(
    model: mujoco.MjModel,
    size: int,
    *,
    fields: Iterable[str] = (),
    threads: int = 0,
    fatigability: Fatigability | None = None,
) -> Engine:
    """MuJoCo on threads."""
    from kinesis_bench.physics.cpu import CpuEngine

    return CpuEngine(model, size, threads, fields, fatigability)


def gpu_engine(
    model: mujoco.MjModel,
    size: int,
    *,
    fields: Iterable[str] = (),
    threads: int = 0,
    fatigability: Fatigability | None = None,
) -> Engine:
    """MuJoCo Warp on the first CUDA device; it has all fields, and no threads.

    Raises:
        InputError: see ``require_gpu``.
    """
    require_gpu()
    from kinesis_bench.physics.warp import WarpEngine

    return WarpEngine(model, size, fatigability=fatigability)


def require_gpu() -> None:
    """Make sure that the GPU engine can run.

    Raises:
        InputError: there is no CUDA device, or what drives it is not installed.
    """
    missing = [name for name in GPU_PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError("--engine gpu", f"{missing[0]} is not installed", "pip install 'kinesis-bench[gpu]'")
    import torch

    if not torch.cuda.is_available():
        raise InputError("--engine gpu", "no CUDA device is found", "use --engine cpu")


ENGINES: dict[str, MakeEngine] = {"cpu": cpu_engine, "gpu": gpu_engine}


def engine_maker(name: str) -> MakeEngine:
    """What makes the engine of a name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    return ENGINES[name]
