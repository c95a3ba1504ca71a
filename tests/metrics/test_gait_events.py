from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.metrics.gait_events import (
    heading_rad,
    heel_strikes_from_force,
    heel_strikes_from_kinematics,
)

MASS_KG = 75.0
STANCE_S, CYCLE_S = 0.66, 1.1


def stance_force(time_s: np.ndarray, strikes_s: np.ndarray) -> np.ndarray:
    """700 N from each strike on for 0.66 s."""
    since = time_s[:, None] - strikes_s[None, :]
    return np.where(((since >= 0) & (since < STANCE_S)).any(axis=1), 700.0, 0.0)


@pytest.mark.parametrize("rate_hz", [30.0, 150.0, 1000.0])
def test_strikes_are_found_within_a_sample(rate_hz: float) -> None:
    strikes = 0.5 + CYCLE_S * np.arange(5)
    time = (np.arange(int(6 * rate_hz)) + 1) / rate_hz
    found = heel_strikes_from_force(stance_force(time, strikes), 1 / rate_hz, MASS_KG)
    assert len(found) == 5
    assert np.all(np.abs(found - strikes) <= 1.0 / rate_hz)


def test_threshold_is_5_per_cent_of_body_weight_and_is_interpolated() -> None:
    force = np.array([0.0] * 20 + [20.0, 60.0] + [700.0] * 20)
    # 36.79 N is crossed 0.4197 of the way from sample 20 to sample 21, and sample i lies at (i + 1)·dt
    assert heel_strikes_from_force(force, 0.01, MASS_KG) == pytest.approx([0.214197], abs=1e-6)
    assert heel_strikes_from_force(force * 0.05, 0.01, MASS_KG).size == 0


def test_a_short_loss_of_contact_is_no_strike() -> None:
    dt_s = 1 / 150.0
    force = np.full(300, 700.0)
    force[100:114] = 0.0  # 93 ms
    assert heel_strikes_from_force(force, dt_s, MASS_KG).size == 0
    force[100:115] = 0.0  # 100 ms
    assert len(heel_strikes_from_force(force, dt_s, MASS_KG)) == 1


def test_three_samples_at_30_hz_are_100_ms() -> None:
    force = np.array([700.0] * 10 + [0.0] * 3 + [700.0] * 10)
    assert len(heel_strikes_from_force(force, 1 / 30.0, MASS_KG)) == 1
    force[10] = 700.0
    assert heel_strikes_from_force(force, 1 / 30.0, MASS_KG).size == 0


def test_no_strike_without_load_before_the_recording() -> None:
    assert heel_strikes_from_force(np.full(100, 700.0), 0.01, MASS_KG).size == 0
    assert heel_strikes_from_force(np.zeros(100), 0.01, MASS_KG).size == 0


@pytest.mark.parametrize("heading", [0.0, 2.0, -3.0])
def test_kinematic_strikes_of_a_swinging_ankle_in_any_direction(heading: float) -> None:
    rate_hz = 30.0
    time = (np.arange(int(6 * rate_hz)) + 1) / rate_hz
    forward = np.array([np.cos(heading), np.sin(heading), 0.0])
    pelvis = 1.2 * time[:, None] * forward
    ankle = pelvis + 0.3 * np.cos(2 * np.pi * (time - 0.8) / CYCLE_S)[:, None] * forward
    found = heel_strikes_from_kinematics(ankle, pelvis, np.full(len(time), heading), 1 / rate_hz)
    slowed = np.arcsin(0.6 * CYCLE_S / (0.3 * 2 * np.pi)) * CYCLE_S / (2 * np.pi)  # to half of 1.2 m/s
    np.testing.assert_allclose(found, 0.8 + slowed + CYCLE_S * np.arange(len(found)), atol=0.004)
    assert len(found) == 5


def test_kinematic_strikes_of_a_body_that_walks_backwards_and_of_one_on_a_treadmill() -> None:
    time = (np.arange(180) + 1) / 30.0
    swing = 0.3 * np.cos(2 * np.pi * (time - 0.8) / CYCLE_S)[:, None] * [1.0, 0.0, 0.0]
    heading = np.zeros(180)
    forth, back = 1.2 * time[:, None] * [1.0, 0.0, 0.0], -1.2 * time[:, None] * [1.0, 0.0, 0.0]
    forwards = heel_strikes_from_kinematics(forth + swing, forth, heading, 1 / 30)
    backwards = heel_strikes_from_kinematics(back - swing, back, heading, 1 / 30)
    np.testing.assert_allclose(backwards, forwards)
    on_a_belt = heel_strikes_from_kinematics(swing, 0 * swing, heading, 1 / 30)
    np.testing.assert_allclose(on_a_belt, 0.8 + CYCLE_S * np.arange(len(on_a_belt)), atol=0.003)


def test_standing_has_no_strikes() -> None:
    still = np.zeros((90, 3))
    assert heel_strikes_from_kinematics(still, still, np.zeros(90), 1 / 30.0).size == 0


def test_heading_does_not_jump_and_ignores_tilt() -> None:
    yaw = np.linspace(3.0, 9.0, 200)
    upright_to_forward_y_up = np.array([np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0])  # pelvis y is up: +90° about x
    w, z = np.cos(yaw / 2), np.sin(yaw / 2)
    a, b = upright_to_forward_y_up[0], upright_to_forward_y_up[1]
    quaternion = np.stack([w * a, w * b, z * b, z * a], axis=-1)
    np.testing.assert_allclose(heading_rad(quaternion) - heading_rad(quaternion)[0], yaw - yaw[0], atol=1e-9)
    assert heading_rad(quaternion)[0] == pytest.approx(3.0)


def test_force_and_kinematics_agree_on_a_real_walk(shared: Path) -> None:
    """Markers and force plates of one person: the method puts strikes within 15 ms of the plates'."""
    folder = shared / "data" / "opensim"
    table = np.loadtxt(folder / "grf_walk.mot", skiprows=7)
    markers = np.genfromtxt(folder / "markers_walk.trc", skip_header=6, delimiter="\t", filling_values=np.nan)
    names = (folder / "markers_walk.trc").read_text().splitlines()[3].split("\t")

    def marker(name: str) -> np.ndarray:
        column = names.index(name)
        x, y, z = markers[:, column : column + 3].T / 1000.0
        return np.stack([x, -z, y], axis=-1)  # y up to z up

    pelvis = np.mean([marker(name) for name in ("R.ASIS", "L.ASIS", "S2")], axis=0)
    step = pelvis[-1] - pelvis[0]
    heading = np.full(len(pelvis), np.arctan2(step[1], step[0]))
    for side, column in (("R", 2), ("L", 11)):
        plate = heel_strikes_from_force(table[:, column], 0.0005, 75.0) - 0.0005
        seen = heel_strikes_from_kinematics(marker(f"{side}.Ankle"), pelvis, heading, 0.01) - 0.01
        assert len(plate)
        for strike in plate:
            assert np.abs(seen - strike).min() < 0.015
