"""From a policy, or a recording, to a result."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.evaluation.fatigue import FatigueResult, fatigue_result
from kinesis_bench.evaluation.people import People
from kinesis_bench.evaluation.schema import (
    PROTOCOLS,
    SCHEMA,
    BodyInfo,
    FailedRun,
    FatigueSetup,
    MotionsInfo,
    PolicyInfo,
    Result,
)
from kinesis_bench.evaluation.score import NOT_SIMULATED, score_beside, score_clips, score_rollouts
from kinesis_bench.evaluation.score_2025 import score_rollouts_2025
from kinesis_bench.evaluation.typed_json import from_json, to_json
from kinesis_bench.human.joint_angles import SCHWARTZ, human_joint_angles
from kinesis_bench.human.references import HumanEmg, HumanJointAngles
from kinesis_bench.metrics.imitation import ClipImitation
from kinesis_bench.motions.prompts import by_category, prompt_of
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.rollouts.kinesis_recording import is_kinesis_recording, read_kinesis_recording
from kinesis_bench.rollouts.mm_evalkit import is_mm_evalkit, read_mm_evalkit
from kinesis_bench.rollouts.opensim_results import opensim_files, read_opensim_results
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.rollouts.store import read_rollouts
from kinesis_bench.tasks.termination import FAR

if TYPE_CHECKING:
    from kinesis_bench.bodies.contract import Body
    from kinesis_bench.motions.motion_set import Motions
    from kinesis_bench.policies.loaded import LoadedPolicy

STOCHASTIC_RUNS = 3
"""Runs of a stochastic policy, unless another number is asked for."""

QUICK_CLIPS = 10
"""Clips of a quick look, which is no full score."""

MADE_FROM_THE_TABLES = "normative-gait"
"""Motions whose id begins so are made from the joint-angle tables that they would be compared with."""

USUAL_LEG_M = 0.9
"""Leg length that chooses the speed of the joint-angle table where a recording states none [m]."""

PRESCRIBED_NOTE = (
    "prescribed: what its muscles would do in the recorded motion itself; nothing was simulated, so it says "
    "nothing of movement or balance"
)

PACKAGES = ("kinesis-bench", "mujoco", "myo-sim", "numpy", "scipy", "onnxruntime")


@dataclass(frozen=True)
class Provenance:
    """Where rollouts come from, kept in their file.

    Attributes:
        policy, motions: who followed what.
        runs, seed: of the evaluation.
        quick, diagnostic: as in ``Result``.
        wall_s: time that simulation and policy took [s].
        fatigue: how muscles tired, None where they did not.
    """

    policy: PolicyInfo
    motions: MotionsInfo
    runs: int
    seed: int
    quick: bool
    diagnostic: str
    wall_s: float
    fatigue: FatigueSetup | None = None


@dataclass(frozen=True)
class Evaluation:
    """A result and what it was computed from; ``clips`` is None where there is no reference.

    Where muscles tire these are of the first bout, and ``fatigue`` is of all.
    """

    result: Result
    rollouts: Rollouts
    clips: tuple[ClipImitation, ...] | None
    fatigue: FatigueResult | None = None


def default_split(motions: Motions) -> str:
    """The test split of a data set: ``kinesis-2026/test``, else the first that ends so, else all clips."""
    tests = [name for name in motions.split_names if name.split("/")[-1] == "test"]
    for name in ("kinesis-2026/test", *tests):
        if name in tests:
            return name
    return "all"


def record_policy(
    policy: LoadedPolicy,
    body: Body,
    motions: Motions,
    *,
    split: str | None = None,
    runs: int | None = None,
    seed: int = 0,
    quick: bool = False,
    threads: int = 0,
    refine: int = 1,
    push_m_s: float = 0.0,
    by_prompt: bool = False,
    fatigue: FatigueSetup | None = None,
    people: Callable[[Rollouts], HumanEmg] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Rollouts:
    """Run a policy on a split and record it, with all that a result says of the run.

    Args:
        policy, body, motions: who drives what after which motions; a prescribed one drives nothing.
        split: of the motions; the test split unless given.
        runs: of a stochastic policy, 3 unless given; a deterministic one runs once.
        seed: of policy and bootstraps.
        quick: only ten clips.
        threads: for physics, 0 for all cores.
        refine: physics steps in one of the protocol's; above 1 the result is a diagnostic.
        push_m_s: see ``run_policy``; above 0 the result is a diagnostic, and of three runs unless given.
        by_prompt: task ``text-to-control``: clips have the categories of their prompts for skills.
        fatigue: how muscles tire; with it the result is of another kind, see ``evaluation.fatigue``.
        people: whom a recording will be compared with; what is prescribed may depend on them.
        progress: told the frames done since the last call, and the total.

    Raises:
        InputError: an unknown split, a policy for something else, motions without the body's IK, or a change
            of the simulation where there is none.
    """
    from kinesis_bench.evaluation.prescribed import prescribe
    from kinesis_bench.evaluation.run import Job, run_policy

    prescribed = policy.control == PRESCRIBED
    if prescribed and diagnostic_of(refine, push_m_s, fatigue):
        problem = "is prescribed: nothing is simulated, so there is no timestep, no push and no fatigue"
        raise InputError(f"policy {policy.name}", problem, "leave out --timestep, --push and --fatigue")
    split = split or default_split(motions)
    of_file, motions = motions, by_category(motions) if by_prompt else motions
    clips = motions.select(split)
    chosen = _spread(motions, clips, QUICK_CLIPS) if quick else np.arange(len(clips))
    once = prescribed or (policy.deterministic and not push_m_s)
    runs = 1 if once else runs or STOCHASTIC_RUNS
    frames = int((motions.length[clips[chosen]] - 1).sum())
    job = Job(clips, chosen, runs, seed)
    started = time.perf_counter()

    def told(done: int) -> None:
        progress(done, runs * frames * (fatigue.bouts if fatigue else 1))

    if prescribed:
        if people is None:
            raise ValueError("a prescribed policy has to know the people that it will be compared with")
        rollouts = prescribe(policy, body, motions, job, people, told)
    else:
        rollouts = run_policy(
            policy,
            body,
            motions,
            job,
            threads=threads,
            refine=refine,
            push_m_s=push_m_s,
            fatigue=fatigue,
            progress=told,
        )
    provenance = Provenance(
        policy=policy_info(policy),
        motions=MotionsInfo(
            motions.id,
            motions.content_sha256,
            of_file.sources_sha256,
            split,
            len(chosen),
            frames,
            {motions.keys[clip]: prompt_of(motions, clip) for clip in clips[chosen]} if by_prompt else {},
        ),
        runs=runs,
        seed=seed,
        quick=quick and len(chosen) < len(clips),
        diagnostic=diagnostic_of(refine, push_m_s, fatigue),
        wall_s=time.perf_counter() - started,
        fatigue=fatigue,
    )
    attributes = (rollouts.attributes or {}) | {"provenance": json.dumps(to_json(provenance))}
    return replace(rollouts, attributes=attributes)


def policy_info(policy: LoadedPolicy) -> PolicyInfo:
    """What a result says of a policy."""
    prescribed = policy.control == PRESCRIBED
    return PolicyInfo(
        name=policy.name,
        source=policy.source,
        sha256=policy.sha256,
        control=policy.control,
        deterministic=policy.deterministic or prescribed,
        privileged=policy.privileged,
        needs=policy.needs,
        notes=(*policy.notes, PRESCRIBED_NOTE) if prescribed else policy.notes,
    )


def diagnostic_of(refine: int, push_m_s: float, fatigue: FatigueSetup | None = None) -> str:
    """What makes a result no score; "" for a score."""
    changes = {
        f"physics timestep divided by {refine}": refine > 1,
        f"pushed at the start by {push_m_s:g} m/s (SD along each axis)": push_m_s > 0,
        **(
            {f"muscles tire ({fatigue.version}), these figures are of the first bout": True}
            if fatigue
            else {}
        ),
    }
    made = [change for change, present in changes.items() if present]
    return f"{', '.join(made)}: a diagnostic, no score" if made else ""


def evaluate_rollouts(
    rollouts: Rollouts,
    human: HumanEmg,
    *,
    joint_angles: HumanJointAngles | None = None,
    besides: Mapping[str, People] | None = None,
    protocol: str = PROTOCOLS[0],
    seed: int = 0,
) -> Evaluation:
    """Score a recording. Needs no simulator.

    Where muscles tire, the result is of the first bout, and ``Evaluation.fatigue`` of all.

    Args:
        rollouts: the recording.
        human: people's EMG.
        joint_angles: theirs; those of Schwartz's children, at the nearest speed, if None.
        besides: more people to score it beside, by name of data set and condition; protocol kinesis-2025 has
            none.
        protocol: one of PROTOCOLS.
        seed: of the bootstraps, where the recording does not state its own.

    Raises:
        InputError: an unknown protocol, or the recording's provenance is damaged.
    """
    _known(protocol)
    told = provenance_of(rollouts)
    if told is None or told.fatigue is None:
        return _evaluate(rollouts, human, joint_angles, besides or {}, protocol, seed)
    _check_bouts(rollouts, told.fatigue)
    first = _evaluate(rollouts.of_bout(1), human, joint_angles, besides or {}, protocol, seed)
    later = [
        _evaluate(rollouts.of_bout(bout), human, joint_angles, {}, protocol, seed).result
        for bout in range(2, told.fatigue.bouts + 1)
    ]
    return replace(first, fatigue=fatigue_result(rollouts, told.fatigue, [first.result, *later]))


def _check_bouts(rollouts: Rollouts, fatigue: FatigueSetup) -> None:
    """Refuse a recording that lacks a bout, or what the muscles did in it."""
    tired = all(clip.fatigued is not None and clip.start_fatigued is not None for clip in rollouts.clips)
    if not tired or {clip.bout for clip in rollouts.clips} != set(range(1, fatigue.bouts + 1)):
        problem = f"do not hold {fatigue.bouts} bouts with the fatigued part of each muscle"
        raise InputError("rollouts: fatigue", problem, "record the rollouts again")


def _evaluate(
    rollouts: Rollouts,
    human: HumanEmg,
    joint_angles: HumanJointAngles | None,
    besides: Mapping[str, People],
    protocol: str,
    seed: int,
) -> Evaluation:
    """One bout, or all there is."""
    told = provenance_of(rollouts)
    motions = told.motions if told else _unknown_motions(rollouts)
    of_table = human_joint_angles(SCHWARTZ, human.speed_m_s, rollouts.leg_length_m or USUAL_LEG_M)
    score = score_rollouts if protocol == PROTOCOLS[0] else score_rollouts_2025
    scores = score(
        rollouts,
        human,
        joint_angles or of_table,
        seed=told.seed if told else seed,
        independent=joint_angles is not None or not motions.id.startswith(MADE_FROM_THE_TABLES),
    )
    simulated_s = sum(len(clip.qpos) * clip.dt_s for clip in rollouts.clips if clip.qpos is not None)
    bouts = told.fatigue.bouts if told and told.fatigue else 1
    wall_s = told.wall_s / bouts if told else None
    simulated = rollouts.clips[0].control != PRESCRIBED
    reasons = scores.reasons if simulated else scores.reasons | {"realtime_factor": NOT_SIMULATED}
    if told is None:
        why = "the recording does not say"
        reasons = reasons | dict.fromkeys(("policy.deterministic", "seed", "wall_s", "realtime_factor"), why)
    result = Result(
        schema=SCHEMA,
        protocol=protocol,
        policy=told.policy if told else PolicyInfo(_source_name(rollouts), source=_source(rollouts)),
        body=BodyInfo(rollouts.body, rollouts.model_sha256),
        motions=motions,
        runs=told.runs if told else 1,
        seed=told.seed if told else None,
        quick=told.quick if told else False,
        diagnostic=told.diagnostic if told else "",
        versions=versions(),
        imitation=scores.imitation,
        imitation_by_skill=scores.imitation_by_skill,
        emg=scores.emg,
        emg_of_activation=scores.emg_of_activation,
        joint_angles=scores.joint_angles,
        effort=scores.effort,
        besides={
            name: score_beside(rollouts, people.emg, people.joint_angles, seed=told.seed if told else seed)
            for name, people in besides.items()
            if protocol == PROTOCOLS[0]
        },
        failed_runs=tuple(
            FailedRun(clip.key, clip.run, clip.failure)
            for clip in rollouts.clips
            if clip.failure not in ("", FAR)
        ),
        wall_s=wall_s,
        realtime_factor=simulated_s / wall_s if wall_s is not None and simulated else None,
        curves=scores.curves,
        reasons=reasons,
    )
    return Evaluation(result, rollouts, score_clips(rollouts))


def read_recording(path: str | Path) -> Rollouts:
    """Read a recording, ours or another tool's, told by its ending or by what a folder holds.

    Ours (``rollouts.h5``, or a folder that holds one), KINESIS's folder, mm-evalkit's ``.npz``, and results
    of OpenSim, Moco and SCONE (a ``.sto`` or ``.mot``, or a folder with those of one trial).

    Raises:
        InputError: there is nothing of the kind, or it is damaged.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        if (path / "rollouts.h5").is_file():
            return read_rollouts(path / "rollouts.h5")
        if is_kinesis_recording(path):
            return read_kinesis_recording(path)
        if opensim_files(path):
            return read_opensim_results(path)
        remedy = "give a rollouts.h5, a .sto, an .npz, or a folder with one of them or a KINESIS recording"
        raise InputError(path, "holds no recording", remedy)
    if is_mm_evalkit(path):
        return read_mm_evalkit(path)
    return read_opensim_results(path) if opensim_files(path) else read_rollouts(path)


def versions() -> dict[str, str]:
    """Versions of Python, of the platform and of the packages that numbers depend on."""
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _known(protocol: str) -> None:
    if protocol not in PROTOCOLS:
        raise unknown_name("protocol", protocol, PROTOCOLS)


def _spread(motions: Motions, clips: np.ndarray, count: int) -> np.ndarray:
    """Places of ``count`` clips, spread evenly over the split ordered by skill."""
    by_skill = sorted(range(len(clips)), key=lambda place: (motions.skill[clips[place]], place))
    picks = np.unique(np.linspace(0, len(clips) - 1, min(count, len(clips))).round().astype(int))
    return np.sort(np.array(by_skill)[picks])


def provenance_of(rollouts: Rollouts) -> Provenance | None:
    """Where rollouts come from; None where they do not say.

    Raises:
        InputError: what they say is damaged.
    """
    text = (rollouts.attributes or {}).get("provenance")
    if text is None:
        return None
    try:
        return from_json(Provenance, json.loads(text))
    except ValueError as error:
        raise InputError("rollouts: provenance", str(error), "record the rollouts again") from error


def _unknown_motions(rollouts: Rollouts) -> MotionsInfo:
    clips = len({clip.key for clip in rollouts.clips})
    return MotionsInfo("", "", "", "", clips, sum(clip.frames for clip in rollouts.clips))


def _source(rollouts: Rollouts) -> str:
    return (rollouts.attributes or {}).get("source", "")


def _source_name(rollouts: Rollouts) -> str:
    return Path(_source(rollouts)).name or "recording"
