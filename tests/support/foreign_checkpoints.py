"""Checkpoints of DEP-RL and DynSyn in the layouts of their authors, with weights drawn at random.

The names of the tensors are those that deprl 0.3.2 and DynSyn (with Stable-Baselines3) save; a slow test
compares with deprl itself.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

CONFIG = """mpo_args:
  hidden_size: %d
tonic:
  agent: deprl.custom_agents.dep_factory(3, deprl.custom_mpo_torch.TunedMPO())(replay=deprl.replays.Buffer())
  environment: deprl.environments.Gym('myoLegWalk-v0', scaled_actions=False, reset_type='random')
  header: import deprl, myosuite
  name: walk
working_dir: ./runs
"""
"""A ``config.yaml`` with the keys by which deprl builds an agent to load."""


class Actor(nn.Module):
    """Torso and head as deprl names them; ``encoder`` only where the actor holds statistics."""

    def __init__(self, observation: int, action: int, hidden: int, *, normalised: bool) -> None:
        super().__init__()
        if normalised:
            self.encoder = nn.Module()
            self.encoder.observation_normalizer = _statistics(observation)
        self.torso = nn.Module()
        self.torso.model = nn.Sequential(
            nn.Linear(observation, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.head = nn.Module()
        self.head.loc_layer = nn.Sequential(nn.Linear(hidden, action), nn.Tanh())
        self.head.scale_layer = nn.Sequential(nn.Linear(hidden, action), nn.Softplus())

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """The mean action."""
        if hasattr(self, "encoder"):
            statistics = self.encoder.observation_normalizer
            observation = (observation - statistics._mean) / statistics._std
        return self.head.loc_layer(self.torso.model(observation))


def write_deprl(
    folder: Path,
    *,
    observation: int = 12,
    action: int = 5,
    hidden: int = 16,
    step: int = 1000,
    normalised: bool = False,
    actor_only: bool = False,
) -> Actor:
    """A folder as deprl's ``load_baseline`` leaves it; gives the actor that is in it."""
    torch.manual_seed(step)
    model = nn.Module()
    model.actor = Actor(observation, action, hidden, normalised=normalised)
    model.critic = nn.Module()
    model.critic.encoder = nn.Module()
    model.critic.encoder.observation_normalizer = _statistics(observation)
    model.critic.torso = nn.Module()
    model.critic.torso.model = nn.Sequential(nn.Linear(observation + action, hidden), nn.ReLU())
    model.observation_normalizer = _statistics(observation)
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG % hidden)
    torch.save((model.actor if actor_only else model).state_dict(), folder / f"checkpoints/step_{step}.pt")
    return model.actor


def _statistics(size: int) -> nn.Module:
    made = nn.Module()
    made._mean = nn.Parameter(torch.randn(size), requires_grad=False)
    made._std = nn.Parameter(torch.rand(size) + 0.5, requires_grad=False)
    return made


def box_env(observation: int, action: int, low: float, high: float):
    """A class of environments of such sizes; the observation is random and far from standardised."""
    import gymnasium

    class Box(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (observation,), np.float32)
        action_space = gymnasium.spaces.Box(low, high, (action,), np.float32)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.steps = 0
            return self._observe(), {}

        def step(self, action):
            self.steps += 1
            return self._observe(), float(action.sum()), False, self.steps > 9, {}

        def _observe(self):
            return self.np_random.normal(3, 2, observation).astype(np.float32)

    return Box
