"""Whom a recording is compared with: the speed that fits, and all that the data sets' people do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from walking_rollouts import MUSCLES, cyclic, ring, walking, walking_clip

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import evaluate_rollouts
from kinesis_bench.evaluation.people import headline_people, people_besides
from kinesis_bench.human.joint_angles import SCHWARTZ, human_joint_angles
from kinesis_bench.human.sources import HumanSource, human_emg, human_source

WANG, SANTUZ = human_source("emg_walk_wang2023"), human_source("emg_run_santuz2020")


@pytest.mark.parametrize(("speed_m_s", "matched"), [(1.0, "walk-3.6"), (1.48, "walk-5.4"), (0.3, "walk-0.9")])
def test_matched_people_are_those_who_walk_as_fast(speed_m_s: float, matched: str) -> None:
    rollouts = walking(walking_clip(speed_m_s=speed_m_s))
    assert headline_people(WANG, rollouts, None).condition == matched
    assert headline_people(WANG, rollouts, 4.5).condition == "walk-4.5"


def test_besides_are_the_other_conditions_of_all_data_sets() -> None:
    run = walking_clip(key="run", skill="run", speed_m_s=2.8, cycle_s=0.7)
    rollouts = walking(walking_clip(), run)
    headline = headline_people(WANG, rollouts, 4.5)
    besides = people_besides([WANG, SANTUZ], rollouts, headline)
    assert list(besides) == ["emg_run_santuz2020 run-10.1"]
    scored = evaluate_rollouts(rollouts, headline, besides=besides).result.besides
    beside = scored["emg_run_santuz2020 run-10.1"]
    assert beside.emg is not None
    assert (beside.emg.human_condition, beside.emg.cycles) == ("run-10.1", 9)
    assert beside.joint_angles is None
    assert "joint_angles" in beside.reasons


def test_a_data_set_that_runs_and_has_angles_is_compared_by_each() -> None:
    """As a made data set: its walkers are Wang's, its runners walk faster, both with Schwartz's angles."""
    human = human_emg()
    z_bar = np.asarray(human.mean_of_standardised)
    curve = np.zeros((len(MUSCLES), 100))
    curve[: len(z_bar)] = 0.5 + 0.1 * ring(human, z_bar)
    angles = human_joint_angles(SCHWARTZ, 1.25, 0.9)

    def emg(activity: str, speed_kmh: float):
        return replace(human, condition=f"{activity}-{speed_kmh:g}", speed_m_s=speed_kmh / 3.6)

    def read_angles(activity: str, speed_kmh: float):
        return replace(angles, condition=f"{activity}, made", speed_m_s=speed_kmh / 3.6)

    conditions = (("walk", 4.5), ("run", 9.0), ("run", 10.0), ("backward", 3.0))
    made = HumanSource("made", conditions, emg, conditions[:-1], read_angles)
    gait = {"muscles": cyclic(curve), "joints_deg": cyclic(np.asarray(angles.mean_deg))}
    rollouts = walking(
        walking_clip(**gait),  # type: ignore[arg-type]
        walking_clip(key="r", skill="run", speed_m_s=10.2 / 3.6, **gait),  # type: ignore[arg-type]
    )
    headline = headline_people(made, rollouts, 4.5)
    besides = people_besides([made], rollouts, headline)
    assert list(besides) == ["made run-10", "made backward-3"]
    result = evaluate_rollouts(
        rollouts, headline, joint_angles=made.joint_angles("walk", 4.5), besides=besides
    ).result
    assert result.joint_angles.human_condition == "walk, made"
    assert result.joint_angles.independent
    run, backward = result.besides.values()
    assert run.emg is not None
    assert run.emg.zero_lag_r == pytest.approx(np.mean(z_bar.std(axis=1)), abs=0.02)
    assert run.joint_angles is not None
    assert run.joint_angles.mpjae_deg is not None
    assert backward.emg is not None
    assert backward.emg.reasons["mean_r"] == "no clip of the skill backward was run"
    assert backward.joint_angles is None


def test_joint_angles_alone_are_compared_too() -> None:
    angles = human_joint_angles(SCHWARTZ, 1.25, 0.9)
    made = HumanSource("made", (), lambda *_: human_emg(), (("walk", 4.5),), lambda *_: angles)
    rollouts = walking(walking_clip(joints_deg=cyclic(np.asarray(angles.mean_deg))))
    besides = people_besides([WANG, made], rollouts, headline_people(WANG, rollouts, 4.5))
    beside = evaluate_rollouts(rollouts, human_emg(), besides=besides).result.besides["made walk-4.5"]
    assert beside.emg is None
    assert beside.joint_angles is not None
    assert beside.joint_angles.mpjae_deg is not None
    with pytest.raises(InputError, match="made: has no EMG"):
        headline_people(made, rollouts, None)


def test_speeds_are_chosen_before_anything_is_read() -> None:
    def emg(activity: str, speed_kmh: float):
        assert speed_kmh == 4.5
        return human_emg()

    made = HumanSource("made", (("walk", 0.9), ("walk", 4.5), ("walk", 5.4)), emg)
    assert headline_people(made, walking(walking_clip(speed_m_s=1.24)), None).condition == "walk-4.5"
