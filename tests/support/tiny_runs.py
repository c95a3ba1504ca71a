"""Training runs so small that a test can wait for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.motions.motion_set import ClipIk
from kinesis_bench.motions.store import write_motions
from kinesis_bench.training.config import EpisodeConfig, NetworkConfig, PPOConfig, StageConfig, TrainConfig

STEPS_AN_UPDATE = 16


def motions_file(path: Path, body: str = "legs", clips: int = 3, frames: int = 24) -> Path:
    """Write synthetic motions with IK for one body."""
    made = load_body(body)
    motions = synthetic_motions(made, clips=clips, frames=frames)
    solved = motions.ik[body]
    ik = {
        key: ClipIk(solved.qpos[span], solved.qvel[span], solved.residual[span])
        for key, span in ((key, motions.span(i)) for i, key in enumerate(motions.keys))
    }
    every = [motions.clip(i) for i in range(len(motions))]
    write_motions(path, every, id="synthetic", ik={body: ik}, model_sha256={body: made.sha256})
    return path


def tiny_config(motions: Path, updates: int = 6) -> TrainConfig:
    """A run of few updates, all of whose random streams matter."""
    stage = StageConfig(max_steps=updates * STEPS_AN_UPDATE, evaluate_every=3, checkpoint_every=2)
    return replace(
        TrainConfig(method="kinesis", motions=str(motions), threads=1, max_experts=2),
        networks=NetworkConfig(actor=(16,), critic=(16,), gate=(8,), learn_std=True, symmetric=True),
        ppo=PPOConfig(learning_rate=1e-3, epochs=2, minibatch=8, target_kl=0.02),
        episodes=EpisodeConfig(environments=4, steps=4, hard_share=0.5, push_m_s=0.05),
        expert=stage,
        gate=stage,
    )
