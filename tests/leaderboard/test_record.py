"""The compact record: what is exact, what is nearly so, and what is refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damaged_files import refusals
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_folders import recording

from kinesis_bench.errors import InputError
from kinesis_bench.leaderboard import record
from kinesis_bench.leaderboard.record import (
    LEVELS,
    Recorded,
    Simulated,
    compact,
    read_record,
    state_steps,
    write_record,
)
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.tasks.control import quantise_action


def simulated(seed: int, steps: tuple[int, ...], runs: int = 1) -> Rollouts:
    """A recording with random numbers where one of ours has actions and states."""
    rng = np.random.default_rng(seed)

    def clip(place: int, run: int, count: int) -> ClipRollout:
        states = {
            name: rng.normal(size=(count + 1, width))
            for name, width in (("qpos", 5), ("qvel", 4), ("activation", 3))
        }
        return ClipRollout(
            key=f"clip{place}",
            run=run,
            skill="walk",
            frames=count + place,
            dt_s=1 / 30,
            failure="far from the reference" if place else "",
            control="direct",
            action=quantise_action(rng.uniform(-1.2, 1.2, (count, 3))),
            excitation=rng.uniform(size=(count, 3)).astype(np.float32),
            **{name: values[1:] for name, values in states.items()},
            **{f"start_{name}": values[0] for name, values in states.items()},
        )

    clips = [clip(place, run, count) for run in range(runs) for place, count in enumerate(steps)]
    return Rollouts(tuple(clips), body="legs", model_sha256="a" * 64, attributes={"provenance": "{}"})


def read_back(tmp_path: Path, rollouts: Rollouts, runs: int = 1) -> Simulated | Recorded:
    write_record(tmp_path / "record.npz", compact(rollouts, runs))
    return read_record(tmp_path / "record.npz")


def test_states_are_kept_each_second_and_at_the_end() -> None:
    assert state_steps(75).tolist() == [0, 30, 60, 75]
    assert state_steps(60).tolist() == [0, 30, 60]
    assert state_steps(1).tolist() == [0, 1]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    steps=st.lists(st.integers(1, 95), min_size=1, max_size=4),
    runs=st.integers(1, 2),
)
def test_actions_and_states_come_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: list[int], runs: int
) -> None:
    rollouts = simulated(seed, tuple(steps), runs)
    back = read_back(tmp_path_factory.mktemp("record"), rollouts, runs)
    assert isinstance(back, Simulated)
    assert len(back.action) == len(steps) * runs
    for clip, about, action, state in zip(
        rollouts.clips, back.about.clips, back.action, back.state, strict=True
    ):
        assert np.array_equal(action, np.asarray(clip.action))
        assert (about.key, about.run, about.frames, about.failure) == (
            clip.key,
            clip.run,
            clip.frames,
            clip.failure,
        )
        for name, values in state.items():
            every = np.concatenate([getattr(clip, f"start_{name}")[None], getattr(clip, name)])
            assert np.array_equal(values, every[state_steps(len(action))])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), scale=st.floats(1e-6, 1e3), low=st.floats(-10, 10))
def test_excitations_come_back_to_half_a_step_of_their_range(
    tmp_path_factory: pytest.TempPathFactory, seed: int, scale: float, low: float
) -> None:
    rng = np.random.default_rng(seed)
    signal = (low + scale * rng.uniform(size=(20, 4))).astype(np.float32)
    signal[:, 3] = signal[0, 3]
    clip = ClipRollout("clip", 0, "walk", 20, 1 / 30, excitation=signal)
    back = read_back(
        tmp_path_factory.mktemp("record"), Rollouts((clip,), muscle_names=("a_l", "b_l", "c_l", "d_l"))
    )
    assert isinstance(back, Recorded)
    found = np.asarray(back.rollouts.clips[0].excitation)
    step = np.ptp(signal.astype(float), axis=0) / LEVELS
    rounding = np.abs(signal).max() * np.finfo(np.float32).eps
    assert (np.abs(found.astype(float) - signal) <= 0.5 * step + rounding).all()
    assert np.array_equal(found[:, 3], signal[:, 3])


def test_a_recording_gives_the_same_bytes_and_comes_back_with_its_names(tmp_path: Path) -> None:
    rollouts = recording()
    back = read_back(tmp_path, rollouts)
    write_record(tmp_path / "again.npz", compact(rollouts, 1))
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "record.npz").read_bytes()
    assert isinstance(back, Recorded)
    for name in ("muscle_names", "joint_names", "keypoint_names", "body_mass_kg", "leg_length_m"):
        assert getattr(back.rollouts, name) == getattr(rollouts, name)
    assert "provenance" not in (back.rollouts.attributes or {})
    for mine, theirs in zip(rollouts.clips, back.rollouts.clips, strict=True):
        assert np.array_equal(np.asarray(mine.touch, np.float32), np.asarray(theirs.touch))
        assert (mine.key, mine.skill, mine.frames) == (theirs.key, theirs.skill, theirs.frames)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda clip: replace(clip, action=np.asarray(clip.action) * 0.99), "not whole steps of 1/255"),
        (lambda clip: replace(clip, qpos=np.float32(clip.qpos)), "qpos is in single precision"),
    ],
)
def test_recordings_that_cannot_be_taken_up_again_are_refused(
    change: Callable[[ClipRollout], ClipRollout], said: str
) -> None:
    rollouts = simulated(0, (40,))
    with pytest.raises(InputError, match=said):
        compact(replace(rollouts, clips=tuple(map(change, rollouts.clips))), 1)


def pickled(arrays: dict[str, Any], about: dict[str, Any]) -> None:
    arrays["action"] = np.array([{"a": 1}], dtype=object)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pickled, "action: cannot be read"),
        (lambda arrays, about: arrays["qvel"].fill(np.inf), "qvel: holds infinity in row 0"),
        (lambda arrays, about: arrays.update(more=np.zeros(3)), "holds action, activation, more"),
        (lambda arrays, about: arrays.update(action=arrays["action"][:-1]), r"action: is uint8 \(39, 3\)"),
        (
            lambda arrays, about: arrays.update(qpos=np.float32(arrays["qpos"])),
            "qpos: is float32",
        ),
        (lambda arrays, about: about.update(schema="other"), "schema: is 'other'"),
        (lambda arrays, about: about.update(kind="believed"), "kind is 'believed'"),
        (lambda arrays, about: about.update(clips=[]), "clips: there are none"),
        (lambda arrays, about: about["clips"][0].update(steps=-1), "clip0 has -1 of 40 steps"),
        (lambda arrays, about: about["clips"][0].update(frames=3), "clip0 has 40 of 3 steps"),
        (lambda arrays, about: about["clips"][0].update(dt_s=1e-300), "40 of 40 steps of 1e-300 s"),
        (lambda arrays, about: about.update(extra=1), "extra is unknown"),
    ],
)
def test_damaged_and_hostile_records_are_one_line(
    change: Callable[[dict[str, Any], dict[str, Any]], None], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "record.npz"
    write_record(path, compact(simulated(0, (40,)), 1))
    with np.load(path) as archive:
        arrays: dict[str, Any] = dict(archive)
    about = json.loads(arrays.pop("about").tobytes())
    change(arrays, about)
    np.savez(path, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    with pytest.raises(InputError, match=said):
        read_record(path)


def test_muscles_without_force_are_refused(tmp_path: Path) -> None:
    rollouts = recording()
    weak = replace(rollouts, muscle_force_n=tuple(0.0 for _ in rollouts.muscle_names))
    with pytest.raises(InputError, match="muscle_force_n: holds a force that is not above 0"):
        read_back(tmp_path, weak)


def test_excitations_beyond_all_numbers_are_refused(tmp_path: Path) -> None:
    """Range and steps are numbers, their product is none."""
    path = tmp_path / "record.npz"
    write_record(path, compact(recording(), 1))
    with np.load(path) as archive:
        arrays: dict[str, Any] = dict(archive)
    arrays["excitation_range"] = np.full_like(arrays["excitation_range"], 1e300)
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="excitation: holds infinity"):
        read_record(path)


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("action.npy", bytes(3 << 20))
    monkeypatch.setattr(record, "MOST_UNPACKED", 2 << 20)
    with pytest.raises(InputError, match="unpacks to 3 MiB, more than 2"):
        read_record(path)


def test_damage_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "record.npz"
    write_record(path, compact(simulated(0, (40, 70)), 1))
    assert len(refusals(path, lambda: read_record(path))) > 30


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all" * 100])
def test_what_is_no_archive_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "record.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        read_record(path)
