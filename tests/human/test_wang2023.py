from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.electrodes import WANG_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS, human_joint_angles
from kinesis_bench.human.wang2023 import angle_conditions, conditions, read_emg, read_joint_angles
from kinesis_bench.human.wang2023_text import WangText

PEOPLE = ("04", "05", "06")
MUSCLES = tuple(WANG_ELECTRODES)
SETTINGS = WangText()


def emg_table(person: str, speed: int) -> np.ndarray:
    """(100, 9) envelopes that close: the last row is the first."""
    rng = np.random.default_rng(100 * int(person) + speed)
    rows = rng.random((99, 9))
    return np.vstack([rows, rows[:1]])


def angle_table(person: str, samples: int) -> np.ndarray:
    """(rows, 4) of Schwartz's people with an offset a person, knee flexion negative; the last row closes."""
    curves = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9).mean_deg + 0.1 * int(person)
    curves = np.array([1.0, 1.0, -1.0, 1.0])[:, None] * curves
    phase = np.linspace(0.0, 1.0, samples)
    return np.array([np.interp(phase, np.arange(100) / 100, curve, period=1.0) for curve in curves]).T


def write(path: Path, names: tuple[str, ...], table: np.ndarray, separator: str = "\t") -> None:
    lines = [separator.join(names)] if names else []
    lines += [separator.join(repr(value) for value in row) for row in table.tolist()]
    path.write_text("\n".join(lines) + "\n")


def write_people(
    folder: Path, *, rows: int = 100, headers: bool = True, joints: tuple[str, ...] = ()
) -> Path:
    """The text layout: EMG and joint angles, and the kinds that are not read."""
    names = joints or tuple(f"{joint}_l" for joint in JOINTS)
    for person in PEOPLE:
        home = folder / f"Subj{person}"
        home.mkdir(parents=True)
        for activity, speed in (("walk", 36), ("walk", 45), ("run", 81)):
            stem = f"Subj{person}_{activity}_{speed:02d}"
            emg = emg_table(person, speed)
            if rows == 101:
                emg = np.vstack([emg[:99], emg[:1], emg[:1]])
            write(home / f"{stem}_emgAve_l.txt", MUSCLES if headers else (), emg)
            angles = angle_table(person, rows)
            write(home / f"{stem}_ikAngAve_l.txt", names if headers else (), angles)
            write(home / f"{stem}_ikAngAve_r.txt", names, -angles)
            write(home / f"{stem}_idTrqAve_l.txt", names, 10.0 * angles)
            write(home / f"{stem}_musForAve_l.txt", ("soleus_l", "tibant_l"), angles[:, :2])
    return folder


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return write_people(tmp_path / "people")


@pytest.fixture
def repacked(tmp_path: Path) -> Path:
    folder = tmp_path / "repacked" / "people"
    folder.mkdir(parents=True)
    np.save(folder / "EMG_labels.npy", np.array(["Time", *MUSCLES]))
    for person in PEOPLE:
        for speed in (36, 45):
            table = np.column_stack([np.arange(1.0, 101.0), emg_table(person, speed)])
            np.save(folder / f"EMG_subject_{person}_walk_{speed}_avg.npy", table)
            np.save(folder / f"EMG_subject_{person}_walk_{speed}_std.npy", 0.1 * table)
    return folder


def refused(folder: Path, *, what=read_emg, activity: str = "walk", settings: WangText = SETTINGS) -> str:
    with pytest.raises(InputError) as caught:
        what(folder, activity, 4.5, settings=settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_both_layouts_of_the_same_numbers_are_the_same_people(text: Path, repacked: Path) -> None:
    first, second = read_emg(text, "walk", 4.3), read_emg(repacked, "walk", 4.3)
    for field in fields(first):
        ours, theirs = getattr(first, field.name), getattr(second, field.name)
        if isinstance(ours, np.ndarray):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, err_msg=field.name)
        else:
            assert ours == theirs, field.name
    np.testing.assert_array_equal(first.curves, second.curves)
    assert (first.condition, first.names, first.muscles, first.side) == ("walk-4.5", PEOPLE, MUSCLES, "l")
    assert first.phase[-1] == 1.0


def test_real_people_in_the_text_layout_are_the_same(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "emg_wang2023"
    for path in source.glob("EMG_subject_*_walk_45_avg.npy"):
        person = path.name.split("_")[2]
        table = np.load(path, allow_pickle=False)
        write(tmp_path / f"Subj{person}_walk_45_emgAve_l.txt", ("Time", *MUSCLES), table)
    ours, theirs = read_emg(tmp_path, "walk", 4.5), read_emg(source, "walk", 4.5)
    np.testing.assert_array_equal(ours.curves, theirs.curves)
    np.testing.assert_array_equal(ours.phase, theirs.phase)
    assert ours.names == theirs.names


def test_running_is_in_the_text_files_only(text: Path, repacked: Path) -> None:
    run = read_emg(text, "run", 12.0)
    assert (run.condition, run.activity, run.speed_m_s) == ("run-8.1", "run", pytest.approx(2.25))
    np.testing.assert_array_equal(run.curves[1], emg_table("05", 81).T)
    assert "has no activity 'run'; it has: walk" in refused(repacked, activity="run")
    assert "has no activity 'backward'; it has: walk, run" in refused(text, activity="backward")
    assert "did you mean 'walk'" in refused(text, activity="walking")


def test_hundred_and_one_rows_are_whole_hundredths(tmp_path: Path) -> None:
    folder = write_people(tmp_path / "people", rows=101)
    human = read_emg(folder, "walk", 4.5)
    np.testing.assert_allclose(human.phase, np.arange(100) / 100)
    np.testing.assert_array_equal(human.curves[0, :, :99], emg_table("04", 45)[:99].T)
    angles = read_joint_angles(folder, "walk", 4.5)
    knee = -angle_table("04", 101)[:100, 2]
    np.testing.assert_allclose(angles.curves_deg[0, 2], knee)


def test_hundred_rows_of_angles_are_read_at_whole_hundredths(text: Path, tmp_path: Path) -> None:
    closed = read_joint_angles(text, "walk", 4.5)
    whole = read_joint_angles(write_people(tmp_path / "whole", rows=101), "walk", 4.5)
    np.testing.assert_allclose(closed.curves_deg, whole.curves_deg, atol=0.5)
    np.testing.assert_allclose(closed.curves_deg[..., 0], whole.curves_deg[..., 0])


@pytest.mark.parametrize("knee", [1.0, -1.0])
@pytest.mark.parametrize("unit", [1.0, np.pi / 180.0])
def test_signs_of_every_joint(tmp_path: Path, knee: float, unit: float) -> None:
    """Whatever the file's knee sign and unit: hip flexion, adduction, knee flexion, dorsiflexion positive."""
    for person in PEOPLE:
        table = unit * angle_table(person, 101) * np.array([1.0, 1.0, -knee, 1.0])
        write(tmp_path / f"Subj{person}_walk_45_ikAngAve_l.txt", JOINTS, table, ",")
    angles = read_joint_angles(tmp_path, "walk", 4.5)
    truth = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9).mean_deg
    assert angles.joints == JOINTS
    for index in range(4):
        np.testing.assert_allclose(angles.curves_deg[0, index], truth[index] + 0.4, atol=1e-9)
    assert f"knee flexion was {'positive' if knee > 0 else 'negative'}" in angles.frame
    assert ("degrees" if unit == 1.0 else "radians") in angles.frame
    assert (angles.condition, angles.activity, angles.people) == ("walk, 4.5 km/h", "walk", 3)
    assert angles.sd_deg == pytest.approx(np.full((4, 100), 0.1))


def test_knee_outside_swing_is_refused(tmp_path: Path) -> None:
    for person in PEOPLE:
        table = np.roll(angle_table(person, 101), 50, axis=0)
        write(tmp_path / f"Subj{person}_walk_45_ikAngAve_l.txt", JOINTS, table)
    assert "not in swing" in refused(tmp_path, what=read_joint_angles)


def test_people_with_different_knee_signs_are_refused(text: Path) -> None:
    table = angle_table("05", 100) * np.array([1.0, 1.0, -1.0, 1.0])
    write(text / "Subj05" / "Subj05_walk_45_ikAngAve_l.txt", JOINTS, table)
    assert re.search(r"knee_angle: reaches -\d\d° in person 0[46] and \d\d° in 05;", refused_angles(text))


def test_constant_angle_is_refused(text: Path) -> None:
    table = angle_table("05", 100)
    table[:, 3] = 2.0
    write(text / "Subj05" / "Subj05_walk_45_ikAngAve_l.txt", JOINTS, table)
    assert "people: ankle_angle: a constant curve of person 05" in refused_angles(text)


def refused_angles(folder: Path) -> str:
    return refused(folder, what=read_joint_angles)


@pytest.mark.parametrize("joint", ["hip_flexion", "hip_adduction", "ankle_angle"])
def test_a_joint_of_contrary_sign_is_refused_unless_a_setting_turns_it(tmp_path: Path, joint: str) -> None:
    turned = np.where(np.array(JOINTS) == joint, -1.0, 1.0)
    for person in PEOPLE:
        write(
            tmp_path / f"Subj{person}_walk_45_ikAngAve_l.txt", JOINTS, angle_table(person, 101) * turned, ","
        )
    assert f"{joint}: moves against the sign" in refused_angles(tmp_path)
    angles = read_joint_angles(tmp_path, "walk", 4.5, settings=WangText(signs={joint: -1.0}))
    truth = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9).mean_deg
    at = JOINTS.index(joint)
    np.testing.assert_allclose(angles.curves_deg[0, at], truth[at] + 0.4, atol=1e-9)


def test_unknown_kind_of_file_shows_what_was_found(text: Path) -> None:
    message = refused(text, settings=replace(SETTINGS, emg_stem="emg"))
    assert "SubjNN_walk_SS_emg_l.txt; the kinds found are: emgAve_l, idTrqAve_l, ikAngAve_l" in message
    for path in text.rglob("*emgAve*"):
        path.rename(path.with_name(path.name.replace("emgAve_l", "filteredEMG")))
    assert "filteredEMG" in refused(text)
    assert read_emg(text, "walk", 4.5, settings=replace(SETTINGS, emg_stem="filteredEMG")).people == 3


def test_unknown_columns_show_what_was_found(text: Path) -> None:
    found = ("SO", "GM", "GL", "TA", "SM", "BF", "VL", "RF", "VM")
    for path in text.rglob("*emgAve*"):
        path.write_text(path.read_text().replace("\t".join(MUSCLES), "\t".join(found)))
    message = refused(text)
    assert f"Soleus: no column 'Soleus'; the columns found are: {', '.join(found)}; name it in a" in message
    assert "--human wang2023=DIR,settings.toml with [electrodes]" in message
    settings = replace(SETTINGS, electrodes=dict(zip(MUSCLES, found, strict=True)))
    assert read_emg(text, "walk", 4.5, settings=settings).muscles == MUSCLES


def test_columns_are_found_whatever_their_case_and_side(text: Path) -> None:
    other = tuple(name.lower().replace(" ", "_") + "_l" for name in MUSCLES)
    for path in text.rglob("*emgAve*"):
        path.write_text(path.read_text().replace("\t".join(MUSCLES), "\t".join(other)))
    np.testing.assert_array_equal(read_emg(text, "walk", 4.5).curves[0], emg_table("04", 45).T)


def test_files_without_names_need_them_in_the_settings(tmp_path: Path) -> None:
    folder = write_people(tmp_path / "people", headers=False)
    assert "does not name its 9 columns, and the settings name 0" in refused(folder)
    order = MUSCLES[::-1]
    human = read_emg(folder, "walk", 4.5, settings=replace(SETTINGS, columns=order))
    np.testing.assert_array_equal(human.curves[0], emg_table("04", 45).T[::-1])


def test_muscle_that_one_person_lacks_was_not_measured_on_that_person(text: Path) -> None:
    path = text / "Subj05" / "Subj05_walk_45_emgAve_l.txt"
    write(path, MUSCLES[:-1], emg_table("05", 45)[:, :-1])
    human = read_emg(text, "walk", 4.5)
    assert np.isnan(human.curves[1, 8]).all()
    assert np.isfinite(human.curves[[0, 2]]).all()
    np.testing.assert_array_equal(human.people_by_muscle, [3] * 8 + [2])
    np.testing.assert_allclose(human.mean[8], human.curves[[0, 2], 8].mean(axis=0))
    for person in ("04", "06"):
        other = text / f"Subj{person}" / f"Subj{person}_walk_45_emgAve_l.txt"
        write(other, MUSCLES[:-1], emg_table(person, 45)[:, :-1])
    assert "Subj04_walk_45_emgAve_l.txt: Vastus Medial: no column 'Vastus Medial'" in refused(text)
    without = replace(SETTINGS, electrodes={name: name for name in MUSCLES[:-1]})
    assert read_emg(text, "walk", 4.5, settings=without).curves.shape == (3, 8, 100)


def test_joint_that_one_person_lacks_is_refused(text: Path) -> None:
    path = text / "Subj05" / "Subj05_walk_45_ikAngAve_l.txt"
    write(path, JOINTS[:-1], angle_table("05", 100)[:, :-1])
    message = refused_angles(text)
    assert "Subj05_walk_45_ikAngAve_l.txt: ankle_angle: no column 'ankle_angle'" in message
    assert "the columns found are: hip_flexion, hip_adduction, knee_angle;" in message


def test_persons_without_the_speed_are_left_out(text: Path) -> None:
    (text / "Subj05" / "Subj05_walk_45_emgAve_l.txt").unlink()
    assert read_emg(text, "walk", 4.5).names == ("04", "06")
    (text / "Subj06" / "Subj06_walk_45_emgAve_l.txt").unlink()
    assert "only one person at 4.5 km/h" in refused(text)


def test_unequal_lengths_are_refused(text: Path) -> None:
    path = text / "Subj05" / "Subj05_walk_45_emgAve_l.txt"
    table = emg_table("05", 45)
    write(path, MUSCLES, np.vstack([table, table[:1]]))
    assert "people differ in length: 04 has 100 rows, 05 has 101 rows, 06 has 100 rows" in refused(text)
    write(path, MUSCLES, table[:60])
    assert "Subj05_walk_45_emgAve_l.txt: holds 60 rows" in refused(text)


def test_person_who_comes_twice_is_refused(text: Path) -> None:
    path = text / "Subj05" / "Subj05_walk_45_emgAve_l.txt"
    path.with_name("Subj05_walk_45_emgAve.txt").write_text(path.read_text())
    assert "is person 05 at 4.5 km/h again" in refused(text)


@pytest.mark.parametrize(("value", "complaint"), [(np.nan, "not a number"), (np.inf, "not a number")])
def test_unusable_values_are_refused(text: Path, value: float, complaint: str) -> None:
    table = emg_table("05", 45)
    table[7, 0] = value
    write(text / "Subj05" / "Subj05_walk_45_emgAve_l.txt", MUSCLES, table)
    assert f"Soleus: {complaint}" in refused(text)


def test_dead_channel_is_flagged_and_the_person_stays(text: Path) -> None:
    table = emg_table("05", 45)
    table[:, 0] = 0.2
    write(text / "Subj05" / "Subj05_walk_45_emgAve_l.txt", MUSCLES, table)
    write(text / "Subj07_walk_45_emgAve_l.txt", MUSCLES, emg_table("07", 45))
    human = read_emg(text, "walk", 4.5)
    assert human.names == ("04", "05", "06", "07")
    assert human.flaws["Soleus"][0] == "person 05 dead"
    assert human.unflawed is not None
    np.testing.assert_array_equal(human.people_by_muscle, np.full(9, 4))
    assert human.unflawed.people_by_muscle[0] == 3


def test_angles_carry_the_names_of_the_people(text: Path) -> None:
    assert read_joint_angles(text, "walk", 4.5).names == read_emg(text, "walk", 4.5).names == PEOPLE


def test_folder_of_joint_angles_alone(text: Path, tmp_path: Path) -> None:
    for path in text.rglob("*emgAve*"):
        path.unlink()
    assert conditions(text) == ()
    assert angle_conditions(text) == (("run", 8.1), ("walk", 3.6), ("walk", 4.5))
    assert "the kinds found are: idTrqAve_l, ikAngAve_l" in refused(text)
    for path in text.rglob("*ikAngAve*"):
        path.unlink()
    with pytest.raises(InputError, match=r"the kinds found are: idTrqAve_l, musForAve_l; .*emg_stem"):
        conditions(text)


def test_joints_that_the_settings_leave_out_keep_their_columns(tmp_path: Path) -> None:
    folder = write_people(tmp_path / "people", joints=(*JOINTS[:2], "KneeFE", JOINTS[3]))
    assert "knee_angle: no column 'knee_angle'" in refused_angles(folder)
    settings = WangText(joints={"knee_angle": "KneeFE"})
    assert read_joint_angles(folder, "walk", 4.5, settings=settings).people == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"side": "left"}, "side: is 'left'; it must be l or r"),
        ({"electrodes": {"Solus": "SO"}}, "electrodes: unknown name 'Solus'; did you mean 'Soleus'"),
        ({"electrodes": {}}, "electrodes: is empty"),
        ({"joints": {"knee": "KneeFE"}}, "joints: unknown name 'knee'; did you mean 'knee_angle'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        WangText(**wrong)


def test_damaged_file_is_refused(text: Path) -> None:
    path = text / "Subj05" / "Subj05_walk_45_emgAve_l.txt"
    content = path.read_text()
    path.write_text(content[: len(content) // 2])
    assert "Subj05_walk_45_emgAve_l.txt" in refused(text)
    path.write_text("")
    assert "holds no rows of numbers" in refused(text)


def test_folders_that_hold_nothing_of_use_are_refused(tmp_path: Path, repacked: Path) -> None:
    assert "SubjNN_walk_SS_" in refused(tmp_path / "repacked")
    assert "no such folder" in refused(tmp_path / "nowhere")
    assert "the kinds found are: none" in refused_angles(repacked)
    assert "is a file, not a folder" in refused(repacked / "EMG_labels.npy")
