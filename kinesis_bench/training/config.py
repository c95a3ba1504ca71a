"""Every setting of the trainer, with its source; and the three presets.

Nothing heavy is imported here, so that the command line can show the settings at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Control = Literal["direct", "pd", "tracking"]
Exploration = Literal["gaussian", "lattice"]


@dataclass(frozen=True)
class NetworkConfig:
    """Networks and the noise that explores.

    Attributes:
        actor: widths of the policy's hidden layers (paper, Table II).
        critic: widths of the value network's hidden layers (paper, Table II).
        gate: widths of the gate's hidden layers (paper, Table II).
        exploration: independent noise per action (``gaussian``), or noise in the last hidden layer too, which
            the action head carries into correlated actions (``lattice``: Chiappa et al. 2023; the paper's).
        action_std: initial standard deviation of an action's own noise.
        latent_std: initial standard deviation of the last hidden layer's noise (``lattice`` only).
        learn_std: whether the deviations are trained; else they stay as they are.
        clip_observation: normalised observations are cut at this many standard deviations (upstream's code).
    """

    actor: tuple[int, ...] = (2048, 1536, 1024, 1024, 512, 512)
    critic: tuple[int, ...] = (2048, 1536, 1024, 1024, 512, 512)
    gate: tuple[int, ...] = (1024, 512, 256)
    exploration: Exploration = "lattice"
    action_std: float = 0.14
    latent_std: float = 0.14
    learn_std: bool = False
    clip_observation: float = 5.0


@dataclass(frozen=True)
class PPOConfig:
    """Proximal policy optimisation (Schulman et al. 2017).

    Attributes:
        learning_rate: of the policy (paper, Table II).
        critic_learning_rate: of the value network (upstream's code; the paper names one rate for both).
        discount: γ (paper, Table II).
        gae_lambda: λ (paper, Table II).
        clip: ε of the clipped objective (paper, Table II).
        epochs: passes over the samples of an update (paper, Table II).
        minibatch: samples of a gradient step, over all processes.
        entropy_weight: bonus per nat of entropy.
        max_gradient_norm: gradients are scaled down to this norm.
        target_kl: the policy's rate is adapted to keep an update's divergence near this; None: fixed rate.
        symmetric: whether every sample is used a second time, mirrored left to right (rsl_rl's manner).
        critic_only_updates: first updates of a stage, in which the policy stays as it is.
    """

    learning_rate: float = 5e-5
    critic_learning_rate: float = 3e-4
    discount: float = 0.99
    gae_lambda: float = 0.95
    clip: float = 0.2
    epochs: int = 10
    minibatch: int = 51_200
    entropy_weight: float = 0.0
    max_gradient_norm: float = 25.0
    target_kl: float | None = None
    symmetric: bool = False
    critic_only_updates: int = 0


@dataclass(frozen=True)
class EpisodeConfig:
    """How episodes begin and end.

    Attributes:
        environments: bodies that are simulated side by side, in each process (paper: 128).
        steps: control steps of each between two updates (paper: 51,200 samples an update).
        distance_m: an episode ends when any keypoint is farther from its reference (paper).
        hard_share: share of the starts drawn where episodes failed lately; the others are drawn evenly.
        push_m_s: standard deviation of a velocity added to the body at the start, forward, sideways and up.
        activation: of all muscles at the start; None: a random share, from none to all, of what static
            optimisation finds for the reference.
    """

    environments: int = 128
    steps: int = 400
    distance_m: float = 0.15
    hard_share: float = 0.0
    push_m_s: float = 0.0
    activation: float | None = 0.0


@dataclass(frozen=True)
class RewardWeights:
    """The four terms of the imitation reward; rates are the paper's, see ``tasks.reward``.

    Attributes:
        position, velocity, energy, upright: weights (paper, Table II).
        energy_rate: of the energy term's exponential (upstream's code).
    """

    position: float = 0.6
    velocity: float = 0.2
    energy: float = 0.1
    upright: float = 0.1
    energy_rate: float = 0.05


@dataclass(frozen=True)
class StageConfig:
    """When a stage of reinforcement learning ends, and how often it is looked at.

    Attributes:
        max_steps: control steps, over all processes, after which it ends at the latest.
        evaluate_every: updates between two evaluations on the training clips.
        checkpoint_every: updates between two checkpoints. Each begins new episodes, so that a resumed run is
            the same as one that was never stopped.
        plateau_evaluations: it ends when the evaluated success of so many evaluations in a row has not risen
            by ``plateau_rise`` above the best before them.
        plateau_rise: see there.
    """

    max_steps: int = 500_000_000
    evaluate_every: int = 20
    checkpoint_every: int = 20
    plateau_evaluations: int = 20
    plateau_rise: float = 0.005
