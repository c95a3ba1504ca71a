"""A record's trials: what they drew, and a simulation of them that can begin at any recorded state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.evaluation.tasks.run import WHOLE, Trial, TrialJob
from kinesis_bench.leaderboard.movement import BROKEN, Passage, name_of
from kinesis_bench.leaderboard.record import About, RecordedClip, Simulated
from kinesis_bench.leaderboard.simulate import Placed, Simulation, Span
from kinesis_bench.policies.blocks import BLAME, generator
from kinesis_bench.tasks.trials import TrialTask


class TrialStage:
    """Trials of a record, each from its own draw.

    Args:
        job: that was scored.
        about: of its record.
        body: that it names; of a task with a scene of its own, the plain body all the same.
        threads: for physics, 0 for all cores.

    Attributes:
        task: the task, one row.
        drawn: what every trial of the job draws, by the seed and its number alone.
    """

    def __init__(self, job: TrialJob, about: About, body: Body, threads: int = 0) -> None:
        self._job, self._about, self._body, self._threads = job, about, body, threads
        self.task = self._made(1)
        draws = (generator(job.seed, 0, f"start of {job.key(number)}") for number in range(job.trials))
        self.drawn: tuple[Any, ...] = tuple(self.task.draw(rng) for rng in draws)

    def place(self, spans: Sequence[Span], states: Sequence[np.ndarray]) -> Placed:
        """A row a span."""
        task = self._made(len(spans))
        starts = [self.drawn[span.clip] for span in spans]
        task.resume(np.arange(len(spans)), starts, np.array([span.first for span in spans]), *states)
        return task

    def starts(self, record: Simulated) -> list[Mapping[str, np.ndarray | float]]:
        """The state in which each trial of the record has to begin, name of STATE to values."""
        count = len(record.about.clips)
        task = self._made(count)
        task.start(np.arange(count), self.drawn[:count])
        qpos, qvel, activation = (np.asarray(part) for part in task.state(np.arange(count)))
        return [{"qpos": qpos[row], "qvel": qvel[row], "activation": activation[row]} for row in range(count)]

    def _made(self, rows: int) -> TrialTask:
        job = self._job
        return job.info.make(
            self._body,
            rows,
            control=self._about.control,
            threads=self._threads,
            record=True,
            **dict(job.options),
        )


def simulated_trials(stage: TrialStage, record: Simulated, passed: Passage) -> tuple[list[Trial], list[str]]:
    """The trials of a record as simulated, and which do not end as it says, a line each.

    A trial that passes through all its recorded states is taken whole, another as its seconds, joined.
    """
    trials, wrong = [], []
    for place, clip in enumerate(record.about.clips):
        if passed.seconds is None or place in passed.same:
            measured, failed = passed.whole.measured[place], passed.whole.failed[place]
        else:
            measured, failed = _joined(passed.seconds, place, stage.task.sums)
        trials.append(Trial(place, stage.drawn[place], clip.failure, measured))
        if why := _wrong_ending(clip, failed, stage.task.failure):
            wrong.append(f"{name_of(clip)} {why}")
    return trials, wrong


def _wrong_ending(clip: RecordedClip, failed: np.ndarray, failure: str) -> str:
    """Why a trial cannot have ended so.

    Args:
        clip: the trial.
        failed: (T,) whether the rule of failure held after each step.
        failure: what it is called.
    """
    too_long = np.flatnonzero(failed[:-1])
    if len(too_long):
        return f"goes on after step {too_long[0] + 1}, at which {failure}"
    own = clip.failure.startswith((BLAME, BROKEN))
    if not own and clip.failure not in (WHOLE, failure):
        return f"ended for a reason that does not exist: {clip.failure[:60]!r}"
    if not own and (clip.failure == failure) != failed[-1]:
        happened = failure if failed[-1] else "nothing of the kind happened"
        return f"is said to end with {clip.failure or 'success'!r} at step {clip.steps}, but {happened}"
    if clip.failure == WHOLE and clip.steps < clip.frames:
        return f"is said to last its whole time, but ends at step {clip.steps} of {clip.frames}"
    return ""


def _joined(seconds: Simulation, clip: int, sums: Sequence[str]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What was measured in a trial's seconds one after another, and whether its rule of failure held."""
    places = [place for place, span in enumerate(seconds.spans) if span.clip == clip]
    parts = [dict(seconds.measured[place]) for place in places]
    for before, part in pairwise(parts):
        part |= {name: part[name] + before[name][-1] for name in sums}
    measured = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return measured, np.concatenate([seconds.failed[place] for place in places])
