"""Run a policy on the trials of a task, and keep what the score needs of all, and everything of the first.

What a trial draws, and a policy's random numbers in it, depend on the seed and the trial's number alone: the
first n of any number of trials are the same, whatever the threads and the rows of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.run import Recorder, context_of, recording_of, refined
from kinesis_bench.evaluation.schema import FatigueSetup
from kinesis_bench.evaluation.tasks.schema import TaskFigures
from kinesis_bench.physics.engines import MakeEngine, cpu_engine
from kinesis_bench.policies.blocks import BLAME, BlockedPolicy, Row, generator
from kinesis_bench.policies.interface import BLOCK_ROWS
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.tasks.arrays import on_host
from kinesis_bench.tasks.control import quantise_action
from kinesis_bench.tasks.registry import TaskInfo
from kinesis_bench.tasks.trials import TrialStep, TrialTask

BATCH_ROWS = 512
"""Most rows that are simulated side by side; it bounds the memory and changes no number."""

RECORDED = BLOCK_ROWS
"""Trials whose every step is recorded: the first block. All of a score's would fill 320 MB for ``legs``, at
2.1 kB a control step compressed, and a multiple of that in memory."""

WHOLE = ""
"""Ending of a trial that lasted its whole time."""


@dataclass(frozen=True)
class Trial:
    """One trial that has been run; T control steps.

    Attributes:
        number: from 0.
        start: what was drawn, the task's own dataclass.
        ending: WHOLE, the task's failure, or why physics or policy broke.
        measured: name -> (T,) what the task measured after each step.
    """

    number: int
    start: Any
    ending: str
    measured: dict[str, np.ndarray]

    @property
    def steps(self) -> int:
        """T, at least one."""
        return len(next(iter(self.measured.values())))

    @property
    def whole(self) -> bool:
        """Whether it lasted its whole time."""
        return self.ending == WHOLE


@dataclass(frozen=True)
class TrialRun:
    """All trials of a score.

    Attributes:
        trials: in order of their numbers.
        dt_s: control period [s].
        steps: control steps of a whole trial.
        fatigued_before, fatigued_after: (trials, M) fatigued part of the muscles' units at each trial's start
            and end; None where muscles do not tire.
    """

    trials: tuple[Trial, ...]
    dt_s: float
    steps: int
    fatigued_before: np.ndarray | None = None
    fatigued_after: np.ndarray | None = None

    def measured(self, name: str) -> np.ndarray:
        """(trials, steps) of a measured quantity; the last value stands for the time after an early end."""
        values = np.zeros((len(self.trials), self.steps))
        for row, trial in zip(values, self.trials, strict=True):
            found = trial.measured[name]
            row[: len(found)], row[len(found) :] = found, found[-1]
        return values


def refuse_other_bodies(policy: LoadedPolicy, info: TaskInfo) -> None:
    """Refuse a policy for a body that the task has not, where no other --body would help.

    Raises:
        InputError: it was made for such a body.
    """
    made_for = policy.contract.body if policy.contract else ""
    if made_for and made_for not in info.bodies:
        bodies = ", ".join(info.bodies)
        problem = f"the policy was made for {made_for!r}, and task {info.name} is for {bodies}"
        raise InputError(f"{policy.source or policy.name}: body", problem, f"give a --policy for {bodies}")


class ScoreTrials(Protocol):
    """The function ``score`` of a task's module in ``evaluation.tasks``."""

    def __call__(self, run: TrialRun, rng: np.random.Generator) -> TaskFigures:
        """Figures of a run; ``rng`` is for intervals."""


@dataclass(frozen=True)
class TrialJob:
    """What to run.

    Attributes:
        info: the task.
        trials: how many.
        seed: of trials and policy.
        options: of the task's own constructor, by name.
        refine: physics steps in one of the protocol's, as a diagnostic.
        push_m_s: standard deviation of a velocity added at the start along each axis [m/s]; a diagnostic.
        fatigue: how muscles tire, or None for muscles that do not.
    """

    info: TaskInfo
    trials: int
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    refine: int = 1
    push_m_s: float = 0.0
    fatigue: FatigueSetup | None = None

    def key(self, number: int) -> str:
        """Name of a trial in recordings, and seed of its random numbers."""
        return f"{self.info.name}/{number:04d}"


def run_trials(
    policy: LoadedPolicy,
    body: Body,
    job: TrialJob,
    *,
    threads: int = 0,
    make_engine: MakeEngine = cpu_engine,
    batch_rows: int = BATCH_ROWS,
    recorded: int = RECORDED,
    fatigued: np.ndarray | None = None,
    progress: Callable[[int], None] = lambda steps: None,
) -> tuple[TrialRun, Rollouts]:
    """Run trials, and record the first ones step by step.

    A policy that fails ends its trials with the reason; the others go on.

    Args:
        policy: what drives.
        body: what is driven; of a task with a scene of its own, the plain body all the same.
        job: which trials.
        threads: for physics, 0 for all cores.
        make_engine: of ``physics.engines``.
        batch_rows: most rows that are simulated side by side.
        recorded: how many of the first trials are recorded in full.
        fatigued: (trials, M) fatigued part of the muscles' units at the start, where muscles tire.
        progress: told how many control steps are done since the last call.

    Raises:
        InputError: the policy was made for something else, or the task is not for this body or control law.
    """
    info = job.info
    info.refuse_body(body.name)
    refuse_other_bodies(policy, info)
    mode = None if job.fatigue is None else job.fatigue.mode
    context = context_of(body, policy.control, info.name, mode)
    observation = (*context.contract.observation, *info.appended_parts(policy.needs))
    context = replace(context, contract=replace(context.contract, observation=observation))
    policy.refuse_unless(context.contract, context.action_size, info.takes)
    driven = body if job.refine == 1 else refined(body, job.refine)
    options = dict(job.options) if mode is None else {**job.options, "fatigue": mode}
    recorded = min(recorded, job.trials)
    bounds = [0, *range(recorded, job.trials, batch_rows), job.trials]
    trials: list[Trial] = []
    clips: list[ClipRollout] = []
    ends: list[np.ndarray] = []
    for first, end in pairwise(bounds):
        if first == end:
            continue
        task = info.make(
            driven,
            end - first,
            control=policy.control,
            threads=threads,
            make_engine=make_engine,
            record=first < recorded,
            needs=policy.needs,
            refine=job.refine,
            **options,
        )
        rows = [Row(number, 0, job.key(number)) for number in range(first, end)]
        context = replace(context, dt_s=task.dt_s)
        before = None if fatigued is None else fatigued[first:end]
        driver = BlockedPolicy(policy, context, rows, job.seed)
        done, kept = _run_batch(task, driver, job, rows, policy.shown, before, progress)
        trials += done
        clips += kept
        if mode:
            ends.append(on_host(task.fatigued(np.arange(end - first))))
    run = TrialRun(tuple(trials), task.dt_s, task.steps)
    if ends:
        after = np.concatenate(ends)
        start = np.zeros_like(after) if fatigued is None else fatigued
        run = replace(run, fatigued_before=start, fatigued_after=after)
    return run, recording_of(task.body, clips)


def roll_out(
    task: TrialTask,
    starts: Sequence[Any],
    act: Callable[[np.ndarray], Any],
    *,
    first: int = 0,
    push_m_s: np.ndarray | None = None,
    fatigued: np.ndarray | None = None,
    failures: Sequence[str] = (),
    after: Callable[[np.ndarray, TrialStep], None] = lambda live, step: None,
) -> list[Trial]:
    """Run trials side by side, one a row, to the end of the longest.

    A step in which physics broke measures what the one before it did: its own numbers mean nothing.

    Args:
        task: as many rows.
        starts: drawn by it, one a row.
        act: rows that still run (n,) to actions (n, A) in [-1, 1], as they are applied.
        first: number of the first trial.
        push_m_s: (rows, 3) added to the root's velocity at the start.
        fatigued: (rows, M) of the muscles at the start, where they tire; fresh unless given.
        failures: of the policy by row, filled in while it runs; "" where there is none.
        after: told of every step of the rows that still run.
    """
    live = np.arange(len(starts))
    task.start(live, starts, push_m_s=push_m_s)
    if fatigued is not None:
        task.tire(live, fatigued)
    endings = [WHOLE] * len(starts)
    measured: list[dict[str, list[float]]] = [{} for _ in starts]
    while len(live):
        step = task.step(live, act(live))
        after(live, step)
        for name, values in step.measured.items():
            for row, value in zip(live.tolist(), on_host(values).tolist(), strict=True):
                so_far = measured[row].setdefault(name, [])
                so_far.append(so_far[-1] if so_far and row in step.broken else value)
        failed, finished = (np.asarray(on_host(flags), bool) for flags in (step.failed, step.finished))
        for place, row in enumerate(live.tolist()):
            broken = f"physics: {step.broken[row]}" if row in step.broken else ""
            blamed_for = failures[row] if failures else ""
            endings[row] = blamed_for or broken or (task.failure if failed[place] else WHOLE)
        ended = np.array([endings[row] != WHOLE for row in live])
        live = live[~(ended | finished)]
    return [
        Trial(
            first + row,
            start,
            endings[row],
            {name: np.array(values) for name, values in measured[row].items()},
        )
        for row, start in enumerate(starts)
    ]


def _run_batch(
    task: TrialTask,
    driver: BlockedPolicy,
    job: TrialJob,
    rows: Sequence[Row],
    needs: tuple[str, ...],
    fatigued: np.ndarray | None,
    progress: Callable[[int], None],
) -> tuple[list[Trial], list[ClipRollout]]:
    """Trials of a policy, and their recordings if the task records."""
    starts = [task.draw(generator(job.seed, 0, f"start of {row.key}")) for row in rows]
    push = [generator(job.seed, 0, f"push of {row.key}").normal(0.0, job.push_m_s, 3) for row in rows]
    recorder, began = Recorder(), dict[str, np.ndarray]()

    def act(live: np.ndarray) -> np.ndarray:
        if not began:
            state = (on_host(values) for values in task.state(live))
            began.update(zip(("start_qpos", "start_qvel", "start_activation"), state, strict=True))
            if job.fatigue is not None:
                began["start_fatigued"] = on_host(task.fatigued(live))
        view = None
        if needs:
            view = {name: on_host(values) for name, values in task.view(live, needs).items()}
        observation = np.asarray(on_host(task.observe(live)), np.float32)
        return quantise_action(driver.act(live, observation, view))

    def after(live: np.ndarray, step: TrialStep) -> None:
        if step.record is not None:
            recorder.add(live, step.record)
        progress(len(live))

    trials = roll_out(
        task,
        starts,
        act,
        first=rows[0].place,
        push_m_s=np.stack(push) if job.push_m_s else None,
        fatigued=fatigued,
        failures=driver.failures,
        after=after,
    )
    progress(sum(task.steps - trial.steps for trial in trials))
    if recorder.empty:
        return trials, []
    clips = [
        ClipRollout(
            key=row.key,
            run=0,
            skill=job.info.name,
            frames=task.steps,
            dt_s=task.dt_s,
            failure=trials[i].ending,
            control=task.law.name,
            **arrays,
            **{name: values[i] for name, values in began.items()},
        )
        for i, (row, arrays) in enumerate(zip(rows, recorder.by_row(len(rows)), strict=True))
    ]
    return trials, clips


def blamed(run: TrialRun) -> str:
    """Why no trial could be run, if the policy failed by itself in all of them; else ""."""
    endings = [trial.ending for trial in run.trials]
    return endings[0] if all(ending.startswith(BLAME) for ending in endings) else ""
