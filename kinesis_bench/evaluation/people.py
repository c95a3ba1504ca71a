"""Which people a recording is compared with: the headline's, and those beside it, each at a fitting speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.evaluation.score import covered_frames, score_clips
from kinesis_bench.evaluation.walking import find_gait
from kinesis_bench.human.references import HumanEmg, HumanJointAngles
from kinesis_bench.human.sources import HumanSource
from kinesis_bench.rollouts.schema import Rollouts


@dataclass(frozen=True)
class People:
    """One data set's people in one condition; None where it has no EMG or no joint angles of it."""

    emg: HumanEmg | None
    joint_angles: HumanJointAngles | None


def headline_people(
    source: HumanSource, rollouts: Rollouts, speed_kmh: float | None, activity: str | None = None
) -> HumanEmg:
    """People's EMG of a data set in one activity.

    Args:
        source: the data set.
        rollouts: what is compared with them.
        speed_kmh: the nearest speed at hand is taken [km/h]; None for the one at which the recording has most
            steady cycles; of several, the one nearest to these cycles' mean speed.
        activity: the first that the data set has if None.

    Raises:
        InputError: the data set cannot be read, or has no EMG of the activity.
    """
    activity = activity or source.activities[0]
    if speed_kmh is not None:
        return source.emg(activity, speed_kmh)
    covered = covered_frames(rollouts, score_clips(rollouts))

    def fit(people: HumanEmg) -> tuple[int, float]:
        speeds = [abs(c.speed_m_s) for c in find_gait(rollouts, covered, people).cycles.cycles]
        return len(speeds), -abs(float(np.mean(speeds)) - people.speed_m_s) if speeds else 0.0

    return max((source.emg(activity, speed) for speed in source.speeds_kmh(activity)), key=fit)


def people_besides(
    sources: Sequence[HumanSource], rollouts: Rollouts, headline: HumanEmg
) -> dict[str, People]:
    """All other conditions of some data sets that the recording has a skill for, by name.

    Each activity is taken at the speed at which the recording has most steady cycles. The first data set's
    people of the headline are left out, unless their joint angles are known.

    Args:
        sources: the data sets, the headline's first.
        rollouts: what is compared with them.
        headline: the people of the headline.

    Raises:
        InputError: a data set cannot be read.
    """
    found: dict[str, People] = {}
    for place, source in enumerate(sources):
        for activity in source.activities:
            first = place == 0 and activity == headline.activity
            emg = headline if first else headline_people(source, rollouts, None, activity)
            angles = source.joint_angles(activity, emg.speed_m_s * 3.6)
            if not first or angles is not None:
                found[f"{source.name} {emg.condition}"] = People(None if first else emg, angles)
    return found
