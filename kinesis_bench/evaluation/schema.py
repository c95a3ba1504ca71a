"""What ``result.json`` holds. Every figure that cannot be had is null beside a reason.

The reason stands under the figure's name in ``reasons`` of its own object, or of one above it under the path
from there; the path leaves out keys of tables (muscles, joints, skills): ``ci95.mean_r``, ``per_muscle.r``.

The published JSON schema, ``result-1.schema.json`` beside this file, is made from these classes (a test keeps
them equal). The classes of the metrics are part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kinesis_bench.metrics.effort import Effort
from kinesis_bench.metrics.emg import EmgFigures, EmgScore
from kinesis_bench.metrics.imitation import Figure, ImitationScore
from kinesis_bench.metrics.joint_angles import JointAngleScore
from kinesis_bench.tasks.observation import FatigueMode

SCHEMA = "kinesis-bench-result-1"

PROTOCOLS = ("kinesis-bench-1", "kinesis-2025")
"""The suite's own protocol, and the definitions of KINESIS's code of 2025."""


@dataclass(frozen=True)
class PolicyInfo:
    """Who drove.

    Attributes:
        name, source, sha256: which policy; source and hash "" where it is built in.
        control: of ``tasks.control.CONTROLS``, or ``prescribed`` where nothing was simulated; "" where a
            recording does not say.
        deterministic: whether one run says all; None where unknown.
        privileged: whether it saw more than its observation, namely ``needs``.
        notes: for the reader.
    """

    name: str
    source: str = ""
    sha256: str = ""
    control: str = ""
    deterministic: bool | None = None
    privileged: bool = False
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BodyInfo:
    """What was driven; "" where a recording does not say."""

    name: str
    model_sha256: str


@dataclass(frozen=True)
class MotionsInfo:
    """What was followed: data set and split, number of clips and of their frames.

    The hash of the sources is the same on every machine, that of the content may differ between processors
    (``Motions``); both are "" where unknown. ``prompts`` is clip key to prompt in task ``text-to-control``,
    whose skills are the prompts' categories, and empty in imitation.
    """

    id: str
    content_sha256: str
    sources_sha256: str
    split: str
    clips: int
    frames: int
    prompts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FatigueSetup:
    """How muscles tired.

    Attributes:
        version: of the model, ``tasks.fatigue.VERSION``.
        bouts: how often all clips were run, each row carrying its fatigue from bout to bout.
        rest_s: rest between two bouts [s].
        observed: whether the policy saw how fatigued its muscles were.
    """

    version: str
    bouts: int
    rest_s: float
    observed: bool

    @property
    def mode(self) -> FatigueMode:
        """The same as tasks say it."""
        return "observed" if self.observed else "hidden"


@dataclass(frozen=True)
class Imitation(ImitationScore):
    """Imitation, and beside MPJPE the error that the body's proportions leave even when posed by IK.

    Attributes:
        ik_floor_mm: mean keypoint error of the IK poses over the same covered frames.
    """

    ik_floor_mm: Figure


@dataclass(frozen=True)
class FailedRun:
    """A run that ended for another reason than the protocol's distance."""

    key: str
    run: int
    reason: str


@dataclass(frozen=True)
class MuscleCurve:
    """Curves over the gait cycle, 100 samples at the phases of ``Curves``; people's in their source's unit.

    Attributes:
        excitation, activation: of the model, 0 to 1, at zero lag.
        human_mean, human_sd: of the group.
    """

    excitation: tuple[float, ...] | None
    activation: tuple[float, ...] | None
    human_mean: tuple[float, ...]
    human_sd: tuple[float, ...]


@dataclass(frozen=True)
class JointCurve:
    """Curves over the gait cycle, sample i at phase i/100 [deg], in OpenSim's signs."""

    model_deg: tuple[float, ...] | None
    human_mean_deg: tuple[float, ...]
    human_sd_deg: tuple[float, ...]


@dataclass(frozen=True)
class Curves:
    """What the figures show.

    Attributes:
        muscles, joints: by electrode, and by joint of the left leg.
        model_phase, human_phase: of the samples of the muscles' curves [cycles].
        reasons: field to why it is None.
    """

    muscles: dict[str, MuscleCurve]
    joints: dict[str, JointCurve]
    model_phase: tuple[float, ...]
    human_phase: tuple[float, ...]
    reasons: dict[str, str]


@dataclass(frozen=True)
class Beside:
    """The same recording beside people of another data set, activity or speed; None where these have none.

    Attributes:
        emg: excitation against their EMG.
        joint_angles: against their joint angles.
        reasons: field to why it is None.
    """

    emg: EmgScore | None
    joint_angles: JointAngleScore | None
    reasons: dict[str, str]


@dataclass(frozen=True)
class Scores:
    """Everything that is computed from rollouts.

    Attributes:
        imitation, imitation_by_skill: None where the recording has no reference.
        emg: excitation against people's EMG.
        emg_of_activation: the same figures with muscle activation for the signal.
        joint_angles, effort: as the classes say.
        curves: behind the figures.
        reasons: field to why it is None.
    """

    imitation: Imitation | None
    imitation_by_skill: dict[str, Imitation] | None
    emg: EmgScore
    emg_of_activation: EmgFigures | None
    joint_angles: JointAngleScore
    effort: Effort
    curves: Curves
    reasons: dict[str, str]


@dataclass(frozen=True)
class Result:
    """One evaluation.

    Attributes:
        schema: SCHEMA.
        protocol: one of PROTOCOLS.
        policy, body, motions: who drove what after which motions.
        runs, seed: of the evaluation; seed None where a recording does not say.
        quick: whether only a few clips were run: not comparable with a full score.
        diagnostic: "" for a score; else what makes this no score.
        versions: of the software.
        imitation, imitation_by_skill, emg, emg_of_activation, joint_angles, effort: the figures.
        besides: name of a data set and its condition, such as ``scherpereel2023 run-9.0``, to the figures
            beside its people.
        failed_runs: what ended for a reason other than the distance.
        wall_s: time that simulation and policy took [s].
        realtime_factor: simulated time / wall_s.
        curves: behind the figures.
        reasons: field to why it is None.
    """

    schema: str
    protocol: str
    policy: PolicyInfo
    body: BodyInfo
    motions: MotionsInfo
    runs: int
    seed: int | None
    quick: bool
    diagnostic: str
    versions: dict[str, str]
    imitation: Imitation | None
    imitation_by_skill: dict[str, Imitation] | None
    emg: EmgScore
    emg_of_activation: EmgFigures | None
    joint_angles: JointAngleScore
    effort: Effort
    besides: dict[str, Beside]
    failed_runs: tuple[FailedRun, ...]
    wall_s: float | None
    realtime_factor: float | None
    curves: Curves
    reasons: dict[str, str]
