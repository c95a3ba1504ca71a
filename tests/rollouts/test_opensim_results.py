"""Results of OpenSim, Moco and SCONE become recordings with the right names, signs, units and times."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim_files as made
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.metrics.gait_events import (
    heading_rad,
    heel_strikes_from_force,
    heel_strikes_from_kinematics,
)
from kinesis_bench.rollouts.muscle_names import LEG_MUSCLES, STANDS_FOR, counterparts
from kinesis_bench.rollouts.opensim_results import _mean_over, _Signal, read_opensim_results
from kinesis_bench.rollouts.schema import FEET, Rollouts


def strikes(rollouts: Rollouts) -> np.ndarray:
    (clip,) = rollouts.clips
    assert clip.ground_force is not None
    assert rollouts.body_mass_kg is not None
    return heel_strikes_from_force(clip.ground_force[:, FEET.index("l")], clip.dt_s, rollouts.body_mass_kg)


def column(rollouts: Rollouts, array: str, name: str) -> np.ndarray:
    names = rollouts.joint_names if array == "joint_angle" else rollouts.muscle_names
    return np.asarray(getattr(rollouts.clips[0], array))[:, names.index(name)]


EXPECTED = 0.3 + 0.02 * 0.05 * 75 * 9.81 / 700 + 1.1 * np.arange(7)
"""Left heel strikes after the start, where the force passes 5 % of body weight."""


@pytest.mark.parametrize("force", ["both", "old"])
def test_scone_in_one_file(tmp_path: Path, force: str) -> None:
    rollouts = read_opensim_results(made.scone(tmp_path / "result.par.sto", made.times(), force=force))
    (clip,) = rollouts.clips
    assert (clip.dt_s, clip.frames) == (pytest.approx(0.01), 800)
    assert rollouts.body_mass_kg == pytest.approx(75.0)
    # The force rises in two samples of 10 ms, and is interpolated between them.
    np.testing.assert_allclose(strikes(rollouts), EXPECTED, atol=1e-4)
    states = made.times()[1:]
    knee = np.radians(made.cyclic(made.SCHWARTZ_DEG)(made.phase(states, "l"))[:, 2])
    np.testing.assert_allclose(column(rollouts, "joint_angle", "knee_angle_l"), knee, atol=1e-6)
    vasti = made.signals(states, made.H0918)["vasti_l"]
    for part in ("vasmed_l", "vaslat_l", "vasint_l"):
        np.testing.assert_allclose(column(rollouts, "activation", part), vasti, atol=1e-6)
    middle = made.signals(states - 0.005, made.H0918)["soleus_l"]
    np.testing.assert_allclose(column(rollouts, "excitation", "soleus_l"), middle, atol=2e-3)
    assert clip.keypoint_position is not None
    np.testing.assert_allclose(clip.keypoint_position[-1, 0], [1.25 * 8, 0, 0.95], atol=1e-6)
    assert "vasti_l" in (rollouts.attributes or {})["stands_for_several"]


def test_moco_by_paths(tmp_path: Path) -> None:
    rollouts = read_opensim_results(made.moco(tmp_path / "solution.sto", made.times(1.1, 0.02)))
    (clip,) = rollouts.clips
    assert clip.dt_s == pytest.approx(0.02)
    assert set(rollouts.muscle_names) == {f"{muscle}_{side}" for muscle in made.RAJAGOPAL for side in "rl"}
    assert clip.excitation is not None
    assert clip.activation is not None
    assert clip.ground_force is None
    assert rollouts.keypoint_names == ("pelvis", "l_ankle", "r_ankle")


def test_a_cmc_folder(tmp_path: Path) -> None:
    rollouts = read_opensim_results(made.cmc(tmp_path / "CMC", made.times()))
    (clip,) = rollouts.clips
    assert clip.key == "CMC"
    assert (rollouts.attributes or {})["files"] == (
        "walk_Kinematics_q.sto, walk_controls.sto, walk_grf.mot, walk_states.sto; "
        "passed over by their names: walk_Actuation_force.sto, walk_Kinematics_u.sto"
    )
    np.testing.assert_allclose(strikes(rollouts), EXPECTED, atol=1e-3)
    assert set(rollouts.muscle_names) == {f"{muscle}_{side}" for muscle in made.RAJAGOPAL for side in "rl"}
    hip = np.radians(made.cyclic(made.SCHWARTZ_DEG)(made.phase(made.times()[1:], "l"))[:, 0])
    np.testing.assert_allclose(column(rollouts, "joint_angle", "hip_flexion_l"), hip, atol=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "trial1_ground_reaction_force.mot",
        "walk_fast_speed.mot",
        "forces_preferred_velocity.mot",
        "plates_u.sto",
        "walk_markerless_plates.mot",
    ],
)
def test_ground_forces_are_found_under_any_name(tmp_path: Path, name: str) -> None:
    folder = made.cmc(tmp_path / "CMC", made.times())
    (folder / "walk_grf.mot").rename(folder / name)
    rollouts = read_opensim_results(folder)
    np.testing.assert_allclose(strikes(rollouts), EXPECTED, atol=1e-3)
    read, passed = (rollouts.attributes or {})["files"].split("; passed over by their names: ")
    assert name in read.split(", ")
    assert passed == "walk_Actuation_force.sto, walk_Kinematics_u.sto"


def test_coordinates_of_a_trial_at_some_speed_are_read(tmp_path: Path) -> None:
    folder = made.static_optimisation(tmp_path / "SO", made.times())
    (folder / "ik.mot").rename(folder / "subject1_preferred_speed.mot")
    rollouts = read_opensim_results(folder)
    assert column(rollouts, "joint_angle", "knee_angle_l").max() > np.radians(40)
    assert (rollouts.attributes or {})["files"].endswith(": walk_StaticOptimization_force.sto")


def test_a_file_of_velocities_gives_its_forces_alone(tmp_path: Path) -> None:
    """Its plain columns of coordinates are velocities."""
    time = made.times(1.0)
    made.write_sto(tmp_path / "a_states.sto", time, {"soleus_l.activation": 0.5 + 0 * time})
    plates = {f"ground_force_{side}_vy": 400 + 0 * time for side in "rl"}
    made.write_sto(tmp_path / "a_Kinematics_u.sto", time, {"knee_angle_l": 40 + 0 * time} | plates)
    rollouts = read_opensim_results(tmp_path)
    assert rollouts.joint_names == ()
    assert rollouts.clips[0].ground_force is not None


def test_static_optimisation_has_activation_alone(tmp_path: Path) -> None:
    rollouts = read_opensim_results(made.static_optimisation(tmp_path / "SO", made.times()))
    (clip,) = rollouts.clips
    assert clip.excitation is None
    assert clip.activation is not None
    assert clip.activation.max() <= 1
    assert column(rollouts, "joint_angle", "knee_angle_l").max() > np.radians(40)


def test_files_of_unequal_length_keep_what_they_share(tmp_path: Path) -> None:
    folder = made.cmc(tmp_path / "CMC", made.times(), force_start_s=2.005)
    rollouts = read_opensim_results(folder)
    assert rollouts.clips[0].frames == int((8 - 2.005) / 0.01)
    np.testing.assert_allclose(strikes(rollouts), EXPECTED[2:] - 2.005, atol=5e-3)


def test_a_planar_model_and_one_without_angles(tmp_path: Path) -> None:
    time = made.times(2.0)
    activation = {f"{name}.activation": values for name, values in made.signals(time, made.H0918).items()}
    planar = {name: made.coordinates(time)[name] for name in ("pelvis_tilt", "pelvis_tx", "pelvis_ty")}
    rollouts = read_opensim_results(made.write_sto(tmp_path / "planar.sto", time, planar | activation))
    quaternion = rollouts.clips[0].pelvis_quaternion
    assert quaternion is not None
    np.testing.assert_allclose(heading_rad(quaternion), 0, atol=1e-9)
    assert rollouts.joint_names == ()
    bare = read_opensim_results(made.write_sto(tmp_path / "bare.sto", time, activation)).clips[0]
    assert (bare.pelvis_quaternion, bare.keypoint_position, bare.joint_angle) == (None, None, None)


def test_pelvis_axes() -> None:
    """OpenSim's pelvis_rotation turns left about up; its tilt is backward where positive."""
    from kinesis_bench.rollouts.opensim_results import _pelvis_turn

    turn = _pelvis_turn({"pelvis_rotation": np.array([np.pi / 2]), "pelvis_tilt": np.zeros(1)}, 1)
    assert turn is not None
    np.testing.assert_allclose(turn.apply([1.0, 0, 0]), [[0, 1, 0]], atol=1e-12)
    np.testing.assert_allclose(turn.apply([0, 1.0, 0]), [[0, 0, 1]], atol=1e-12)
    leaning = _pelvis_turn({"pelvis_tilt": np.array([0.2])}, 1)
    assert leaning is not None
    assert leaning.apply([1.0, 0, 0])[0, 2] > 0
    assert isinstance(leaning, Rotation)


def test_a_real_walk_by_its_forces_and_by_its_ankles(shared: Path, tmp_path: Path) -> None:
    """Strikes from hip and knee angles lie within 15 ms of the force's, as they do for real ankles."""
    for name in ("coordinates.sto", "grf_walk.mot"):
        shutil.copy(shared / "data" / "opensim" / name, tmp_path / name)
    time = made.times(2.38)
    activation = made.signals(time, made.RAJAGOPAL)
    made.write_sto(tmp_path / "walk_StaticOptimization_activation.sto", time, activation)
    rollouts = read_opensim_results(tmp_path)
    (clip,) = rollouts.clips
    assert clip.dt_s == pytest.approx(0.01)
    assert rollouts.body_mass_kg == pytest.approx(82, abs=5)
    assert clip.ground_force is not None
    assert clip.keypoint_position is not None
    assert clip.pelvis_quaternion is not None
    pelvis, heading = clip.keypoint_position[:, 0], heading_rad(clip.pelvis_quaternion)
    assert np.linalg.norm(pelvis[-1] - pelvis[0]) / (clip.frames * clip.dt_s) == pytest.approx(1.24, abs=0.03)
    for side in "lr":
        force = clip.ground_force[:, FEET.index(side)]
        by_force = heel_strikes_from_force(force, clip.dt_s, float(rollouts.body_mass_kg or 0))
        ankle = clip.keypoint_position[:, rollouts.keypoint_names.index(f"{side}_ankle")]
        by_ankle = heel_strikes_from_kinematics(ankle, pelvis, heading, clip.dt_s)
        assert len(by_force) == len(by_ankle) == 1
        assert by_ankle[0] == pytest.approx(by_force[0], abs=0.015)


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 60), st.floats(0.004, 0.2), st.integers(0, 10**6))
def test_means_over_steps_keep_the_whole(rows: int, step: float, seed: int) -> None:
    """The mean over all steps is the mean of the signal, however uneven its times."""
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(0.001, 0.05, rows))
    signal = _Signal(time, rng.random(rows), "")
    edges = np.linspace(time[0], time[-1], max(2, round((time[-1] - time[0]) / step)) + 1)
    whole = np.trapezoid(signal.values, time) / (time[-1] - time[0])
    assert _mean_over(signal, edges).mean() == pytest.approx(whole)


def test_a_burst_at_1000_hz_keeps_its_size(tmp_path: Path) -> None:
    time = made.times(1.0, 0.001)
    burst = np.where((time > 0.5) & (time < 0.502), 1.0, 0.0)
    path = made.write_sto(tmp_path / "fast.sto", time, {"soleus_l.excitation": burst})
    clip = read_opensim_results(path).clips[0]
    assert clip.dt_s == 0.005
    assert clip.excitation is not None
    assert clip.excitation.sum() * clip.dt_s == pytest.approx(np.trapezoid(burst, time))


def test_every_name_leads_to_a_muscle_of_the_body() -> None:
    assert load_body("legs").muscles == tuple(f"{name}_{side}" for side in "rl" for name in LEG_MUSCLES)
    assert {part for parts in STANDS_FOR.values() for part in parts} == set(LEG_MUSCLES)


def test_a_muscle_by_itself_goes_before_one_for_several() -> None:
    found = counterparts(["vasti_l", "vas_lat_l", "pect_l", "odd"])
    assert found == {
        "vaslat_l": "vas_lat_l",
        "pect_l": "pect_l",
        "odd": "odd",
        "vasint_l": "vasti_l",
        "vasmed_l": "vasti_l",
    }


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    time = made.times(1.0)
    half, walk = 0.5 + 0 * time, made.coordinates(time)

    def refused(columns: dict[str, np.ndarray], match: str, **options: str) -> None:
        path = made.write_sto(tmp_path / "x.sto", time, columns, **options)
        with pytest.raises(InputError, match=match):
            read_opensim_results(path)

    refused({"soleous_l.excitation": half}, r"unknown muscle 'soleous_l'; did you mean soleus_l\?")
    refused(walk, r"holds no signal of a muscle that is known \(columns pelvis_tilt")
    refused({"soleus_l": half}, "holds no signal of a muscle")
    refused(
        {"soleus_l.excitation": 50 * half},
        r"soleus_l: excitation goes from 25 to 25; give excitation from 0 to 1",
    )
    refused({"soleus_l.activation": np.where(time == 0.5, np.nan, 0.5)}, "soleus_l: holds NaN in row 51")
    broken = walk | {"hip_flexion_r": np.where(time == 0.5, np.nan, 0.5), "soleus_l.activation": half}
    refused(broken, "hip_flexion_r: holds NaN in row 51")
    muscle = {"soleus_l.activation": half}
    refused(walk | {"knee_angle_l": -walk["knee_angle_l"]} | muscle, "bends the other way on the left")
    turned = walk | {"hip_flexion_r": np.degrees(walk["hip_flexion_r"])}
    refused(turned | muscle, "says radians, but hip_flexion_r reaches")
    refused({"/jointset/hip_r/hip_flexion_r/value": half, "hip_flexion_r": half} | muscle, "comes twice")
    late = np.append(time[:-1], 1e12)
    path = made.write_sto(tmp_path / "x.sto", late, {"soleus_l.activation": half})
    with pytest.raises(InputError, match=r"its clock runs from 0 to 1e\+12 s in steps of 0\.01 s"):
        read_opensim_results(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no \.sto or \.mot"):
        read_opensim_results(tmp_path / "empty")


def test_degrees_without_a_header_are_told_by_their_size(tmp_path: Path) -> None:
    time = made.times(2.0)
    angles = {n: v if n.startswith("pelvis_t") else np.degrees(v) for n, v in made.coordinates(time).items()}
    muscle = {"soleus_l.activation": 0.5 + 0 * time}
    path = made.write_sto(
        tmp_path / "x.sto", time, angles | {"pelvis_tilt": -5.7 + 0 * time} | muscle, degrees=""
    )
    knee = column(read_opensim_results(path), "joint_angle", "knee_angle_l")
    assert 0.9 < knee.max() < 1.3


def test_the_pelvis_tells_the_unit_too(tmp_path: Path) -> None:
    """A tilt of -8 is degrees, whatever else there is; small angles of a pelvis alone tell nothing."""
    time = made.times(1.0)
    still = 0 * time
    muscle = {"soleus_l.activation": 0.5 + still}

    def read(degrees: str = "", **angles: float) -> Rollouts:
        columns = {name: value + still for name, value in angles.items()} | muscle
        return read_opensim_results(made.write_sto(tmp_path / "x.sto", time, columns, degrees=degrees))

    def tilt_deg(rollouts: Rollouts) -> float:
        turn = Rotation.from_quat(np.asarray(rollouts.clips[0].pelvis_quaternion), scalar_first=True)
        return float(np.degrees(np.arcsin(turn.apply([1.0, 0, 0])[0, 2])))

    assert tilt_deg(read(pelvis_tilt=-8.0)) == pytest.approx(-8)
    assert tilt_deg(read(pelvis_tilt=-8.0, pelvis_rotation=2.0)) == pytest.approx(-8, abs=0.01)
    assert tilt_deg(read(pelvis_tilt=-0.14, hip_flexion_l=0.3)) == pytest.approx(np.degrees(-0.14))
    assert tilt_deg(read("no", pelvis_tilt=-0.14)) == pytest.approx(np.degrees(-0.14))
    assert tilt_deg(read("yes", pelvis_tilt=-2.0)) == pytest.approx(-2)
    assert tilt_deg(read(pelvis_tilt=0.0, pelvis_list=0.0)) == pytest.approx(0)
    # Whole turns are no sign of degrees; the turn is about the axis that the tilt has moved.
    turned = np.degrees(np.arcsin(np.sin(0.1) * np.cos(7.0)))
    assert tilt_deg(read("no", pelvis_rotation=7.0, pelvis_tilt=0.1)) == pytest.approx(turned)
    assert tilt_deg(read(pelvis_rotation=7.0, pelvis_tilt=0.1, knee_angle_l=1.0)) == pytest.approx(turned)
    assert column(read(lumbar_extension=-12.0), "joint_angle", "lumbar_extension")[0] == pytest.approx(
        np.radians(-12)
    )
    for angles in ({"pelvis_tilt": -0.14}, {"pelvis_tilt": 2.0, "pelvis_rotation": 90.0}):
        problem = r"x\.sto: inDegrees: is not stated, and pelvis_tilt.* may be degrees or radians"
        with pytest.raises(InputError, match=rf"{problem} .*; add the line inDegrees=yes"):
            read(**angles)


def test_files_of_different_trials_are_refused(tmp_path: Path) -> None:
    time = made.times(2.0)
    folder = made.static_optimisation(tmp_path / "SO", time)
    made.write_sto(folder / "other.mot", time, {"hip_flexion_r": 0.4 + 0 * time})
    with pytest.raises(
        InputError, match=r"other\.mot: hip_flexion_r: differs from the hip_flexion_r of ik\.mot"
    ):
        read_opensim_results(folder)
    (folder / "other.mot").unlink()
    made.write_sto(
        folder / "grf.mot", time + 5, {"ground_force_r_vy": 0 * time, "ground_force_l_vy": 0 * time}
    )
    with pytest.raises(InputError, match=r"no time in common .*grf\.mot 5\.00 to 7\.00 s"):
        read_opensim_results(folder)


def test_signals_of_different_muscles_are_refused(tmp_path: Path) -> None:
    time = made.times(1.0)
    made.write_sto(tmp_path / "a_controls.sto", time, {"edl_r.excitation": 0.5 + 0 * time})
    made.write_sto(tmp_path / "a_states.sto", time, {"soleus_r.activation": 0.5 + 0 * time})
    with pytest.raises(InputError, match="excitations and activations are of different muscles"):
        read_opensim_results(tmp_path)


@pytest.mark.parametrize(
    ("right", "left"),
    [
        ("ground_force_r_vy", "ground_force_l_vy"),
        ("ground_force_right_vy", "ground_force_left_vy"),
        ("ground_force_calcn_r_vy", "ground_force_calcn_l_vy"),
        ("R_ground_force_vy", "L_ground_force_vy"),
        ("ground_force_vy", "1_ground_force_vy"),
        ("ground_force_vy", "l_ground_force_vy"),
        ("Leg1_r.grf_y", "Leg0_l.grf_y"),
    ],
)
def test_names_of_the_feet(tmp_path: Path, right: str, left: str) -> None:
    time = made.times(1.0)
    columns = {left: 700 + 0 * time, right: 300 + 0 * time, "soleus_l.activation": 0.5 + 0 * time}
    force = read_opensim_results(made.write_sto(tmp_path / "x.sto", time, columns)).clips[0].ground_force
    assert force is not None
    np.testing.assert_allclose(force[0], [300, 700])


def test_feet_that_never_load_give_no_forces(tmp_path: Path) -> None:
    time = made.times(1.0)
    columns = {f"ground_force_{side}_vy": 0 * time for side in "rl"} | {"soleus_l.activation": 0.5 + 0 * time}
    rollouts = read_opensim_results(made.write_sto(tmp_path / "x.sto", time, columns))
    assert rollouts.clips[0].ground_force is None
    assert rollouts.body_mass_kg is None
    assert replace(rollouts, clips=()).keypoint_names == ()
