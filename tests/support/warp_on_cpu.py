"""The GPU engine on Warp's CPU device, where every machine can run it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kinesis_bench.physics.fatigue import Fatigability

if TYPE_CHECKING:
    import mujoco

    from kinesis_bench.physics.warp import WarpEngine


def warp_engine(
    model: mujoco.MjModel,
    size: int,
    *,
    fields: Iterable[str] = (),
    threads: int = 0,
    fatigability: Fatigability | None = None,
) -> WarpEngine:
    """In place of ``physics.engines.gpu_engine``."""
    from kinesis_bench.physics.warp import WarpEngine

    return WarpEngine(model, size, "cpu", fatigability=fatigability)
