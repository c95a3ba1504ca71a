"""Calls a policy on whole blocks of rows, and keeps its failures from taking the run down."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from kinesis_bench.policies.interface import BLOCK_ROWS, Context, View
from kinesis_bench.policies.loaded import LoadedPolicy


@dataclass(frozen=True)
class Row:
    """A run of a clip, and its place in the blocks.

    Attributes:
        place: of the clip in its split; it decides block and row, whatever else is scored with it.
        run: number of the run.
        key: of the clip.
    """

    place: int
    run: int
    key: str


def generator(seed: int, run: int, key: str) -> np.random.Generator:
    """The random numbers of one run of one clip, independent of every other's."""
    words = np.frombuffer(hashlib.sha256(key.encode()).digest(), dtype="<u4")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, run, *map(int, words)])))


class BlockedPolicy:
    """Drives n rows with one policy instance a block.

    A policy that raises or answers with the wrong shape fails the rows of that block; one that answers with
    a number that is not finite fails that row. A failed row gets action 0 from then on.

    Args:
        policy: what to drive with.
        context: of the run; ``clip_keys`` are filled in for each block.
        rows: the n rows.
        seed: of the evaluation.
    """

    def __init__(self, policy: LoadedPolicy, context: Context, rows: Sequence[Row], seed: int) -> None:
        self._action_size = context.action_size
        self._with_view = policy.privileged
        self.failures: list[str] = [""] * len(rows)
        places: dict[tuple[int, int], list[int]] = {}
        for index, row in enumerate(rows):
            places.setdefault((row.run, row.place // BLOCK_ROWS), []).append(index)
        self._blocks = [
            _Block(policy, context, np.array(members), [rows[i] for i in members], seed, run)
            for (run, _), members in sorted(places.items())
        ]
        for block in self._blocks:
            block.start(self._fail)

    def act(self, observation: np.ndarray, live: np.ndarray, view: View | None = None) -> np.ndarray:
        """Actions of all rows.

        Args:
            observation: (n, N) float32.
            live: (n,) which rows are still being driven.
            view: what a privileged policy sees, n rows; needed if the policy declares needs.

        Returns:
            (n, A) in [-1, 1]; 0 where a row is not live or has failed (``failures`` then holds the reason).
        """
        action = np.zeros((len(observation), self._action_size))
        for block in self._blocks:
            driven = live[block.members] & block.alive
            if driven.any():
                block.act(observation, driven, view if self._with_view else None, action, self._fail)
        return action

    def _fail(self, members: np.ndarray, reason: str) -> None:
        for index in members:
            self.failures[index] = self.failures[index] or reason


class _Block:
    """One instance of the policy and its rows."""

    def __init__(
        self,
        policy: LoadedPolicy,
        context: Context,
        members: np.ndarray,
        rows: Sequence[Row],
        seed: int,
        run: int,
    ) -> None:
        self.members = members
        self.alive = np.ones(len(members), dtype=bool)
        self._at = np.array([row.place % BLOCK_ROWS for row in rows])
        keys = [""] * BLOCK_ROWS
        self._rngs = [generator(seed, run, f"\0{row}") for row in range(BLOCK_ROWS)]
        for at, row in zip(self._at, rows, strict=True):
            keys[at] = row.key
            self._rngs[at] = generator(seed, run, row.key)
        values = {f.name: getattr(context, f.name) for f in fields(context)}
        self._context = Context(**values | {"clip_keys": tuple(keys)})
        self._policy = policy.make()

    def start(self, fail: Any) -> None:
        """Reset the policy for all its rows."""
        try:
            self._policy.reset(self._context, np.sort(self._at))
        except Exception as error:
            self._fail_all(f"policy raised {type(error).__name__} in reset: {_line(error)}", fail)

    def act(
        self, observation: np.ndarray, driven: np.ndarray, view: View | None, action: np.ndarray, fail: Any
    ) -> None:
        """Fill in the actions of the driven rows."""
        members, at = self.members[driven], self._at[driven]
        padded = _padded(observation, members, at)
        try:
            if view is None:
                answer = self._policy.act(padded, self._rngs)
            else:
                answer = self._policy.act(padded, self._rngs, _padded_view(view, members, at))  # type: ignore[call-arg]
            answer = np.asarray(answer, dtype=np.float64)
        except Exception as error:
            return self._fail_all(f"policy raised {type(error).__name__}: {_line(error)}", fail)
        expected = (BLOCK_ROWS, self._context.action_size)
        if answer.shape != expected:
            return self._fail_all(f"policy answered with shape {answer.shape}, not {expected}", fail)
        finite = np.isfinite(answer[at]).all(axis=1)
        if not finite.all():
            fail(members[~finite], "policy answered with a number that is not finite")
            self.alive[np.flatnonzero(driven)[~finite]] = False
        action[members[finite]] = np.clip(answer[at[finite]], -1.0, 1.0)
        return None

    def _fail_all(self, reason: str, fail: Any) -> None:
        fail(self.members[self.alive], reason)
        self.alive[:] = False


def _padded(values: np.ndarray, members: np.ndarray, at: np.ndarray) -> np.ndarray:
    padded = np.zeros((BLOCK_ROWS, *values.shape[1:]), values.dtype)
    padded[at] = values[members]
    return padded


def _padded_view(view: View, members: np.ndarray, at: np.ndarray) -> View:
    """Rows that fill up repeat the first driven one, so that every pose is a pose."""
    source = np.full(BLOCK_ROWS, members[0])
    source[at] = members
    live = np.zeros(BLOCK_ROWS, dtype=bool)
    live[at] = True
    parts = {f.name: getattr(view, f.name) for f in fields(view) if f.name != "live"}
    return View(live, **{name: None if part is None else part[source] for name, part in parts.items()})


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
