"""Which people a recording is compared with: the headline's, and those beside it, each at a fitting speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.score import covered_frames, score_clips
from kinesis_bench.evaluation.walking import find_gait
from kinesis_bench.human.conditions import condition_name
from kinesis_bench.human.references import HumanEmg, HumanJointAngles
from kinesis_bench.human.sources import HumanSource
from kinesis_bench.rollouts.schema import Rollouts


@dataclass(frozen=True)
class People:
    """One data set's people in one condition; None where it has no EMG or no joint angles of it."""

    emg: HumanEmg | None
    joint_angles: HumanJointAngles | None


def headline_people(source: HumanSource, rollouts: Rollouts, speed_kmh: float | None) -> HumanEmg:
    """People's EMG of a data set's first activity.

    Args:
        source: the data set.
        rollouts: what is compared with them.
        speed_kmh: the nearest speed at hand is taken [km/h]; None for the one that fits the recording.

    Raises:
        InputError: the data set cannot be read, or has no EMG.
    """
    if not source.activities:
        raise InputError(source.name, "has no EMG", "name a data set with EMG first in --human")
    activity = source.activities[0]
    if speed_kmh is None:
        speed_kmh = fitting_speed_kmh(rollouts, activity, source.speeds_kmh(activity))
    return source.emg(activity, speed_kmh)


def fitting_speed_kmh(rollouts: Rollouts, activity: str, speeds_kmh: Sequence[float]) -> float:
    """The speed of people at which a recording has most steady cycles, of either leg.

    Of several, the one nearest to these cycles' mean speed.

    Args:
        rollouts: the recording.
        activity: what the people do.
        speeds_kmh: to choose from [km/h].
    """
    covered = covered_frames(rollouts, score_clips(rollouts))

    def fit(speed_kmh: float) -> tuple[int, float]:
        both = [find_gait(rollouts, covered, activity, speed_kmh / 3.6, side).cycles.cycles for side in "lr"]
        speeds = [abs(cycle.speed_m_s) for cycles in both for cycle in cycles]
        return len(speeds), -abs(float(np.mean(speeds)) - speed_kmh / 3.6) if speeds else 0.0

    return max(speeds_kmh, key=fit)


def people_besides(
    sources: Sequence[HumanSource], rollouts: Rollouts, headline: HumanEmg
) -> dict[str, People]:
    """All other conditions of some data sets, by name: each activity at the speed that fits the recording.

    Args:
        sources: the data sets, the headline's first.
        rollouts: what is compared with them.
        headline: the people of the headline, who are left out.

    Raises:
        InputError: a data set cannot be read.
    """
    found: dict[str, People] = {}
    for place, source in enumerate(sources):
        for activity in source.all_activities:
            if place == 0 and activity == headline.activity:
                continue
            with_emg = activity in source.activities
            speeds = source.speeds_kmh(activity) if with_emg else source.angle_speeds_kmh(activity)
            speed_kmh = fitting_speed_kmh(rollouts, activity, speeds)
            emg = source.emg(activity, speed_kmh) if with_emg else None
            angles = source.joint_angles(activity, speed_kmh)
            found[f"{source.name} {condition_name(activity, round(speed_kmh, 1))}"] = People(emg, angles)
    return found
