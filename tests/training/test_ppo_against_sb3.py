"""Our PPO beside Stable-Baselines3's on Gymnasium's Pendulum: same hyperparameters, same return.

Measured with Stable-Baselines3 2.9.2 over 102,400 steps, seeds 0 to 6: mean return -179.3 (SD 6.8) ours,
-179.4 (SD 3.4) theirs.
"""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")
sb3 = pytest.importorskip(
    "stable_baselines3", reason="for the comparison: pip install --no-deps stable-baselines3==2.9.2"
)

from kinesis_bench.training.config import NetworkConfig, PPOConfig  # noqa: E402
from kinesis_bench.training.networks import Actor, Critic  # noqa: E402
from kinesis_bench.training.ppo import PPO  # noqa: E402
from kinesis_bench.training.storage import Storage  # noqa: E402

TASK, ENVIRONMENTS, STEPS, UPDATES = "Pendulum-v1", 16, 256, 25
CONFIG = PPOConfig(
    learning_rate=1e-3,
    critic_learning_rate=1e-3,
    discount=0.9,
    gae_lambda=0.95,
    clip=0.2,
    epochs=10,
    minibatch=256,
    max_gradient_norm=0.5,
)
NETWORK = NetworkConfig(
    actor=(64, 64),
    critic=(64, 64),
    exploration="gaussian",
    action_std=1.0,
    learn_std=True,
    clip_observation=1e9,
)
LARGEST = 2.0
"""Torque of Pendulum's actuator [N m]; samples beyond it are clipped when they act."""


def ours(seed: int):
    """Train; observations (n, 3) to mean actions (n, 1)."""
    torch.manual_seed(seed)
    actor, critic = Actor(3, 1, NETWORK), Critic(3, NETWORK, 1.0)
    storage, noise = Storage(STEPS, ENVIRONMENTS, 3, 1), torch.Generator().manual_seed(seed)
    ppo = PPO(actor, critic, storage, CONFIG, noise)
    envs = gymnasium.make_vec(
        TASK,
        ENVIRONMENTS,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
    )
    observation = torch.from_numpy(envs.reset(seed=seed)[0])
    for _ in range(UPDATES):
        with torch.no_grad():
            while not storage.full:
                distribution = actor.distribution(observation)
                sample = distribution.sample(noise)
                after, reward, ended, cut_off, info = envs.step(sample.clamp(-LARGEST, LARGEST).numpy())
                worth = torch.from_numpy(reward).float()
                if cut_off.any():
                    final = torch.from_numpy(np.stack(info["final_obs"][cut_off]))
                    worth[torch.from_numpy(cut_off)] += CONFIG.discount * critic(final)
                storage.add(
                    observation,
                    sample,
                    distribution.log_prob(sample),
                    critic(observation),
                    worth,
                    torch.from_numpy(ended | cut_off),
                )
                observation = torch.from_numpy(after)
            last = critic(observation)
        ppo.update(last)
    return lambda seen: actor.act(torch.from_numpy(seen)).detach().numpy()


def theirs(seed: int):
    """The same with Stable-Baselines3."""
    from stable_baselines3.common.env_util import make_vec_env

    learner = sb3.PPO(
        "MlpPolicy",
        make_vec_env(TASK, ENVIRONMENTS, seed=seed),
        learning_rate=CONFIG.learning_rate,
        n_steps=STEPS,
        batch_size=CONFIG.minibatch,
        n_epochs=CONFIG.epochs,
        gamma=CONFIG.discount,
        gae_lambda=CONFIG.gae_lambda,
        clip_range=CONFIG.clip,
        max_grad_norm=CONFIG.max_gradient_norm,
        policy_kwargs={
            "activation_fn": torch.nn.SiLU,
            "net_arch": {"pi": [*NETWORK.actor], "vf": [*NETWORK.critic]},
        },
        seed=seed,
        device="cpu",
    )
    learner.learn(UPDATES * STEPS * ENVIRONMENTS)
    return lambda seen: learner.predict(seen, deterministic=True)[0]


TRAINERS = {"ours": ours, "theirs": theirs}


def mean_return(act) -> float:
    """Over 50 episodes of 200 steps from the same starts."""
    envs = gymnasium.make_vec(TASK, 50, vectorization_mode="sync")
    observation, _ = envs.reset(seed=1000)
    total = np.zeros(50)
    for _ in range(200):
        observation, reward, *_ = envs.step(np.clip(act(observation), -LARGEST, LARGEST))
        total += reward
    return float(total.mean())


@pytest.mark.slow
def test_the_return_is_that_of_stable_baselines3():
    """Three seeds each; 15 is a good three standard errors of the difference."""
    torch.set_num_threads(1)
    found = {name: [mean_return(train(seed)) for seed in range(3)] for name, train in TRAINERS.items()}
    assert min(min(values) for values in found.values()) > -250, found
    assert abs(np.mean(found["ours"]) - np.mean(found["theirs"])) < 15, found
