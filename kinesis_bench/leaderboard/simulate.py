"""Simulate a compact record again: every second of every clip from its recorded state, all side by side.

What is simulated in, clips of motions or trials of a task, is a ``Stage``; a trial counts as a clip here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from kinesis_bench.bodies.build import TIMESTEP_S
from kinesis_bench.bodies.contract import Body
from kinesis_bench.evaluation.run import BATCH_ROWS, Recorder, recording_of
from kinesis_bench.leaderboard.record import Simulated, state_steps
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.physics.engine import SUBSTEPS
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.rows import Step
from kinesis_bench.tasks.trials import TrialStep

STATE = ("qpos", "qvel", "activation")
"""Parts of a recorded state."""

DT_S = SUBSTEPS * TIMESTEP_S
"""Control period of the protocol [s]."""


@dataclass(frozen=True)
class Span:
    """Control steps of a clip that are simulated in one go.

    Attributes:
        clip: place of the clip in the record.
        state: place of the state that it starts from, among the clip's.
        first, steps: the control steps before it, and its own.
    """

    clip: int
    state: int
    first: int
    steps: int


class Placed(Protocol):
    """Rows that were put where spans begin."""

    def step(self, rows: np.ndarray, action: np.ndarray) -> Step:
        """One control step, recorded, of rows (n,) with actions (n, A)."""


class Stage(Protocol):
    """What a record's clips are simulated in."""

    def place(self, spans: Sequence[Span], states: Sequence[np.ndarray]) -> Placed:
        """A row a span, each in the state that it starts from: arrays (spans, …) of STATE."""


@dataclass(frozen=True)
class Simulation:
    """What became of some spans.

    Attributes:
        spans: in the order of clips and steps.
        recorded: of each span, name to the (steps, …) arrays of ``ClipRollout``.
        broken: of each span, why the physics broke, "" where it did not.
        failed: of each span, (steps,) whether the task's own rule of failure held after a step.
        measured: of each span, name to (steps,) of what a task of trials measured.
    """

    spans: tuple[Span, ...]
    recorded: tuple[dict[str, np.ndarray], ...]
    broken: tuple[str, ...]
    failed: tuple[np.ndarray, ...]
    measured: tuple[dict[str, np.ndarray], ...]

    def deviation(self, record: Simulated, name: str) -> np.ndarray:
        """Largest |simulated - recorded| of a part of the state, at each recorded state that spans lead to.

        Args:
            record: that was simulated.
            name: of STATE.

        Returns:
            (states,) in the order of spans and steps.
        """
        found = []
        for span, recorded in zip(self.spans, self.recorded, strict=True):
            at = state_steps(len(record.action[span.clip]))
            for place in np.flatnonzero((at > span.first) & (at <= span.first + span.steps)):
                simulated = recorded[name][at[place] - span.first - 1]
                found.append(np.abs(simulated - record.state[span.clip][name][place]).max())
        return np.array(found)


def seconds_of(record: Simulated) -> list[Span]:
    """Each second of each clip, the last as long as it is."""
    spans = []
    for clip, action in enumerate(record.action):
        steps = state_steps(len(action)).tolist()
        spans += [
            Span(clip, place, first, after - first) for place, (first, after) in enumerate(pairwise(steps))
        ]
    return spans


def whole_clips(record: Simulated) -> list[Span]:
    """Each clip from its start to its end."""
    return [Span(clip, 0, 0, len(action)) for clip, action in enumerate(record.action)]


class ClipStage:
    """Imitation of a record's clips.

    Args:
        record: whose clips are of the motions, no longer than these, and whose arrays have the body's widths.
        body: the body.
        motions: with inverse kinematics of the body.
        threads: for physics, 0 for all cores.
    """

    def __init__(self, record: Simulated, body: Body, motions: Motions, threads: int = 0) -> None:
        self._about, self._body, self._motions, self._threads = record.about, body, motions, threads
        self._reference = Reference.of(motions, body)

    def place(self, spans: Sequence[Span], states: Sequence[np.ndarray]) -> Placed:
        """A row a span."""
        task = Imitation(
            self._body,
            self._reference,
            len(spans),
            control=self._about.control,
            threads=self._threads,
            record=True,
        )
        places = np.array([self._motions.index(self._about.clips[span.clip].key) for span in spans])
        task.place(np.arange(len(spans)), places, np.array([span.first for span in spans]), *states)
        return task


def simulate(
    record: Simulated,
    spans: Sequence[Span],
    stage: Stage,
    *,
    progress: Callable[[int], None] = lambda steps: None,
) -> Simulation:
    """Apply the recorded actions through the control law, from the recorded states.

    Args:
        record: to simulate.
        spans: which parts.
        stage: of the record.
        progress: told how many control steps are done since the last call.
    """
    recorded: list[dict[str, np.ndarray]] = []
    broken: list[str] = []
    failed: list[list[bool]] = [[] for _ in spans]
    measured: list[dict[str, list[float]]] = [{} for _ in spans]
    for first in range(0, len(spans), BATCH_ROWS):
        batch = spans[first : first + BATCH_ROWS]
        states = [
            np.stack([record.state[span.clip][name][span.state] for span in batch]).astype(float)
            for name in STATE
        ]
        task = stage.place(batch, states)
        rows = np.arange(len(batch))
        recorder, why = Recorder(), [""] * len(batch)
        steps = np.array([span.steps for span in batch])
        for step in range(steps.max()):
            live = rows[steps > step]
            actions = [record.action[batch[row].clip][batch[row].first + step] for row in live]
            done = task.step(live, np.stack(actions))
            assert done.record is not None
            recorder.add(live, done.record)
            for place, row in enumerate(live.tolist()):
                failed[first + row].append(bool(done.failed[place]))
                for name, values in done.measured.items() if isinstance(done, TrialStep) else ():
                    measured[first + row].setdefault(name, []).append(float(values[place]))
            for row, reason in done.broken.items():
                why[row] = why[row] or f"step {batch[row].first + step + 1}: {reason}"
            progress(len(live))
        recorded += recorder.by_row(len(batch))
        broken += why
    return Simulation(
        tuple(spans),
        tuple(recorded),
        tuple(broken),
        tuple(np.array(flags) for flags in failed),
        tuple({name: np.array(values) for name, values in of_span.items()} for of_span in measured),
    )


def joined(simulation: Simulation, record: Simulated, body: Body, motions: Motions) -> Rollouts:
    """The recording as its simulated seconds give it; what else a recording says is the motions' own."""
    residual = motions.ik[body.name].residual
    clips = []
    for place, clip in enumerate(record.about.clips):
        parts = [
            recorded
            for span, recorded in zip(simulation.spans, simulation.recorded, strict=True)
            if span.clip == place
        ]
        index = motions.index(clip.key)
        offset = int(motions.offset[index])
        clips.append(
            ClipRollout(
                key=clip.key,
                run=clip.run,
                skill=motions.skill[index],
                frames=int(motions.length[index]) - 1,
                dt_s=DT_S,
                failure=clip.failure,
                control=record.about.control,
                bout=1,
                ik_error_m=residual[offset + 1 : offset + 1 + clip.steps].astype(np.float32),
                start_qpos=record.state[place]["qpos"][0],
                start_qvel=record.state[place]["qvel"][0],
                start_activation=record.state[place]["activation"][0],
                **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
            )
        )
    return recording_of(body, clips)
