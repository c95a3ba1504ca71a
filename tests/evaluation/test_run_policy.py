"""Running a policy: the same numbers whatever the threads and the batch, recordings that replay, failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.replay import replay
from kinesis_bench.evaluation.run import Job, context_of, run_policy
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.policies import interface
from kinesis_bench.policies.interface import Context, View
from kinesis_bench.policies.load import load_policy
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.rollouts.store import read_rollouts, write_rollouts
from kinesis_bench.tasks import rows as task_rows
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.termination import FAR


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("legs")


@pytest.fixture(scope="module")
def motions(body: Body) -> Motions:
    return synthetic_motions(body, clips=4, frames=8)


def job(motions: Motions, runs: int = 1, chosen: Sequence[int] | None = None, seed: int = 0) -> Job:
    every = motions.select()
    return Job(every, np.arange(len(every)) if chosen is None else np.array(chosen), runs, seed)


def assert_same(ours: ClipRollout, theirs: ClipRollout) -> None:
    for field in fields(ClipRollout):
        a, b = getattr(ours, field.name), getattr(theirs, field.name)
        assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b, (ours.key, field.name)


@pytest.mark.parametrize("policy", ["random", "muscle-pd"])
def test_threads_and_batch_change_no_bit(policy: str, body: Body, motions: Motions) -> None:
    loaded = load_policy(policy)
    every = run_policy(loaded, body, motions, job(motions, runs=2))
    assert len(every.clips) == 8
    small = run_policy(loaded, body, motions, job(motions, runs=2), threads=1, batch_rows=3)
    for ours, theirs in zip(every.clips, small.clips, strict=True):
        assert_same(ours, theirs)
    some = run_policy(loaded, body, motions, job(motions, chosen=[1, 3]))
    for ours, place in zip(some.clips, (1, 3), strict=True):
        assert_same(ours, every.clips[place])


def test_seed_and_run_matter_for_a_stochastic_policy(body: Body, motions: Motions) -> None:
    loaded = load_policy("random")
    first = run_policy(loaded, body, motions, job(motions, runs=2, chosen=[0]))
    other = run_policy(loaded, body, motions, job(motions, chosen=[0], seed=1))
    actions = [np.asarray(clip.action)[0] for clip in (*first.clips, *other.clips)]
    assert len({action.tobytes() for action in actions}) == 3


@pytest.mark.parametrize("policy", ["random", "muscle-pd"])
def test_a_recording_read_back_replays_to_the_bit(
    policy: str, body: Body, motions: Motions, tmp_path: Path
) -> None:
    rollouts = run_policy(load_policy(policy), body, motions, job(motions))
    write_rollouts(tmp_path / "rollouts.h5", rollouts)
    back = read_rollouts(tmp_path / "rollouts.h5")
    for clip, (qpos, qvel) in zip(back.clips, replay(body, back.clips), strict=True):
        assert np.array_equal(qpos, np.asarray(clip.qpos))
        assert np.array_equal(qvel, np.asarray(clip.qvel))
    changed = replace(back.clips[0], action=np.asarray(back.clips[0].action) * 0.9)
    assert not np.array_equal(replay(body, [changed])[0][0], np.asarray(changed.qpos))


def test_a_recording_under_tracking_replays_to_the_bit_with_its_reference(
    body: Body, motions: Motions
) -> None:
    class Wobbles:
        def reset(self, context: Context, rows: np.ndarray) -> None:
            self.context = context

        def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
            assert self.context.action_size == 14
            return np.stack([rng.uniform(-0.5, 0.5, 14) for rng in rngs])

    policy = LoadedPolicy("wobbles", Wobbles, deterministic=False, control="tracking")
    assert policy.privileged
    rollouts = run_policy(policy, body, motions, job(motions))
    small = run_policy(policy, body, motions, job(motions), threads=1, batch_rows=3)
    again = replay(body, rollouts.clips, reference=Reference.of(motions, body))
    for clip, other, (qpos, qvel) in zip(rollouts.clips, small.clips, again, strict=True):
        assert_same(clip, other)
        assert clip.control == "tracking"
        assert np.asarray(clip.excitation).shape[1] == body.model.nu
        assert np.array_equal(qpos, np.asarray(clip.qpos))
        assert np.array_equal(qvel, np.asarray(clip.qvel))


def test_what_is_recorded(body: Body, motions: Motions) -> None:
    seen: list[int] = []
    rollouts = run_policy(load_policy("constant"), body, motions, job(motions), progress=seen.append)
    assert sum(seen) == sum(motions.length - 1)
    assert rollouts.leg_length_m == pytest.approx(0.9, abs=0.05)
    for index, clip in enumerate(rollouts.clips):
        steps = len(np.asarray(clip.qpos))
        assert clip.frames == motions.length[index] - 1
        assert clip.skill == "walk"
        assert (steps < clip.frames) <= (clip.failure == FAR)
        span = motions.span(index)
        position = motions.frames["keypoint_position"][span][1 : steps + 1][:, body.keypoint_columns]
        np.testing.assert_allclose(np.asarray(clip.reference_keypoint_position), position, atol=1e-6)
        np.testing.assert_array_equal(np.asarray(clip.start_qpos), motions.ik["legs"].qpos[span][0])
        levels = (np.asarray(clip.action) + 1) * 127.5
        np.testing.assert_allclose(levels, np.round(levels), atol=1e-9)
        assert np.asarray(clip.touch).shape == (steps, 5, 4)
        np.testing.assert_allclose(
            np.asarray(clip.touch)[:, :, 2:].sum(axis=2).mean(axis=1),
            np.asarray(clip.ground_force)[:, 1],
            rtol=1e-5,
            atol=1e-3,
        )


def test_muscle_pd_aims_at_the_lengths_of_the_next_reference_pose(body: Body, motions: Motions) -> None:
    (clip,) = run_policy(load_policy("muscle-pd"), body, motions, job(motions, chosen=[2])).clips
    data = mujoco.MjData(body.model)
    for step in (0, 1):
        data.qpos[:] = motions.ik["legs"].qpos[motions.span(2)][step + 1]
        mujoco.mj_fwdPosition(body.model, data)
        expected = 2 * data.actuator_length / body.model.actuator_lengthrange[:, 1] - 1
        assert np.abs(expected).max() < 1
        np.testing.assert_allclose(np.asarray(clip.action)[step], expected, atol=0.5 / 127.5 + 1e-9)


class SeesAll:
    """Fails unless it is shown the state, the reference and the muscles of the clips in its rows."""

    motions: Motions

    def reset(self, context: Context, rows: np.ndarray) -> None:
        self.context, self.rows, self.frame = context, rows, 0

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator], view: View) -> np.ndarray:
        shown = {name: part for name, part in vars(view).items() if part is not None}
        assert len(shown) == 9
        for row in np.flatnonzero(view.live):
            key = self.context.clip_keys[row]
            qpos = self.motions.ik["legs"].qpos[self.motions.span(self.motions.index(key))]
            assert np.array_equal(shown["reference_qpos"][row], qpos[self.frame])
            assert np.array_equal(shown["reference_qpos_next"][row], qpos[self.frame + 1])
            assert self.frame > 0 or np.array_equal(shown["qpos"][row], qpos[0])
            assert self.frame > 0 or not shown["activation"][row].any()
            assert (shown["muscle_length"][row] > 0).all()
            assert shown["moment_arm"][row].shape == (80, 14)
        self.frame += 1
        return np.full((len(observation), self.context.action_size), -0.9)


def test_a_privileged_policy_sees_what_it_needs(body: Body, motions: Motions) -> None:
    assert interface.NEEDS == task_rows.NEEDS
    SeesAll.motions = motions
    loaded = LoadedPolicy("sees", SeesAll, True, "direct", needs=interface.NEEDS)
    rollouts = run_policy(loaded, body, motions, job(motions, chosen=[0, 2]))
    assert [clip.failure for clip in rollouts.clips if clip.failure not in ("", FAR)] == []


class Breaks:
    deterministic = True

    def reset(self, context: Context, rows: np.ndarray) -> None:
        self.context, self.calls = context, 0

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> Any:
        self.calls += 1
        action = np.full((len(observation), self.context.action_size), -0.9)
        if self.calls == 3:
            action[1] = np.nan
        if self.calls == 5:
            raise RuntimeError("lost")
        return action


def test_a_failing_policy_fails_its_clips_and_the_run_goes_on(body: Body, motions: Motions) -> None:
    rollouts = run_policy(LoadedPolicy("breaks", Breaks, True, "direct"), body, motions, job(motions))
    assert [clip.failure for clip in rollouts.clips] == [
        "policy raised RuntimeError: lost",
        "policy answered with a number that is not finite",
        *["policy raised RuntimeError: lost"] * 2,
    ]
    assert [len(np.asarray(clip.qpos)) for clip in rollouts.clips] == [5, 3, 5, 5]


def run_linear(tmp_path: Path, body: Body, motions: Motions, **changes: Any) -> tuple[Rollouts, np.ndarray]:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    context = context_of(body, "direct")
    weight = np.random.default_rng(0).normal(0, 0.003, (context.observation_size, context.action_size))
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["o", "W"], ["h"]), helper.make_node("Tanh", ["h"], ["a"])],
        "linear",
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, ["n", context.observation_size])],
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", context.action_size])],
        [numpy_helper.from_array(weight.astype(np.float32), "W")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, replace(context.contract, **changes).to_metadata())
    onnx.save(model, str(tmp_path / "net.onnx"))
    loaded = load_policy(str(tmp_path / "net.onnx"))
    return run_policy(loaded, body, motions, job(motions, chosen=[0])), weight


def test_an_onnx_policy_acts_on_what_the_contract_says(tmp_path: Path, body: Body, motions: Motions) -> None:
    rollouts, weight = run_linear(tmp_path, body, motions)
    task = Imitation(body, Reference.of(motions, body), 1)
    task.start(np.array([0]), np.array([0]))
    expected = np.tanh(task.observe(np.array([0])) @ weight)
    assert expected.std() > 0.2
    np.testing.assert_allclose(np.asarray(rollouts.clips[0].action)[:1], expected, atol=0.5 / 127.5 + 1e-5)


def test_an_onnx_policy_for_another_model_is_refused(tmp_path: Path, body: Body, motions: Motions) -> None:
    with pytest.raises(InputError, match="model_sha256: the policy was made for model 000000000000…"):
        run_linear(tmp_path, body, motions, model_sha256="0" * 64)
