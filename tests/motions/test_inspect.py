from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.files import sha256_of_file
from kinesis_bench.motions.clip import Clip
from kinesis_bench.motions.curation import load_rules, subject_of
from kinesis_bench.motions.difference import diff_files, diff_splits
from kinesis_bench.motions.inspect import find_leak, list_files, require, summarise, verify
from kinesis_bench.motions.motion_set import ClipIk, collect_motions
from kinesis_bench.motions.store import write_motions


def clip(key: str, frames: int = 90, **labels: object) -> Clip:
    """Somebody who stands still."""
    keypoints = np.zeros((frames, 8, 3)) + np.arange(8)[:, None]
    quaternion = np.tile([1.0, 0, 0, 0], (frames, 1))
    still = np.zeros((frames, 3))
    return Clip(
        key,
        keypoints,
        np.zeros((frames, 8, 3)),
        keypoints[:, 0],
        quaternion,
        still,
        still,
        **labels,  # type: ignore[arg-type]
    )


def clips() -> list[Clip]:
    return [
        clip("KIT/1/walk01", skill="walk", subject="KIT/1", splits=("old/train", "new/test")),
        clip("KIT/1/walk02", skill="walk", subject="KIT/1", splits=("old/test", "new/train")),
        clip("KIT/2/walk01", 180, skill="walk", subject="KIT/2", splits=("old/test",)),
        clip("KIT/2/run01", skill="run", subject="KIT/2", splits=("old/train", "new/train")),
        clip("made_up_walk_1", splits=("old/test",)),
        clip("made_up_walk_2", splits=("old/train",)),
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ik = {
        c.key: ClipIk(np.zeros((c.frames, 4)), np.zeros((c.frames, 3)), np.full(c.frames, 0.01))
        for c in clips()
    }
    write_motions(tmp_path / "m.h5", clips(), id="small", ik={"legs": ik}, quarantine={"x": "NaN"})
    return tmp_path / "m.h5"


def test_summary(path: Path) -> None:
    summary = summarise(path)
    total = summary.counts["all"]["total"]
    assert (total.clips, total.frames) == (6, 630)
    assert total.minutes == pytest.approx(0.35)
    assert {skill: count.clips for skill, count in summary.counts["old/test"].items()} == {
        "total": 3,
        "walk": 2,
        "": 1,
    }
    assert "run" not in summary.counts["new/test"]
    assert summary.residual_mm == {"legs": (10.0, 10.0, 10.0)}
    old = next(leak for leak in summary.leaks if leak.test == "old/test")
    assert old.crossing == ()
    assert old.related == ("KIT/1/walk02",)  # made-up people are nobody's relatives


def test_published_test_clips_nearly_all_have_a_sibling_in_training() -> None:
    """107 of 108: the exception's name carries a stray suffix, KIT/3/walk_with_left_support06_FrqONi5."""
    rules = load_rules()
    motions = collect_motions(
        [clip(name, 2, subject=subject_of(name), splits=rules.splits(name)) for name in rules.published],
        id="kit",
    )
    leak = find_leak(motions, "kinesis-2026/train", "kinesis-2026/test")
    assert (leak.tests, len(leak.related), leak.crossing) == (108, 107, ())
    held_out = find_leak(motions, "by-subject/train", "by-subject/test")
    assert (held_out.tests, held_out.related, held_out.crossing) == (215, (), ())


def test_verify_a_sound_file(path: Path) -> None:
    checks = verify(path)
    assert {check.name for check in checks if not check.passed} == {"sources are unchanged"}
    assert checks[-1].passed is None, "no source is there"
    require(checks, path)
    assert Counter(check.name for check in checks)["hash of IK, legs"] == 1


def test_verify_sees_edited_ik(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["ik/legs/qpos"][7, 2] = 1.0
    checks = {check.name: check.passed for check in verify(path)}
    assert not checks.pop("hash of IK, legs")
    assert False not in checks.values()
    with pytest.raises(InputError, match="is not sound: hash of IK, legs"):
        require(verify(path), path)


def test_verify_refuses_edited_frames(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["frames/pelvis_position"][7, 2] = 1.0
    with pytest.raises(InputError, match="content_sha256: does not match"):
        verify(path)


def test_verify_sees_what_cannot_be(tmp_path: Path) -> None:
    source = tmp_path / "a.npz"
    source.write_bytes(b"one")
    bad = clip(
        "a",
        splits=("s/train", "s/test"),
        skill="dance",
        source=str(source),
        source_sha256=sha256_of_file(source),
    )
    bad.pelvis_quaternion[3] *= 2
    bad.pelvis_position[:] += 1
    bad = dataclasses.replace(bad, keypoint_position=np.add(bad.keypoint_position, [1.0, 0, 0]))
    write_motions(tmp_path / "m.h5", [bad], id="x")
    source.write_bytes(b"two")
    failed = {check.name for check in verify(tmp_path / "m.h5") if not check.passed}
    assert failed == {
        "quaternions are unit",
        "first keypoint is the pelvis",
        "skills are known",
        "s: train and test are apart",
        "sources are unchanged",
    }


def test_diff_of_equal_files(path: Path, tmp_path: Path) -> None:
    write_motions(tmp_path / "n.h5", reversed(clips()), id="other")
    difference = diff_files(path, tmp_path / "n.h5")
    assert (difference.same, difference.only_a, difference.only_b, difference.changed) == (6, (), (), {})
    assert difference.crossing == {}


def test_diff_of_files_names_every_change(path: Path, tmp_path: Path) -> None:
    other = clips()
    other[0] = dataclasses.replace(other[0], splits=("old/test", "new/test"))
    other[1].keypoint_position[3, 2, 1] += 0.25
    other[2] = clip("KIT/2/walk01", 100, skill="run", subject="KIT/2", splits=("old/test",))
    other[3] = clip("KIT/2/run02", skill="run", subject="KIT/2")
    write_motions(tmp_path / "n.h5", other, id="other")
    difference = diff_files(path, tmp_path / "n.h5")
    assert difference.same == 2
    assert (difference.only_a, difference.only_b) == (("KIT/2/run01",), ("KIT/2/run02",))
    assert difference.changed == {
        "KIT/1/walk01": ("splits: ('new/test', 'old/train'), ('new/test', 'old/test')",),
        "KIT/1/walk02": ("keypoint_position: differs by up to 0.25",),
        "KIT/2/walk01": ("skill: 'walk', 'run'", "frames: 180, 100"),
    }
    assert difference.crossing == {"KIT/1/walk01": ("old/train", "old/test")}


def test_diff_of_splits_names_what_crosses(path: Path) -> None:
    difference = diff_splits(path, "old/train", "new/test")
    assert difference.crossing == {"KIT/1/walk01": ("old/train", "new/test")}
    assert difference.only_a == ("KIT/2/run01", "made_up_walk_2")
    assert difference.related == ("KIT/1/walk01",)
    assert diff_splits(path, "old/train", "new/train").crossing == {}
    with pytest.raises(InputError, match="did you mean 'old/train'"):
        diff_splits(path, "old/trai", "new/test")


def test_published_lists_cross() -> None:
    """Three test clips of the 2026 list are training clips of the 2025 list."""
    rules = load_rules()
    both = [n for n, s in rules.published.items() if {"kinesis-2025/train", "kinesis-2026/test"} <= set(s)]
    assert len(both) == 3


def test_list(path: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    (tmp_path / "zcut.h5").write_bytes(path.read_bytes()[:3000])
    found, cut = list_files(tmp_path)
    assert (found.path, found.bodies, found.problem) == (path, ("legs",), "")
    assert found.motions is not None
    assert found.motions.id == "small"
    assert (cut.motions, cut.problem) == (None, "cannot be read as HDF5")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no motion file"):
        list_files(tmp_path / "empty")
