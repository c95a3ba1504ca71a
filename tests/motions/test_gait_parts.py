"""Feet that roll, legs that reach, cycles that close, paths that go where they should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.gait.balance import MASS_HEIGHT_M, lean
from kinesis_bench.motions.gait.cycle import BODY_CURVES, LEG_CURVES, bridge
from kinesis_bench.motions.gait.feet import Steps, move_foot
from kinesis_bench.motions.gait.geometry import leg, leg_length, mean_leg, reach, rocker, sole_height
from kinesis_bench.motions.gait.legs import SOFT_M, solve_leg
from kinesis_bench.motions.gait.path import DT_S, MARGIN_S, Course, walk
from kinesis_bench.motions.gait.pose import Style, pose
from kinesis_bench.motions.gait.speeds import run_bank, walk_bank
from kinesis_bench.motions.gait.tables import PHASES, winter_table
from kinesis_bench.motions.retarget import joint_angles

CLIP = np.arange(round(MARGIN_S / DT_S), round(7.0 / DT_S))


def test_leg_length_is_hip_to_sole() -> None:
    assert leg_length() == pytest.approx(0.856, abs=0.001)
    total = {side: leg(side).thigh + leg(side).shank + leg(side).sole for side in ("r", "l")}
    assert total["r"] == pytest.approx(total["l"], abs=0.001)


def test_a_rolling_foot_stands_still_where_it_touches() -> None:
    limb = mean_leg()
    for pitch, arm in ((np.radians([5.0, 20.0]), 0.05), (np.radians([-3.0, -3.1]), -limb.ball)):
        forward, height = rocker(pitch, limb)
        touching = np.array([-arm, -limb.sole])
        for angle, x, z in zip(pitch, forward, height, strict=True):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            place = turn @ touching + (x, z)
            assert place == pytest.approx([-arm, 0.0], abs=2e-4)
    forward, height = rocker(np.array([0.0, -1.0]), limb)
    assert forward[0] == 0.0
    assert height[0] == pytest.approx(limb.sole)
    assert height[1] > limb.sole + 0.05
    assert sole_height(height, np.array([0.0, -1.0]), limb) == pytest.approx([0.0, 0.0])


@pytest.mark.parametrize("side", ["r", "l"])
def test_the_leg_puts_the_ankle_where_it_belongs(side: str) -> None:
    rng = np.random.default_rng(1)
    limb = leg(side)
    mirror = -1.0 if side == "l" else 1.0
    flexion, adduction = rng.uniform(-0.4, 0.7, 200), rng.uniform(-0.3, 0.3, 200)
    rotation, knee = rng.uniform(-0.5, 0.5, 200), rng.uniform(0.35, 1.8, 200)
    hip = Rotation.from_euler("ZXY", np.stack([flexion, mirror * adduction, mirror * rotation], axis=1))
    down = np.array([0.0, -1.0, 0.0])
    target = hip.apply(limb.thigh * down) + limb.shank * (
        hip * Rotation.from_rotvec(-knee[:, None] * (0.0, 0.0, 1.0))
    ).apply(down)
    solved = solve_leg(target, rotation, side)
    for value, wanted in zip(solved, (flexion, adduction, knee), strict=True):
        assert value == pytest.approx(wanted, abs=0.01)


def test_a_leg_asked_too_far_stretches_smoothly() -> None:
    limb = leg("r")
    away = np.linspace(0.70, 0.85, 400)
    target = np.stack([0 * away, -away, 0 * away], axis=1)
    _, _, knee = solve_leg(target, np.zeros(400), "r")
    assert np.all(knee >= 0)
    assert np.all(np.diff(knee) <= 1e-12)
    within = away < limb.thigh + limb.shank - 6 * SOFT_M
    assert reach(limb.thigh, limb.shank, knee[within]) == pytest.approx(away[within], abs=1e-4)


def test_bridge_meets_its_ends() -> None:
    x = np.array([0.0, 1e-6, 1.0 - 1e-6, 1.0])
    y = bridge(x, np.array([2.0, -1.0]), np.array([3.0, 0.5]))
    assert y[[0, 3]] == pytest.approx([2.0, -1.0])
    assert [(y[1] - y[0]) / 1e-6, (y[3] - y[2]) / 1e-6] == pytest.approx([3.0, 0.5], abs=1e-3)


def test_reading_between_rows_has_no_kink_in_speed() -> None:
    bank = walk_bank()
    speed = np.linspace(-0.02, 2.2, 4441)
    stride = bank.scalar("stride_hz", speed)
    second = np.diff(stride, 2) / (speed[1] - speed[0]) ** 2
    assert np.abs(second).max() < 50.0
    weights = bank.scalar("speed", speed)
    assert weights == pytest.approx(speed, abs=0.02)


@pytest.mark.parametrize("bank", [walk_bank(), run_bank()], ids=["walk", "run"])
def test_rows_are_periodic_and_rise_in_speed(bank) -> None:
    assert np.all(np.diff(bank.speeds) > 0)
    speed = np.full(2, bank.speeds[2])
    for name in BODY_CURVES:
        ends = bank.body(name, speed, np.array([0.0, 1.0]))
        assert ends[0] == pytest.approx(ends[1])
    for name in LEG_CURVES:
        phases = bank.leg(name, speed, np.array([0.0, 2.0 - 1e-9]))
        assert phases[0] == pytest.approx(phases[1], abs=1e-3)


def test_the_bank_gives_the_tables_back_at_their_speeds() -> None:
    bank = walk_bank()
    for row in bank.rows:
        speed, duty = row.scalars["speed"], row.scalars["duty"]
        event = np.where(duty > PHASES, PHASES / duty, 1 + (PHASES - duty) / (1 - duty))
        assert bank.leg("knee_angle", np.full(100, speed), event) == pytest.approx(row.curves["knee_angle"])
        assert bank.scalar("stride_hz", speed)[0] == pytest.approx(row.scalars["stride_hz"])


def test_vertical_movement_is_a_walkers_and_grows_with_speed() -> None:
    """Centre of mass: 2.7 cm at 0.7 m/s, 4.8 cm at 1.6 m/s (Orendurff et al. 2004), SD about 0.9 cm."""
    rise = {row.scalars["speed"]: np.ptp(row.curves["height"]) for row in walk_bank().rows}
    speeds = sorted(rise)
    assert np.all(np.diff([rise[speed] for speed in speeds]) >= -0.002)
    assert np.interp(0.7, speeds, [rise[speed] for speed in speeds]) == pytest.approx(0.027, abs=0.01)
    assert np.interp(1.6, speeds, [rise[speed] for speed in speeds]) == pytest.approx(0.048, abs=0.015)


def test_running_falls_freely_between_contacts() -> None:
    bank = run_bank()
    row = bank.rows[3]
    duty, stride_s = row.scalars["duty"], 1 / row.scalars["stride_hz"]
    assert duty < 0.4
    phase = np.linspace(duty + 0.03, 0.47, 40)
    height = bank.body("height", np.full(40, bank.speeds[3]), phase)
    gravity = np.polyfit((phase - phase[0]) * stride_s, height, 2)[0] * 2
    assert gravity == pytest.approx(-9.81 * 0.9, rel=0.15)


def test_nobody_leans_on_a_straight_way_at_constant_speed() -> None:
    assert lean(walk(Course(5.0, 1.2), walk_bank())) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_on_an_arc_the_body_leans_inward_by_the_pendulum_s_angle(side: float) -> None:
    """d = h v² / (g r) on a circle that the mass itself walks: h / (g r) (v (r - d) / r)² = d, by hand."""
    speed, radius = 1.2, 1.5
    path = walk(Course(5.0, speed, radius_m=radius, side=side), walk_bank())
    inner = lean(path)[CLIP] + path.position[CLIP] - (0.0, side * radius)
    pendulum = MASS_HEIGHT_M / 9.81
    walked = radius / (1 + pendulum * (speed / radius) ** 2)
    assert np.linalg.norm(inner, axis=1) == pytest.approx(np.full(len(CLIP), walked), abs=2e-3)
    assert radius - walked == pytest.approx(pendulum * (speed * walked / radius) ** 2 / walked, abs=1e-6)


@pytest.mark.parametrize("course", [Course(6.0, 1.6, start_s=1.0), Course(6.0, 1.2, stop_s=4.0)])
def test_the_ground_carries_the_leaning_body_on_its_path(course: Course) -> None:
    """The zero-moment point m - (h / g) m'' of the shifted mass m is the path, by finite differences."""
    path = walk(course, walk_bank())
    mass = path.position + lean(path)
    force = mass - MASS_HEIGHT_M / 9.81 * np.gradient(np.gradient(mass, DT_S, axis=0), DT_S, axis=0)
    assert force[CLIP] == pytest.approx(path.position[CLIP], abs=2e-3)
    ahead = lean(path)[CLIP, 0]
    assert (ahead.max() > 0.05) == (course.start_s is not None)
    assert (ahead.min() < -0.05) == (course.stop_s is not None)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_arcs_have_their_radius_and_turns_their_angle(side: float) -> None:
    bank = walk_bank()
    arc = walk(Course(5.0, 1.2, radius_m=1.5, side=side), bank)
    centre = np.array([0.0, side * 1.5])
    assert np.linalg.norm(arc.position - centre, axis=1) == pytest.approx(
        np.full(len(arc.time), 1.5), abs=1e-3
    )
    turn = walk(Course(8.0, 1.0, turn_rad=np.pi, turn_from_s=2.0, turn_to_s=5.0, side=side), bank)
    assert turn.heading[-1] - turn.heading[0] == pytest.approx(side * np.pi, abs=1e-3)
    assert turn.speed.min() < 0.15


def test_a_clip_that_stops_stands_on_both_feet_side_by_side() -> None:
    bank = walk_bank()
    path = walk(Course(6.0, 1.2, start_s=0.6, stop_s=5.0), bank)
    feet = {side: move_foot(path, bank, Steps(0.12), side) for side in ("r", "l")}
    for end in (0, -1):
        assert path.standing[end]
        assert feet["r"].stance[end]
        assert feet["l"].stance[end]
        apart = feet["l"].ankle[end] - feet["r"].ankle[end]
        assert apart[:2] == pytest.approx([0.0, 0.12], abs=1e-3)


@pytest.mark.parametrize("speed", [0.5, 1.2, 2.0])
def test_feet_move_without_jumps_and_stand_in_stance(speed: float) -> None:
    bank = walk_bank()
    path = walk(Course(4.0, speed), bank)
    foot = move_foot(path, bank, Steps(0.12), "l")
    velocity = np.diff(foot.at(CLIP).ankle, axis=0) / DT_S
    fastest = np.linalg.norm(velocity, axis=1).max()
    assert fastest < 3.5 * speed + 0.6
    assert np.linalg.norm(np.diff(velocity, axis=0), axis=1).max() < 0.15 * fastest
    still = (foot.event_phase[CLIP] > 0.3) & (foot.event_phase[CLIP] < 0.5)
    assert np.linalg.norm(velocity, axis=1)[still[1:]].max() < 0.07


def test_walking_is_like_winters_adults() -> None:
    """Figures that no clip is made from."""
    bank = walk_bank()
    walked = pose(walk(Course(4.0, 1.325), bank), bank, Style(Steps(0.12)), CLIP)
    angles = joint_angles(walked.rotations, walked.path.heading)
    phase = walked.path.phase % 1.0
    for name, curve in winter_table().items():
        theirs = np.interp(phase, np.append(PHASES, 1.0), np.append(curve, curve[0]))
        ours = angles[f"{name}_r"]
        assert np.corrcoef(ours, theirs)[0, 1] > 0.9, name
        assert np.degrees(np.sqrt(np.mean((ours - theirs) ** 2))) < 6.0, name
