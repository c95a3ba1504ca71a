"""Replay a recording: apply its actions through the control law again, from its start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.physics.cpu import CpuEngine
from kinesis_bench.rollouts.schema import ClipRollout
from kinesis_bench.tasks.control import control_law
from kinesis_bench.tasks.fatigue import fatigability
from kinesis_bench.tasks.reference import Reference


def replay(
    body: Body, clips: Sequence[ClipRollout], threads: int = 0, reference: Reference | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Simulate recorded clips anew; knows neither policy nor task.

    On the machine that recorded them the result has the same bits.

    Args:
        body: the body of the recording.
        clips: recordings with actions and start states, of one control law.
        threads: for physics, 0 for all cores.
        reference: what was followed; only clips under control law ``tracking`` need it.

    Returns:
        qpos (T, nq) and qvel (T, nv) of each clip.
    """
    laws = {clip.control for clip in clips}
    if len(laws) != 1:
        raise ValueError(f"clips of several control laws: {', '.join(sorted(laws))}")
    law = control_law(laws.pop(), body, reference)
    tired = [clip.start_fatigued for clip in clips if clip.start_fatigued is not None]
    if tired and len(tired) < len(clips):
        raise ValueError("muscles tire in some of the clips only")
    tiring = fatigability(body.name) if tired else None
    fields = ("actuator_length", "actuator_velocity")
    engine = CpuEngine(body.model, len(clips), threads, fields, tiring)
    if engine.fatigued is not None:
        engine.fatigued[:] = tired
    rows = np.arange(len(clips))
    engine.set_state(
        rows,
        *(
            np.stack([getattr(clip, name) for clip in clips])
            for name in ("start_qpos", "start_qvel", "start_activation")
        ),
    )
    actions = [_required(clip) for clip in clips]
    first = np.array([_place(clip, reference) for clip in clips])
    lengths = np.array([len(action) for action in actions])
    states: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in clips]
    for step in range(lengths.max(initial=0)):
        live = rows[lengths > step]
        at = first[live] + step
        target = law.target(np.stack([actions[row][step] for row in live]), at, at + 1)
        engine.drive(live, law, target)
        for row in live:
            states[row].append((engine.field("qpos")[row].copy(), engine.field("qvel")[row].copy()))
    return [(np.stack([q for q, _ in state]), np.stack([v for _, v in state])) for state in states]


def _required(clip: ClipRollout) -> np.ndarray:
    if clip.action is None:
        raise ValueError(f"clip {clip.key} was recorded without actions")
    return clip.action


def _place(clip: ClipRollout, reference: Reference | None) -> int:
    """First frame of the clip in the reference's flat arrays."""
    return int(reference.offset[reference.keys.index(clip.key)]) if reference else 0
