"""The chain of stages, from nothing to a scored policy; it can be stopped anywhere and goes on where it was.

Method ``kinesis``: expert-1 learns all training clips; the clips that it fails are isolated, and expert-2
starts from a copy of it and learns those; and so on (paper). Method ``distilled``: a teacher in control
``tracking`` comes first, and experts only follow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.evaluation.evaluate import default_split
from kinesis_bench.files import require_file
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import read_motions
from kinesis_bench.prepare import default_motions
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import RewardConfig
from kinesis_bench.training.checkpoint import load_module, read_checkpoint
from kinesis_bench.training.config import Control, RewardWeights, StageConfig, TrainConfig
from kinesis_bench.training.distributed import joined, rank, wait_for_all
from kinesis_bench.training.environment import Environment
from kinesis_bench.training.log import StageLog
from kinesis_bench.training.networks import Actor, Critic
from kinesis_bench.training.reinforcement import BEST, Reinforcement
from kinesis_bench.training.run_folder import (
    CONFIG,
    ChainState,
    StageResult,
    held,
    put_aside,
    read_chain,
    stage_folder,
    write_chain,
    write_config,
)
from kinesis_bench.training.symmetry import Mirror
from kinesis_bench.training.trial import Trial, Trials

TEACHER = "teacher"

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What all stages share.

    Attributes:
        run: folder of the run.
        config: of the run.
        body, motions, reference: who follows what.
        clips: (n,) those of the training split.
    """

    run: Path
    config: TrainConfig
    body: Body
    motions: Motions
    reference: Reference
    clips: np.ndarray

    @classmethod
    def of(cls, run: Path, config: TrainConfig) -> Setting:
        """Read what a config names.

        Raises:
            InputError: it cannot be read, or has no IK for the body.
        """
        body = load_body(config.body)
        motions = read_motions(config.motions, bodies=[config.body])
        return cls(run, config, body, motions, Reference.of(motions, body), motions.select(config.split))


def train(run: Path, config: TrainConfig, *, only: str | None = None, new: bool = True) -> None:
    """Run a chain, or one stage of it; torchrun may have started several processes that do so together.

    Args:
        run: folder of the run.
        config: its settings.
        only: this stage; see ``Chain.run``.
        new: whether the run must not be there yet.

    Raises:
        InputError: the settings cannot be followed, another run is there, or training went wrong.
    """
    config = _resolved(config)
    torch.set_num_threads(config.threads or len(os.sched_getaffinity(0)))
    with joined():
        setting = Setting.of(run, config)
        with held(run) if rank() == 0 else nullcontext():
            if rank() == 0:
                if new and (run / CONFIG).exists():
                    raise InputError(run, "holds a run already", f"go on with --resume {run}")
                write_config(run, config)
            wait_for_all()
            Chain(setting).run(only)


def _resolved(config: TrainConfig) -> TrainConfig:
    """With a motion file and a split where none were named."""
    if config.engine == "gpu" and not torch.cuda.is_available():
        raise InputError("--engine gpu", "this machine has no GPU that torch can use", "take --engine cpu")
    path = Path(config.motions) if config.motions else default_motions()
    require_file(path, "name a motion file from prepare-data")
    split = config.split or _training_split(read_motions(path, bodies=[config.body]))
    return replace(config, motions=str(path.resolve()), split=split)


def _training_split(motions: Motions) -> str:
    """The training split beside the one that is scored by default."""
    name = default_split(motions).replace("test", "train")
    return name if name in motions.split_names else "all"


class Chain:
    """Runs the stages that are not done.

    Args:
        setting: what they share.

    Raises:
        InputError: the motions or the body are not those that the run began with.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        now = ChainState(setting.motions.content_sha256, setting.body.sha256)
        self.state = read_chain(setting.run) or now
        for what, began, found in (
            ("motions", self.state.motions_sha256, now.motions_sha256),
            ("muscles and bones", self.state.model_sha256, now.model_sha256),
        ):
            if began != found:
                problem = f"began with other {what} ({began[:12]}…, now {found[:12]}…)"
                raise InputError(setting.run, problem, "begin a new run")

    def run(self, only: str | None = None) -> None:
        """Run all stages that are not done, or one of them.

        Args:
            only: this stage; if it is done it is run again, and whatever was built on it is put aside.

        Raises:
            InputError: there is no such stage, or a stage before it is not done.
        """
        if only is not None:
            self._prepare(only)
        for stage in self.stages():
            if only not in (None, stage):
                raise InputError("--stage", f"{stage} comes before {only}", f"run {stage} first")
            self._done(stage, self._run(stage))
            if only == stage:
                return

    def stages(self) -> Iterator[str]:
        """Those that are to be run, one after the other; which ones follow depends on what each finds."""
        done = self.state.stages
        if self.setting.config.method == "distilled" and TEACHER not in done:
            yield TEACHER
        number = 1
        while number == 1 or (
            number <= self.setting.config.max_experts and self.state.stages[_expert(number - 1)].failed
        ):
            if _expert(number) not in self.state.stages:
                yield _expert(number)
            number += 1

    def _prepare(self, only: str) -> None:
        done = list(self.state.stages)
        known = [TEACHER] * (self.setting.config.method == "distilled")
        known += [_expert(i + 1) for i in range(self.setting.config.max_experts)]
        if only not in known:
            raise unknown_name("--stage", only, known)
        if only not in done:
            return
        again = done[done.index(only) :]
        kept = {name: found for name, found in self.state.stages.items() if name not in again}
        self.state = replace(self.state, stages=kept)
        if rank() == 0:
            write_chain(self.setting.run, self.state)
            for name in again:
                put_aside(self.setting.run, name)

    def _done(self, stage: str, found: StageResult) -> None:
        self.state = replace(self.state, stages={**self.state.stages, stage: found})
        if rank() == 0:
            write_chain(self.setting.run, self.state)

    def _run(self, stage: str) -> StageResult:
        config = self.setting.config
        if stage == TEACHER:
            return self._learn(stage, "tracking", config.teacher, self.setting.clips, None)
        number = int(stage.rpartition("-")[2])
        if number == 1:
            return self._learn(stage, config.control, config.expert, self.setting.clips, None)
        before = _expert(number - 1)
        failed = [self.setting.motions.index(key) for key in self.state.stages[before].failed]
        return self._learn(stage, config.control, config.expert, np.array(failed), before)

    def _learn(
        self, stage: str, control: Control, config: StageConfig, clips: np.ndarray, start: str | None
    ) -> StageResult:
        """A stage of reinforcement learning of a plain policy, which begins as another stage's best one."""
        setting, all = self.setting, self.setting.config
        torch.manual_seed(all.seed)
        weights = all.reward if config.energy is None else replace(all.reward, energy=config.energy)
        environment = Environment(
            setting.body,
            setting.reference,
            clips,
            control=control,
            config=all.episodes,
            reward=reward_config(weights),
            rng=np.random.default_rng(all.seed),
            threads=all.threads,
            broken_folder=setting.run / "broken",
        )
        trials = Trials(setting.body, setting.reference, clips, control=control, threads=all.threads)
        actor = Actor(environment.observation_size, environment.action_size, all.networks)
        critic = Critic(environment.observation_size, all.networks, 1 / (1 - all.ppo.discount))
        if start is not None:
            self._load_best(start, actor, critic)
        if config.action_std is not None:
            with torch.no_grad():
                actor.log_action_std.fill_(float(np.log(config.action_std)))
        folder = stage_folder(setting.run, stage)
        with StageLog(stage, folder, setting.run / "tensorboard" / stage, config.max_steps) as log:
            learner = Reinforcement(
                stage,
                folder,
                actor,
                critic,
                environment,
                trials,
                ppo=all.ppo,
                episodes=all.episodes,
                config=config,
                seed=all.seed,
                mirror=Mirror.of(setting.body, action_names(control, setting.body))
                if all.ppo.symmetric
                else None,
                begun=_first(log.begin),
                progress=_first(log),
            )
            learner.run()
            wall_s = log.wall_s
        self._load_best(stage, actor, critic)
        trial = trials.run(actor)
        return StageResult(
            clips=_keys(setting, clips),
            failed=_keys(setting, clips[_failed(trial, all)]),
            failed_by=all.failed_by,
            updates=learner.updates,
            steps=learner.steps,
            wall_s=wall_s,
            figures=trial.figures(),
        )

    def _load_best(self, stage: str, actor: Actor, critic: Critic) -> None:
        folder = stage_folder(self.setting.run, stage) / BEST
        tensors, _ = read_checkpoint(folder)
        load_module("actor", actor, tensors, folder)
        load_module("critic", critic, tensors, folder)


def action_names(control: Control, body: Body) -> tuple[str, ...]:
    """What each action moves: a muscle, or a joint coordinate."""
    return coupling(body.model).names if control == "tracking" else body.muscles


def reward_config(weights: RewardWeights) -> RewardConfig:
    """The task's reward with a run's weights."""
    return RewardConfig(
        position_weight=weights.position,
        velocity_weight=weights.velocity,
        energy_weight=weights.energy,
        upright_weight=weights.upright,
        energy_rate=weights.energy_rate,
    )


def _expert(number: int) -> str:
    return f"expert-{number}"


def _first(tell: Callable[[T], None]) -> Callable[[T], None]:
    """Only the first process tells anybody."""
    return tell if rank() == 0 else lambda _: None


def _failed(trial: Trial, config: TrainConfig) -> np.ndarray:
    return (trial.covered if config.failed_by == "protocol" else trial.strict) < 1


def _keys(setting: Setting, clips: np.ndarray) -> tuple[str, ...]:
    return tuple(setting.motions.keys[clip] for clip in clips)
