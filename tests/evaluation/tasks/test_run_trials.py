"""Running a policy on trials: the same numbers whatever the batch, recordings that replay, who is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.replay import replay
from kinesis_bench.evaluation.run import context_of
from kinesis_bench.evaluation.tasks.evaluate import evaluate_task
from kinesis_bench.evaluation.tasks.run import TrialJob, TrialRun, blamed, roll_out, run_trials
from kinesis_bench.policies.builtin import Constant
from kinesis_bench.policies.load import load_policy
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.rollouts.store import read_rollouts, write_rollouts
from kinesis_bench.tasks.direction import Direction, DirectionTrial
from kinesis_bench.tasks.registry import task_info

TARGET = task_info("target")


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("legs")


def assert_same(ours: TrialRun, theirs: TrialRun) -> None:
    for one, other in zip(ours.trials, theirs.trials, strict=False):
        assert (one.number, one.start, one.ending) == (other.number, other.start, other.ending)
        for name, values in one.measured.items():
            assert np.array_equal(values, other.measured[name]), name


def test_threads_batch_and_number_of_trials_change_no_bit(body: Body) -> None:
    policy = load_policy("random")
    run, rollouts = run_trials(policy, body, TrialJob(TARGET, 9), recorded=4)
    small, others = run_trials(policy, body, TrialJob(TARGET, 7), threads=1, batch_rows=2, recorded=3)
    assert [trial.number for trial in run.trials] == list(range(9))
    assert len(rollouts.clips) == 4
    assert_same(small, run)
    for one, other in zip(others.clips, rollouts.clips, strict=False):
        assert np.array_equal(np.asarray(one.qpos), np.asarray(other.qpos))
    another, _ = run_trials(policy, body, TrialJob(TARGET, 2, seed=1), recorded=0)
    assert another.trials[0].start != run.trials[0].start


def test_a_recording_replays_to_the_bit(body: Body, tmp_path: Path) -> None:
    _, rollouts = run_trials(load_policy("constant"), body, TrialJob(TARGET, 2))
    write_rollouts(tmp_path / "rollouts.h5", rollouts)
    back = read_rollouts(tmp_path / "rollouts.h5")
    for clip, (qpos, qvel) in zip(back.clips, replay(body, back.clips), strict=True):
        assert np.array_equal(qpos, np.asarray(clip.qpos))
        assert np.array_equal(qvel, np.asarray(clip.qvel))
        assert clip.frames == 150
        assert clip.failure == "the body fell"
        assert clip.key.startswith("target/")


def test_a_privileged_baseline_runs(body: Body) -> None:
    run, _ = run_trials(load_policy("muscle-pd"), body, TrialJob(TARGET, 1))
    assert run.trials[0].steps > 30


class Breaks(Constant):
    """Lost in its third step."""

    def reset(self, context, rows) -> None:
        super().reset(context, rows)
        self.calls = 0
        assert context.contract.task == "target"

    def act(self, observation, rngs) -> np.ndarray:
        self.calls += 1
        if self.calls == 3:
            raise RuntimeError("lost")
        return super().act(observation, rngs)


def test_a_failing_policy_ends_its_trials_and_is_blamed(body: Body) -> None:
    run, _ = run_trials(LoadedPolicy("breaks", Breaks, True, "direct"), body, TrialJob(TARGET, 2))
    assert [trial.ending for trial in run.trials] == ["policy raised RuntimeError: lost"] * 2
    assert [trial.steps for trial in run.trials] == [3, 3]
    assert blamed(run) == "policy raised RuntimeError: lost"
    fine, _ = run_trials(load_policy("zero"), body, TrialJob(TARGET, 1))
    assert blamed(fine) == ""


def test_a_step_in_which_physics_broke_measures_nothing_of_its_own(body: Body) -> None:
    task = Direction(body, 2, threads=1)

    def act(live: np.ndarray) -> np.ndarray:
        if task.age[0] == 5:
            task.engine.field("qvel")[0] = 1e12
        return np.full((len(live), task.action_size), -1.0)

    starts = [DirectionTrial(0.0, (0, 1, 2, 3, 4))] * 2
    broken, fallen = roll_out(task, starts, act, push_m_s=np.tile([3.0, 0.0, 0.0], (2, 1)))
    assert broken.ending == "physics: a velocity is not finite or huge"
    assert broken.steps == 6
    for name, values in broken.measured.items():
        assert np.array_equal(values[:5], fallen.measured[name][:5])
        assert values[5] == values[4]
    assert broken.measured["progress_m"][-1] > 0.4


def made_for(task: str, body: Body) -> LoadedPolicy:
    contract = context_of(body, "direct", task).contract
    return replace(load_policy("zero"), contract=contract)


def test_policies_of_other_tasks_are_refused_but_those_of_imitation(body: Body) -> None:
    job = TrialJob(TARGET, 1)
    for task in ("imitation", "target", "target-far"):
        run, _ = run_trials(made_for(task, body), body, job)
        assert len(run.trials) == 1
    with pytest.raises(
        InputError, match="the policy was made for task 'other', this run is of task 'target'"
    ):
        run_trials(made_for("other", body), body, job)
    asked = context_of(body, "direct")
    with pytest.raises(InputError, match="task 'target', this run is of task 'imitation'; use --task target"):
        made_for("target", body).refuse_unless(asked.contract, asked.action_size)


def test_bodies_and_laws_that_the_task_is_not_for_are_refused(body: Body) -> None:
    narrow = replace(TARGET, bodies=("legs_back",))
    with pytest.raises(InputError, match="--body: is legs, and task target is for legs_back"):
        run_trials(load_policy("zero"), body, TrialJob(narrow, 1))
    with pytest.raises(InputError, match="control: tracking follows a reference motion"):
        run_trials(replace(load_policy("zero"), control="tracking"), body, TrialJob(TARGET, 1))


def test_a_result_says_what_was_run(body: Body) -> None:
    told: list[int] = []
    job = TrialJob(TARGET, 3, push_m_s=0.1)
    evaluation = evaluate_task(
        made_for("imitation", body), body, job, progress=lambda done, total: told.append(done)
    )
    result = evaluation.result
    assert (result.task, result.protocol, result.policy_task) == ("target", "target-1", "imitation")
    assert result.quick
    assert "pushed at the start by 0.1 m/s" in result.diagnostic
    assert result.endings == {"the body fell": 3}
    assert sum(told) == 450
    assert result.control_steps == sum(trial.steps for trial in evaluation.run.trials)
    assert (evaluation.rollouts.attributes or {})["task"] == "target"
    unpushed, _ = run_trials(load_policy("zero"), body, TrialJob(TARGET, 3))
    assert unpushed.trials[0].start == evaluation.run.trials[0].start
    first = [run.trials[0].measured["pelvis_x_m"][0] for run in (unpushed, evaluation.run)]
    assert first[0] != first[1]
