"""What the benchmark knows of people: EMG and joint angles of a group over the gait cycle.

Curves have 100 samples. Those of EMG say at which phases their samples lie; sample i of a joint angle is
phase i/100 of the cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kinesis_bench.metrics.curves import PHASE, standardise
from kinesis_bench.metrics.emg_quality import flag_channels
from kinesis_bench.metrics.emg_references import measured

LEGS = {"l": "left", "r": "right"}
"""Sides in words."""

WANG_ZERO = (
    "not stated; people of three data sets that begin at a measured ground contact come 3, 5 and 9 % of the "
    "cycle later, so it lies about 3 to 5 % (30 to 55 ms) after touch-down of the same leg"
)
"""The event at phase 0 of the curves of Wang et al. (2023)."""


@dataclass(frozen=True)
class StoredReference:
    """Human reference figures computed elsewhere from the people, for use where only group figures are at
    hand.

    Attributes:
        pairs_mean_r, pairs_median_r: r between two people, over all pairs.
        pairs_ci95: 95 % percentile interval of the mean, by resampling people.
        leave_one_out_standardised: r of a person with the mean of the others' standardised curves.
        leave_one_out_raw: the same with the mean of the others' raw curves.
    """

    pairs_mean_r: float
    pairs_median_r: float
    pairs_ci95: tuple[float, float]
    leave_one_out_standardised: float
    leave_one_out_raw: float


@dataclass(frozen=True)
class HumanEmg:
    """EMG envelopes of a group of people over the gait cycle, in one condition.

    Curves have 100 samples, at the phases ``phase``.

    Attributes:
        condition: activity and speed in km/h, such as ``walk-4.5``.
        speed_m_s: [m/s].
        muscles: M electrode names.
        people: number of people N.
        channels: (M,) how many of them each muscle was measured on; None where all muscles were on all.
        mean, sd: (M, 100) mean and SD between people of the raw curves.
        mean_of_standardised: (M, 100) mean of the people's standardised curves, None where unknown.
        curves: (N, M, 100) of each person, NaN where a muscle was not measured on one; None where only group
            figures are known.
        phase: (100,) of the samples [cycles]; 1 is the same instant as 0.
        names: of the people, () where unknown.
        cycle_zero: the event at phase 0.
        source: for people to read.
        stored: reference figures by muscle, computed by others from the people themselves.
        side: the leg that was measured, ``l`` or ``r``; the model's same leg is compared with it.
        trials: of each person, in the order of ``curves``, (T, M, 100) of single cycles or trials, for how
            well a person repeats oneself; None where unknown.
        stored_within_person: muscle to r between trials of one person, where only a stored figure is known.
        flaws: muscle to its channels that are flawed by the rules of ``metrics.emg_quality``, in words;
            figures are given with and without them.
        unflawed: the same people without those channels, and without a muscle that nobody is left for; None
            where there are none, or no muscle is left.
    """

    condition: str
    speed_m_s: float
    muscles: tuple[str, ...]
    people: int
    mean: np.ndarray
    sd: np.ndarray
    mean_of_standardised: np.ndarray | None = None
    curves: np.ndarray | None = None
    phase: np.ndarray = field(default_factory=lambda: PHASE)
    names: tuple[str, ...] = ()
    cycle_zero: str = ""
    source: str = ""
    stored: Mapping[str, StoredReference] | None = None
    side: str = "l"
    trials: tuple[np.ndarray, ...] | None = None
    channels: np.ndarray | None = None
    stored_within_person: Mapping[str, float] = field(default_factory=dict)
    flaws: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unflawed: HumanEmg | None = None

    @property
    def activity(self) -> str:
        """What the people do: ``walk``, ``run`` or ``backward``."""
        return self.condition.split("-")[0]

    @property
    def people_by_muscle(self) -> np.ndarray:
        """(M,) number of people that each muscle was measured on."""
        return np.full(len(self.muscles), self.people) if self.channels is None else self.channels

    def only(self, muscles: Sequence[str]) -> HumanEmg:
        """The same people with some of the muscles, in the order given."""
        rows = [self.muscles.index(muscle) for muscle in muscles]
        flaws = {muscle: self.flaws[muscle] for muscle in muscles if muscle in self.flaws}
        return replace(
            self,
            muscles=tuple(muscles),
            mean=self.mean[rows],
            sd=self.sd[rows],
            mean_of_standardised=None
            if self.mean_of_standardised is None
            else self.mean_of_standardised[rows],
            curves=None if self.curves is None else self.curves[:, rows],
            trials=None if self.trials is None else tuple(trial[:, rows] for trial in self.trials),
            channels=None if self.channels is None else self.channels[rows],
            flaws=flaws,
            unflawed=_some(self.unflawed, muscles) if self.unflawed is not None and flaws else None,
        )


def from_people(
    curves: np.ndarray,
    muscles: Sequence[str],
    *,
    condition: str,
    speed_m_s: float,
    phase: np.ndarray = PHASE,
    names: Sequence[str] = (),
    cycle_zero: str = "",
    source: str = "",
    side: str = "l",
    trials: Sequence[np.ndarray] | None = None,
) -> HumanEmg:
    """A HumanEmg from each person's curves.

    Args:
        curves: (N, M, 100), NaN where a muscle was not measured on a person. A channel without variance is
            given as it is: it is flagged, and left out of ``unflawed``.
        muscles: M electrode names.
        condition, speed_m_s, phase, names, cycle_zero, source, side, trials: as in HumanEmg.
    """
    whole = _group(
        curves,
        condition=condition,
        speed_m_s=speed_m_s,
        muscles=tuple(muscles),
        phase=phase,
        names=tuple(names),
        cycle_zero=cycle_zero,
        source=source,
        side=side,
        trials=None if trials is None else tuple(trials),
    )
    flags = flag_channels(curves)
    if not flags:
        return whole
    kept = curves.copy()
    kept_trials = None if trials is None else tuple(own.copy() for own in trials)
    flaws: dict[str, tuple[str, ...]] = {}
    for flag in flags:
        kept[flag.person, flag.muscle] = np.nan
        if kept_trials is not None:
            kept_trials[flag.person][:, flag.muscle] = np.nan
        muscle = whole.muscles[flag.muscle]
        person = names[flag.person] if names else str(flag.person + 1)
        r = "" if flag.leave_one_out_r is None else f" (r {flag.leave_one_out_r:.2f} with the others)"
        flaws[muscle] = (*flaws.get(muscle, ()), f"person {person} {flag.flaw}{r}")
    common = {name: getattr(whole, name) for name in _GIVEN} | {"trials": kept_trials}
    unflawed = _group(kept, **common)
    having = [muscle for muscle, left in zip(muscles, unflawed.people_by_muscle, strict=True) if left]
    return replace(whole, flaws=flaws, unflawed=_some(unflawed, having))


def _some(human: HumanEmg, muscles: Sequence[str]) -> HumanEmg | None:
    """Those of the muscles that the people have; None where they have none."""
    having = [muscle for muscle in muscles if muscle in human.muscles]
    return human.only(having) if having else None


_GIVEN = ("condition", "speed_m_s", "muscles", "phase", "names", "cycle_zero", "source", "side", "trials")
"""Fields of HumanEmg that do not follow from the curves."""


def _group(curves: np.ndarray, **given: Any) -> HumanEmg:
    """The fields that follow from each person's curves, beside those given; NaN for a muscle nobody has."""
    there = measured(curves)
    count = there.sum(axis=0)
    present = np.where(there[..., None], curves, 0.0)
    known = np.where(count > 0, count, np.nan)[:, None]
    mean = present.sum(axis=0) / known
    square = np.where(there[..., None], (curves - mean) ** 2, 0.0).sum(axis=0)
    return HumanEmg(
        people=len(curves),
        mean=mean,
        sd=np.sqrt(square / np.maximum(count - 1, 1)[:, None]),
        mean_of_standardised=standardise(curves).sum(axis=0) / known,
        curves=curves,
        channels=count,
        **given,
    )


def nearest_speed(speed_kmh: float, available_kmh: Sequence[float]) -> float:
    """The available speed nearest to the one asked for [km/h]; of two equally near, the slower."""
    return min(sorted(available_kmh), key=lambda speed: abs(speed - speed_kmh))


@dataclass(frozen=True)
class HumanJointAngles:
    """Joint angles of a group of people over the gait cycle, in one condition.

    Positive: flexion (hip, knee), adduction, dorsiflexion. Curves have 100 samples; sample i is phase i/100.

    Attributes:
        condition: activity, a comma, and more for people to read.
        speed_m_s: [m/s].
        joints: J names in OpenSim's words, without side.
        people: number of people, None where the source does not say.
        mean_deg, sd_deg: (J, 100) mean and SD between people [deg].
        curves_deg: (N, J, 100) of each person [deg], None where only mean and SD are known.
        cycle_zero: the event at phase 0.
        source: for people to read.
        frame: what to know of the frames that the angles are measured in.
        side: the leg that was measured, ``l`` or ``r``.
        names: of the people of ``curves_deg``, () where unknown.
    """

    condition: str
    speed_m_s: float
    joints: tuple[str, ...]
    people: int | None
    mean_deg: np.ndarray
    sd_deg: np.ndarray
    curves_deg: np.ndarray | None = None
    cycle_zero: str = ""
    source: str = ""
    frame: str = ""
    side: str = "l"
    names: tuple[str, ...] = ()

    @property
    def activity(self) -> str:
        """What the people do: ``walk``, ``run`` or ``backward``."""
        return self.condition.split(",")[0]
