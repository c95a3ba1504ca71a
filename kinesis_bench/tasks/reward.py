"""The imitation reward of KINESIS, with the means and energy term that its code has, and a term of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from kinesis_bench.tasks.kinematics import Kinematics


@dataclass(frozen=True)
class RewardConfig:
    """Weights and rates of the reward's terms.

    Defaults are those of the body ``legs`` in the paper (Simos, Chiappa, Mathis 2026) and its code
    (``cfg/env/env_im.yaml``); see ``reward_config`` for the other bodies.

    Attributes:
        position_weight, velocity_weight, energy_weight, upright_weight: w of each term.
        position_rate: [1/m²], on the mean squared keypoint error over keypoints and axes.
        velocity_rate: [s²/m²], likewise for velocities.
        energy_rate: on the sum of the excitations' L1 and L2 norms.
        upright_rate: [1/rad²], on the pelvis's squared roll and pitch.
        correction_weight: of the correction term, which KINESIS has not; 0 leaves it out.
        correction_rate: on the mean squared action.
    """

    position_weight: float = 0.6
    velocity_weight: float = 0.2
    energy_weight: float = 0.1
    upright_weight: float = 0.1
    position_rate: float = 200.0
    velocity_rate: float = 5.0
    energy_rate: float = 0.05
    upright_rate: float = 3.0
    correction_weight: float = 0.0
    correction_rate: float = 6.0

    @property
    def largest(self) -> float:
        """The reward of a step in which every term is 1, its most."""
        return sum(value for name, value in vars(self).items() if name.endswith("_weight"))


def reward_config(body: str) -> RewardConfig:
    """The paper's weights for a body: those with trunk muscles trade uprightness for energy."""
    if body == "legs":
        return RewardConfig()
    return RewardConfig(energy_weight=0.2, upright_weight=0.0)


def energy_term(rate: float, excitation: Any) -> Any:
    """exp(-rate (|u|₁ + |u|₂)) of excitations (n, M), not divided by the number of muscles: (n,)."""
    xp = array_namespace(excitation)
    norms = xp.sum(xp.abs(excitation), axis=-1) + xp.sqrt(xp.sum(excitation**2, axis=-1))
    return xp.exp(-rate * norms)


def energy_over_substeps(rate: float, excitation: Sequence[Any]) -> Any:
    """``energy_term``, mean over the (n, M) excitations of a control step: (n,)."""
    energies = [energy_term(rate, one) for one in excitation]
    xp = array_namespace(energies[0])
    return xp.mean(xp.stack(energies), axis=0)


def upright_term(rate: float, now: Kinematics) -> Any:
    """exp(-rate (roll² + pitch²)) of the pelvis, (n,)."""
    xp = array_namespace(now.tilt)
    roll, pitch = (xp.atan2(now.tilt[:, i + 1], now.tilt[:, i]) for i in (0, 2))
    return xp.exp(-rate * (roll**2 + pitch**2))


def correction_term(rate: float, action: Any) -> Any:
    """exp(-rate mean a²) of actions (n, A): (n,).

    For control ``tracking``, whose actions correct what the feed-forward and the muscles' reflexes do. Free
    corrections let a teacher fall from step to step and catch itself on a flat foot.
    """
    xp = array_namespace(action)
    return xp.exp(-rate * xp.mean(action**2, axis=-1))


def reward_terms(
    config: RewardConfig, now: Kinematics, reference_position: Any, reference_velocity: Any, energy: Any
) -> dict[str, Any]:
    """KINESIS's four terms, each 0 to 1, before their weights.

    Args:
        config: rates.
        now: kinematics of n rows.
        reference_position, reference_velocity: (n, K, 3) keypoints of the same time [m], [m/s].
        energy: (n,) ``energy_term`` averaged over the substeps.

    Returns:
        ``position`` exp(-k mean (p - q)²), the mean over keypoints and axes; ``velocity`` likewise;
        ``energy``; ``upright`` exp(-k (roll² + pitch²)); each (n,).
    """
    xp = array_namespace(reference_position)
    position = xp.mean((reference_position - now.keypoint_position) ** 2, axis=(1, 2))
    velocity = xp.mean((reference_velocity - now.keypoint_velocity) ** 2, axis=(1, 2))
    return {
        "position": xp.exp(-config.position_rate * position),
        "velocity": xp.exp(-config.velocity_rate * velocity),
        "energy": energy,
        "upright": upright_term(config.upright_rate, now),
    }


def total_reward(config: RewardConfig, terms: dict[str, Any]) -> Any:
    """The weighted sum of the terms, (n,)."""
    return sum(getattr(config, f"{name}_weight") * values for name, values in terms.items())
