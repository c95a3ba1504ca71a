"""Rollout archives for mm-evalkit, in the layout that MuscleMimic's exporter writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim_files as made
import pytest
from damaged_files import refusals
from walking_rollouts import MUSCLES, cyclic, walking, walking_clip

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.metrics.gait_events import heading_rad
from kinesis_bench.rollouts.mm_evalkit import (
    ANGLES,
    ENDED_EARLY,
    JOINTS,
    LEG_NAMES,
    read_mm_evalkit,
    write_mm_evalkit,
)
from kinesis_bench.rollouts.mm_evalkit import (
    MUSCLES as WIDTH,
)
from kinesis_bench.rollouts.schema import Rollouts

FACING_X = [np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)]
"""Root quaternion of MyoFullBody walking along +x: its forward axis is its -y."""


def export(path: Path, steps: tuple[int, ...] = (40, 25), **changes: object) -> Path:
    """What ``run_with_trajectory_export`` writes: flat names, pickled metadata, activation after the step."""
    arrays: dict[str, object] = {}
    for episode, rows in enumerate(steps):
        time = 0.01 * np.arange(rows)
        qpos = np.zeros((rows, len(JOINTS) + 6))
        qpos[:, 0], qpos[:, 2], qpos[:, 3:7] = 1.25 * time, 0.95, FACING_X
        qpos[:, [6 + JOINTS.index(angle) for angle in ANGLES]] = 0.1
        qpos[:, 6 + JOINTS.index("hip_flexion_l")] = time
        qpos[:, 6 + JOINTS.index("mtp_angle_r")] = 0.2
        activation = np.tile(np.arange(WIDTH) / 1000, (rows, 1)) + time[:, None]
        arrays |= {
            f"episode_{episode}_traj_id": np.array(7),
            f"episode_{episode}_traj_length": np.array(40),
            f"episode_{episode}_traj_qpos": np.zeros((40, qpos.shape[1])),
            f"episode_{episode}_joint_positions": qpos,
            f"episode_{episode}_joint_velocities": np.zeros((rows, 88)),
            f"episode_{episode}_touch_observations": np.tile([1.0, 2, 3, 4], (rows, 1)) * time[:, None],
            f"episode_{episode}_policy_actions": np.zeros((rows, WIDTH)),
            f"episode_{episode}_muscle_commands": activation / 2,
            f"episode_{episode}_muscle_activations": activation,
            f"episode_{episode}_rewards": np.zeros(rows),
            f"episode_{episode}_timesteps": time,
        }
    arrays |= {"n_episodes": len(steps), "total_steps": sum(steps), "dt": 0.01, "joint_names": list(JOINTS)}
    arrays |= {"env_name": "MyoFullBody", "backend": "MuJoCo", "episode_metadata": [{"episode_id": 0}]}
    arrays |= changes
    np.savez_compressed(path, **{n: v for n, v in arrays.items() if v is not None})  # type: ignore[arg-type]
    return path


def test_an_export_is_read_on_our_clock(tmp_path: Path) -> None:
    rollouts = read_mm_evalkit(export(tmp_path / "episodes.npz"))
    whole, short = rollouts.clips
    assert (whole.key, whole.run, short.key, short.run) == ("trajectory 7", 0, "trajectory 7", 1)
    assert (whole.frames, whole.failure, short.frames, short.failure) == (39, "", 39, ENDED_EARLY)
    assert whole.joint_angle is not None
    assert whole.activation is not None
    assert whole.excitation is not None
    assert whole.touch is not None
    assert whole.pelvis_quaternion is not None
    # Row 0 is the state after the first step: row 1 of positions and touch, row 0 of what acts in the step.
    assert whole.joint_angle[0, ANGLES.index("hip_flexion_l")] == pytest.approx(0.01)
    assert whole.joint_angle[0, ANGLES.index("mtp_angle_r")] == pytest.approx(-0.2)
    first = 274 / 1000
    assert whole.activation[0, 0] == pytest.approx(first)
    assert whole.excitation[0, 0] == pytest.approx(first / 2)
    np.testing.assert_allclose(whole.touch[0, 0], [0.01, 0.02, 0.03, 0.04])
    np.testing.assert_allclose(heading_rad(whole.pelvis_quaternion), 0, atol=1e-12)
    assert rollouts.muscle_names == load_body("legs").muscles
    assert rollouts.body_mass_kg == pytest.approx(84.27)


def test_activation_before_the_step_is_told_by_the_archive(tmp_path: Path) -> None:
    path = export(tmp_path / "e.npz", activation_sample_phase="pre_step", model_mass_kg=70.0)
    rollouts = read_mm_evalkit(path)
    assert rollouts.clips[0].activation is not None
    assert rollouts.clips[0].activation[0, 0] == pytest.approx(0.274 + 0.01)
    assert rollouts.body_mass_kg == 70.0


def test_commands_below_zero_are_none(tmp_path: Path) -> None:
    commands = np.full((40, WIDTH), -0.7)
    excitation = (
        read_mm_evalkit(export(tmp_path / "e.npz", episode_0_muscle_commands=commands)).clips[0].excitation
    )
    assert excitation is not None
    assert not excitation.any()


def test_its_trunk_and_legs_are_our_largest_body() -> None:
    body = load_body("legs_back")
    joints = [body.model.joint(i).name for i in range(body.model.njnt)]
    arms = [name for name in JOINTS if name not in joints]
    assert [name for name in JOINTS if name not in arms] == joints
    assert len(arms) == 36
    assert (len(body.muscles) - 80) + 64 + 80 == WIDTH
    assert body.muscles[-80:] == LEG_NAMES


def at_100_hz() -> Rollouts:
    """A walk on mm-evalkit's own clock, so that nothing is interpolated."""
    read = walking(walking_clip(muscles=cyclic(np.random.default_rng(0).random((len(MUSCLES), 100)))))
    clip = replace(read.clips[0], dt_s=0.01, touch=read.clips[0].touch[:, -1:])  # type: ignore[index]
    return replace(read, clips=(clip,))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rollouts = at_100_hz()
    write_mm_evalkit(tmp_path / "w.npz", rollouts)
    back = read_mm_evalkit(tmp_path / "w.npz")
    ours, theirs = rollouts.clips[0], back.clips[0]
    assert theirs.failure == ""
    for name in ("excitation", "activation"):
        columns = [back.muscle_names.index(muscle) for muscle in MUSCLES]
        written = np.asarray(getattr(ours, name))[1:]
        np.testing.assert_allclose(getattr(theirs, name)[:, columns], written, atol=1e-12)
    columns = [back.joint_names.index(joint) for joint in rollouts.joint_names]
    np.testing.assert_allclose(
        np.asarray(theirs.joint_angle)[:, columns], np.asarray(ours.joint_angle)[1:], atol=1e-12
    )
    np.testing.assert_allclose(
        np.asarray(theirs.keypoint_position)[:, 0], np.asarray(ours.keypoint_position)[1:, 0], atol=1e-12
    )
    turned = np.abs(
        np.sum(np.asarray(theirs.pelvis_quaternion) * np.asarray(ours.pelvis_quaternion)[1:], axis=1)
    )
    np.testing.assert_allclose(turned, 1, atol=1e-12)
    np.testing.assert_array_equal(np.asarray(theirs.touch), np.asarray(ours.touch)[1:])
    write_mm_evalkit(tmp_path / "again.npz", back)
    again = read_mm_evalkit(tmp_path / "again.npz").clips[0]
    np.testing.assert_allclose(np.asarray(again.activation), np.asarray(theirs.activation)[1:], atol=1e-12)


def test_what_is_written_has_what_mm_evalkit_requires(tmp_path: Path) -> None:
    """The rules of ``validate_rollout_archive`` in mm-evalkit 0.1.0, in our words."""
    fails = walking_clip(key="b", fails_at=150)
    write_mm_evalkit(tmp_path / "w.npz", walking(walking_clip(), fails))
    with np.load(tmp_path / "w.npz", allow_pickle=False) as archive:
        assert int(archive["n_episodes"]) == 2
        assert float(archive["dt"]) == 0.01
        assert str(archive["activation_sample_phase"]) == "pre_step"
        assert archive["joint_names"].tolist() == list(JOINTS)
        assert "model_mass_kg" not in archive.files  # it would make the archive one with kinetics
        for episode, whole in ((0, True), (1, False)):
            part = {n.removeprefix(f"episode_{episode}_"): archive[n] for n in archive.files}
            rows, reference = len(part["joint_positions"]), int(part["traj_length"])
            assert part["joint_positions"].shape == (rows, 89)
            assert part["traj_qpos"].shape == (reference, 89)
            assert part["muscle_activations"].shape == (rows, 354)
            assert part["touch_observations"].shape == (rows, 4)
            assert all(np.isfinite(part[name]).all() for name in part if part[name].dtype.kind == "f")
            assert (rows >= reference - 1) == whole


@pytest.mark.parametrize("kind", ["ground_force", "foot_contact"])
def test_contacts_are_the_nearest_sample(tmp_path: Path, kind: str) -> None:
    """No load under a foot before it lands."""
    rollouts = walking(walking_clip())
    clip = rollouts.clips[0]
    assert clip.ground_force is not None
    feet = clip.ground_force if kind == "ground_force" else clip.ground_force > 0
    bare = (
        replace(clip, touch=None, ground_force=None) if kind == "foot_contact" else replace(clip, touch=None)
    )
    write_mm_evalkit(tmp_path / "w.npz", replace(rollouts, clips=(replace(bare, **{kind: feet}),)))
    touch = read_mm_evalkit(tmp_path / "w.npz").clips[0].touch
    assert touch is not None
    assert set(np.unique(touch[:, 0, [0, 2]])) <= set(np.unique(feet.astype(float)))
    assert not touch[:, 0, [1, 3]].any()


def test_bad_archives_are_named(tmp_path: Path) -> None:
    def refused(match: str, **changes: object) -> None:
        with pytest.raises(InputError, match=match):
            read_mm_evalkit(export(tmp_path / "e.npz", **changes))

    refused("holds no array n_episodes", n_episodes=None)
    refused("holds no array episode_1_touch_observations", episode_1_touch_observations=None)
    refused("joint_names: are not those of MyoFullBody", joint_names=["root", "knee"])
    refused(
        r"muscle_activations: has shape \(40, 80\), not \(40, 354\)",
        episode_0_muscle_activations=np.zeros((40, 80)),
    )
    refused("joint_positions: holds NaN in row 0", episode_0_joint_positions=np.full((40, 89), np.nan))
    refused("did you mean 'post_step'", activation_sample_phase="past_step")
    refused("only some of its episodes have muscle_commands", episode_1_muscle_commands=None)
    refused("dt: is 0", dt=0.0)
    refused("n_episodes: is 2.5", n_episodes=2.5)
    refused("cannot be read", joint_names=np.array([{"a": 1}], dtype=object))
    refused(
        "touch_observations: holds <U1, no numbers",
        episode_0_touch_observations=np.full((40, 4), "x"),
    )
    still = np.zeros((40, 89))
    refused("joint_positions: the root's quaternion in row 0 has length 0", episode_0_joint_positions=still)
    refused(r"dt: has shape \(2,\)", dt=[0.01, 0.01])
    refused("dt: holds <U4, no numbers", dt="0.01")
    refused("episode_0_traj_length: is 1e", episode_0_traj_length=np.array(1e300))
    refused("episode_0_traj_id: holds NaN", episode_0_traj_id=np.array(np.nan))
    refused("model_mass_kg: is 0", model_mass_kg=0.0)
    (tmp_path / "e.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match="cannot be read"):
        read_mm_evalkit(tmp_path / "e.npz")


def test_a_damaged_archive_is_refused_in_one_line(tmp_path: Path) -> None:
    path = export(tmp_path / "e.npz", steps=(4,))
    said = refusals(path, lambda: read_mm_evalkit(path))
    assert len(said) > 10
    assert all("e.npz" in line for line in said)


def test_a_recording_that_lacks_something_is_not_written(tmp_path: Path) -> None:
    rollouts = walking(walking_clip())
    for array, what in (
        ("activation", "activation"),
        ("joint_angle", "joint angles"),
        ("pelvis_quaternion", "pelvis orientation"),
        ("keypoint_position", "pelvis position"),
    ):
        clip = replace(rollouts.clips[0], **{array: None})
        with pytest.raises(InputError, match=f"has no {what}, which mm-evalkit needs"):
            write_mm_evalkit(tmp_path / "w.npz", replace(rollouts, clips=(clip,)))
    assert not list(tmp_path.iterdir())


def test_what_was_not_recorded_is_not_read_as_zero(tmp_path: Path) -> None:
    """A muscle that is silent throughout would count as r = 0."""
    clip = walking_clip(muscles=cyclic(np.random.default_rng(0).random((len(MUSCLES), 100))))
    angles = np.radians(10.0 + np.arange(240)[:, None] * np.ones(4))
    write_mm_evalkit(tmp_path / "w.npz", walking(replace(clip, joint_angle=angles)))
    back = read_mm_evalkit(tmp_path / "w.npz")
    assert set(back.muscle_names) == set(MUSCLES)
    assert back.joint_names == ("hip_flexion_l", "hip_adduction_l", "knee_angle_l", "ankle_angle_l")


def test_a_scone_result_goes_through(tmp_path: Path) -> None:
    from kinesis_bench.rollouts.opensim_results import read_opensim_results

    source = read_opensim_results(made.scone(tmp_path / "s.sto", made.times()))
    write_mm_evalkit(tmp_path / "w.npz", source)
    back = read_mm_evalkit(tmp_path / "w.npz")
    assert back.body_mass_kg == pytest.approx(75.0)
    knee = [
        np.asarray(r.clips[0].joint_angle)[:, r.joint_names.index("knee_angle_l")] for r in (source, back)
    ]
    np.testing.assert_allclose(knee[1], knee[0][1:], atol=1e-9)
