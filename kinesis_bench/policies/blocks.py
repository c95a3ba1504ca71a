"""Calls a policy on whole blocks of rows, and keeps its failures from taking the run down."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kinesis_bench.policies.interface import BLOCK_ROWS, Context, View
from kinesis_bench.policies.loaded import LoadedPolicy

BLAME = "policy "
"""Every reason for which a policy fails by itself begins so."""


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

    A policy that raises (``sys.exit`` included) or answers with the wrong shape fails the rows of that block;
    one that answers with a number that is not finite fails that row. A failed row gets action 0 from then on.

    Args:
        policy: what to drive with.
        context: of the run; ``clip_keys`` are filled in for each block.
        rows: the n rows.
        seed: of the evaluation.

    Attributes:
        failures: why each row failed, "" where it did not.
    """

    def __init__(self, policy: LoadedPolicy, context: Context, rows: Sequence[Row], seed: int) -> None:
        self.failures: list[str] = [""] * len(rows)
        self._action_size = context.action_size
        numbers: dict[tuple[int, int], int] = {}
        keys = [(row.run, row.place // BLOCK_ROWS) for row in rows]
        self._block = np.array([numbers.setdefault(key, len(numbers)) for key in keys])
        self._at = np.array([row.place % BLOCK_ROWS for row in rows])
        self._blocks: dict[int, _Block] = {}
        for (run, _), number in numbers.items():
            members = np.flatnonzero(self._block == number)
            clips = {int(self._at[i]): rows[int(i)].key for i in members}
            try:
                self._blocks[number] = _Block(policy, context, clips, seed, run)
            except (Exception, SystemExit) as error:
                self._fail(members, f"{BLAME}raised {type(error).__name__} in reset: {_line(error)}")

    def act(
        self, rows: np.ndarray, observation: np.ndarray, view: Mapping[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Actions of those rows that are still being driven.

        Args:
            rows: (n,) which.
            observation: (n, N) float32.
            view: parts of a View, n rows each, for a privileged policy.

        Returns:
            (n, A) in [-1, 1]; 0 where a row has failed.
        """
        action = np.zeros((len(rows), self._action_size))
        alive = np.array([not self.failures[row] for row in rows])
        for number, block in self._blocks.items():
            driven = np.flatnonzero((self._block[rows] == number) & alive)
            if len(driven):
                at = self._at[rows[driven]]
                seen = None if view is None else {name: part[driven] for name, part in view.items()}
                try:
                    answer = block.act(at, observation[driven], seen)
                except (Exception, SystemExit) as error:
                    reason = _line(error)
                    if not isinstance(error, _WrongShapeError):
                        reason = f"{BLAME}raised {type(error).__name__}: {reason}"
                    self._fail(np.flatnonzero(self._block == number), reason)
                    continue
                finite = np.isfinite(answer).all(axis=1)
                self._fail(rows[driven[~finite]], f"{BLAME}answered with a number that is not finite")
                action[driven[finite]] = np.clip(answer[finite], -1.0, 1.0)
        return action

    def _fail(self, rows: np.ndarray, reason: str) -> None:
        for row in rows:
            self.failures[row] = self.failures[row] or reason


class _WrongShapeError(Exception):
    """The policy's answer is no (BLOCK_ROWS, A) array."""


class _Block:
    """One instance of the policy, and the generators of its rows."""

    def __init__(
        self, policy: LoadedPolicy, context: Context, clips: Mapping[int, str], seed: int, run: int
    ) -> None:
        self._rngs = [generator(seed, run, clips.get(at, f"\0{at}")) for at in range(BLOCK_ROWS)]
        self._expected = (BLOCK_ROWS, context.action_size)
        self._policy: Any = policy.make()
        keys = tuple(clips.get(at, "") for at in range(BLOCK_ROWS))
        told = replace(context, clip_keys=keys, model=context.model if policy.privileged else None)
        self._policy.reset(told, np.array(sorted(clips)))

    def act(
        self, at: np.ndarray, observation: np.ndarray, view: Mapping[str, np.ndarray] | None
    ) -> np.ndarray:
        """(k, A) answers for the rows at places ``at`` (k,)."""
        padded = np.zeros((BLOCK_ROWS, observation.shape[1]), np.float32)
        padded[at] = observation
        seen = () if view is None else (_padded_view(view, at),)
        answer = np.asarray(self._policy.act(padded, self._rngs, *seen), dtype=np.float64)
        if answer.shape != self._expected:
            raise _WrongShapeError(f"{BLAME}answered with shape {answer.shape}, not {self._expected}")
        return answer[at]


def _padded_view(view: Mapping[str, np.ndarray], at: np.ndarray) -> View:
    """Rows that fill up repeat the first driven one, so that every pose is a pose."""
    source = np.zeros(BLOCK_ROWS, dtype=int)
    source[at] = np.arange(len(at))
    live = np.zeros(BLOCK_ROWS, dtype=bool)
    live[at] = True
    return View(live, **{name: part[source] for name, part in view.items()})


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
