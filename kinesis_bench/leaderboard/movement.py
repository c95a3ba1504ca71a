"""Whether a compact record is a movement: simulated again, it must go where it says.

A clip that, simulated from its start, passes through all its recorded states is one. That is so on machines
that round alike, to the bit; elsewhere a whole clip is soon another. There each second counts, simulated from
its own recorded state to the next.

How much can be cheated within the tolerances: a recorded state may differ from what leads to it by up to 1e-5
rad or m and 1e-4 rad/s or m/s in 95 % of the seconds, by 1e-3 and 2e-2 in 4 %, by 5e-3 and 0.1 in 1 %.
Measured with policies in the loop, every coordinate nudged towards the reference in every second: at 1e-5 the
coverage of ``legs`` goes from 98.3 to 98.4 %, at 1e-3 to 97.8 %, at 5e-3 to 96.3 %; that of ``muscle-pd`` and
``static-optimisation`` changes by less than 0.2 points, and nothing that falls is held up. Nudges that are
chosen by trial and error may do more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.evaluation.evaluate import Evaluation
from kinesis_bench.leaderboard.folder import RECORD
from kinesis_bench.leaderboard.record import About, RecordedClip, Simulated
from kinesis_bench.leaderboard.simulate import (
    STATE,
    ClipStage,
    Simulation,
    Span,
    Stage,
    joined,
    seconds_of,
    simulate,
    whole_clips,
)
from kinesis_bench.metrics.imitation import FAR_M, keypoint_error_m
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.policies.blocks import BLAME
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.tasks.control import action_size
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.termination import FAR

SHARES = (0.95, 0.99, 1.0)
"""Shares of the seconds that must end within the tolerances, from the tightest to the widest; how many
may lie outside is rounded up."""

TOLERANCES = {"qpos": (1e-5, 1e-3, 5e-3), "qvel": (1e-4, 2e-2, 0.1), "activation": (1e-5, 1e-3, 5e-3)}
"""How far a recorded state may be from what leads to it: rad and m, rad/s and m/s, and of 1.

Measured over 433 seconds of all policies that ship: whole clips are the same to the bit; of single seconds,
the median is off by 2e-11 or less in qpos, the 99th percentile by 4e-8, the largest by 4.9e-4 (6.8e-3 in
qvel, 5e-6 in activation), where the solver starts without its last solution just as a contact changes. With
an error of 1e-12 put on every state, which stands for a machine that rounds otherwise: 95 % within 6e-7 in
qpos and 7e-6 in qvel, the largest the same."""

START_TOLERANCES = {"qpos": 1e-4, "qvel": 1e-2, "activation": 0.0}
"""How far the first state may be from the protocol's: inverse kinematics of motions that another machine made
agrees to some micrometres; muscles begin at exactly no activation."""

FAR_TOLERANCE_M = 1e-3
"""By how much a clip may miss the distance at which it is said to have failed [m]; twice what keypoints of a
second that was simulated again differ by."""

BROKEN = "physics: "
"""Every failure of the simulation itself begins so."""


@dataclass(frozen=True)
class Movement:
    """What simulating a record again gave.

    Attributes:
        wrong: what does not fit, a line each.
        seconds: how many were simulated.
        worst: what was compared, to the largest deviation.
        rollouts: the simulated seconds, joined.
    """

    wrong: list[str]
    seconds: int
    worst: dict[str, float]
    rollouts: Rollouts


@dataclass(frozen=True)
class Passage:
    """Whether a record passes through its own states.

    Attributes:
        wrong: where it does not, a line each.
        worst: what was compared, to the largest deviation.
        whole, seconds: both simulations; None where seconds cannot be simulated alone.
        same: clips, by their place, that pass through all recorded states from their start.
    """

    wrong: list[str]
    worst: dict[str, float]
    whole: Simulation
    seconds: Simulation | None
    same: frozenset[int]


def wrong_shapes(record: Simulated, body: Body) -> list[str]:
    """Arrays that are not of the body, or of the control law, a line each."""
    model, about = body.model, record.about
    widths = {"qpos": model.nq, "qvel": model.nv, "activation": model.na}
    found = {name: (record.state[0][name].shape[1:], (width,)) for name, width in widths.items()}
    found["action"] = (record.action[0].shape[1:], (action_size(about.control, body),))
    return [
        f"{RECORD}: {name} has rows of shape {has}, {body.name} under {about.control} has {needs}"
        for name, (has, needs) in found.items()
        if has != needs
    ]


def move(
    record: Simulated,
    body: Body,
    motions: Motions,
    *,
    threads: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Movement:
    """Simulate every second and every whole clip, and compare.

    Args:
        record: of clips of the motions, with arrays of the body.
        body, motions: of the record.
        threads: for physics, 0 for all cores.
        progress: told the control steps done since the last call, and the total.
    """
    passed = passage(record, ClipStage(record, body, motions, threads), progress)
    assert passed.seconds is not None
    reference = Reference.of(motions, body)
    at = reference.offset[[motions.index(clip.key) for clip in record.about.clips]]
    starts = [
        {"qpos": qpos, "qvel": qvel, "activation": 0.0}
        for qpos, qvel in zip(reference.qpos[at], reference.qvel[at], strict=True)
    ]
    wrong = [*wrong_starts(record, starts), *passed.wrong]
    return Movement(
        wrong, len(passed.seconds.spans), passed.worst, joined(passed.seconds, record, body, motions)
    )


def passage(
    record: Simulated,
    stage: Stage,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    restarts: bool = True,
) -> Passage:
    """Simulate every second and every whole clip, and compare both with the recorded states.

    Args:
        record: to simulate.
        stage: of the record.
        progress: told the control steps done since the last call, and the total.
        restarts: whether the recorded states are all that a second hangs on; else whole clips alone count.
    """
    total = (1 + restarts) * sum(len(action) for action in record.action)

    def told(done: int) -> None:
        progress(done, total)

    spans = seconds_of(record)
    whole = simulate(record, whole_clips(record), stage, progress=told)
    seconds = simulate(record, spans, stage, progress=told) if restarts else None
    of_whole = {name: whole.deviation(record, name) for name in STATE}
    same = _same_clips(spans, of_whole)
    whole_counts = np.array([span.clip in same for span in spans])
    deviation, worst = of_whole, dict[str, float]()
    if seconds is not None:
        of_seconds = {name: seconds.deviation(record, name) for name in STATE}
        worst = {f"{name} after a second": _worst(off) for name, off in of_seconds.items()}
        deviation = {name: np.where(whole_counts, of_whole[name], of_seconds[name]) for name in STATE}
    worst["qpos in whole clips"] = _worst(of_whole["qpos"])
    wrong = _wrong_breaks(record, seconds or whole)
    for name in STATE:
        wrong += _wrong_ends(record, spans, name, deviation[name])
    return Passage(wrong, worst, whole, seconds, same)


def wrong_failures(about: About, evaluation: Evaluation) -> list[str]:
    """Clips that did not end where and why a record says, a line each.

    Args:
        about: of the record.
        evaluation: of what followed from it, in the same order.
    """
    if evaluation.clips is None:
        return []
    wrong = []
    for said, rollout, clip in zip(about.clips, evaluation.rollouts.clips, evaluation.clips, strict=True):
        name = name_of(said)
        covered = said.steps - 1 if said.failure else said.frames
        if clip.covered != covered:
            wrong.append(f"{name} is said to cover {covered} of its frames, it covers {clip.covered}")
        if said.failure == FAR and not (error_m := _last_error_m(rollout)) > FAR_M - FAR_TOLERANCE_M:
            wrong.append(f"{name} is said to be too far off at step {said.steps}, it is {error_m:.3f} m off")
        if said.failure and said.failure != FAR and not said.failure.startswith((BLAME, BROKEN)):
            wrong.append(f"{name} ended for a reason that does not exist: {said.failure[:60]!r}")
    return wrong


def wrong_starts(record: Simulated, starts: Sequence[Mapping[str, np.ndarray | float]]) -> list[str]:
    """Clips that do not begin as prescribed, a line each.

    Args:
        record: of the clips.
        starts: of each, name of STATE to its values.
    """
    wrong = []
    for clip, state, prescribed in zip(record.about.clips, record.state, starts, strict=True):
        for name, tolerance in START_TOLERANCES.items():
            off = float(np.abs(state[name][0] - prescribed[name]).max())
            if not off <= tolerance:
                wrong.append(f"{name_of(clip)} does not begin as the protocol says: {name} is {off:.2g} off")
    return wrong


def _wrong_breaks(record: Simulated, simulation: Simulation) -> list[str]:
    """Clips whose physics breaks, or does not, against what the record says."""
    broken: dict[int, str] = {}
    for span, reason in zip(simulation.spans, simulation.broken, strict=True):
        if reason:
            broken.setdefault(span.clip, reason)
    wrong = []
    for place, clip in enumerate(record.about.clips):
        if clip.failure.startswith(BROKEN) != (place in broken):
            happened = f"its physics breaks at {broken[place]}" if place in broken else "nothing breaks"
            wrong.append(f"{name_of(clip)} is said to end with {clip.failure or 'success'!r}, but {happened}")
    return wrong


def _same_clips(seconds: Sequence[Span], of_whole: dict[str, np.ndarray]) -> frozenset[int]:
    """Clips, by their place, that pass through all recorded states from their start."""
    clip = np.array([span.clip for span in seconds])
    near = np.all([of_whole[name] <= TOLERANCES[name][0] for name in STATE], axis=0)
    return frozenset(one for one in clip.tolist() if near[clip == one].all())


def _wrong_ends(record: Simulated, seconds: Sequence[Span], name: str, deviation: np.ndarray) -> list[str]:
    """Seconds that do not end at the next recorded state: one line for the tightest rule that is broken."""
    for share, tolerance in zip(SHARES, TOLERANCES[name], strict=True):
        outside = np.flatnonzero(~(deviation <= tolerance))
        if len(outside) > math.ceil((1.0 - share) * len(deviation) - 1e-9):
            worst = outside[np.argmax(np.nan_to_num(deviation[outside], nan=math.inf))]
            span = seconds[worst]
            return [
                f"{name_of(record.about.clips[span.clip])}: {name} is {deviation[worst]:.2g} off after steps "
                f"{span.first} to {span.first + span.steps} ({len(outside)} of {len(deviation)} seconds by "
                f"more than {tolerance:g})"
            ]
    return []


def _last_error_m(clip: ClipRollout) -> float:
    """Mean keypoint error of the last recorded step [m]."""
    model, reference = (
        np.asarray(points, dtype=float)[-1]
        for points in (clip.keypoint_position, clip.reference_keypoint_position)
    )
    return float(keypoint_error_m(model, reference).mean())


def _worst(deviation: np.ndarray) -> float:
    """The largest; what is not finite counts as the largest number."""
    return float(np.nan_to_num(deviation, nan=np.inf, posinf=np.finfo(float).max).max())


def name_of(clip: RecordedClip) -> str:
    """How a line about a clip of a record begins."""
    return f"{RECORD}: {clip.key}" + (f", run {clip.run}" if clip.run else "")
