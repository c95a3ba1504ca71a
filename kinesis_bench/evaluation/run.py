"""Run a policy on clips of motions, all of them as one batch, and record everything."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinesis_bench.bodies.build import TIMESTEP_S
from kinesis_bench.bodies.contract import Body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.schema import FatigueSetup
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.skeleton import ANKLE_SOLE_M
from kinesis_bench.physics.engine import SUBSTEPS
from kinesis_bench.policies.blocks import BlockedPolicy, Row, generator
from kinesis_bench.policies.contract import Contract
from kinesis_bench.policies.interface import PRESCRIBED, Context
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.tasks.control import action_size, quantise_action
from kinesis_bench.tasks.fatigue import fatigability
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.observation import FatigueMode, observation_layout
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.registry import IMITATION
from kinesis_bench.tasks.rows import Record
from kinesis_bench.tasks.termination import FAR

if TYPE_CHECKING:
    import mujoco

BATCH_ROWS = 512
"""Most rows that are simulated side by side; it bounds the memory and changes no number."""

_EXACT = ("action", "qpos", "qvel", "activation", "fatigued")
"""Recorded in full precision, so that a replay can be compared to the bit and can begin at any step; the rest
in single precision."""


@dataclass(frozen=True)
class Job:
    """What to run.

    Attributes:
        clips: (n,) indices of the split's clips in the motions; a clip's place here decides block and row.
        chosen: (k,) places of those that are run, in ascending order.
        runs: how often each is run.
        seed: of the random numbers.
    """

    clips: np.ndarray
    chosen: np.ndarray
    runs: int
    seed: int

    def rows(self, keys: Sequence[str]) -> list[Row]:
        """One row a clip and run."""
        return [
            Row(int(place), run, keys[self.clips[place]]) for run in range(self.runs) for place in self.chosen
        ]


def context_of(
    body: Body, control: str, task: str = IMITATION, fatigue: FatigueMode | None = None
) -> Context:
    """What a policy is told of a body and a task.

    Raises:
        InputError: the policy is prescribed, so it drives no body.
    """
    if control == PRESCRIBED:
        problem = f"only says what muscles do in a recorded motion, and task {task} has a body to drive"
        raise InputError("--policy", problem, "name one that acts, such as muscle-pd, or leave out --task")
    contract = Contract(
        body=body.name,
        model_sha256=body.sha256,
        observation=tuple((name, part.stop - part.start) for name, part in observation_layout(body, fatigue)),
        segments=body.segments,
        keypoints=body.keypoints,
        control=control,
        task=task,
    )
    return Context(
        contract=contract,
        action_size=action_size(control, body),
        muscle_names=body.muscles,
        dt_s=SUBSTEPS * TIMESTEP_S,
        clip_keys=(),
        model=body.model,
    )


def run_policy(
    policy: LoadedPolicy,
    body: Body,
    motions: Motions,
    job: Job,
    *,
    threads: int = 0,
    refine: int = 1,
    push_m_s: float = 0.0,
    fatigue: FatigueSetup | None = None,
    batch_rows: int = BATCH_ROWS,
    progress: Callable[[int], None] = lambda frames: None,
) -> Rollouts:
    """Run and record all clips of a job.

    The same seed gives the same bits whatever ``threads`` and ``batch_rows`` are. A policy that fails ends
    its clips with the reason in ``failure``; the others go on.

    Args:
        policy: what drives.
        body: what is driven.
        motions: with inverse kinematics of the body.
        job: which clips, how often.
        threads: for physics, 0 for all cores.
        refine: physics steps in one of the protocol's, as a diagnostic of the timestep.
        push_m_s: standard deviation of a velocity added to the body along each axis at the start, drawn by
            the job's seed, the run and the clip [m/s]; a diagnostic of how brittle a policy is.
        fatigue: how muscles tire and how often the clips are run, or None for muscles that do not.
        batch_rows: most rows that are simulated side by side.
        progress: told how many clip frames are done since the last call.

    Raises:
        InputError: the policy was made for something else, or the motions lack the body's IK.
    """
    body = body if refine == 1 else refined(body, refine)
    mode = None if fatigue is None else fatigue.mode
    context = context_of(body, policy.control, fatigue=mode)
    policy.refuse_unless(context.contract, context.action_size)
    reference = Reference.of(motions, body)
    rows = job.rows(motions.keys)
    clips: list[ClipRollout] = []
    for first in range(0, len(rows), batch_rows):
        batch = rows[first : first + batch_rows]
        task = Imitation(
            body,
            reference,
            len(batch),
            control=policy.control,
            threads=threads,
            record=True,
            needs=policy.needs,
            refine=refine,
            fatigue=mode,
        )
        indices = np.array([job.clips[row.place] for row in batch])
        push = np.stack([_push(job.seed, row, push_m_s) for row in batch])
        fatigued = None
        for bout in range(1, 2 if fatigue is None else fatigue.bouts + 1):
            driver = BlockedPolicy(policy, context, batch, job.seed)
            run = _run_batch(
                task, driver, policy.needs, batch, indices, push, fatigued, motions, context.dt_s, progress
            )
            clips += [replace(clip, bout=bout) for clip in run]
            if fatigue is not None:
                ends = np.stack([clip.fatigued[-1] for clip in run if clip.fatigued is not None])
                fatigued = fatigability(body.name).rested(ends, fatigue.rest_s)
    return recording_of(body, clips)


def recording_of(body: Body, clips: Sequence[ClipRollout]) -> Rollouts:
    """A recording of one of our bodies, with all that it says of the body."""
    return Rollouts(
        clips=tuple(clips),
        body=body.name,
        model_sha256=body.sha256,
        body_mass_kg=body.mass_kg,
        leg_length_m=leg_length_m(body.model),
        muscle_names=body.muscles,
        muscle_force_n=body.muscle_force_n,
        joint_names=body.angle_names,
        keypoint_names=body.keypoints,
    )


def _run_batch(
    task: Imitation,
    driver: BlockedPolicy,
    needs: tuple[str, ...],
    rows: Sequence[Row],
    clips: np.ndarray,
    push_m_s: np.ndarray,
    fatigued: np.ndarray | None,
    motions: Motions,
    dt_s: float,
    progress: Callable[[int], None],
) -> list[ClipRollout]:
    """One row a clip, from the first step to the end of the longest."""
    live = np.arange(len(rows))
    task.start(live, clips, push_m_s=push_m_s)
    if fatigued is not None:
        task.tire(live, fatigued)
    start = dict(zip(("start_qpos", "start_qvel", "start_activation"), task.state(live), strict=True))
    if task.fatigue:
        start["start_fatigued"] = task.fatigued(live)
    failures = [""] * len(rows)
    recorder = Recorder()
    while len(live):
        view = task.view(live, needs) if needs else None
        action = quantise_action(driver.act(live, task.observe(live), view))
        step = task.step(live, action)
        assert step.record is not None
        recorder.add(live, step.record)
        progress(len(live))
        for place, i in enumerate(live.tolist()):
            broken = f"physics: {step.broken[i]}" if i in step.broken else ""
            failures[i] = driver.failures[i] or broken or (FAR if step.failed[place] else "")
        failed = np.array([bool(failures[i]) for i in live])
        frames_left = motions.length[clips[live]] - 1 - task.frame[live]
        progress(int(frames_left[failed].sum()))
        live = live[~(failed | step.finished)]
    recorded = recorder.by_row(len(rows))
    residual = motions.ik[task.body.name].residual
    finished = []
    for i, row in enumerate(rows):
        steps = len(recorded[i]["action"])
        offset = int(motions.offset[clips[i]])
        finished.append(
            ClipRollout(
                key=row.key,
                run=row.run,
                skill=motions.skill[clips[i]],
                frames=int(motions.length[clips[i]]) - 1,
                dt_s=dt_s,
                failure=failures[i],
                control=task.law.name,
                ik_error_m=residual[offset + 1 : offset + 1 + steps].astype(np.float32),
                **recorded[i],
                **{name: values[i] for name, values in start.items()},
            )
        )
    return finished


def _push(seed: int, row: Row, push_m_s: float) -> np.ndarray:
    """(3,) [m/s]; of a stream of its own, so that a policy's random numbers stay what they are."""
    return generator(seed, row.run, f"push of {row.key}").normal(0.0, push_m_s, 3)


def refined(body: Body, refine: int) -> Body:
    """The same body with a physics timestep that is ``refine`` times as fine."""
    model = copy.copy(body.model)
    model.opt.timestep = TIMESTEP_S / refine
    return replace(body, model=model)


def leg_length_m(model: mujoco.MjModel) -> float:
    """Hip joint to sole of the straight leg: thigh, shank and height of the ankle, mean of both sides [m]."""
    import mujoco

    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    chains = [[data.body(f"{part}_{side}").xpos for part in ("femur", "tibia", "talus")] for side in "rl"]
    return float(np.linalg.norm(np.diff(chains, axis=1), axis=-1).sum(axis=1).mean()) + ANKLE_SOLE_M


class Recorder:
    """Collects what each step of some rows leaves behind, and sorts it by row at the end."""

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []
        self._parts: dict[str, list[np.ndarray]] = {field.name: [] for field in fields(Record)}

    def add(self, rows: np.ndarray, record: Record) -> None:
        """Keep one step of some rows."""
        self._rows.append(rows)
        for name, parts in self._parts.items():
            values = getattr(record, name)
            if values is not None:
                parts.append(np.asarray(values, np.float64 if name in _EXACT else np.float32))

    @property
    def empty(self) -> bool:
        """Whether nothing was recorded."""
        return not self._rows

    def by_row(self, count: int) -> list[dict[str, Any]]:
        """Every row's arrays (steps, …); empties the recorder."""
        rows = np.concatenate(self._rows)
        order = np.argsort(rows, kind="stable")
        bounds = np.cumsum(np.bincount(rows, minlength=count))[:-1]
        recorded: list[dict[str, Any]] = [{} for _ in range(count)]
        for name in [name for name, parts in self._parts.items() if parts]:
            flat = np.concatenate(self._parts.pop(name))[order]
            for row, values in enumerate(np.split(flat, bounds)):
                recorded[row][name] = values
        return recorded
