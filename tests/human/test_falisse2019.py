from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from kinesis_bench.errors import InputError
from kinesis_bench.human.electrodes import FALISSE_COLUMNS, FALISSE_ELECTRODES, muscles_under
from kinesis_bench.human.falisse2019 import FILE, read_emg, read_joint_angles
from kinesis_bench.human.joint_angles import JOINTS, human_joint_angles
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import CLOSED_PHASE, pearson
from kinesis_bench.metrics.emg_references import pairs_r
from kinesis_bench.time_tables import read_table

COORDINATES = ("pelvis_tilt", "pelvis_tx", *JOINTS, "arm_flex")
TRIALS = 4


def content(knee: float = -1.0) -> dict[str, Any]:
    """The file's structure with four trials; the second lacks every muscle but one."""
    rng = np.random.default_rng(3)
    emg = rng.random((100, len(FALISSE_COLUMNS), TRIALS))
    emg[99] = emg[0]
    emg[:, 1:, 1] = np.nan
    truth = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9).mean_deg
    closed = np.array([np.interp(CLOSED_PHASE, np.arange(100) / 100, c, period=1.0) for c in truth])
    angles = np.zeros((100, len(COORDINATES), TRIALS))
    velocities = np.zeros_like(angles)
    for trial in range(TRIALS):
        angles[:, 2:6, trial] = (np.array([1.0, 1.0, knee, 1.0])[:, None] * closed).T
        velocities[:, 1, trial] = 1.2 + 0.1 * trial

    def struct(table: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
        return {
            "all": table,
            "mean": np.nanmean(table, axis=2),
            "std": np.nanstd(table, axis=2, ddof=1),
            "colheaders": np.array(names, dtype=object),
        }

    return {
        "Q": {"subject1": {"Qs": struct(angles, COORDINATES), "Qdots": struct(velocities, COORDINATES)}},
        "GRFs": {"subject1": struct(rng.random((100, 3, TRIALS)), ("Fore-aft", "Vertical", "Lateral"))},
        "EMG": {"subject1": struct(emg, FALISSE_COLUMNS)},
    }


def write(folder: Path, data: dict[str, Any]) -> Path:
    savemat(folder / FILE, {"ExperimentalData": data})
    return folder


def refused(folder: Path, what=read_emg, activity: str = "walk") -> str:
    with pytest.raises(InputError) as caught:
        what(folder, activity, 4.5)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_emg_of_the_real_person_is_the_files_own_mean(shared: Path) -> None:
    folder = shared / "data" / "falisse2019"
    human = read_emg(folder, "walk", 4.5)
    assert (human.condition, human.people, human.side) == ("walk-4.7", 1, "r")
    assert human.speed_m_s == pytest.approx(1.318, abs=0.001)
    assert human.muscles == tuple(FALISSE_ELECTRODES)
    own = loadmat(folder / FILE, squeeze_me=True, struct_as_record=False)["ExperimentalData"].EMG.subject1
    assert tuple(own.colheaders) == FALISSE_COLUMNS
    np.testing.assert_allclose(human.curves[0], own.mean.T, rtol=1e-12)
    assert human.trials is not None
    assert human.trials[0].shape == (11, 14, 100)
    assert np.isfinite(human.trials[0]).all(axis=(1, 2)).sum() == 6
    assert "11 trials of which 6 have every muscle" in human.source


def test_real_angles_are_those_of_the_mean_kinematics_beside_them(shared: Path) -> None:
    folder = shared / "data" / "falisse2019"
    angles = read_joint_angles(folder, "walk", 4.5)
    assert angles.names == read_emg(folder, "walk", 4.5).names == ("subject1",)
    mean = read_table(folder / "IK_average_walking_FGC.mat")
    assert mean.time_s[[0, -1]] == pytest.approx([0.0, 1.040455])
    for joint, ours in zip(JOINTS, angles.mean_deg, strict=True):
        sign = -1.0 if joint == "knee_angle" else 1.0
        at = np.interp(np.arange(100) / 100, mean.time_s / mean.time_s[-1], sign * mean.columns[f"{joint}_r"])
        np.testing.assert_allclose(ours, at, atol=1e-6)


def test_fifth_real_trial_is_the_left_leg_from_its_heel_strike(shared: Path) -> None:
    """What the card says of the leg and of the event, from the one trial that is published over time."""
    folder = shared / "data" / "falisse2019"
    trials = loadmat(folder / FILE, squeeze_me=True, struct_as_record=False)["ExperimentalData"]
    kinematics, forces = read_table(folder / "IK_gait_1.mat"), read_table(folder / "GRF_gait_1.mat")
    vertical = forces.columns["ground_force_vy"]
    strike_s = forces.time_s[np.argmax(vertical > 20.0)]
    time_s = strike_s + 1.0745 * CLOSED_PHASE
    force = trials.GRFs.subject1.all[:, :, 4]
    first_plate = [
        np.interp(time_s, forces.time_s, forces.columns[f"ground_force_v{axis}"]) for axis in "xyz"
    ]
    assert pearson(np.array(first_plate), force.T) == pytest.approx([1.0, 1.0, -1.0], abs=1e-3)
    names = list(trials.Q.subject1.Qs.colheaders)
    for joint in JOINTS:
        trial = trials.Q.subject1.Qs.all[:, names.index(joint), 4]
        left, right = (
            np.interp(time_s, kinematics.time_s, kinematics.columns[f"{joint}_{side}"]) for side in "lr"
        )
        assert np.sqrt(np.mean((left - trial) ** 2)) < 0.7
        assert np.sqrt(np.mean((right - trial) ** 2)) > 9.0


def test_signs_of_every_joint_of_the_real_person(shared: Path) -> None:
    angles = read_joint_angles(shared / "data" / "falisse2019", "walk", 4.5)
    assert (angles.people, angles.side, angles.activity, angles.joints) == (1, "r", "walk", JOINTS)
    hip, adduction, knee, ankle = angles.mean_deg
    assert hip[0] > 15  # flexed at heel strike
    assert 45 < np.argmin(hip) < 60  # extended before toe-off
    assert adduction[10:30].mean() > 2  # pelvis drops to the swinging side in stance
    assert adduction[60:75].mean() < -3
    assert 55 < knee.max() < 75  # flexion in swing
    assert 65 < np.argmax(knee) < 80
    assert ankle[60:72].min() < -10  # plantarflexion of push-off
    assert ankle[35:50].max() > 8  # dorsiflexion of stance
    assert "knee flexion was negative, turned round" in angles.frame
    for ours, schwartz in zip(
        angles.mean_deg, human_joint_angles("gait_walk_schwartz2008", 1.32, 0.9).mean_deg, strict=True
    ):
        assert pearson(ours, schwartz) > 0.8


def agreement(one: HumanEmg, electrode: str, other: HumanEmg, name: str, lag: float = 0.0) -> float:
    first = one.mean[one.muscles.index(electrode)]
    second = other.mean[other.muscles.index(name)]
    return float(pearson(np.interp((other.phase + lag) % 1.0, one.phase, first), second))


@pytest.mark.parametrize(
    ("electrode", "name", "at_zero", "later"),
    [
        ("Soleus", "Soleus", 0.84, 0.96),
        ("Medial Gastrocnemius", "Medial Gastrocnemius", 0.96, 0.88),
        ("Lateral Gastrocnemius", "Lateral Gastrocnemius", 0.98, 0.82),
        ("Tibialis Anterior", "Tibialis Anterior", 0.46, 0.84),
        ("Medial Hamstrings", "Semimembranosus", 0.86, 0.86),
        ("Vastus Medial", "Vastus Medial", 0.85, 0.97),
    ],
)
def test_real_person_agrees_with_wangs_nine(
    shared: Path, electrode: str, name: str, at_zero: float, later: float
) -> None:
    """At zero lag and with this person read 5 % later, where most muscles agree best."""
    human = read_emg(shared / "data" / "falisse2019", "walk", 4.5)
    wang = human_emg("emg_walk_wang2023", 4.5)
    assert set(muscles_under(name)) <= set(muscles_under(electrode))
    assert agreement(human, electrode, wang, name) == pytest.approx(at_zero, abs=0.006)
    assert agreement(human, electrode, wang, name, 0.05) == pytest.approx(later, abs=0.02)


def test_means_over_the_trials_that_have_the_muscle(tmp_path: Path) -> None:
    data = content()
    human = read_emg(write(tmp_path, data), "walk", 9.0)
    emg = data["EMG"]["subject1"]["all"]
    np.testing.assert_allclose(human.curves[0, 0], emg[:, 0].mean(axis=-1))
    np.testing.assert_allclose(human.curves[0, 5], emg[:, 5][:, [0, 2, 3]].mean(axis=-1))
    np.testing.assert_array_equal(human.trials[0], emg.transpose(2, 1, 0))
    np.testing.assert_array_equal(human.phase, CLOSED_PHASE)
    assert human.speed_m_s == pytest.approx(1.35)
    assert human.condition == "walk-4.9"
    assert "4 trials of which 3" in human.source


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    data = content()
    mixed = data["EMG"]["subject1"]
    order = np.random.default_rng(1).permutation(len(FALISSE_COLUMNS))
    mixed["colheaders"] = np.array(FALISSE_COLUMNS, dtype=object)[order]
    straight = mixed["all"]
    mixed["all"] = straight[:, order]
    human = read_emg(write(tmp_path, data), "walk", 4.5)
    np.testing.assert_array_equal(human.trials[0], straight.transpose(2, 1, 0))


@pytest.mark.parametrize("knee", [1.0, -1.0])
def test_signs_of_every_joint(tmp_path: Path, knee: float) -> None:
    angles = read_joint_angles(write(tmp_path, content(knee)), "walk", 4.5)
    truth = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9).mean_deg
    np.testing.assert_allclose(angles.curves_deg[0], truth, atol=0.6)
    assert (angles.sd_deg == 0.0).all()
    assert angles.condition == "walk, 4.9 km/h"


def test_other_activities_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, content())
    assert "has no activity 'run'; it has: walk" in refused(folder, activity="run")
    assert "has no activity 'backward'" in refused(folder, read_joint_angles, "backward")


def test_missing_and_damaged_files_are_refused(tmp_path: Path) -> None:
    assert "ExperimentalData.mat: no such file" in refused(tmp_path)
    assert "no such folder" in refused(tmp_path / "nowhere")
    write(tmp_path, content())
    bytes_ = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(bytes_[: len(bytes_) // 2])
    assert "is not a readable MATLAB file" in refused(tmp_path)
    savemat(tmp_path / FILE, {"Other": 1.0})
    assert "has no struct 'ExperimentalData'" in refused(tmp_path)


def test_what_the_file_lacks_is_named(tmp_path: Path) -> None:
    data = content()
    del data["EMG"]
    assert "has no field 'EMG', but: Q, GRFs" in refused(write(tmp_path, data))
    data = content()
    names = list(FALISSE_COLUMNS)
    names[5] = "SOL"
    data["EMG"]["subject1"]["colheaders"] = np.array(names, dtype=object)
    message = refused(write(tmp_path, data))
    assert "no column 'Soleus', but: Hamstrings-lateralis" in message
    assert "SOL" in message
    data = content()
    data["EMG"]["subject1"]["all"] = data["EMG"]["subject1"]["all"][:60]
    assert "shape (60, 14, 4)" in refused(write(tmp_path, data))


def test_unusable_values_are_refused(tmp_path: Path) -> None:
    data = content()
    data["EMG"]["subject1"]["all"][:, 5] = np.nan
    assert "Soleus: no trial has it" in refused(write(tmp_path, data))
    data = content()
    data["EMG"]["subject1"]["all"][7, 5, 0] = np.nan
    assert "NaN in a part of the cycle" in refused(write(tmp_path, data))
    data = content()
    data["EMG"]["subject1"]["all"][:, 5] = 0.5
    assert "Soleus: a constant curve" in refused(write(tmp_path, data))
    data = content()
    data["Q"]["subject1"]["Qs"]["all"][7, 4, 2] = np.nan
    assert "not a number in a joint angle" in refused(write(tmp_path, data), read_joint_angles)
    data = content()
    data["Q"]["subject1"]["Qdots"]["all"][:] = 0.0
    assert "a forward speed of 0 m/s" in refused(write(tmp_path, data))


def test_stored_figures_of_one_person_follow_from_the_trials(shared: Path) -> None:
    human = read_emg(shared / "data" / "falisse2019", "walk", 4.5)
    assert human.trials is not None
    known = dict(zip(human.muscles, pairs_r(human.trials[0]), strict=True))
    stored = human_emg().stored_within_person
    assert len(stored) == 8
    assert stored == pytest.approx({muscle: known[muscle] for muscle in stored}, abs=1e-4)
