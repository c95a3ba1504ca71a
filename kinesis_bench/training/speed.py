"""How fast the trainer runs: environment, noise and updates together."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from kinesis_bench.bodies.contract import Body
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import reward_config
from kinesis_bench.training.config import StageConfig, TrainConfig
from kinesis_bench.training.environment import Environment
from kinesis_bench.training.networks import Actor, Critic
from kinesis_bench.training.reinforcement import Progress, Reinforcement
from kinesis_bench.training.trial import Trials

_NEVER = 1_000_000_000


class _Enough(Exception):
    pass


def measure(body: Body, reference: Reference, config: TrainConfig, rows: int, seconds: float) -> float:
    """Control steps a second of a young policy under direct control, the median over updates.

    Args:
        body, reference: what follows which clips.
        config: whose networks, algorithm and episodes are run.
        rows: bodies at a time.
        seconds: to run for, at least one update; a first one, untimed, comes on top.
    """
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

    torch.manual_seed(0)
    clips = np.arange(len(reference.length))
    episodes = replace(config.episodes, environments=rows, activation=0.0)
    environment = Environment(
        body,
        reference,
        clips,
        control="direct",
        config=episodes,
        reward=reward_config(body.name),
        rng=np.random.default_rng(0),
        threads=config.threads,
    )
    with tempfile.TemporaryDirectory() as folder:
        learner = Reinforcement(
            "speed",
            Path(folder),
            Actor(environment.observation_size, environment.action_size, config.networks),
            Critic(environment.observation_size, config.networks, 1 / (1 - config.ppo.discount)),
            environment,
            Trials(body, reference, clips[:1], control="direct", threads=config.threads),
            ppo=replace(config.ppo, symmetric=False),
            episodes=episodes,
            config=StageConfig(max_steps=_NEVER, evaluate_every=_NEVER, checkpoint_every=_NEVER),
            seed=0,
            progress=note,
        )
        with suppress(_Enough):
            learner.run()
    return float(np.median(rates))
