"""Rows that follow clips see what the task of goals shows in the same state, and nothing of the clip."""

from __future__ import annotations

import numpy as np
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.tasks.demonstration import Demonstration
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.target import Target, TargetTrial

ROWS = np.arange(3)


def demonstrations() -> Demonstration:
    body = load_body("legs")
    task = Demonstration(body, Reference.of(synthetic_motions(body, clips=3), body), len(ROWS), threads=1)
    task.start(ROWS, ROWS, np.array([0, 5, 2]))
    return task


def test_a_row_sees_what_target_reaching_shows_in_its_state() -> None:
    """The task itself, put into the same states with the goals at the clips' ends, sees the same numbers."""
    followed, reached = demonstrations(), Target(load_body("legs"), len(ROWS), threads=1)
    reached.start(ROWS, [TargetTrial(0.0, 0.0, 0.0)] * len(ROWS))
    reference = followed.reference
    ends = reference.offset + reference.length - 1
    for _ in range(3):
        reached.goal[:] = reference.keypoint_position[ends, 0, :2]
        reached._set_state(ROWS, *followed.state(ROWS))
        followed._set_state(ROWS, *followed.state(ROWS))
        np.testing.assert_array_equal(followed.observe(ROWS), reached.observe(ROWS))
        followed.step(ROWS, np.full((len(ROWS), 80), -0.8))


def test_what_the_clip_does_on_its_way_is_not_seen() -> None:
    task = demonstrations()
    seen, of_clip = task.observe(ROWS), Imitation.observe(task, ROWS)
    assert not np.allclose(seen, of_clip)
    task.frame[:] += 4
    np.testing.assert_array_equal(task.observe(ROWS), seen)
    assert not np.allclose(Imitation.observe(task, ROWS), of_clip)


def test_some_rows_see_the_same_as_all() -> None:
    task = demonstrations()
    np.testing.assert_array_equal(task.observe(np.array([2, 0])), task.observe(ROWS)[[2, 0]])
