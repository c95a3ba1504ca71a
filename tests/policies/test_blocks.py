"""Blocks: the same numbers whatever is scored together, and failures stay where they belong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from kinesis_bench.policies.blocks import BlockedPolicy, Row, generator
from kinesis_bench.policies.contract import Contract
from kinesis_bench.policies.interface import BLOCK_ROWS, Context, View
from kinesis_bench.policies.loaded import LoadedPolicy

CONTRACT = Contract("legs", "", (("x", 4),), (), (), "direct")
CONTEXT = Context(CONTRACT, action_size=2, muscle_names=("a", "b"), dt_s=1 / 30, clip_keys=())
KEYS = [f"clip{i:03d}" for i in range(100)]


class Noisy:
    """Mixes observation, row's own noise and the number of calls."""

    def reset(self, context: Context, rows: np.ndarray) -> None:
        self.context, self.rows, self.calls = context, rows, 0

    def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
        assert observation.shape == (BLOCK_ROWS, 4)
        assert observation.dtype == np.float32
        self.calls += 1
        noise = np.array([rng.uniform(-0.1, 0.1) for rng in rngs])
        return np.stack([observation.sum(axis=1) + noise, np.full(BLOCK_ROWS, 0.01 * self.calls)], axis=1)


def loaded(policy_class: Any, **more: Any) -> LoadedPolicy:
    return LoadedPolicy("test", policy_class, False, "direct", **more)


def observations(rows: list[Row]) -> np.ndarray:
    return np.stack([generator(9, 0, row.key).uniform(0, 0.2, 4) for row in rows]).astype(np.float32)


def drive(rows: list[Row], seed: int = 0, steps: int = 3) -> np.ndarray:
    blocked = BlockedPolicy(loaded(Noisy), CONTEXT, rows, seed)
    driven = np.arange(len(rows))
    actions = np.stack([blocked.act(driven, observations(rows)) for _ in range(steps)])
    assert not any(blocked.failures)
    return actions


def test_a_row_does_not_depend_on_what_else_is_scored() -> None:
    every = [Row(i, run, key) for i, key in enumerate(KEYS) for run in (0, 1)]
    some = [every[150], every[3], every[40]]
    together, alone = drive(every), drive(some)
    np.testing.assert_array_equal(alone, together[:, [150, 3, 40]])


def test_rows_that_have_ended_leave_the_others_as_they_are() -> None:
    rows = [Row(i, 0, key) for i, key in enumerate(KEYS[:5])]
    together = drive(rows)
    blocked = BlockedPolicy(loaded(Noisy), CONTEXT, rows, 0)
    observation = observations(rows)
    blocked.act(np.arange(5), observation)
    left = np.array([1, 4])
    np.testing.assert_array_equal(blocked.act(left, observation[left]), together[1, left])


def test_seed_and_run_change_the_noise() -> None:
    rows = [Row(0, 0, "a"), Row(0, 1, "a")]
    first = drive(rows)
    assert (drive(rows) == first).all()
    assert (drive(rows, seed=1)[..., 0] != first[..., 0]).all()
    assert (first[:, 0, 0] != first[:, 1, 0]).all()


def test_actions_are_clipped() -> None:
    class Large(Noisy):
        def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
            return np.tile([-7.0, 7.0], (BLOCK_ROWS, 1))

    blocked = BlockedPolicy(loaded(Large), CONTEXT, [Row(5, 0, "a")], 0)
    assert blocked.act(np.array([0]), np.zeros((1, 4), np.float32)).tolist() == [[-1.0, 1.0]]


def test_the_context_names_the_clips_in_their_rows() -> None:
    seen = []

    class Sees(Noisy):
        def reset(self, context: Context, rows: np.ndarray) -> None:
            seen.append((context.clip_keys, rows.tolist()))

    BlockedPolicy(loaded(Sees), CONTEXT, [Row(66, 0, "b"), Row(1, 0, "a"), Row(65, 0, "c")], 0)
    assert [rows for _, rows in seen] == [[1, 2], [1]]
    assert seen[0][0][:3] == ("", "c", "b")
    assert seen[1][0][1] == "a"


def failing(step: int, how: str) -> Any:
    class Failing(Noisy):
        def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> Any:
            action = super().act(observation, rngs)
            if self.calls <= step or self.context.clip_keys[0] != KEYS[0]:
                return action
            if how == "exits":
                sys.exit(3)
            if how == "raises":
                raise RuntimeError("out of\nideas")
            if how == "nan":
                action[2, 1] = np.nan
                return action
            return action[:, :1] if how == "shape" else "text"

    return Failing


def failures(how: str) -> tuple[list[str], np.ndarray]:
    rows = [Row(i, 0, key) for i, key in enumerate(KEYS)]
    blocked = BlockedPolicy(loaded(failing(1, how)), CONTEXT, rows, 0)
    driven = np.arange(len(rows))
    observation = observations(rows)
    blocked.act(driven, observation)
    assert not any(blocked.failures)
    action = blocked.act(driven, observation)
    blocked.act(driven, observation)
    return blocked.failures, action


def test_raising_fails_the_block_and_the_others_go_on() -> None:
    reasons, action = failures("raises")
    assert reasons[:64] == ["policy raised RuntimeError: out of ideas"] * 64
    assert not any(reasons[64:])
    assert (action[:64] == 0).all()
    assert (action[64:] != 0).all()


def test_leaving_the_program_is_raising() -> None:
    reasons, action = failures("exits")
    assert reasons[:64] == ["policy raised SystemExit: 3"] * 64
    assert (action[64:] != 0).all()


def test_not_a_number_fails_the_row_alone() -> None:
    reasons, action = failures("nan")
    assert [i for i, reason in enumerate(reasons) if reason] == [2]
    assert reasons[2] == "policy answered with a number that is not finite"
    assert (action[2] == 0).all()
    assert np.isfinite(action).all()


def test_wrong_shape_and_no_array_fail_the_block() -> None:
    assert failures("shape")[0][0] == "policy answered with shape (64, 1), not (64, 2)"
    assert failures("text")[0][0].startswith("policy raised ValueError")


def test_raising_in_reset() -> None:
    class Unready(Noisy):
        def reset(self, context: Context, rows: np.ndarray) -> None:
            super().reset(context, rows)
            if context.clip_keys[0] == "a":
                raise KeyError("weights")

    blocked = BlockedPolicy(loaded(Unready), CONTEXT, [Row(0, 0, "a"), Row(64, 0, "b")], 0)
    action = blocked.act(np.arange(2), np.ones((2, 4), np.float32))
    assert blocked.failures == ["policy raised KeyError in reset: 'weights'", ""]
    assert (action[0] == 0).all()
    assert (action[1] != 0).all()


def test_a_privileged_policy_gets_its_view_in_its_rows() -> None:
    class Looks:
        def reset(self, context: Context, rows: np.ndarray) -> None: ...

        def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator], view: View) -> np.ndarray:
            assert view.qpos is not None
            assert view.qvel is None
            assert np.flatnonzero(view.live).tolist() == [3, 7]
            assert (view.qpos[~view.live] == [0.1, 0.2, 9.0]).all()
            return np.clip(view.qpos[:, :2], -1, 1)

    blocked = BlockedPolicy(loaded(Looks, needs=("state",)), CONTEXT, [Row(7, 0, "a"), Row(3, 0, "b")], 0)
    view = {"qpos": np.array([[0.1, 0.2, 9.0], [0.3, 0.4, 9.0]])}
    action = blocked.act(np.arange(2), np.zeros((2, 4), np.float32), view)
    assert not any(blocked.failures), blocked.failures
    assert action.tolist() == [[0.1, 0.2], [0.3, 0.4]]


def test_only_a_privileged_policy_is_given_the_model() -> None:
    told: list[object] = []

    class Asks:
        def reset(self, context: Context, rows: np.ndarray) -> None:
            told.append(context.model)

        def act(self, observation: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
            return np.zeros((len(observation), 2))

    context = replace(CONTEXT, model=cast(Any, "the model"))
    for needs in ((), ("state",)):
        BlockedPolicy(loaded(Asks, needs=needs), context, [Row(0, 0, "a")], 0)
    assert told == [None, "the model"]
