"""What all stages of a run share, and what each makes of it: environments, trials and networks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.evaluation.evaluate import default_split
from kinesis_bench.evaluation.run import context_of
from kinesis_bench.evaluation.tasks.evaluate import score_of
from kinesis_bench.files import require_file
from kinesis_bench.motions.gait.build import DATASET
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import read_motions
from kinesis_bench.physics.engines import engine_maker, require_gpu
from kinesis_bench.policies.contract import Contract
from kinesis_bench.policies.load import reference_policies
from kinesis_bench.prepare import default_motions
from kinesis_bench.prepare.pool import default_workers
from kinesis_bench.tasks.control import action_names, action_size
from kinesis_bench.tasks.demonstration import Demonstration
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.registry import IMITATION, TaskInfo, task_info
from kinesis_bench.tasks.reward import RewardConfig
from kinesis_bench.tasks.trials import TrialTask
from kinesis_bench.training.checkpoint import load_module, read_checkpoint
from kinesis_bench.training.config import Control, RewardWeights, TrainConfig
from kinesis_bench.training.distributed import rank
from kinesis_bench.training.environment import ClipEnvironment, Environment, TrialEnvironment
from kinesis_bench.training.export import load_weights
from kinesis_bench.training.networks import Actor, Critic
from kinesis_bench.training.reinforcement import BEST
from kinesis_bench.training.run_folder import stage_folder
from kinesis_bench.training.symmetry import Mirror
from kinesis_bench.training.task_trial import TaskTrials
from kinesis_bench.training.tiring import Tiring
from kinesis_bench.training.trial import ClipTrials, TrialsLike

JUDGED = 128
"""Trials of a task on which a policy is judged while it learns."""


@dataclass(frozen=True)
class RunSetting:
    """What the stages of any run share.

    Attributes:
        run: folder of the run.
        config: of the run, what it leaves open filled in.
        body: who learns.
    """

    run: Path
    config: TrainConfig
    body: Body

    def __post_init__(self) -> None:
        if self.config.engine == "gpu":  # TF32: training is 1.15 times as fast on an H100
            torch.set_float32_matmul_precision("high")

    @property
    def threads(self) -> int:
        """Of this process, for physics and networks."""
        together = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        return self.config.threads or max(1, default_workers() // together)

    @property
    def device(self) -> str:
        """Where networks and the engine's arrays are."""
        return "cuda" if self.config.engine == "gpu" else "cpu"

    @property
    def tiring(self) -> Tiring | None:
        """How muscles tire; None where they do not."""
        mode = self.config.fatigue_mode
        return Tiring.of(self.body.name, mode, self.config.episodes.fatigued) if mode else None

    @property
    def every_clip(self) -> np.ndarray:
        """(n,) clips that are learned; none where the task has no clips."""
        return np.arange(0)

    @property
    def motions_sha256(self) -> str:
        """Content hash of the motions; "" without such."""
        return ""

    @property
    def teaching(self) -> Setting:
        """Where teachers learn, and students are taught."""
        raise NotImplementedError

    @property
    def learned(self) -> str:
        """What a policy is trained on, for readers."""
        raise NotImplementedError

    @property
    def facts(self) -> dict[str, object]:
        """What of that is kept in a policy's files."""
        raise NotImplementedError

    def keys(self, clips: np.ndarray) -> tuple[str, ...]:
        """Names of clips."""
        return ()

    def places(self, keys: Sequence[str]) -> np.ndarray:
        """(n,) clips by name."""
        return np.arange(0)

    def environment(
        self, clips: np.ndarray, control: Control, reward: RewardWeights, needs: Iterable[str] = ()
    ) -> Environment:
        """Rows to learn from; each process has its own starts."""
        raise NotImplementedError

    def trials(self, clips: np.ndarray, control: Control) -> TrialsLike:
        """Rows to be judged on."""
        raise NotImplementedError

    def contract(self, control: Control) -> Contract:
        """Of a policy in a control law."""
        return context_of(self.body, control, self.config.task, self.config.fatigue_mode).contract

    def refuse_start(self) -> None:
        """Refuse to begin as a policy that is not there, or was made for something else than the first stage.

        Raises:
            InputError: it was, or its networks are not of this run's sizes; both sides are shown.
        """
        config = self.config
        if config.start_from:
            taught = config.method == "distilled"
            contract = self.teaching.contract("tracking") if taught else self.contract(config.control)
            seen, networks = contract.observation_size, config.networks
            actor = Actor(seen, action_size(contract.control, self.body), networks)
            load_weights(start_folder(config.start_from), contract, actor, Critic(seen, networks, 1.0))

    def actor(self, environment: Environment) -> Actor:
        """A policy that knows nothing yet."""
        torch.manual_seed(self.config.seed)
        sizes = environment.observation_size, environment.action_size
        return Actor(*sizes, self.config.networks, self._mirror(environment)).to(self.device)

    def critic(self, environment: Environment) -> Critic:
        """A value network that knows nothing yet; returns are of the order of a reward / (1 - γ)."""
        torch.manual_seed(self.config.seed)
        scale = environment.reward_scale / (1 - self.config.ppo.discount)
        mirror = self._mirror(environment)
        return Critic(environment.observation_size, self.config.networks, scale, mirror).to(self.device)

    def _mirror(self, environment: Environment) -> Mirror | None:
        if not self.config.networks.symmetric:
            return None
        task = environment.task
        return Mirror.of(self.body, action_names(task.law.name, self.body), task.fatigue)

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


@dataclass(frozen=True)
class Setting(RunSetting):
    """What all stages share that learn to imitate.

    Attributes:
        motions, reference: what is followed. The config names their split, and themselves unless they are
            the built-in ones.
        clips: (n,) those of the training split.
        lesson: what the rows are of in which students are taught.
    """

    motions: Motions
    reference: Reference
    clips: np.ndarray
    lesson: type[Imitation] = Imitation

    @classmethod
    def of(
        cls, run: Path, config: TrainConfig, built_in: str = DATASET, lesson: type[Imitation] = Imitation
    ) -> Setting:
        """Read what a config names; what it leaves open is built-in motions and their training split.

        Args:
            run: folder of the run.
            config: of the run.
            built_in: id of the motions where the config names none.
            lesson: see above.

        Raises:
            InputError: it cannot be read, or has no IK for the body.
        """
        path = Path(config.motions).expanduser() if config.motions else default_motions(built_in)
        require_file(path, "name a motion file from prepare-data")
        body = load_body(config.body)
        motions = read_motions(path, bodies=[config.body])
        split = config.split or _training_split(motions)
        if config.motions:
            config = replace(config, motions=str(path.resolve()))
        config = replace(config, split=split)
        clips = motions.select(config.split)
        return cls(run, config, body, motions, Reference.of(motions, body), clips, lesson)

    @property
    def every_clip(self) -> np.ndarray:
        """Those of the training split."""
        return self.clips

    @property
    def motions_sha256(self) -> str:
        """Content hash of the motions."""
        return self.motions.content_sha256

    @property
    def learned(self) -> str:
        """The motions and their split."""
        return f"{self.motions.id}, {self.config.split}"

    @property
    def facts(self) -> dict[str, object]:
        """The motions, by name and hash, and their split."""
        return {
            "motions": self.motions.id,
            "motions_sha256": self.motions.content_sha256,
            "split": self.config.split,
        }

    def keys(self, clips: np.ndarray) -> tuple[str, ...]:
        """Names of clips."""
        return tuple(self.motions.keys[clip] for clip in clips)

    def places(self, keys: Sequence[str]) -> np.ndarray:
        """(n,) clips by name."""
        return np.array([self.motions.index(key) for key in keys])

    @property
    def teaching(self) -> Setting:
        """The same: teachers and students learn the same clips."""
        return self

    def lessons(self) -> ClipEnvironment:
        """Rows in which students act in control ``direct``, and teachers say what they would have done."""
        sparing = self.config.distillation.slack_n_m is not None
        needs = ("muscle", "moment_arm") if sparing else ("muscle",)
        return self._clips(self.clips, "direct", self.config.reward, needs, self.lesson)

    def environment(
        self, clips: np.ndarray, control: Control, reward: RewardWeights, needs: Iterable[str] = ()
    ) -> ClipEnvironment:
        """Rows to learn from; each process has its own starts."""
        return self._clips(clips, control, reward, needs, Imitation)

    def _clips(
        self,
        clips: np.ndarray,
        control: Control,
        reward: RewardWeights,
        needs: Iterable[str],
        make_task: type[Imitation],
    ) -> ClipEnvironment:
        config = self.config
        return ClipEnvironment(
            self.body,
            self.reference,
            clips,
            control=control,
            config=config.episodes,
            reward=reward_config(reward, control),
            rng=np.random.default_rng((config.seed, rank())),
            make_task=make_task,
            threads=self.threads,
            make_engine=engine_maker(config.engine),
            needs=needs,
            tiring=self.tiring,
            broken_folder=self.run / "broken",
        )

    def trials(self, clips: np.ndarray, control: Control) -> ClipTrials:
        """Rows to be judged on."""
        config = self.config
        return ClipTrials(
            self.body,
            self.reference,
            clips,
            control=control,
            threads=self.threads,
            make_engine=engine_maker(config.engine),
            tiring=self.tiring,
        )


@dataclass(frozen=True)
class TaskSetting(RunSetting):
    """What all stages share that learn a task of trials.

    Attributes:
        info: the task.
        shown: the built-in motions that demonstrate it; None where there are no teachers.
    """

    info: TaskInfo
    shown: Setting | None

    @classmethod
    def of(cls, run: Path, config: TrainConfig) -> TaskSetting:
        """The task and the body that a config names.

        Raises:
            InputError: there is no such task, or it is not for this body.
        """
        info = task_info(config.task)
        info.refuse_body(config.body)
        shown = None
        if config.method == "distilled":
            imitating = replace(config, task=IMITATION)
            shown = Setting.of(run, imitating, info.demonstrations, Demonstration)
        return cls(run, config, load_body(config.body), info, shown)

    @property
    def teaching(self) -> Setting:
        """Imitation of the demonstrations."""
        assert self.shown is not None
        return self.shown

    @property
    def motions_sha256(self) -> str:
        """Content hash of the demonstrations; "" without such."""
        return self.shown.motions_sha256 if self.shown else ""

    @property
    def learned(self) -> str:
        """The task."""
        return f"task {self.info.name} ({self.info.protocol})"

    @property
    def facts(self) -> dict[str, object]:
        """The rules of the task, and the name of the policy that it began as; no path of a machine."""
        began = Path(self.config.start_from).name or "nothing"
        return {"protocol": self.info.protocol, "started_from": began}

    def environment(
        self, clips: np.ndarray, control: Control, reward: RewardWeights, needs: Iterable[str] = ()
    ) -> TrialEnvironment:
        """Rows to learn from; the reward is the task's own. Each process has its own starts."""
        config = self.config
        return TrialEnvironment(
            self._task(control, config.episodes.environments, needs),
            push_m_s=config.episodes.push_m_s,
            rng=np.random.default_rng((config.seed, rank())),
            tiring=self.tiring,
            broken_folder=self.run / "broken",
        )

    def trials(self, clips: np.ndarray, control: Control) -> TaskTrials:
        """Rows to be judged on."""
        task = self._task(control, JUDGED)
        return TaskTrials(task, score_of(self.info), self.info.name, self.tiring)

    def _task(self, control: Control, rows: int, needs: Iterable[str] = ()) -> TrialTask:
        return self.info.make(
            self.body,
            rows,
            control=control,
            threads=self.threads,
            make_engine=engine_maker(self.config.engine),
            rewarded=True,
            needs=needs,
            fatigue=self.config.fatigue_mode,
        )


def setting_of(run: Path, config: TrainConfig) -> RunSetting:
    """The setting of a run, by its task.

    Raises:
        InputError: there is no GPU for the engine; or see ``Setting.of`` and ``TaskSetting.of``.
    """
    if config.engine == "gpu":
        require_gpu()
    return Setting.of(run, config) if config.task == IMITATION else TaskSetting.of(run, config)


def start_folder(policy: str) -> Path:
    """Folder of a policy that a run begins as: of one that ships, by its name, or any other."""
    return reference_policies().get(policy) or Path(policy).expanduser()


def reward_config(weights: RewardWeights, control: Control) -> RewardConfig:
    """The task's reward with a run's weights, for who acts in a control law."""
    rates = {name: value for name, value in vars(weights).items() if name.endswith("_rate")}
    shares = {f"{name}_weight": value for name, value in vars(weights).items() if name not in rates}
    if control != "tracking":
        shares["correction_weight"] = 0.0
    return RewardConfig(**rates, **shares)


def _training_split(motions: Motions) -> str:
    """The training split beside the one that is scored."""
    name = default_split(motions).removesuffix("test") + "train"
    return name if name in motions.split_names else "all"
