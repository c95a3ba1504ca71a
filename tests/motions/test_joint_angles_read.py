from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from angle_files import SPEED_M_S, in_degrees, walk, with_paths, write_mat, write_npz, write_sto
from scipy.spatial.transform import Rotation

from kinesis_bench.errors import InputError
from kinesis_bench.motions.clip import Recording
from kinesis_bench.motions.joint_angles import count_beyond, read_joint_angles
from kinesis_bench.motions.joint_angles.read import foot_skate
from kinesis_bench.motions.joint_angles.root import sole_points
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.motions.retarget import joint_angles
from kinesis_bench.motions.skeleton import KEYPOINTS, mean_skeleton


def _positions(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    rotations = Rotation.from_rotvec(recording.rotations.reshape(-1, 3))
    return mean_skeleton().forward_kinematics(rotations, recording.pelvis_position)


def _travelled(recording: Recording) -> np.ndarray:
    return recording.pelvis_position[-1] - recording.pelvis_position[0]


def test_a_walk_comes_back_as_it_was(tmp_path: Path) -> None:
    columns = walk()
    recording, report = read_joint_angles(write_sto(tmp_path / "walk.sto", columns, False))
    angles = joint_angles(recording.rotations)
    for name in ("hip_flexion_r", "knee_angle_l", "ankle_angle_r", "pelvis_tilt"):
        np.testing.assert_allclose(angles[name], columns[name], atol=1e-6)
    assert report.leg_scale == pytest.approx(1.0, abs=0.002)
    assert _travelled(recording)[0] == pytest.approx(
        columns["pelvis_tx"][-1] - columns["pelvis_tx"][0], rel=0.005
    )
    assert report.speed_m_s == pytest.approx(_travelled(recording)[0] / 1.99, rel=0.02)
    assert (recording.key, recording.fps, len(recording.source_sha256)) == ("walk", 100.0, 64)
    assert report.path == report.height == "recorded, scaled by leg length"
    assert report.sole_under_m < 0.005
    assert report.sole_over_m < 0.005
    assert report.foot_skate_m_s < 0.05  # the ankle axis is oblique


def test_units_signs_paths_and_kinds_of_file_do_not_matter(tmp_path: Path) -> None:
    columns = walk()
    negative = columns | {name: -columns[name] for name in ("knee_angle_r", "knee_angle_l")}
    first, _ = read_joint_angles(write_sto(tmp_path / "a.sto", columns, False))
    for path in (
        write_sto(tmp_path / "b.mot", in_degrees(negative), True),
        write_sto(tmp_path / "c.mot", in_degrees(negative), None),
        write_sto(tmp_path / "d.sto", with_paths(columns), False),
        write_mat(tmp_path / "e.mat", in_degrees(columns)),
        write_npz(tmp_path / "f.npz", negative),
    ):
        other, _ = read_joint_angles(path)
        np.testing.assert_allclose(other.rotations, first.rotations, atol=1e-6)
        np.testing.assert_allclose(other.pelvis_position, first.pelvis_position, atol=1e-6)


@pytest.mark.parametrize("size", [0.8, 1.25])
def test_path_and_height_are_scaled_by_leg_length(tmp_path: Path, size: float) -> None:
    columns = walk()
    hips = {name: size * columns[name] for name in ("pelvis_tx", "pelvis_ty", "pelvis_tz")}
    mean, _ = read_joint_angles(write_sto(tmp_path / "mean.sto", columns, False))
    other, report = read_joint_angles(write_sto(tmp_path / "other.sto", columns | hips, False))
    # The offset from pelvis to hips is the mean person's, hence not exact.
    assert report.leg_scale == pytest.approx(1 / size, rel=0.03)
    np.testing.assert_allclose(other.pelvis_position, mean.pelvis_position, atol=0.08)


def test_pelvis_in_place_gets_its_path_from_the_stance_foot(tmp_path: Path) -> None:
    columns = walk(4.0)
    distance = columns["pelvis_tx"][-1] - columns["pelvis_tx"][0]
    still = np.zeros_like(columns["time"])
    belt = columns | {"pelvis_tx": columns["pelvis_tx"] - SPEED_M_S * columns["time"]}
    belt["pelvis_tz"] = 0.02 * np.sin(columns["time"])
    absent = {name: values for name, values in columns.items() if name not in ("pelvis_tx", "pelvis_tz")}
    for name, given, says in (
        ("treadmill", belt, "treadmill: belt speed"),
        ("absent", absent, "from the stance foot"),
        ("constant", columns | {"pelvis_tx": still + 0.3, "pelvis_tz": still}, "from the stance foot"),
    ):
        recording, report = read_joint_angles(write_sto(tmp_path / f"{name}.sto", given, False))
        assert report.path.startswith(says)
        assert _travelled(recording)[0] == pytest.approx(distance, rel=0.06), name
        assert abs(_travelled(recording)[1]) < 0.03


def test_standing_still_stays_in_place(tmp_path: Path) -> None:
    time = np.arange(200) / 100
    columns = {"time": time} | {
        f"{name}_{side}": 0.01 * np.sin(time) + 0.05
        for name in ("hip_flexion", "knee_angle", "ankle_angle")
        for side in "rl"
    }
    recording, report = read_joint_angles(write_sto(tmp_path / "stand.sto", columns, False))
    assert np.abs(_travelled(recording)).max() < 0.02
    assert report.foot_skate_m_s < 0.02


def test_walking_turned_round_walks_the_other_way(tmp_path: Path) -> None:
    columns = {name: values for name, values in walk().items() if name not in ("pelvis_tx", "pelvis_tz")}
    turned = columns | {"pelvis_rotation": np.full_like(columns["time"], np.pi / 2)}
    recording, _ = read_joint_angles(write_sto(tmp_path / "left.sto", turned, False))
    assert _travelled(recording)[1] > 1.5  # turned left: world +y
    assert abs(_travelled(recording)[0]) < 0.05


def test_without_a_height_the_lowest_sole_is_on_the_floor(tmp_path: Path) -> None:
    columns = walk()
    for given in (
        {name: values for name, values in columns.items() if name != "pelvis_ty"},
        columns | {"pelvis_ty": np.full_like(columns["time"], 0.96)},
        columns | {"pelvis_ty": 0.03 * np.sin(columns["time"])},
    ):
        recording, report = read_joint_angles(write_sto(tmp_path / "a.sto", given, False))
        assert report.height.startswith("the lowest sole point")
        soles, pelvis = sole_points(recording.rotations)
        lowest = (soles + (recording.pelvis_position - pelvis)[:, None])[:, :, 2].min(axis=1)
        assert np.ptp(lowest) < 1e-6


def test_heights_in_millimetres_are_refused(tmp_path: Path) -> None:
    columns = walk()
    columns["pelvis_ty"] = 1000 * columns["pelvis_ty"]
    with pytest.raises(InputError, match=r"pelvis_ty: .*metres"):
        read_joint_angles(write_sto(tmp_path / "a.sto", columns, False))


def test_toes_are_kept_flat_where_there_is_no_mtp(tmp_path: Path) -> None:
    columns = walk()
    columns["ankle_angle_r"] = columns["ankle_angle_r"] - 0.5  # on tiptoe
    zero = np.zeros_like(columns["time"])
    flat, report = read_joint_angles(
        write_sto(tmp_path / "a.sto", columns | {"mtp_angle_r": zero, "mtp_angle_l": zero}, False)
    )
    assert "kept flat" in report.toes
    position, world = _positions(flat)
    skeleton = mean_skeleton()
    toe, ankle = skeleton.index("R_Toe"), skeleton.index("R_Ankle")
    on_tiptoe = (position[:, toe, 2] < 0.025) & (world[:, ankle, 2, 2] < np.sin(np.deg2rad(-20)))
    assert on_tiptoe.sum() > 50
    assert np.abs(np.rad2deg(np.arcsin(world[on_tiptoe, toe, 2, 2]))).max() < 8
    own = columns | {"mtp_angle_r": 0.2 + 0.1 * np.sin(columns["time"]), "mtp_angle_l": zero}
    recorded, report = read_joint_angles(write_sto(tmp_path / "b.sto", own, False))
    assert report.toes == "recorded (mtp)"
    np.testing.assert_allclose(joint_angles(recorded.rotations)["mtp_angle_r"], own["mtp_angle_r"], atol=1e-6)


def test_shorter_than_a_second_is_refused_and_a_second_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lasts 0\.99 s; give at least 1 s"):
        read_joint_angles(write_sto(tmp_path / "a.sto", walk(0.99), False))
    recording, report = read_joint_angles(write_sto(tmp_path / "b.sto", walk(1.0), False))
    assert (len(recording.rotations), report.duration_s) == (100, pytest.approx(1.0))


def test_a_gap_is_refused_and_uneven_times_are_made_even(tmp_path: Path) -> None:
    columns = walk()
    keep = np.ones(len(columns["time"]), bool)
    keep[50:80] = False
    with pytest.raises(InputError, match=r"time: has a gap of 0\.31 s after row 50"):
        read_joint_angles(
            write_sto(tmp_path / "a.sto", {name: values[keep] for name, values in columns.items()}, False)
        )
    keep = np.ones(len(columns["time"]), bool)
    keep[60:140:2] = False
    uneven = {name: values[keep] for name, values in columns.items()}
    recording, report = read_joint_angles(write_sto(tmp_path / "b.sto", uneven, False))
    assert (report.frames, report.fps) == (200, 100.0)
    knee = joint_angles(recording.rotations)["knee_angle_r"]
    np.testing.assert_allclose(knee, columns["knee_angle_r"], atol=0.02)


def test_rounded_times_are_taken_as_even(tmp_path: Path) -> None:
    columns = walk(fps=60.0)
    rounded = columns | {"time": np.round(columns["time"], 3)}
    recording, report = read_joint_angles(write_sto(tmp_path / "a.sto", rounded, False))
    assert report.frames == 120
    assert recording.fps == pytest.approx(60.0, rel=1e-3)
    np.testing.assert_allclose(
        joint_angles(recording.rotations)["knee_angle_r"], columns["knee_angle_r"], atol=1e-6
    )


def test_count_beyond() -> None:
    angles = {
        "knee_angle_r": np.array([-0.1, 0.0, 0.5, 2.5]),
        "ankle_angle_r": np.array([0.0, 0.1, 0.2, 0.3]),
    }
    ranges = {"knee_angle_r": (0.0, 2.0), "ankle_angle_r": (-1.0, 1.0), "hip_flexion_r": (0.0, 1.0)}
    assert count_beyond(angles, ranges) == {"knee_angle_r": 2}


def test_report_takes_the_count(tmp_path: Path) -> None:
    _, report = read_joint_angles(write_sto(tmp_path / "a.sto", walk(), False))
    assert report.angles_cut == {}
    assert report.with_angles_cut({"knee_angle_r": 3}).angles_cut == {"knee_angle_r": 3}


def test_foot_skate_is_the_speed_of_a_flat_foot() -> None:
    soles = np.zeros((50, 4, 3))
    soles[:, 2:, 2] = 0.3  # left foot in the air
    soles[:, :2, 0] = 0.002 * np.arange(50)[:, None]
    assert foot_skate(soles, 100.0) == pytest.approx(0.2)
    soles[:10, :2, 0] -= 0.1 * np.arange(10, 0, -1)[:, None]  # still moving forward as it touches down
    assert foot_skate(soles, 100.0) == pytest.approx(0.2)
    assert np.isnan(foot_skate(soles + np.array([0, 0, 1]), 100.0))


# Real recordings.

REAL = {
    # file: frames, rate [Hz], leg scale, speed on the mean skeleton [m/s], skate at most [m/s]
    "opensim/coordinates.sto": (1350, 1000.0, 0.933, 1.163, 0.10),
    "opensim/tutorial4_normal_gait.mot": (51, 50.0, 0.961, 1.276, 0.10),
    "opensim/hamner_subject02_running_ik.mot": (600, 60.0, 0.909, 3.604, 0.10),
    "falisse2019/IK_gait_1.mat": (146, 100.0, 1.003, 1.277, 0.10),
    "falisse2019/IK_average_walking_FGC.mat": (100, 95.151, 1.001, 1.317, 0.10),
    "loco_mujoco/02-constspeed_reduced_humanoid.npz": (500, 500.0, 0.968, 1.309, 0.12),
    "loco_mujoco/05-run_reduced_humanoid.npz": (500, 500.0, 0.976, 2.015, 0.20),
}


@pytest.mark.parametrize("name", REAL)
def test_real_recordings(shared: Path, name: str) -> None:
    frames, fps, scale, speed, skate = REAL[name]
    recording, report = read_joint_angles(shared / "data" / name)
    assert report.frames == frames
    assert report.fps == pytest.approx(fps, rel=1e-3)
    assert report.leg_scale == pytest.approx(scale, abs=0.01)
    assert report.speed_m_s == pytest.approx(speed, rel=0.02)
    assert report.foot_skate_m_s < skate
    assert report.sole_under_m < 0.01
    assert report.sole_over_m < 0.07
    knees = joint_angles(recording.rotations)
    assert min(knees["knee_angle_r"].max(), knees["knee_angle_l"].max()) > np.deg2rad(50)
    assert min(knees["knee_angle_r"].min(), knees["knee_angle_l"].min()) > np.deg2rad(-5)
    clip = to_clip(recording)
    assert clip.frames == int((frames - 1) / report.fps * 30 + 1e-6) + 1
    place = {keypoint: clip.keypoint_position[:, KEYPOINTS.index(keypoint)] for keypoint in KEYPOINTS}
    assert (place["head"][:, 2] > place["pelvis"][:, 2] + 0.4).all()
    assert (place["r_knee"][:, 2] < place["pelvis"][:, 2] - 0.2).all()
    assert 0.7 < place["pelvis"][:, 2].mean() < 1.0
    # The knee lies in front of the line from hip to ankle: seen along the walking direction (world x).
    for side in "rl":
        knee, ankle = place[f"{side}_knee"], place[f"{side}_ankle"]
        share = (knee[:, 2] - ankle[:, 2]) / (place["pelvis"][:, 2] - ankle[:, 2])
        line = ankle[:, 0] + share * (place["pelvis"][:, 0] - ankle[:, 0])
        assert (knee[:, 0] - line).mean() > 0.02


def test_treadmill_running_speed_is_the_published_one(shared: Path) -> None:
    # Hamner, Seth and Delp (J Biomech 43:2709, 2010): their subject ran at 3.96 m/s. No path is in the file.
    _, report = read_joint_angles(shared / "data" / "opensim" / "hamner_subject02_running_ik.mot")
    assert report.speed_m_s / report.leg_scale == pytest.approx(3.96, rel=0.01)
    assert "treadmill" in report.path
    assert report.unit.startswith("degrees (hip")


def test_half_a_cycle_and_files_of_something_else_are_refused(shared: Path) -> None:
    for name, says in (
        ("falisse2019/IK_average_running_HGC.mat", r"lasts 0\.36 s"),
        ("falisse2019/ExperimentalData.mat", "holds 0 OpenSim tables"),
        ("falisse2019/GRF_gait_1.mat", "lacks the columns hip_flexion_r"),
        ("opensim/grf_walk.mot", "lacks the columns hip_flexion_r"),
        ("opensim/electromyography.sto", "lacks the columns hip_flexion_r"),
    ):
        with pytest.raises(InputError, match=says):
            read_joint_angles(shared / "data" / name)


def _markers(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Times [s] and marker positions in the world, z up [m], of a .trc file in millimetres."""
    lines = path.read_text().splitlines()
    names = [name for name in lines[3].split("\t")[2:] if name.strip()]
    rows = [line.split("\t")[1 : 2 + 3 * len(names)] for line in lines[6:] if line.strip()]
    table = np.array([[float(cell) if cell.strip() else np.nan for cell in row] for row in rows])
    place = table[:, 1:].reshape(len(table), -1, 3) / 1000
    world = np.stack([place[..., 0], -place[..., 2], place[..., 1]], axis=-1)
    return table[:, 0], dict(zip(names, np.moveaxis(world, 1, 0), strict=True))


def test_kinematics_against_the_markers_of_the_same_walk(shared: Path) -> None:
    """Joints of the mean skeleton, scaled back to the person, move as the markers beside them did."""
    time, markers = _markers(shared / "data" / "opensim" / "markers_walk.trc")
    recording, report = read_joint_angles(shared / "data" / "opensim" / "coordinates.sto")
    position, _ = _positions(recording)
    soles, pelvis = sole_points(recording.rotations)
    soles = soles + (recording.pelvis_position - pelvis)[:, None]
    skeleton = mean_skeleton()
    at = 0.45 + np.arange(len(position)) / recording.fps
    inside = (time >= at[0]) & (time <= at[-1])
    pairs = {f"{side}.{marker}": position[:, skeleton.index(f"{side}_{joint}")]
             for side in "RL" for marker, joint in (("Ankle", "Ankle"), ("Knee", "Knee"))}  # fmt: skip
    pairs |= {"R.Heel": soles[:, 0], "R.MT5": soles[:, 1], "L.Heel": soles[:, 2], "L.MT5": soles[:, 3]}
    for name, place in pairs.items():
        ours = np.stack([np.interp(time[inside], at, axis) for axis in place.T], axis=1) / report.leg_scale
        rms_mm = 1000 * (ours - markers[name][inside]).std(axis=0)
        assert rms_mm[0] < 18, (name, rms_mm)  # they travel 1.4 to 2.1 m forward
        assert rms_mm[1] < 10, (name, rms_mm)
        assert rms_mm[2] < 14, (name, rms_mm)  # and up to 300 mm upward
