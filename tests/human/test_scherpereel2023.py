from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_emg
import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.electrodes import SCHERPEREEL_CODES, SCHERPEREEL_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS, human_joint_angles
from kinesis_bench.human.scherpereel2023 import (
    ELECTRODE_HEADERS,
    ScherpereelSettings,
    angle_conditions,
    conditions,
    read_emg,
    read_joint_angles,
)
from kinesis_bench.metrics.curves import PHASE, at_phase, pearson
from kinesis_bench.metrics.emg import score_emg

BODY_WEIGHT_N = 720.0
STANCE = 0.62
ENVELOPES = {
    code: made_emg.bursts((0.05 + 0.12 * place, 0.06, 1.0), (0.55 + 0.05 * place, 0.09, 0.4))
    for place, code in enumerate(SCHERPEREEL_CODES)
}
WALK = human_joint_angles("gait_walk_schwartz2008", 1.2, 0.9)
SOURCE_SIGN = {"knee_angle": -1.0}


def angles_deg(phase: np.ndarray, *, backward: bool) -> dict[str, np.ndarray]:
    """Schwartz's mean curves in the source's signs; backwards the same reversed in time."""
    at = (STANCE - phase) % 1.0 if backward else phase
    curves = at_phase(WALK.mean_deg, at)
    return {
        joint: SOURCE_SIGN.get(joint, 1.0) * curve for joint, curve in zip(WALK.joints, curves, strict=True)
    }


def vertical_force(phase: np.ndarray) -> np.ndarray:
    """A foot's force: on within 1 % of the cycle, even, and half the body's weight over the cycle."""
    on = np.clip(np.minimum(phase, STANCE - phase) / 0.01, 0.0, 1.0)
    return BODY_WEIGHT_N * 0.5 / (STANCE - 0.01) * on


def write(
    recording: Path, seed: int, *, cycles: int = 5, backward: bool = False, codes=SCHERPEREEL_CODES
) -> np.ndarray:
    """One recording of the left leg in the layout of the raw data set; returns its strikes [s]."""
    rng = np.random.default_rng(seed)
    strikes = made_emg.strikes(rng, cycles, 1.08, 10.6)
    slow = np.arange(int((strikes[-1] + 0.6 - 10.0) * 200)) / 200.0 + 10.0
    fast = np.arange(10 * len(slow) - 9) / 2000.0 + 10.0
    phase = made_emg.phase_at(slow, strikes)
    emg = made_emg.emg(rng, fast, strikes, {code: ENVELOPES[code] for code in codes})
    right = made_emg.emg(rng, fast, strikes, {"TA": made_emg.bursts((0.5, 0.1, 3.0))})
    made_emg.write_csv(
        recording / "Raw_EMGs.csv",
        {"time": fast, "RTA": right["TA"], **{f"L{code}": signal for code, signal in emg.items()}},
    )
    made_emg.write_csv(
        recording / "GroundFrame_GRFs.csv",
        {
            "time": slow,
            "RForceY_Vertical": np.full(len(slow), np.nan),
            "LForceX": 0.1 * vertical_force(phase),
            "LForceY_Vertical": vertical_force(phase),
        },
    )
    angles = {f"{joint}_l": curve for joint, curve in angles_deg(phase, backward=backward).items()}
    made_emg.write_csv(
        recording / "Joint_Angle.csv", {"time": slow, "hip_rotation_l": np.zeros(len(slow)), **angles}
    )
    return strikes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people: one walks 18 cycles, the other twice nine; both run and walk backwards a little."""
    root = tmp_path_factory.mktemp("scherpereel")
    for subject, seed in (("AB01", 1), ("AB13", 2)):
        tables = root / "RawData" / subject / "CSV_Data"
        if subject == "AB01":
            write(tables / "normal_walk_1_1-2", seed, cycles=18)
        else:
            write(tables / "normal_walk_1_1-2", seed, cycles=9)
            write(tables / "normal_walk_2_1-2", seed + 10, cycles=9)
        write(tables / "normal_walk_1_0-6", seed + 20)
        write(tables / "normal_walk_1_2-5", seed + 30)
        write(tables / "walk_backward_1_0-8", seed + 40, backward=True)
        (tables / "stairs_1_1_up").mkdir()
    (root / "RawData" / "Subject_masses.csv").write_text("Subject,Mass\n")
    return root


def test_known_envelopes_are_recovered(folder: Path) -> None:
    """Seeds 1, 2 and 12: noise of 30 to 350 Hz, an artefact of 2 Hz twice as high, 18 cycles a person."""
    human = read_emg(folder, "walk", 4.5)
    assert human.curves is not None
    truth = np.stack([ENVELOPES[code](PHASE) for code in SCHERPEREEL_CODES])
    for person in human.curves:
        r = pearson(person, truth)
        assert r.min() >= 0.98
        for shift in (-1, 1):
            assert np.all(pearson(person, np.roll(truth, shift, axis=-1)) < r)


def test_people_cycles_and_condition(folder: Path) -> None:
    human = read_emg(folder, "walk", 4.5)
    assert (human.condition, human.people, human.names) == ("walk-4.3", 2, ("AB01", "AB13"))
    assert human.speed_m_s == pytest.approx(1.2)
    assert (human.side, human.muscles) == ("l", tuple(SCHERPEREEL_ELECTRODES))
    assert human.curves is not None
    assert human.trials is not None
    for curves, trials in zip(human.curves, human.trials, strict=True):  # AB13's two recordings are pooled
        assert 15 <= len(trials) <= 18
        assert trials.shape[1:] == (8, 100)
        np.testing.assert_allclose(curves, trials.mean(axis=0))
    assert read_emg(folder / "RawData", "walk", 4.5).names == human.names


@pytest.mark.parametrize(
    ("activity", "speed_kmh", "condition"),
    [("walk", 1.0, "walk-2.2"), ("run", 12.0, "run-9"), ("backward", 2.0, "backward-2.9")],
)
def test_nearest_speed_of_each_activity(
    folder: Path, activity: str, speed_kmh: float, condition: str
) -> None:
    human = read_emg(folder, activity, speed_kmh)
    assert (human.condition, human.activity) == (condition, activity)


@pytest.mark.parametrize("activity", ["walk", "backward"])
def test_joint_angles_come_in_our_signs(folder: Path, activity: str) -> None:
    human = read_joint_angles(folder, activity, 3.6)
    assert (human.joints, human.people, human.side, human.activity) == (JOINTS, 2, "l", activity)
    ours = angles_deg(PHASE, backward=activity == "backward")
    truth = np.stack([SOURCE_SIGN.get(joint, 1.0) * ours[joint] for joint in JOINTS])
    assert human.curves_deg is not None
    assert human.curves_deg.shape == (2, 4, 100)
    assert np.abs(human.curves_deg - truth).mean() < 0.1  # 0.34 if cycles began one sample late
    knee = human.mean_deg[JOINTS.index("knee_angle")]
    assert 50 < knee.max() < 75
    assert "knee flexion was negative, turned round here" in human.frame
    assert human.names == ("AB01", "AB13")
    assert human.condition.endswith("km/h")


def refused(folder: Path, activity: str = "walk", settings: ScherpereelSettings | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_emg(folder, activity, 4.5, settings=settings or ScherpereelSettings())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refused_angles(folder: Path, settings: ScherpereelSettings | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_joint_angles(folder, "walk", 4.5, settings=settings or ScherpereelSettings())
    return str(caught.value)


def change(path: Path, name: str, value) -> None:
    """Replace a column of a file: by an array, a function of it, or take it away (None)."""
    header = path.read_text().split("\n", 1)[0].split(",")
    columns = dict(zip(header, np.loadtxt(path, delimiter=",", skiprows=1).T, strict=True))
    if value is None:
        del columns[name]
    else:
        columns[name] = value(columns[name]) if callable(value) else value
    made_emg.write_csv(path, columns)


@pytest.fixture
def small(folder: Path, tmp_path: Path) -> Path:
    """Both people walking at 0.6 m/s, five cycles each."""
    for subject in ("AB01", "AB13"):
        own = Path("RawData") / subject / "CSV_Data" / "normal_walk_1_0-6"
        shutil.copytree(folder / own, tmp_path / own)
    return tmp_path


def of(small: Path, subject: str, name: str) -> Path:
    return small / "RawData" / subject / "CSV_Data" / "normal_walk_1_0-6" / name


def test_a_knee_that_is_positive_in_flexion_is_left_as_it_is(small: Path) -> None:
    before = read_joint_angles(small, "walk", 2.0)
    change(of(small, "AB01", "Joint_Angle.csv"), "knee_angle_l", lambda knee: -knee)
    assert "knee_angle: reaches -59° in person AB13 and 59° in AB01" in refused_angles(small)
    change(of(small, "AB13", "Joint_Angle.csv"), "knee_angle_l", lambda knee: -knee)
    after = read_joint_angles(small, "walk", 2.0)
    np.testing.assert_allclose(after.mean_deg, before.mean_deg, atol=1e-3)
    assert "knee flexion was positive" in after.frame
    given = read_joint_angles(small, "walk", 2.0, settings=ScherpereelSettings(signs={"knee_angle": 1.0}))
    np.testing.assert_array_equal(given.mean_deg, after.mean_deg)
    assert "the knee's sign is that of the settings" in given.frame


@pytest.mark.parametrize("joint", ["hip_flexion", "hip_adduction", "ankle_angle"])
def test_a_joint_of_contrary_sign_is_refused_unless_a_setting_turns_it(small: Path, joint: str) -> None:
    before = read_joint_angles(small, "walk", 2.0)
    for subject in ("AB01", "AB13"):
        change(of(small, subject, "Joint_Angle.csv"), f"{joint}_l", lambda angle: -angle)
    message = refused_angles(small)
    assert f"{joint}: moves against the sign" in message
    assert f"--human scherpereel2023=DIR,settings.toml with [signs] {joint} = -1" in message
    settings = ScherpereelSettings(signs={joint: -1.0})
    after = read_joint_angles(small, "walk", 2.0, settings=settings)
    np.testing.assert_allclose(after.mean_deg, before.mean_deg, atol=1e-3)


def test_what_there_is_is_listed(folder: Path, small: Path) -> None:
    assert "has no activity 'run'; it has: walk" in refused(small, "run")
    assert "choose one of backward, run, walk" in refused(folder, "hop")
    held = [f"{activity}-{speed_kmh:.1f}" for activity, speed_kmh in conditions(folder)]
    assert held == ["backward-2.9", "run-9.0", "walk-2.2", "walk-4.3"]


def test_a_folder_without_the_data_set_is_refused(tmp_path: Path) -> None:
    assert "no such folder" in refused(tmp_path / "none")
    assert "holds no folder of a person (AB01 to AB13)" in refused(tmp_path)
    (tmp_path / "AB01" / "CSV_Data").mkdir(parents=True)
    assert "walk_backward_N of AB01, but: nothing" in refused(tmp_path)
    (tmp_path / "AB01" / "CSV_Data" / "stairs_1_1_up").mkdir()
    for held in (conditions, angle_conditions):
        with pytest.raises(InputError, match=r"walk_backward_N of AB01, but: stairs_1_1_up;"):
            held(tmp_path)


def test_muscles_that_somebody_lacks_are_left_out_for_this_person_and_named(small: Path) -> None:
    change(of(small, "AB13", "Raw_EMGs.csv"), "LGRAC", None)
    change(of(small, "AB01", "Raw_EMGs.csv"), "LTA", lambda signal: np.full(len(signal), np.nan))
    for subject in ("AB01", "AB13"):
        change(of(small, subject, "Raw_EMGs.csv"), "LGMAX", None)
    human = read_emg(small, "walk", 2.0)
    assert human.muscles == tuple(SCHERPEREEL_ELECTRODES)[:-1]
    assert (
        "not measured: Tibialis Anterior (AB01), Gracilis (AB13), Gluteus Maximus (AB01, AB13)"
        in human.source
    )
    assert human.curves is not None
    assert human.trials is not None
    lacking = {(0, "Tibialis Anterior"), (1, "Gracilis")}
    for person in (0, 1):
        for place, name in enumerate(human.muscles):
            curve, trials = human.curves[person, place], human.trials[person][:, place]
            if (person, name) in lacking:
                assert np.isnan(curve).all()
                assert np.isnan(trials).all()
            else:  # still each muscle's own
                truth = ENVELOPES[SCHERPEREEL_CODES[list(SCHERPEREEL_ELECTRODES).index(name)]](PHASE)
                assert pearson(curve, truth) > 0.9
                assert np.isfinite(trials).all()
    np.testing.assert_array_equal(human.people_by_muscle, [1, 2, 2, 2, 2, 2, 1])
    change(of(small, "AB13", "Raw_EMGs.csv"), "LVL", lambda signal: np.where(signal > 1.0, np.nan, signal))
    assert "Raw_EMGs.csv: LVL:" in refused(small)


def test_a_recording_without_any_channel_is_refused(small: Path) -> None:
    for code in SCHERPEREEL_CODES:
        change(of(small, "AB13", "Raw_EMGs.csv"), f"L{code}", lambda signal: np.full(len(signal), np.nan))
    assert "Raw_EMGs.csv: every channel is NaN" in refused(small)


def test_a_dead_channel_is_flagged_and_figures_stand_with_and_without(small: Path) -> None:
    """Four people, of whom one has a constant signal and another lacks a muscle."""
    for subject in ("AB02", "AB03", "AB05"):
        shutil.copytree(small / "RawData" / "AB01", small / "RawData" / subject)
    change(of(small, "AB02", "Raw_EMGs.csv"), "LRF", lambda signal: np.full(len(signal), 0.7))
    change(of(small, "AB03", "Raw_EMGs.csv"), "LTA", None)
    human = read_emg(small, "walk", 2.0)
    assert human.flaws == {"Rectus Femoris": ("person AB02 dead",)}
    assert human.curves is not None
    assert not human.curves[1, 1].any()
    assert human.unflawed is not None
    np.testing.assert_array_equal(human.people_by_muscle, [4, 5, 5, 5, 5, 5, 5, 5])
    np.testing.assert_array_equal(human.unflawed.people_by_muscle, [4, 4, 5, 5, 5, 5, 5, 5])
    score = score_emg(None, human, np.random.default_rng(0), cycles=0, cycle_s=None, why_absent="no model")
    assert score.without_flaws is not None
    assert score.human_pairs_r is not None
    assert score.without_flaws.human_pairs_r is not None
    assert score.without_flaws.human_pairs_r > score.human_pairs_r + 0.04
    assert score.within_person_r is not None
    assert score.without_flaws.within_person_r is not None
    assert score.without_flaws.within_person_r > score.within_person_r


def test_unknown_headers_are_shown_and_can_be_named(small: Path) -> None:
    for subject in ("AB01", "AB13"):
        path = of(small, subject, "Raw_EMGs.csv")
        path.write_text(path.read_text().replace(",L", ",EMG_", 8))
    message = refused(small)
    assert "no known muscle among the headers RTA, EMG_TA, EMG_RF" in message
    assert "--human scherpereel2023=DIR,settings.toml with [electrodes]" in message
    settings = ScherpereelSettings(
        electrodes={"emg_ta": "Tibialis Anterior", "EMG_(RF|rectus)": "Rectus Femoris"}
    )
    assert read_emg(small, "walk", 2.0, settings=settings).muscles == ("Tibialis Anterior", "Rectus Femoris")
    twice = ScherpereelSettings(electrodes={"EMG_.*": "Soleus"})
    assert "several columns for Soleus: EMG_TA, EMG_RF" in refused(small, settings=twice)


def test_a_foot_without_forces_is_refused_with_the_reason(small: Path) -> None:
    right = ScherpereelSettings(side="r")
    assert "RForceY_Vertical: holds no force, so that heel strikes cannot be told" in refused(
        small, settings=right
    )
    of(small, "AB13", "GroundFrame_GRFs.csv").unlink()
    assert "normal_walk_1_0-6: has no file GroundFrame_GRFs.csv or grf.csv" in refused(small)


def test_the_threshold_is_that_of_the_persons_own_weight(small: Path) -> None:
    """Forces in another unit give the same cycles, as body weight is taken from the forces."""
    before = read_joint_angles(small, "walk", 2.0)
    for subject in ("AB01", "AB13"):
        change(of(small, subject, "GroundFrame_GRFs.csv"), "LForceY_Vertical", lambda force: force / 720.0)
    np.testing.assert_allclose(read_joint_angles(small, "walk", 2.0).mean_deg, before.mean_deg, atol=0.05)
    change(of(small, "AB01", "GroundFrame_GRFs.csv"), "LForceY_Vertical", lambda force: 0.0 * force)
    assert "AB01" in refused(small)


def test_fewer_than_three_cycles_are_refused_with_the_count(small: Path) -> None:
    change(
        of(small, "AB13", "GroundFrame_GRFs.csv"),
        "LForceY_Vertical",
        lambda force: np.where(np.arange(len(force)) < 600, force, 400.0),
    )
    assert "AB13" in refused(small)
    assert "gait cycles of usual duration" in refused(small)


def test_values_that_are_not_finite_and_gaps_are_refused(small: Path) -> None:
    def one_nan(signal: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(signal)) == 700, np.nan, signal)

    change(of(small, "AB13", "Joint_Angle.csv"), "knee_angle_l", one_nan)
    assert "Joint_Angle.csv: knee_angle_l: 1 of" in refused_angles(small)
    change(of(small, "AB01", "Raw_EMGs.csv"), "LVL", one_nan)
    assert "Raw_EMGs.csv: LVL: 1 of" in refused(small)
    change(of(small, "AB01", "Raw_EMGs.csv"), "time", lambda time: np.where(time > 12.0, time + 0.2, time))
    assert "Raw_EMGs.csv: time: is uneven" in refused(small)


def test_only_cycles_with_the_flag_of_the_activity_count(small: Path) -> None:
    whole = read_emg(small, "walk", 2.0)
    for subject in ("AB01", "AB13"):
        time = np.loadtxt(of(small, subject, "Joint_Angle.csv"), delimiter=",", skiprows=1, usecols=0)
        made_emg.write_csv(
            of(small, subject, "Activity_Flag.csv"),
            {"time": time, "left": (time > 11.0).astype(float), "right": np.zeros(len(time))},
        )
    flagged = read_emg(small, "walk", 2.0)
    assert whole.trials is not None
    assert flagged.trials is not None
    assert [len(trial) for trial in flagged.trials] == [len(trial) - 1 for trial in whole.trials]
    np.testing.assert_allclose(flagged.trials[0], whole.trials[0][1:])


def test_a_recording_of_several_speeds_is_divided_by_the_processed_data(folder: Path, tmp_path: Path) -> None:
    recording = tmp_path / "RawData" / "AB05" / "CSV_Data" / "normal_walk_1"
    strikes = write(recording, 3, cycles=10)
    assert "normal_walk_1: its name gives no speed; unpack the processed data set" in refused(tmp_path)
    for speed, first, last in (("0-6", 0, 5), ("1-8", 5, 10)):
        time = np.arange(strikes[first] - 0.05, strikes[last] + 0.05, 0.005)
        name = f"normal_walk_1_{speed}"
        made_emg.write_csv(
            tmp_path / "ProcessedData" / "AB05" / name / f"AB05_{name}_angle.csv", {"time": time, "x": time}
        )
    slow, fast = read_emg(tmp_path, "walk", 2.0), read_emg(tmp_path, "walk", 6.0)
    assert (slow.condition, fast.condition) == ("walk-2.2", "walk-6.5")
    assert slow.trials is not None
    assert fast.trials is not None
    assert len(slow.trials[0]) + len(fast.trials[0]) in (8, 9, 10)
    assert not np.allclose(slow.mean, fast.mean)
    (tmp_path / "ProcessedData" / "AB05" / "normal_walk_1_1-8" / "AB05_normal_walk_1_1-8_angle.csv").unlink()
    with pytest.raises(InputError, match=r"normal_walk_1_1-8: has no file Joint_Angle\.csv or angle\.csv"):
        read_emg(tmp_path, "walk", 6.0)


def test_joint_angles_need_the_processed_data_only(small: Path) -> None:
    before = read_joint_angles(small, "walk", 2.0)
    for subject in ("AB01", "AB13"):
        name = "normal_walk_1_0-6"
        to = small / "ProcessedData" / subject / name
        to.mkdir(parents=True)
        for ours, theirs in (("Joint_Angle", "angle"), ("GroundFrame_GRFs", "grf")):
            of(small, subject, f"{ours}.csv").rename(to / f"{subject}_{name}_{theirs}.csv")
    shutil.rmtree(small / "RawData")
    for path in (small, small / "ProcessedData"):
        after = read_joint_angles(path, "walk", 2.0)
        np.testing.assert_array_equal(after.mean_deg, before.mean_deg)
        assert after.names == before.names
        assert conditions(path) == ()
        assert angle_conditions(path) == (("walk", pytest.approx(2.16)),)
        assert "no recording has a file Raw_EMGs.csv; raw EMG is in the raw data set only" in refused(path)


def test_conditions_of_emg_are_those_whose_raw_emg_is_there(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.glob("RawData/*/CSV_Data/normal_walk_1_2-5/Raw_EMGs.csv"):
        path.unlink()
    (tmp_path / "RawData" / "AB13" / "CSV_Data" / "normal_walk_1_0-6" / "Raw_EMGs.csv").unlink()
    assert {activity for activity, _ in conditions(tmp_path)} == {"backward", "walk"}
    assert angle_conditions(tmp_path) == conditions(folder)
    assert read_emg(tmp_path, "walk", 2.0).names == ("AB01",)
    assert read_joint_angles(tmp_path, "walk", 2.0).names == ("AB01", "AB13")
    assert "has no activity 'run'; it has: walk, backward" in refused(tmp_path, "run")


def test_files_may_have_a_prefix(small: Path) -> None:
    before = read_emg(small, "walk", 2.0)
    path = of(small, "AB01", "Raw_EMGs.csv")
    path.rename(path.with_name("AB01_normal_walk_1_0-6_Raw_EMGs.csv"))
    np.testing.assert_array_equal(read_emg(small, "walk", 2.0).mean, before.mean)
    shutil.copy(path.with_name("AB01_normal_walk_1_0-6_Raw_EMGs.csv"), path)
    assert "holds 2 files Raw_EMGs" in refused(small)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"side": "x"}, "side: is 'x'; it must be l or r"),
        (
            {"electrodes": {"EMG_TA": "Tibialis"}},
            "unknown name 'Tibialis'; did you mean 'Tibialis",
        ),
        ({"electrodes": {"EMG(TA": "Soleus"}}, "electrodes: EMG(TA: is no regular expression"),
        ({"electrodes": {}}, "electrodes: is empty"),
        ({"signs": {"knee": -1.0}}, "signs: unknown name 'knee'; did you mean 'knee_angle'"),
        ({"signs": {"knee_angle": 0.0}}, "signs: knee_angle: is 0; it must be 1 or -1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        ScherpereelSettings(**wrong)


def test_headers_of_the_default_table() -> None:
    assert ELECTRODE_HEADERS["{side}MGAS"] == "Medial Gastrocnemius"
    assert len(ELECTRODE_HEADERS) == 8
    assert replace(ScherpereelSettings(), side="r").electrodes == ELECTRODE_HEADERS
