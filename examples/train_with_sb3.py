"""Train a plain Stable-Baselines3 PPO on the imitation task, and keep what it learned.

    pip install kinesis-bench stable-baselines3
    python examples/train_with_sb3.py --steps 1000000 --out ppo.zip
    kinesis-bench score --policy sb3=ppo.zip

Stable-Baselines3 has its own kind of vector environment, which starts a row anew in the step that ends its
episode; so the bodies are single environments here, stepped one after the other. The batched environment
(`gymnasium.make_vec`) and `kinesis-bench train-reference` are faster.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

import gymnasium
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

import kinesis_bench  # noqa: F401  (registers the environment)


def environment(**options: object) -> Monitor:
    """One body, whose episodes' returns and lengths Stable-Baselines3 prints."""
    return Monitor(gymnasium.make("kinesis_bench/Imitation-v1", **options))


def learner(bodies: int, steps: int, seed: int, **options: object) -> PPO:
    """PPO on so many bodies.

    Args:
        bodies: environments.
        steps: control steps of each between two updates.
        seed: of weights, starts and noise.
        **options: of the environment, such as ``body`` or ``motions``.
    """
    envs = DummyVecEnv([partial(environment, **options) for _ in range(bodies)])
    return PPO(
        "MlpPolicy", envs, n_steps=steps, batch_size=bodies * steps // 4, seed=seed, verbose=1, device="cpu"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description="Train a plain Stable-Baselines3 PPO on the imitation task.")
    parser.add_argument("--steps", type=int, default=1_000_000, help="control steps in all")
    parser.add_argument("--bodies", type=int, default=8, help="environments")
    parser.add_argument("--body", default="legs", help="legs, legs_abs or legs_back")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="ppo.zip", help="file for the trained policy")
    given = parser.parse_args(argv)
    ppo = learner(given.bodies, 256, given.seed, body=given.body)
    ppo.learn(given.steps)
    ppo.save(given.out)


if __name__ == "__main__":
    main()
