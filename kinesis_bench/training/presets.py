"""The three presets: the paper's settings, and ours for a machine with a GPU or without."""

from __future__ import annotations

from dataclasses import replace

from kinesis_bench.tasks.registry import IMITATION
from kinesis_bench.training.config import (
    BodyName,
    DistillationConfig,
    EpisodeConfig,
    Method,
    NetworkConfig,
    PPOConfig,
    Preset,
    RewardWeights,
    StageConfig,
    TrainConfig,
)

SMALL = (512, 256, 128)
"""Hidden layers that a CPU trains at the physics' pace: 22 µs a sample and epoch, the paper's take 458."""

SMALL_CRITIC = (256, 128)
"""Hidden layers of its value network."""

FIRST_STD = 0.25
"""Initial noise of an action."""

FIRST_RATE = 1e-5
"""Where a rate that follows the divergence begins. It rises by half at every step that allows it, while one
first step that is too long undoes all that was learned (3e-4 after distillation: 32 nats)."""

REACH_M = 0.6
"""Where an episode ends. Where the built-in motions of version 1 start to walk, a body falls behind by more
than 0.15 m, and with episodes that ended at 0.3 m no start at 1.2 m/s or more was learned."""

POSITION_RATE = 60.0
"""Of the position term, so that a body that lags 0.3 m behind is still drawn to catch up [1/m²]. In one run
the teacher covered 68 % of the training frames at 6.1 M steps, with 0.3 m and the paper's 200 since 2.2 M,
and 84 % at 8.0 M, with these two since 6.4 M."""

SPARING_STD = 0.08
"""Noise around a student's actions: its excitations are low, and wide noise only raises them."""

SPARING = 0.45
"""Weight of energy after distillation: with the paper's 0.1 the student's excitation does not fall."""

CAREFUL_KL = 0.02
"""Divergence of an update where a policy that is good already goes on: its noise is not to grow again."""

CRITIC_FIRST = 10
"""First updates of a task of trials in which only the value network learns."""

WHOLE_SHARE = 0.5
"""Share of the episodes on demonstrations that begin as the task's trials do."""

TEACHER_STEPS = 3_000_000
"""Of a teacher that follows walking already and learns demonstrations."""

TASK_ROUNDS, TASK_MEMORY = 150, 1_250_000
"""Students see less than their teachers, so they are taught longer, and forget nothing."""


def preset(
    name: Preset, body: BodyName = "legs", method: Method | None = None, task: str = IMITATION
) -> TrainConfig:
    """The settings of a preset.

    Args:
        name: of the preset.
        body: its reward's weights differ (paper, Table II).
        method: the preset's own if None: ``kinesis`` for ``paper`` and for tasks other than imitation,
            ``distilled`` for the others.
        task: that is learned.
    """
    method = method or ("kinesis" if name == "paper" or task != IMITATION else "distilled")
    reward = RewardWeights() if body == "legs" else RewardWeights(energy=0.2, upright=0.0)
    paper = TrainConfig(preset=name, method=method, task=task, body=body, reward=reward)
    made = {"paper": lambda config: config, "gpu": _gpu, "laptop": _laptop}[name](paper)
    if task != IMITATION:
        return _of_trials(made)
    if method == "kinesis":
        return made
    return replace(
        made,
        teacher=replace(made.expert, energy=0.05),
        expert=replace(
            made.expert,
            energy=SPARING,
            action_std=SPARING_STD,
            critic_only_updates=20,
            entropy_weight=0.0,
            target_kl=CAREFUL_KL,
        ),
    )


def _laptop(paper: TrainConfig) -> TrainConfig:
    """Two cores: small networks, short updates, a rate that follows the divergence."""
    stage = StageConfig(
        max_steps=30_000_000,
        evaluate_every=30,
        checkpoint_every=30,
        plateau_evaluations=40,
        plateau_rise=0.002,
    )
    return replace(
        paper,
        networks=NetworkConfig(
            actor=SMALL,
            critic=SMALL_CRITIC,
            gate=(256, 128),
            exploration="gaussian",
            action_std=FIRST_STD,
            latent_std=FIRST_STD,
            learn_std=True,
            symmetric=True,
        ),
        ppo=PPOConfig(
            learning_rate=FIRST_RATE,
            critic_learning_rate=5e-4,
            discount=0.97,
            epochs=3,
            minibatch=2048,
            max_gradient_norm=1.0,
            target_kl=0.04,
            entropy_weight=0.004,
        ),
        episodes=EpisodeConfig(
            environments=256, steps=32, distance_m=REACH_M, hard_share=0.5, push_m_s=0.05, activation=None
        ),
        reward=replace(paper.reward, position_rate=POSITION_RATE),
        distillation=DistillationConfig(rounds=76, noise=0.06, memory=400_000, slack_n_m=3.0),
        expert=stage,
        gate=replace(stage, max_steps=5_000_000),
    )


def _gpu(paper: TrainConfig) -> TrainConfig:
    """One GPU: thousands of bodies at a time, and networks that it hardly notices."""
    laptop = _laptop(paper)
    return replace(
        laptop,
        engine="gpu",
        networks=replace(laptop.networks, actor=(1024, 512, 256), critic=(1024, 512, 256)),
        ppo=replace(laptop.ppo, minibatch=16_384),
        episodes=replace(laptop.episodes, environments=4096, steps=16),
        distillation=replace(
            laptop.distillation, steps=16, rounds=150, memory=1_000_000, minibatch=16_384, slack_n_m=None
        ),
        expert=replace(laptop.expert, max_steps=500_000_000),
        gate=replace(laptop.gate, max_steps=50_000_000),
    )


def _of_trials(made: TrainConfig) -> TrainConfig:
    """One of each kind; the value network, which knows nothing of the task, learns alone at first."""
    expert = replace(made.expert, critic_only_updates=CRITIC_FIRST)
    made = replace(made, max_teachers=1, max_students=1, max_experts=1, expert=expert)
    if made.method == "kinesis":
        return made
    return replace(
        made,
        ppo=replace(made.ppo, entropy_weight=0.0, target_kl=CAREFUL_KL),
        episodes=replace(made.episodes, whole_share=WHOLE_SHARE),
        teacher=replace(expert, max_steps=TEACHER_STEPS, energy=0.05),
        distillation=replace(made.distillation, rounds=TASK_ROUNDS, memory=TASK_MEMORY, learning_rate=2e-3),
        expert=replace(expert, action_std=SPARING_STD),
    )
