"""The published gait figures as they are read."""

from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.motions.gait.tables import PHASES, run_table, walk_table, winter_table


def test_walking_has_its_clinical_offsets_removed() -> None:
    table = walk_table()
    free = 2
    assert np.degrees(table.angles["pelvis_tilt"][free].mean()) == pytest.approx(0.0, abs=0.1)
    assert np.degrees(table.angles["hip_flexion"][free, 0]) == pytest.approx(35.8 - 11.6, abs=0.2)
    assert np.degrees(table.angles["lumbar_extension"].mean(axis=1)) == pytest.approx(np.zeros(5), abs=1e-9)
    assert np.degrees(table.angles["knee_angle"][free, 72]) == pytest.approx(59.1, abs=0.2)


def test_walking_signs_are_opensims() -> None:
    table = walk_table()
    free = 2
    assert table.angles["pelvis_list"][free, 16] < -0.05
    assert table.angles["pelvis_rotation"][free, 0] > 0.05
    assert table.angles["lumbar_bending"][free, 16] > 0.05


def test_step_length_times_cadence_is_speed() -> None:
    table = walk_table()
    assert table.cadence * table.step_length == pytest.approx(table.speed, rel=0.01)


def test_every_curve_closes() -> None:
    for table in (walk_table(), run_table()):
        for name, curves in table.angles.items():
            jump = np.abs(curves[:, 0] - curves[:, -1])
            steepest = np.abs(np.diff(curves, axis=1)).max(axis=1)
            assert np.all(jump <= 1.5 * steepest + np.radians(0.3)), name


def test_the_running_foot_is_flat_in_mid_stance_and_the_knee_flexes_in_swing() -> None:
    table = run_table()
    pitch = table.angles["hip_flexion"] - table.angles["knee_angle"] + table.angles["ankle_angle"]
    for subject in range(3):
        flat = (table.duty[subject] * 0.25 <= PHASES) & (table.duty[subject] * 0.5 >= PHASES)
        assert np.degrees(pitch[subject, flat].mean()) == pytest.approx(0.0, abs=1e-6)
        assert 0.28 < table.duty[subject] < 0.35
        assert np.degrees(table.angles["knee_angle"][subject].max()) > 85
        assert 0.55 < PHASES[table.angles["knee_angle"][subject].argmax()] < 0.8


def test_winters_adults() -> None:
    table = winter_table()
    assert np.degrees(table["hip_flexion"][0]) == pytest.approx(19.3, abs=0.1)
    assert 55 < np.degrees(table["knee_angle"].max()) < 70
