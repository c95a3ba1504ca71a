"""How fast the trainer runs: environment, noise and updates together."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.training.config import Engine, Preset, StageConfig
from kinesis_bench.training.log import Progress
from kinesis_bench.training.presets import preset
from kinesis_bench.training.reinforcement import Reinforcement
from kinesis_bench.training.setting import Setting

PRESETS: dict[Engine, Preset] = {"cpu": "laptop", "gpu": "gpu"}
"""Whose networks, algorithm and updates are timed on an engine."""

_NEVER = 1_000_000_000


class _Enough(Exception):
    pass


def measure(body: Body, motions: Motions, engine: Engine, rows: int, seconds: float) -> float:
    """Control steps a second of a young policy under direct control; the median over updates.

    Args:
        body, motions: what follows what.
        engine: of the physics; it chooses the preset.
        rows: bodies at a time.
        seconds: to run for, at least one update; a first one, untimed, comes on top.
    """
    made = preset(PRESETS[engine])
    episodes = replace(made.episodes, environments=rows, activation=0.0)
    config = replace(made, engine=engine, episodes=episodes)
    stage = StageConfig(max_steps=_NEVER, evaluate_every=_NEVER, checkpoint_every=_NEVER)
    rates: list[float] = []
    end = np.inf

    def note(progress: Progress) -> None:
        nonlocal end
        if progress.update == 1:
            end = time.perf_counter() + seconds
            return
        rates.append(progress.steps_per_s)
        if time.perf_counter() > end:
            raise _Enough

    with tempfile.TemporaryDirectory() as folder:
        clips = np.arange(len(motions.length))
        setting = Setting(Path(folder), config, body, motions, Reference.of(motions, body), clips)
        environment = setting.environment(clips, "direct", config.reward)
        learner = Reinforcement(
            "speed",
            Path(folder),
            setting.actor(environment),
            setting.critic(environment),
            environment,
            setting.trials(clips[:1], "direct"),
            ppo=config.ppo,
            episodes=episodes,
            config=stage,
            seed=0,
            progress=note,
        )
        with suppress(_Enough):
            learner.run()
    return float(np.median(rates))
