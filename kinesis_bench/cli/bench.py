"""``kinesis-bench bench``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kinesis_bench.bodies.contract import Body
    from kinesis_bench.motions.motion_set import Motions
    from kinesis_bench.physics.engines import EngineName

ROWS = {"cpu": 256, "gpu": 4096}
"""Bodies at a time, by engine."""

MOST_ROWS = 1_000_000

TRAINER = ("torch", "safetensors", "tensorboard")
"""Packages that the trainer cannot do without."""


@dataclass(frozen=True)
class Bench:
    """Measure how many control steps (1/30 s) this machine makes in a second, by engine and body.

    Bare physics and the environment (step, reward, new starts, observation) take turns under the same random
    excitations; training is a young policy in direct control, as in preset `laptop`, on a GPU `gpu`.

    Args:
        body: legs, legs_abs or legs_back; all three if left out.
        engine: cpu (MuJoCo on all cores) or gpu (MuJoCo Warp); if left out, cpu, and gpu where there is one.
        rows: bodies at a time; 256 on the CPU and 4096 on a GPU if left out.
        seconds: for each pair of figures, and as many for training.
    """

    body: str | None = None
    engine: Literal["cpu", "gpu"] | None = None
    rows: int | None = None
    seconds: float = 10.0

    def run(self) -> None:
        """Measure, and print a table.

        Raises:
            InputError: a number means nothing, or the engine cannot run here.
        """
        self._check()
        from kinesis_bench.bodies.build import BODIES
        from kinesis_bench.bodies.contract import load_body
        from kinesis_bench.motions.store import read_motions
        from kinesis_bench.prepare import default_motions
        from kinesis_bench.terminal import console, table

        engines = _engines(self.engine)
        bodies = [load_body(name) for name in ([self.body] if self.body else BODIES)]
        motions = read_motions(default_motions(), bodies=[body.name for body in bodies])
        made = table(
            "control steps a second, all rows together",
            *("engine", "body", "rows", "bare physics", "environment", "share", "training"),
        )
        with console(stderr=True).status("") as status:
            for engine in engines:
                for body in bodies:
                    status.update(f"measuring {body.name} on {engine}")
                    made.add_row(engine, body.name, *self._cells(engine, body, motions))
        console().print(made, crop=False)
        if not _can_train():
            console().print("training was not measured: pip install 'kinesis-bench[train]'")

    def _check(self) -> None:
        from kinesis_bench.errors import InputError

        if self.rows is not None and not 1 <= self.rows <= MOST_ROWS:
            raise InputError("--rows", f"is {self.rows}", f"give a number from 1 to {MOST_ROWS}")
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise InputError("--seconds", f"is {self.seconds:g}", "give a number above 0")

    def _cells(self, engine: EngineName, body: Body, motions: Motions) -> tuple[str, ...]:
        from kinesis_bench.physics.engines import engine_maker
        from kinesis_bench.tasks.reference import Reference
        from kinesis_bench.tasks.speed import measure

        rows, training = self.rows or ROWS[engine], "–"
        speed = measure(body, Reference.of(motions, body), rows, self.seconds, engine_maker(engine))
        if _can_train():
            from kinesis_bench.training import speed as trainer

            training = f"{trainer.measure(body, motions, engine, rows, self.seconds):,.0f}"
        share = f"{speed.environment / speed.physics:.0%}"
        return f"{rows:,}", f"{speed.physics:,.0f}", f"{speed.environment:,.0f}", share, training


def _engines(named: EngineName | None) -> list[EngineName]:
    """Those to measure."""
    from kinesis_bench.errors import InputError
    from kinesis_bench.physics.engines import require_gpu

    if named == "gpu":
        require_gpu()
    if named is not None:
        return [named]
    try:
        require_gpu()
    except InputError:
        return ["cpu"]
    return ["cpu", "gpu"]


def _can_train() -> bool:
    return all(find_spec(package) is not None for package in TRAINER)
