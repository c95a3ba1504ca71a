"""Every setting of the trainer, with its source. Defaults are the paper's; see ``presets`` for the others.

"Paper" is Simos, Chiappa, Mathis 2026 (KINESIS), "upstream's code" its repository. Nothing heavy is imported
here, so that the command line can show the settings at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal

from kinesis_bench.errors import InputError
from kinesis_bench.tasks.registry import IMITATION, task_info

if TYPE_CHECKING:
    from kinesis_bench.tasks.observation import FatigueMode

BodyName = Literal["legs", "legs_abs", "legs_back"]
Control = Literal["direct", "pd", "tracking", "synergy"]
Engine = Literal["cpu", "gpu"]
Exploration = Literal["gaussian", "lattice"]
Failure = Literal["protocol", "training"]
Method = Literal["kinesis", "distilled"]
Preset = Literal["paper", "gpu", "laptop"]


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
        symmetric: whether policy and value treat left and right alike by construction (ours).
    """

    actor: tuple[int, ...] = (2048, 1536, 1024, 1024, 512, 512)
    critic: tuple[int, ...] = (2048, 1536, 1024, 1024, 512, 512)
    gate: tuple[int, ...] = (1024, 512, 256)
    exploration: Exploration = "lattice"
    action_std: float = 0.14
    latent_std: float = 0.14
    learn_std: bool = False
    clip_observation: float = 5.0
    symmetric: bool = False


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
        minibatch: samples of a gradient step, over all processes (upstream's code: all of an update).
        entropy_weight: bonus per nat of entropy (upstream's code: none).
        max_gradient_norm: gradients are scaled down to this norm (upstream's code).
        target_kl: the policy's rate is adapted to keep an update's divergence near this (rsl_rl's way),
            unless a stage has its own; None: a fixed rate (paper).
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


@dataclass(frozen=True)
class EpisodeConfig:
    """How episodes begin and end.

    Attributes:
        environments: bodies that are simulated side by side, in each process (paper: 128).
        steps: control steps of each between two updates (paper: 51,200 samples an update).
        distance_m: an episode ends when any keypoint is farther from its reference (paper).
        hard_share: share of the starts drawn where episodes failed lately, the others evenly (ours).
        push_m_s: standard deviation of a velocity added to the body at the start, along each axis (ours).
        activation: of all muscles at the start; None: a random share, from none to all, of what static
            optimisation finds for the reference (ours).
        whole_share: share of the episodes that begin as the protocol's do: at a clip's first frame, muscles
            without activation (ours).
        fatigued: with ``--fatigue``, how fatigued a muscle is at the most at the start, as a share of what
            full load would come to in the end (91 % of its units); bodies begin anywhere from fresh to that.
    """

    environments: int = 128
    steps: int = 400
    distance_m: float = 0.15
    hard_share: float = 0.0
    push_m_s: float = 0.0
    activation: float | None = 0.0
    whole_share: float = 0.0
    fatigued: float = 1.0


@dataclass(frozen=True)
class RewardWeights:
    """The terms of the imitation reward, see ``tasks.reward``.

    Attributes:
        position: weight of the keypoints' places (paper, Table II).
        velocity: weight of their velocities (paper, Table II).
        energy: weight of low excitation (paper, Table II).
        upright: weight of the pelvis's uprightness (paper, Table II).
        correction: weight of small corrections, for those who act in control tracking, as teachers do (ours,
            unlike the paper's four).
        position_rate: of the position term's exponential [1/m²] (paper, Table II: k_pos). It decides how
            far off a body still feels the way back: with 200 the term is 0.15 at 0.17 m, 0.02 at 0.25 m.
        velocity_rate: of the velocity term's [s²/m²] (paper, Table II: k_vel).
        energy_rate: of the energy term's (upstream's code).
        upright_rate: of the uprightness term's [1/rad²] (paper, Table II: k_up).
        correction_rate: of the correction term's (ours); with 6 the term is 0.79 where the angles that a
            policy adds are 0.08 rad, root mean square.
    """

    position: float = 0.6
    velocity: float = 0.2
    energy: float = 0.1
    upright: float = 0.1
    correction: float = 0.0
    position_rate: float = 200.0
    velocity_rate: float = 5.0
    energy_rate: float = 0.05
    upright_rate: float = 3.0
    correction_rate: float = 6.0


@dataclass(frozen=True)
class StageConfig:
    """When a stage of reinforcement learning ends, how often it is looked at, and what it does its own way.

    Attributes:
        max_steps: control steps, over all processes, after which it ends at the latest (ours).
        evaluate_every: updates between two evaluations on the training clips (ours).
        checkpoint_every: updates between two checkpoints. Each begins new episodes, so that a resumed run is
            the same as one that was never stopped (ours).
        plateau_evaluations: it ends when the evaluated success of so many evaluations in a row has not risen
            by ``plateau_rise`` above the best before them (ours; upstream looks at the curve).
        plateau_rise: rise of the success, a share of the clips, that is no plateau yet (ours).
        critic_only_updates: first updates, in which the policy stays as it is (ours).
        action_std: of an action's own noise when the stage begins (ours); None: as the policy comes.
        energy: weight of the energy term (ours); None: the weight of all stages.
        entropy_weight: bonus per nat of entropy (ours); None: that of ``ppo``.
        target_kl: divergence of an update (ours); None: that of ``ppo``.
    """

    max_steps: int = 500_000_000
    evaluate_every: int = 20
    checkpoint_every: int = 20
    plateau_evaluations: int = 20
    plateau_rise: float = 0.005
    critic_only_updates: int = 0
    action_std: float | None = None
    energy: float | None = None
    entropy_weight: float | None = None
    target_kl: float | None = None


@dataclass(frozen=True)
class DistillationConfig:
    """How a student learns from teachers: DAgger (Ross, Gordon, Bagnell 2011) with sparing labels.

    Attributes:
        rounds: of acting and learning (ours, as all of these).
        steps: control steps of each environment in a round (ours).
        noise: standard deviation added to the student's actions while it acts (ours).
        memory: samples that each process keeps, the latest (ours).
        epochs: passes over them in a round (ours).
        minibatch: samples of a gradient step, over all processes (ours).
        learning_rate: of the student in the first round; it falls to nothing along half a cosine (ours).
        slack_n_m: torque error that costs as much as one muscle at full excitation [N·m], at the toes at
            least 10 N·m, on the CPU engine only; None: the teacher's own excitations are learned, as always
            on clips that an earlier student failed (ours).
        evaluate_every: rounds between two looks at how good the student is (ours).
    """

    rounds: int = 24
    steps: int = 32
    noise: float = 0.1
    memory: int = 150_000
    epochs: int = 1
    minibatch: int = 2048
    learning_rate: float = 1e-3
    slack_n_m: float | None = 5.0
    evaluate_every: int = 20


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a training run does; written to its folder.

    Attributes:
        preset: sizes and rates that the other settings start from: the paper's, or ours for a machine with a
            GPU or without.
        method: `kinesis`: experts from scratch (paper); `distilled`: teachers in control `tracking`, students
            that learn from them with sparing muscles, then experts that start as the last student.
        task: imitation of motions, or another of `kinesis-bench tasks`, learned by one expert with the task's
            own reward; motions, split, the number of experts and most settings of episodes and reward are
            imitation's alone.
        body: legs (80 muscles), legs_abs (86) or legs_back (290).
        motions: a motion file from prepare-data; the built-in one, made when first needed, if left out.
        split: of the motion file; its training split if left out.
        control: law of the experts' actions (paper: direct); `distilled` has students that act in direct.
        start_from: a policy that ships, by its name, or a folder with weights.safetensors, as which the first
            stage begins; from nothing if left out. Its control law must be that stage's, and its networks of
            this run's sizes, as those that ship are of preset laptop's. A policy that learned another task
            gives its actor alone; one that does not see fatigue may be named where it is observed, and one
            of another body in direct or tracking that is no mixture.
        fatigue: muscles tire while it learns (the 3CC-r model), and bodies begin fatigued by chance.
        observe_fatigue: the policy sees the fatigued part of each muscle, and is scored so.
        seed: of all random numbers.
        threads: for physics and networks; 0: all cores.
        engine: of the physics.
        max_teachers: the second begins as the first and learns the clips that it failed, and so on
            (distilled only).
        max_students: the second begins as the first and learns the clips that it failed from the teachers'
            own excitations, the others as before, and so on (distilled only).
        max_experts: of the mixture; fewer, where no clip is left that fails (paper: 3 for legs).
        failed_by: what isolates the clips of the next expert: `protocol`, a mean keypoint error above
            0.5 m, or `training`, any keypoint beyond 0.15 m.
        networks: widths and noise.
        ppo: the algorithm.
        episodes: how they begin and end.
        reward: weights.
        teacher: every teacher's stage (distilled only).
        distillation: from the teachers to the students (distilled only).
        expert: every expert's stage.
        gate: the gate's stage.
    """

    preset: Preset = "paper"
    method: Method = "kinesis"
    task: str = IMITATION
    body: BodyName = "legs"
    motions: str = ""
    split: str = ""
    control: Control = "direct"
    start_from: str = ""
    fatigue: bool = False
    observe_fatigue: bool = False
    seed: int = 0
    threads: int = 0
    engine: Engine = "cpu"
    max_teachers: int = 2
    max_students: int = 2
    max_experts: int = 3
    failed_by: Failure = "protocol"
    networks: NetworkConfig = NetworkConfig()
    ppo: PPOConfig = PPOConfig()
    episodes: EpisodeConfig = EpisodeConfig()
    reward: RewardWeights = RewardWeights()
    teacher: StageConfig = StageConfig()
    distillation: DistillationConfig = DistillationConfig()
    expert: StageConfig = StageConfig()
    gate: StageConfig = StageConfig()

    @property
    def fatigue_mode(self) -> FatigueMode | None:
        """As an environment takes it."""
        if not self.fatigue:
            return None
        return "observed" if self.observe_fatigue else "hidden"


MAY_BE_ZERO = frozenset(
    {
        *(
            "seed",
            "threads",
            "entropy_weight",
            "hard_share",
            "whole_share",
            "push_m_s",
            "activation",
            "fatigued",
            "position",
            "velocity",
        ),
        *("energy", "upright", "correction"),
        *("position_rate", "velocity_rate", "energy_rate", "upright_rate", "correction_rate"),
        *("plateau_rise", "critic_only_updates"),
    }
)
"""Numbers that may be zero; all others are above it."""

AT_MOST_ONE = frozenset({"gae_lambda", "hard_share", "whole_share", "activation", "fatigued"})
"""Numbers that are at most one."""

BELOW_ONE = frozenset({"discount"})
"""Numbers that are below it: values are finite."""


def check(config: TrainConfig) -> None:
    """Refuse numbers that mean nothing, and a method or control law that does not fit the task or method.

    Raises:
        InputError: names the flag.
    """
    for name, value in _numbers(config, ""):
        last = name.rpartition(".")[2]
        low, high = (0 if last in MAY_BE_ZERO else None), (1 if last in AT_MOST_ONE else math.inf)
        inside = value < 1 if last in BELOW_ONE else value <= high
        if not math.isfinite(value) or not (value > 0 or value == low) or not inside:
            least = "0 or more" if low == 0 else "above 0"
            most = ", at most 1" if high == 1 else ", below 1" if last in BELOW_ONE else ""
            flag = "--" + name.replace("_", "-")
            raise InputError(flag, f"is {value}", f"give a number {least}{most}")
    if config.observe_fatigue and not config.fatigue:
        raise InputError("--observe-fatigue", "means nothing where muscles do not tire", "add --fatigue")
    if config.task != IMITATION:
        info = task_info(config.task)
        info.refuse_body(config.body)
        if config.method == "distilled" and not info.demonstrations:
            problem = f"is {config.method}, but task {config.task} has no motions to learn from a teacher"
            raise InputError("--method", problem, "leave it out, and name an expert with --start-from")
        if config.control == "tracking":
            problem = f"is {config.control}, which follows a motion, and task {config.task} has none"
            raise InputError("--control", problem, "use direct, pd or synergy")
        if config.motions or config.split:
            flag = "--motions" if config.motions else "--split"
            raise InputError(flag, f"means nothing for task {config.task}", "leave it out")
    if config.method == "distilled" and config.engine == "gpu" and config.distillation.slack_n_m is not None:
        problem = f"is {config.distillation.slack_n_m}, but sparing labels need moment arms of --engine cpu"
        raise InputError("--distillation.slack-n-m", problem, "give None, or run students with --engine cpu")
    if config.method == "distilled" and config.control != "direct":
        problem = f"is {config.control}, but the experts of --method distilled begin as students in direct"
        raise InputError("--control", problem, "add --method kinesis")


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    for field in fields(value):
        inner, name = getattr(value, field.name), f"{path}{field.name}"
        if is_dataclass(inner):
            yield from _numbers(inner, f"{name}.")
        elif isinstance(inner, tuple):
            yield from ((name, item) for item in inner or (0,))
        elif isinstance(inner, int | float) and not isinstance(inner, bool):
            yield name, inner
