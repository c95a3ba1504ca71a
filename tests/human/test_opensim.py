from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.electrodes import OPENSIM_COLUMNS, OPENSIM_ELECTRODES
from kinesis_bench.human.joint_angles import JOINTS, human_joint_angles
from kinesis_bench.human.opensim import OpenSimWalk, read_emg, read_joint_angles
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import pearson

STRIDE_S = 1.1
STRIKES_S = 0.3 + STRIDE_S * np.arange(5)
"""Of the right foot; the left one strikes half a stride later."""

SPEED_M_S = 1.2
RATE_HZ = 500.0
FILES = OpenSimWalk()


def sto(path: Path, names: list[str], time_s: np.ndarray, columns: np.ndarray, degrees: str = "no") -> None:
    lines = [path.stem, "version=1", f"nRows={len(time_s)}", f"nColumns={1 + len(names)}"]
    lines += [f"inDegrees={degrees}", "endheader", "\t".join(["time", *names])]
    lines += ["\t".join(f"{v:.10g}" for v in row) for row in np.column_stack([time_s, columns])]
    path.write_text("\n".join(lines) + "\n")


def envelope(muscle: int, phase: np.ndarray) -> np.ndarray:
    return 0.2 + np.exp(2.0 * np.cos(2.0 * np.pi * (phase - 0.09 * muscle)))


def force_n(phase: np.ndarray) -> np.ndarray:
    """800 N over the first 60 % of the cycle, with ramps of 1 % of it."""
    return 800.0 * np.clip(phase / 0.01, 0.0, 1.0) * np.clip((0.6 - phase) / 0.01, 0.0, 1.0)


def write_walk(
    folder: Path, *, end_s: float = 4.9, knee: float = 1.0, from_s: float = 0.0, until_s: float = 4.9
) -> Path:
    time = np.arange(0.0, end_s, 1.0 / RATE_HZ)
    phase = (time - STRIKES_S[0]) / STRIDE_S
    emg = np.column_stack([envelope(m, phase) for m in range(len(OPENSIM_COLUMNS))])
    sto(folder / FILES.emg, list(OPENSIM_COLUMNS), time, emg)
    feet = (phase, phase - 0.5)
    forces = np.column_stack([(foot > -0.05) * force_n(foot % 1.0) for foot in feet])
    sto(folder / FILES.forces, ["ground_force_r_vy", "ground_force_l_vy"], time, forces)
    time = np.arange(from_s, until_s, 0.01)
    truth = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9).mean_deg
    signs = (1.0, 1.0, knee, 1.0)
    names, columns = ["/jointset/ground_pelvis/pelvis_tx/value"], [SPEED_M_S * time]
    for side, shift in (("r", 0.0), ("l", 0.5)):
        at = ((time - STRIKES_S[0]) / STRIDE_S - shift) % 1.0
        for joint, curve, sign in zip(JOINTS, truth, signs, strict=True):
            names.append(f"/jointset/some_joint_{side}/{joint}_{side}/value")
            columns.append(np.radians(sign * np.interp(at, np.arange(100) / 100, curve, period=1.0)))
    sto(folder / FILES.coordinates, names, time, np.column_stack(columns))
    return folder


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    return write_walk(tmp_path)


def refused(folder: Path, what=read_emg, activity: str = "walk", **settings) -> str:
    with pytest.raises(InputError) as caught:
        what(folder, activity, 4.5, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_real_walk_holds_one_cycle_of_the_right_leg(shared: Path) -> None:
    folder = shared / "data" / "opensim"
    human = read_emg(folder, "walk", 5.0)
    assert (human.condition, human.people, human.side) == ("walk-4.5", 1, "r")
    assert human.speed_m_s == pytest.approx(1.2426, abs=1e-3)
    assert human.muscles == tuple(OPENSIM_ELECTRODES)
    assert "1 gait cycle," in human.source
    assert human.names == read_joint_angles(folder, "walk", 5.0).names == ("opensim",)
    assert human.trials is None
    table = np.loadtxt(folder / FILES.emg, skiprows=7)
    at = 0.2773 + 1.1445 * np.arange(100) / 100
    np.testing.assert_allclose(human.curves[0, 0], np.interp(at, table[:, 0], table[:, 1]), atol=0.02)
    assert 35 < np.argmax(human.curves[0, 0]) < 65  # soleus before toe-off: the electrodes' leg is the right
    assert "1 gait cycles of the right leg between strikes on force plates, 3 are needed" in refused(
        folder, settings=replace(FILES, min_cycles=3)
    )


def test_real_walk_holds_no_cycle_of_the_left_leg(shared: Path) -> None:
    folder = shared / "data" / "opensim"
    left = replace(FILES, side="l")
    assert "0 gait cycles of the left leg" in refused(folder, settings=left)
    assert "1 strikes of the left foot" in refused(folder, read_joint_angles, settings=left)


def test_signs_of_every_joint_of_the_real_walk(shared: Path) -> None:
    angles = read_joint_angles(shared / "data" / "opensim", "walk", 4.5)
    assert (angles.people, angles.side, angles.joints) == (1, "r", JOINTS)
    hip, adduction, knee, ankle = angles.mean_deg
    assert hip[0] > 15
    assert 45 < np.argmin(hip) < 60
    assert adduction[10:30].mean() > 2
    assert adduction[60:75].mean() < -3
    assert 55 < knee.max() < 75
    assert 65 < np.argmax(knee) < 78
    assert ankle[58:72].min() < -10
    assert ankle[35:55].max() > 8
    assert "radians in the file; knee flexion was positive" in angles.frame
    ring = np.concatenate((angles.mean_deg, angles.mean_deg[:, :1]), axis=1)
    assert np.abs(np.diff(ring, axis=1)).max() < 5.0  # no seam
    for ours, schwartz in zip(
        angles.mean_deg, human_joint_angles("gait_walk_schwartz2008", 1.24, 0.9).mean_deg, strict=True
    ):
        assert pearson(ours, schwartz) > 0.8


@pytest.mark.parametrize(
    ("electrode", "name", "at_zero"),
    [
        ("Soleus", "Soleus", 0.37),
        ("Gastrocnemius", "Medial Gastrocnemius", 0.77),
        ("Vastus Medial", "Vastus Medial", 0.80),
        ("Rectus Femoris", "Rectus Femoris", -0.08),
    ],
)
def test_real_walk_agrees_with_wangs_nine_once_shifted(
    shared: Path, electrode: str, name: str, at_zero: float
) -> None:
    human, wang = read_emg(shared / "data" / "opensim", "walk", 4.5), human_emg("emg_walk_wang2023", 4.5)
    ours = human.mean[human.muscles.index(electrode)]
    theirs = wang.mean[wang.muscles.index(name)]
    r = [
        pearson(np.interp(wang.phase + lag / 100, human.phase, ours, period=1.0), theirs)
        for lag in range(-20, 21)
    ]
    assert r[20] == pytest.approx(at_zero, abs=0.006)
    assert max(r) > 0.6
    assert 5 <= int(np.argmax(r)) - 20 <= 13


def test_cycles_run_from_strike_to_strike(walk: Path) -> None:
    human = read_emg(walk, "walk", 4.5)
    assert (human.condition, human.speed_m_s) == ("walk-4.3", pytest.approx(SPEED_M_S))
    late = 0.05 / 1.1 * 0.01  # 5 % of body weight, 800/1.1 N, on the way up the ramp
    truth = [envelope(m, human.phase + late) for m in range(len(OPENSIM_COLUMNS))]
    np.testing.assert_allclose(human.curves[0], truth, atol=0.005)
    assert human.trials is not None
    assert human.trials[0].shape == (4, 10, 100)
    assert "4 gait cycles" in human.source
    assert read_emg(walk, "walk", 4.5, settings=replace(FILES, min_cycles=4)).people == 1
    assert "4 gait cycles of the right leg between strikes on force plates, 5 are needed" in refused(
        walk, settings=replace(FILES, min_cycles=5)
    )


def test_the_other_leg(walk: Path) -> None:
    left = replace(FILES, side="l")
    right, other = read_joint_angles(walk, "walk", 4.5), read_joint_angles(walk, "walk", 4.5, settings=left)
    np.testing.assert_allclose(other.mean_deg, right.mean_deg, atol=0.3)
    assert other.side == read_emg(walk, "walk", 4.5, settings=left).side == "l"
    assert "left foot" in other.cycle_zero
    with pytest.raises(InputError, match="side: is 'left'; it must be l or r"):
        OpenSimWalk(side="left")
    with pytest.raises(InputError, match="min_cycles: is 0; it must be 1 or more"):
        OpenSimWalk(min_cycles=0)


@pytest.mark.parametrize("knee", [1.0, -1.0])
@pytest.mark.parametrize(("from_s", "until_s"), [(0.0, 4.9), (0.9, 2.05), (3.0, 4.9), (0.0, 1.3)])
def test_signs_of_every_joint(tmp_path: Path, knee: float, from_s: float, until_s: float) -> None:
    """Whatever the knee's sign, and wherever the angles were recorded."""
    folder = write_walk(tmp_path, knee=knee, from_s=from_s, until_s=until_s)
    angles = read_joint_angles(folder, "walk", 4.5)
    truth = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9).mean_deg
    np.testing.assert_allclose(angles.mean_deg, truth, atol=1.5)
    assert np.abs(angles.mean_deg - truth).mean() < 0.6
    assert f"knee flexion was {'positive' if knee > 0 else 'negative'}" in angles.frame
    assert angles.condition == "walk, 4.3 km/h"


def test_angles_of_less_than_a_cycle_are_refused(tmp_path: Path) -> None:
    folder = write_walk(tmp_path, from_s=1.0, until_s=2.0)
    assert "covers 0.99 s, less than a gait cycle of 1.10 s" in refused(folder, read_joint_angles)


def test_fewer_cycles_of_emg_than_of_forces_are_counted(walk: Path) -> None:
    time = np.arange(0.0, 2.6, 0.001)
    phase = (time - STRIKES_S[0]) / STRIDE_S
    emg = np.column_stack([envelope(m, phase) for m in range(len(OPENSIM_COLUMNS))])
    sto(walk / FILES.emg, list(OPENSIM_COLUMNS), time, emg)
    assert "2 gait cycles" in read_emg(walk, "walk", 4.5).source


def test_other_activities_are_refused(walk: Path) -> None:
    assert "has no activity 'run'; it has: walk" in refused(walk, activity="run")
    assert "has no activity 'backward'" in refused(walk, read_joint_angles, "backward")


def test_treadmill_is_refused(walk: Path) -> None:
    path = walk / FILES.coordinates
    lines = path.read_text().splitlines()
    rows = [line.split("\t") for line in lines[7:]]
    path.write_text("\n".join(lines[:7] + ["\t".join([r[0], "0.1", *r[2:]]) for r in rows]) + "\n")
    assert "the pelvis moves forward at 0.00 m/s" in refused(walk)


def test_missing_files_and_columns_are_refused(walk: Path) -> None:
    message = refused(walk, settings=replace(FILES, emg="other.sto"))
    assert "other.sto: no such file; name the file in a settings file: --human opensim=DIR" in message
    assert "no such folder" in refused(walk / "nowhere")
    path = walk / FILES.emg
    content = path.read_text()
    path.write_text(content.replace("tibialis_anterior", "TA"))
    assert "no column 'tibialis_anterior', but: soleus, gastrocnemius, TA" in refused(walk)
    path.write_text(content[: len(content) // 2])
    assert FILES.emg in refused(walk)
    path.write_text(content)
    path = walk / FILES.forces
    path.write_text(path.read_text().replace("ground_force_r_vy", "Fz1"))
    assert "no column 'ground_force_r_vy', but: Fz1, ground_force_l_vy" in refused(walk)


def test_unusable_values_are_refused(walk: Path) -> None:
    time = np.arange(0.0, 4.9, 0.002)
    flat = np.ones((len(time), len(OPENSIM_COLUMNS)))
    sto(walk / FILES.emg, list(OPENSIM_COLUMNS), time, flat)
    assert "soleus: a constant curve" in refused(walk)
    flat[5, 3] = np.nan
    sto(walk / FILES.emg, list(OPENSIM_COLUMNS), time, flat)
    assert "medial_hamstrings: not a number" in refused(walk)
    time[1:] += 0.001 * np.arange(len(time) - 1)
    sto(walk / FILES.emg, list(OPENSIM_COLUMNS), time**1.01, np.nan_to_num(flat))
    assert "time: is not evenly spaced" in refused(walk)
    sto(
        walk / FILES.forces,
        ["ground_force_r_vy", "ground_force_l_vy"],
        np.arange(0.0, 4.9, 0.002),
        np.zeros((2450, 2)),
    )
    assert "ground_force_r_vy: never above zero" in refused(walk, read_joint_angles)
