"""Which channels of human EMG are flawed, found by rule from the people alone.

A channel is one muscle of one person. It is *dead* where its signal does not vary beside the other people's,
and *mistimed* where it is the only one that agrees with the mean of the others less than chance would.
Chance is r = 0: the mean of r over all circular shifts of a curve is exactly 0, as standardised curves have
mean 0. Where several people disagree with the rest, people may differ, and nothing is flagged. A constant
channel is dead, however many people there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kinesis_bench.metrics.curves import is_flat
from kinesis_bench.metrics.emg_references import measured, r_with_others

DEAD_PART = 0.01
"""A channel whose SD over the cycle is below this part of the people's median SD is dead. The dead channel of
Wang et al. (2023) has less than a ten-thousandth, the weakest live one a twentieth."""

LEAST_PEOPLE = 4
"""With fewer people nobody can be told to be the odd one out."""


@dataclass(frozen=True)
class Flag:
    """A flawed channel.

    Attributes:
        person, muscle: places of the channel in the (N, M, 100) curves.
        flaw: ``dead`` or ``mistimed``.
        leave_one_out_r: r of the channel with the mean of the other people's, dead ones left out; None for
            a dead channel.
    """

    person: int
    muscle: int
    flaw: Literal["dead", "mistimed"]
    leave_one_out_r: float | None


def flag_channels(people: np.ndarray) -> tuple[Flag, ...]:
    """Flawed channels, by muscle and person.

    Args:
        people: (N, M, 100) curves; a channel that was not measured is NaN.
    """
    there = measured(people)
    spread = np.where(there, people.std(axis=-1), np.nan)
    flags = []
    flat = there & is_flat(np.where(there[..., None], people, 0.0))
    for muscle in range(people.shape[1]):
        dead = flat[:, muscle].copy()
        lively = spread[there[:, muscle] & ~dead, muscle]
        if len(lively) >= LEAST_PEOPLE:
            dead |= spread[:, muscle] < DEAD_PART * np.median(lively)
        flags += [Flag(person, muscle, "dead", None) for person in np.flatnonzero(dead).tolist()]
        living = np.flatnonzero(there[:, muscle] & ~dead)
        if len(living) < LEAST_PEOPLE:
            continue
        r = r_with_others(people[living][:, [muscle]])[:, 0]
        below = np.flatnonzero(r < 0)
        if len(below) == 1:
            flags.append(Flag(int(living[below[0]]), muscle, "mistimed", float(r[below[0]])))
    return tuple(flags)
