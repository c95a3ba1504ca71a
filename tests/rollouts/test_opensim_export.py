"""A clip as a storage file: what is written is what OpenSim's own readers, and ours, find in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from walking_rollouts import MUSCLES, cyclic, walking, walking_clip

from kinesis_bench.errors import InputError
from kinesis_bench.rollouts.opensim_export import write_opensim
from kinesis_bench.rollouts.opensim_results import read_opensim_results
from kinesis_bench.rollouts.schema import UNIT, Rollouts
from kinesis_bench.time_tables import read_table


def smooth() -> Rollouts:
    phase = 2 * np.pi * np.arange(100) / 100
    shift = np.linspace(0, 2, len(MUSCLES))[:, None]
    clip = walking_clip(
        muscles=cyclic(0.5 + 0.4 * np.sin(phase + shift)),
        joints_deg=cyclic(
            np.stack([20 * np.sin(phase), 5 * np.cos(phase), 30 + 30 * np.sin(phase), 0 * phase])
        ),
    )
    facing = Rotation.from_quat(np.asarray(clip.pelvis_quaternion), scalar_first=True)
    yaw = np.linspace(3.0, 3.4, 240)[:, None] * [0.0, 0.0, 1.0]
    turned = Rotation.from_rotvec(yaw) * facing
    return walking(replace(clip, pelvis_quaternion=turned.as_quat(scalar_first=True)))


def test_the_file_states_what_it_holds(tmp_path: Path) -> None:
    rollouts = smooth()
    write_opensim(tmp_path / "walk.sto", rollouts, rollouts.clips[0])
    lines = (tmp_path / "walk.sto").read_text().splitlines()
    columns = lines[6].split("\t")
    assert lines[:6] == [
        "walk",
        "version=1",
        "nRows=240",
        f"nColumns={len(columns)}",
        "inDegrees=no",
        "endheader",
    ]
    assert columns[:7] == [
        *("time", "pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz")
    ]
    assert {"knee_angle_l", "soleus_l.excitation", "soleus_l.activation", "ground_force_l_vy"} <= set(columns)
    table = read_table(tmp_path / "walk.sto").columns
    # Turning past half a turn leaves no jump, and up in our world is OpenSim's y.
    np.testing.assert_allclose(table["pelvis_rotation"][[0, -1]], [3.0, 3.4], atol=1e-6)
    assert np.abs(np.diff(table["pelvis_rotation"])).max() < 0.1
    np.testing.assert_allclose(table["pelvis_ty"], 0.95)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rollouts = smooth()
    write_opensim(tmp_path / "walk.sto", rollouts, rollouts.clips[0])
    back = read_opensim_results(tmp_path / "walk.sto")
    ours, theirs = rollouts.clips[0], back.clips[0]
    assert set(back.muscle_names) == set(rollouts.muscle_names)
    muscles = [back.muscle_names.index(name) for name in rollouts.muscle_names]
    joints = [back.joint_names.index(name) for name in rollouts.joint_names]
    for got, written, atol in (
        (theirs.activation, ours.activation, 1e-6),
        (theirs.joint_angle, ours.joint_angle, 1e-6),
        (theirs.ground_force, ours.ground_force, 1e-3),
    ):
        picked = {id(theirs.activation): muscles, id(theirs.joint_angle): joints}.get(id(got), slice(None))
        np.testing.assert_allclose(np.asarray(got)[:, picked], np.asarray(written)[1:], atol=atol)
    np.testing.assert_allclose(
        np.asarray(theirs.keypoint_position)[:, 0], np.asarray(ours.keypoint_position)[1:, 0], atol=1e-6
    )
    same = np.sum(np.asarray(theirs.pelvis_quaternion) * np.asarray(ours.pelvis_quaternion)[1:], axis=1)
    np.testing.assert_allclose(np.abs(same), 1, atol=1e-9)
    # Excitation is smoothed a little (each row with its neighbours), but not moved in time.
    excitation, before = np.asarray(theirs.excitation)[:, muscles], np.asarray(ours.excitation)[1:]
    np.testing.assert_allclose(excitation[1:-2], before[1:-2], atol=0.01)
    delay = np.angle(np.fft.rfft(excitation[:33, 0])[1] / np.fft.rfft(before[:33, 0])[1])
    assert abs(delay) < 0.01


def test_an_overshoot_is_clipped_and_read_back(tmp_path: Path) -> None:
    """MuJoCo's activation reaches 1.066; our own reader, as others, takes signals from 0 to 1."""
    rollouts = smooth()
    activation, excitation = (
        np.array(getattr(rollouts.clips[0], name)) for name in ("activation", "excitation")
    )
    activation[7, 0], activation[9, 1], excitation[20:23, 2] = 1.066, -0.07, 1.2
    clip = replace(rollouts.clips[0], activation=activation, excitation=excitation)
    write_opensim(tmp_path / "walk.sto", rollouts, clip)
    back = read_opensim_results(tmp_path / "walk.sto")
    muscles = [back.muscle_names.index(name) for name in rollouts.muscle_names]
    read = np.asarray(back.clips[0].activation)[:, muscles]
    np.testing.assert_allclose(read, np.clip(activation, 0, 1)[1:], atol=1e-6)
    assert np.asarray(back.clips[0].excitation)[:, muscles[2]].max() == pytest.approx(1.0)


def test_excitation_in_another_unit_is_not_clipped_but_refused(tmp_path: Path) -> None:
    rollouts = smooth()
    clip = replace(rollouts.clips[0], excitation=3 * np.asarray(rollouts.clips[0].excitation))
    with pytest.raises(InputError, match=r"has excitation in N, not 0 to 1; write \.h5"):
        write_opensim(tmp_path / "walk.sto", replace(rollouts, attributes={UNIT: "N"}), clip)
    assert not list(tmp_path.iterdir())


def test_nothing_to_write_is_refused(tmp_path: Path) -> None:
    rollouts = smooth()
    clip = replace(rollouts.clips[0], excitation=None, activation=None)
    with pytest.raises(InputError, match="has neither excitation nor activation"):
        write_opensim(tmp_path / "walk.sto", rollouts, clip)
    assert not list(tmp_path.iterdir())
