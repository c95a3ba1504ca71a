"""Every task that is listed can be made, scored and found by Gymnasium, for the bodies it names."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.evaluate import score_of
from kinesis_bench.tasks.registry import ALL_BODIES, IMITATION, TASKS, task_info


@pytest.mark.parametrize("name", TASKS)
def test_what_is_listed_is_there(name: str) -> None:
    info = task_info(name)
    assert callable(score_of(info))
    assert set(info.bodies) <= set(ALL_BODIES)
    assert info.protocol.startswith(f"{name}-")
    assert set(info.takes) <= {IMITATION, *TASKS} - {name}
    task = info.make(load_body(info.bodies[0]), 1, threads=1, rewarded=True)
    row = np.array([0])
    task.start(row, [task.draw(np.random.default_rng(0))])
    assert task.observe(row).shape == (1, task.observation_size)
    step = task.step(row, np.zeros((1, task.action_size)))
    assert set(task.watched) <= set(step.measured)
    assert all(np.shape(values) == (1,) for values in step.measured.values())
    assert info.make.steps == task.steps
    assert f"kinesis_bench/{info.environment}" in gymnasium.registry


def test_unknown_tasks_and_bodies_are_named() -> None:
    with pytest.raises(InputError, match="--task: unknown name 'targte'; did you mean 'target'"):
        task_info("targte")
    with pytest.raises(InputError, match="--body: is arms, and task target is for legs, legs_abs, legs_back"):
        task_info("target").refuse_body("arms")
