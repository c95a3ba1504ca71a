"""What all stages of a run share, and what each makes of it: environments, trials and networks."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import default_split
from kinesis_bench.files import require_file
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import read_motions
from kinesis_bench.physics.engines import engine_maker
from kinesis_bench.prepare import default_motions
from kinesis_bench.prepare.pool import default_workers
from kinesis_bench.tasks.control import action_names
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import RewardConfig
from kinesis_bench.training.checkpoint import load_module, read_checkpoint
from kinesis_bench.training.config import Control, RewardWeights, TrainConfig
from kinesis_bench.training.distributed import rank
from kinesis_bench.training.environment import Environment
from kinesis_bench.training.networks import Actor, Critic
from kinesis_bench.training.reinforcement import BEST
from kinesis_bench.training.run_folder import stage_folder
from kinesis_bench.training.symmetry import Mirror
from kinesis_bench.training.trial import Trials


@dataclass(frozen=True)
class Setting:
    """What all stages share.

    Attributes:
        run: folder of the run.
        config: of the run, its split named; its motions too, unless they are the built-in ones.
        body, motions, reference: who follows what.
        clips: (n,) those of the training split.
    """

    run: Path
    config: TrainConfig
    body: Body
    motions: Motions
    reference: Reference
    clips: np.ndarray

    def __post_init__(self) -> None:
        if self.config.engine == "gpu":  # TF32: training is 1.15 times as fast on an H100
            torch.set_float32_matmul_precision("high")

    @classmethod
    def of(cls, run: Path, config: TrainConfig) -> Setting:
        """Read what a config names; what it leaves open is the built-in motions and their training split.

        Raises:
            InputError: it cannot be read, has no IK for the body, or there is no GPU for the engine.
        """
        if config.engine == "gpu" and not torch.cuda.is_available():
            raise InputError("--engine gpu", "no CUDA device is found", "use --engine cpu")
        path = Path(config.motions).expanduser() if config.motions else default_motions()
        require_file(path, "name a motion file from prepare-data")
        body = load_body(config.body)
        motions = read_motions(path, bodies=[config.body])
        split = config.split or _training_split(motions)
        if config.motions:
            config = replace(config, motions=str(path.resolve()))
        config = replace(config, split=split)
        clips = motions.select(config.split)
        return cls(run, config, body, motions, Reference.of(motions, body), clips)

    @property
    def threads(self) -> int:
        """Of this process, for physics and networks."""
        together = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        return self.config.threads or max(1, default_workers() // together)

    @property
    def device(self) -> str:
        """Where networks and the engine's arrays are."""
        return "cuda" if self.config.engine == "gpu" else "cpu"

    def environment(
        self, clips: np.ndarray, control: Control, reward: RewardWeights, needs: Iterable[str] = ()
    ) -> Environment:
        """Rows to learn from; each process has its own starts."""
        config = self.config
        return Environment(
            self.body,
            self.reference,
            clips,
            control=control,
            config=config.episodes,
            reward=reward_config(reward),
            rng=np.random.default_rng((config.seed, rank())),
            threads=self.threads,
            make_engine=engine_maker(config.engine),
            needs=needs,
            broken_folder=self.run / "broken",
        )

    def trials(self, clips: np.ndarray, control: Control) -> Trials:
        """Rows to be judged on."""
        config = self.config
        return Trials(
            self.body,
            self.reference,
            clips,
            control=control,
            threads=self.threads,
            make_engine=engine_maker(config.engine),
        )

    def actor(self, environment: Environment) -> Actor:
        """A policy that knows nothing yet."""
        torch.manual_seed(self.config.seed)
        sizes = environment.observation_size, environment.action_size
        return Actor(*sizes, self.config.networks, self._mirror(environment)).to(self.device)

    def critic(self, environment: Environment) -> Critic:
        """A value network that knows nothing yet; returns are of the order of 1 / (1 - γ)."""
        torch.manual_seed(self.config.seed)
        scale = 1 / (1 - self.config.ppo.discount)
        mirror = self._mirror(environment)
        return Critic(environment.observation_size, self.config.networks, scale, mirror).to(self.device)

    def _mirror(self, environment: Environment) -> Mirror | None:
        if not self.config.networks.symmetric:
            return None
        return Mirror.of(self.body, action_names(environment.task.law.name, self.body))

    def load_best(self, stage: str, actor: torch.nn.Module, critic: Critic | None = None) -> None:
        """Fill networks with what a stage's best checkpoint holds; not every stage has a critic.

        Raises:
            InputError: it is damaged, or another network's.
        """
        folder = stage_folder(self.run, stage) / BEST
        tensors, _ = read_checkpoint(folder)
        load_module("actor", actor, tensors, folder)
        if critic is not None and any(name.startswith("critic.") for name in tensors):
            load_module("critic", critic, tensors, folder)

    def keys(self, clips: np.ndarray) -> tuple[str, ...]:
        """Names of clips."""
        return tuple(self.motions.keys[clip] for clip in clips)


def reward_config(weights: RewardWeights) -> RewardConfig:
    """The task's reward with a run's weights."""
    return RewardConfig(
        position_weight=weights.position,
        velocity_weight=weights.velocity,
        energy_weight=weights.energy,
        upright_weight=weights.upright,
        position_rate=weights.position_rate,
        velocity_rate=weights.velocity_rate,
        energy_rate=weights.energy_rate,
        upright_rate=weights.upright_rate,
    )


def _training_split(motions: Motions) -> str:
    """The training split beside the one that is scored."""
    name = default_split(motions).removesuffix("test") + "train"
    return name if name in motions.split_names else "all"
