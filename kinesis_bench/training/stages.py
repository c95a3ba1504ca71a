"""What each stage of a chain does; those that learn go on from their last checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from kinesis_bench.tasks.fatigue import VERSION
from kinesis_bench.tasks.muscle import Muscles
from kinesis_bench.tasks.registry import IMITATION
from kinesis_bench.tasks.static_optimisation import joint_slack_n_m
from kinesis_bench.tasks.tracking import TrackingControl
from kinesis_bench.training.checkpoint import module_tensors, write_checkpoint
from kinesis_bench.training.config import Control, StageConfig
from kinesis_bench.training.distillation import Distillation, DistillationProgress, Labels
from kinesis_bench.training.distributed import gather_json, processes, rank, wait_for_all
from kinesis_bench.training.environment import Environment
from kinesis_bench.training.export import load_weights, write_policy_folder
from kinesis_bench.training.log import Progress, StageLog
from kinesis_bench.training.mixture import Mixture
from kinesis_bench.training.networks import Actor, Critic
from kinesis_bench.training.reinforcement import BEST, Reinforcement
from kinesis_bench.training.run_folder import (
    POLICY,
    ChainState,
    StageResult,
    stage_folder,
    write_config,
)
from kinesis_bench.training.setting import RunSetting, start_folder
from kinesis_bench.training.trial import Trial

T = TypeVar("T")


def learn(
    setting: RunSetting,
    stage: str,
    clips: np.ndarray,
    control: Control,
    config: StageConfig,
    start: str | None,
) -> StageResult:
    """Reinforcement learning of a plain policy.

    Args:
        setting: of the run.
        stage: name of the stage.
        clips: (n,) those that it learns.
        control: law of its actions.
        config: of the stage.
        start: stage whose best policy it begins as; None: as the run begins.
    """
    environment = _environment(setting, clips, control, config)
    actor, critic = setting.actor(environment), setting.critic(environment)
    if start is not None:
        setting.load_best(start, actor, critic)
    elif setting.config.start_from:
        load_weights(start_folder(setting.config.start_from), setting.contract(control), actor, critic)
    if config.action_std is not None:
        nn.init.constant_(actor.log_action_std, float(np.log(config.action_std)))
    return _reinforce(setting, stage, clips, control, config, actor, critic, environment)


def open_gate(setting: RunSetting, stage: str, experts: Sequence[str]) -> StageResult:
    """Reinforcement learning of the gate over the best policies of some stages, on all clips."""
    control, config = setting.config.control, setting.config.gate
    environment = _environment(setting, setting.every_clip, control, config)
    mixture, critic = _mixture(setting, experts, environment), setting.critic(environment)
    return _reinforce(setting, stage, setting.every_clip, control, config, mixture, critic, environment)


def distil(
    setting: RunSetting,
    stage: str,
    failed: Sequence[int],
    start: str | None,
    teachers: Mapping[str, StageResult],
) -> StageResult:
    """A student in control ``direct`` that does what teachers would do; begins anew when it was stopped.

    It learns all clips, each from the last teacher that learned it. Where it is then to imitate, the first
    one's value network is handed on, for the student comes to much the same states.

    Args:
        setting: of the run.
        stage: name of the stage.
        failed: clips that students before it failed. They want the stiffness that sparing labels take away,
            so the teachers' own excitations are learned on them.
        start: stage of the student as which this one begins; None: from nothing.
        teachers: stages that learned before.
    """
    config, teaching = setting.config.distillation, setting.teaching
    environment = teaching.lessons()
    tracked = teaching.environment(teaching.clips, "tracking", setting.config.reward)
    student, critic = setting.actor(environment), teaching.critic(tracked)
    if start is not None:
        setting.load_best(start, student)
    taught_by = np.zeros(len(teaching.motions.keys), np.int64)
    instructors = []
    for number, (teacher, found) in enumerate(teachers.items()):
        instructors.append(teaching.actor(tracked))
        teaching.load_best(teacher, instructors[-1], critic if number == 0 else None)
        taught_by[teaching.places(found.clips)] = number
    law = tracked.task.law
    assert isinstance(law, TrackingControl)
    clips = setting.every_clip
    trials = setting.trials(clips, "direct")
    per_round = config.steps * setting.config.episodes.environments * processes()
    tried: list[Trial] = []
    with _stage_log(setting, stage, config.rounds * per_round, trials.figures) as log:

        def tell(progress: DistillationProgress) -> None:
            number = progress.round
            looked = number % config.evaluate_every == 0 or number == config.rounds
            if looked:
                tried.append(trials.run(student))
            trial = tried[-1] if looked else None
            rate = per_round / progress.wall_s
            _by_first(log)(Progress(stage, number, number * per_round, rate, progress.figures, trial))

        _by_first(log.begin)(0)
        seed = np.random.SeedSequence((setting.config.seed, rank())).generate_state(1)
        generator = torch.Generator(setting.device).manual_seed(int(seed[0]))
        labels = Labels(instructors, taught_by, law, Muscles(setting.body.model), _slack_n_m(setting), failed)
        Distillation(student, labels, environment, config, generator, tell).run()
        wall_s = log.wall_s
    if rank() == 0:
        tensors = module_tensors("actor", student)
        if teaching is setting:
            tensors |= module_tensors("critic", critic)
        write_checkpoint(stage_folder(setting.run, stage) / BEST, tensors, {})
    wait_for_all()
    return _result(setting, clips, tried[-1], config.rounds, config.rounds * per_round, wall_s)


def _slack_n_m(setting: RunSetting) -> np.ndarray | None:
    """Of the labels, by joint; the toes' is never below what static optimisation leaves them."""
    slack = setting.config.distillation.slack_n_m
    return None if slack is None else np.maximum(slack, joint_slack_n_m(setting.body.model))


def export(setting: RunSetting, experts: Sequence[str], gate: str, state: ChainState) -> StageResult:
    """The run's policy as a folder that can be scored: the gate over the experts, or the only expert."""
    began, config = time.perf_counter(), setting.config
    environment = setting.environment(setting.every_clip[:1], config.control, config.reward)
    actor, critic = setting.actor(environment), setting.critic(environment)
    policy: Actor | Mixture = actor if len(experts) == 1 else _mixture(setting, experts, environment)
    setting.load_best(gate if len(experts) > 1 else experts[0], policy, critic)
    made_by = "one expert" if len(experts) == 1 else f"{len(experts)} experts and a gate"
    _export(setting, POLICY, policy, critic, config.control, made_by, list(state.stages.values()))
    return StageResult(wall_s=time.perf_counter() - began)


def export_teacher(setting: RunSetting, stage: str, found: StageResult) -> None:
    """A teacher as a policy folder of its own, from which another run can begin."""
    environment = setting.environment(setting.every_clip[:1], "tracking", setting.config.reward)
    actor, critic = setting.actor(environment), setting.critic(environment)
    setting.load_best(stage, actor, critic)
    _export(setting, f"{POLICY}-{stage}", actor, critic, "tracking", "a teacher", [found])


def _export(
    setting: RunSetting,
    name: str,
    policy: Actor | Mixture,
    critic: Critic,
    control: Control,
    made_by: str,
    stages: Sequence[StageResult],
) -> None:
    config = setting.config
    begins = config.method if config.task == IMITATION else config.task
    mode, learned = config.fatigue_mode, setting.learned
    if mode is not None:
        learned += ", on muscles that tire"
    if rank() == 0:
        write_policy_folder(
            setting.run / name,
            policy,
            critic,
            setting.contract(control),
            name=f"{begins}-{setting.body.name}{name.removeprefix(POLICY)}",
            description=f"{made_by}, trained on {learned}",
            facts={
                "method": config.method,
                **setting.facts,
                **({"fatigue": f"{VERSION}, {mode}"} if mode else {}),
                "seed": config.seed,
                "steps": sum(found.steps for found in stages),
                "hours": f"{sum(found.wall_s for found in stages) / 3600:.2f}",
            },
        )
        write_config(setting.run / name, config)
    wait_for_all()


def _mixture(setting: RunSetting, experts: Sequence[str], environment: Environment) -> Mixture:
    actors = [setting.actor(environment) for _ in experts]
    for stage, actor in zip(experts, actors, strict=True):
        setting.load_best(stage, actor)
    return Mixture(actors, setting.config.networks).to(setting.device)


def _environment(
    setting: RunSetting, clips: np.ndarray, control: Control, config: StageConfig
) -> Environment:
    reward = replace(setting.config.reward, **_own(config, "energy"))
    return setting.environment(clips, control, reward)


def _own(config: StageConfig, *names: str) -> dict[str, Any]:
    """What a stage does its own way."""
    return {name: value for name in names if (value := getattr(config, name)) is not None}


def _reinforce(
    setting: RunSetting,
    stage: str,
    clips: np.ndarray,
    control: Control,
    config: StageConfig,
    actor: Actor | Mixture,
    critic: Critic,
    environment: Environment,
) -> StageResult:
    trials = setting.trials(clips, control)
    with _stage_log(setting, stage, config.max_steps, trials.figures) as log:
        learner = Reinforcement(
            stage,
            stage_folder(setting.run, stage),
            actor,
            critic,
            environment,
            trials,
            ppo=replace(setting.config.ppo, **_own(config, "entropy_weight", "target_kl")),
            episodes=setting.config.episodes,
            config=config,
            seed=setting.config.seed,
            begun=_by_first(log.begin),
            progress=_by_first(log),
        )
        learner.run()
        wall_s = log.wall_s
    setting.load_best(stage, actor, critic)
    return _result(setting, clips, trials.run(actor), learner.updates, learner.steps, wall_s)


def _stage_log(setting: RunSetting, stage: str, max_steps: int, figures: Sequence[str]) -> StageLog:
    events = setting.run / "tensorboard" / stage
    return StageLog(stage, stage_folder(setting.run, stage), events, max_steps, figures)


def _result(
    setting: RunSetting, clips: np.ndarray, trial: Trial, updates: int, steps: int, wall_s: float
) -> StageResult:
    rule = setting.config.failed_by
    failed = trial.failed[rule]
    return StageResult(
        clips=setting.keys(clips),
        failed=tuple(gather_json(setting.keys(clips[failed]))[0]),
        failed_by=rule,
        updates=updates,
        steps=steps,
        wall_s=wall_s,
        figures=trial.figures(),
    )


def _by_first(tell: Callable[[T], None]) -> Callable[[T], None]:
    """Only the first process tells anybody."""
    return tell if rank() == 0 else lambda _: None
