from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.motions import motion_set
from kinesis_bench.motions.clip import Clip
from kinesis_bench.motions.motion_set import FRAME_SHAPES, ClipIk, Motions, collect_motions
from kinesis_bench.motions.store import read_motions, write_motions


def clip(key: str, frames: int, seed: int = 0, **labels: object) -> Clip:
    rng = np.random.default_rng([seed, frames])
    arrays = {name: rng.normal(size=(frames, *shape)) for name, shape in FRAME_SHAPES.items()}
    return Clip(key=key, **arrays, **labels)  # type: ignore[arg-type]


def three() -> list[Clip]:
    return [
        clip("KIT/9/b", 5, skill="run", subject="9", splits=("s/test",), texts=("a  man\nruns", "läuft")),
        clip("KIT/9/a", 7, skill="walk", subject="9", splits=("t/train", "s/train"), source="/data/a.npz"),
        clip("KIT/3/c", 4, skill="walk", subject="3", splits=("s/train",), source_sha256="f" * 64),
    ]


def solved(clips: list[Clip], nq: int = 6) -> dict[str, ClipIk]:
    rng = np.random.default_rng(5)
    return {
        c.key: ClipIk(
            rng.normal(size=(c.frames, nq)), rng.normal(size=(c.frames, nq - 1)), rng.random(c.frames)
        )
        for c in clips
    }


def write(path: Path) -> Motions:
    clips = three()
    return write_motions(
        path,
        clips,
        id="small-v1",
        time_base="kinesis",
        ik={"legs": solved(clips)},
        model_sha256={"legs": "ab" * 32},
        quarantine={"KIT/9/x": "residual 90 mm", "KIT/9/d": "NaN"},
        recipe={"keywords": ["walk"], "skeleton": "mean", "many": ["x" * 100] * 2000},
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written, read = write(tmp_path / "m.h5"), read_motions(tmp_path / "m.h5")
    for field in dataclasses.fields(Motions):
        if field.name not in ("frames", "ik", "offset", "length"):
            assert getattr(read, field.name) == getattr(written, field.name), field.name
    assert read.keys == ("KIT/3/c", "KIT/9/a", "KIT/9/b")
    assert read.offset.tolist() == [0, 4, 11]
    assert read.length.tolist() == [4, 7, 5]
    assert read.skill == ("walk", "walk", "run")
    assert read.splits == (("s/train",), ("s/train", "t/train"), ("s/test",))
    assert read.texts == ((), (), ("a man runs", "läuft"))
    assert read.quarantine == {"KIT/9/d": "NaN", "KIT/9/x": "residual 90 mm"}
    for name in FRAME_SHAPES:
        np.testing.assert_array_equal(read.frames[name], written.frames[name])
        assert read.frames[name].dtype == np.float64
        original = np.concatenate([getattr(c, name) for c in sorted(three(), key=lambda c: c.key)])
        np.testing.assert_allclose(read.frames[name], original, rtol=1e-6, atol=1e-7)
    expected = solved(three())["KIT/9/a"]
    ik = read.ik["legs"]
    span = read.span(read.index("KIT/9/a"))
    np.testing.assert_array_equal(ik.qpos[span], expected.qpos)  # float64, to the bit
    np.testing.assert_array_equal(ik.qvel[span], expected.qvel)
    np.testing.assert_array_equal(ik.residual[span], expected.residual)
    assert ik.sha256 == written.ik["legs"].sha256 == ik.compute_sha256()
    assert ik.model_sha256 == "ab" * 32


def test_a_clip_comes_back(tmp_path: Path) -> None:
    write(tmp_path / "m.h5")
    motions = read_motions(tmp_path / "m.h5", bodies=())
    assert motions.ik == {}
    back, was = motions.clip(2), three()[0]
    assert (back.key, back.skill, back.subject, back.splits) == (was.key, "run", "9", ("s/test",))
    np.testing.assert_allclose(back.pelvis_quaternion, was.pelvis_quaternion, rtol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        motions.frames["pelvis_position"][0] = 0


def test_select() -> None:
    motions = collect_motions(three(), id="x")
    assert motions.split_names == ("s/test", "s/train", "t/train")
    assert motions.select("s/train").tolist() == [0, 1]
    assert motions.select("s/test").tolist() == [2]
    assert motions.select().tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="did you mean 's/train'"):
        motions.select("s/trian")
    with pytest.raises(InputError, match="did you mean 'KIT/3/c'"):
        motions.index("KIT/3/cc")


def test_hash_depends_on_content_only(monkeypatch: pytest.MonkeyPatch) -> None:
    base = collect_motions(three(), id="x").content_sha256
    assert len(base) == 64
    same = [dataclasses.replace(c, source="elsewhere", source_sha256="0" * 64) for c in reversed(three())]
    monkeypatch.setattr(motion_set, "__version__", "9.9")
    kept = collect_motions(same, id="y", recipe={"a": 1}, quarantine={"q": "r"}, ik={"legs": solved(same)})
    assert kept.content_sha256 == base
    tiny = three()
    tiny[0].pelvis_position[0, 0] *= 1 + 1e-15  # noise of another machine's arithmetic
    assert collect_motions(tiny, id="x").content_sha256 == base


@pytest.mark.parametrize("change", ["frame", "skill", "splits", "texts", "subject", "key", "fewer"])
def test_hash_sees_every_change(change: str) -> None:
    base = collect_motions(three(), id="x").content_sha256
    clips = three()
    if change == "frame":
        clips[0].keypoint_velocity[2, 3, 1] += 1e-5
    elif change == "fewer":
        del clips[1]
    else:
        value = {"skill": "walk", "splits": ("s/train",), "texts": (), "subject": "8", "key": "KIT/9/bb"}[
            change
        ]
        clips[0] = dataclasses.replace(clips[0], **{change: value})
    assert collect_motions(clips, id="x").content_sha256 != base


def test_zeros_of_both_signs_hash_alike() -> None:
    hashes = set()
    for zero in (0.0, -0.0):
        clips = three()
        clips[0].pelvis_position[:] = zero
        hashes.add(collect_motions(clips, id="x").content_sha256)
    assert len(hashes) == 1


def test_clips_that_cannot_be_stored() -> None:
    with pytest.raises(InputError, match="no clip is left"):
        collect_motions([], id="x")
    with pytest.raises(InputError, match="two clips have this key"):
        collect_motions([*three(), clip("KIT/9/a", 3)], id="x")
    clips = three()
    clips[0].pelvis_quaternion[1, 2] = np.nan
    with pytest.raises(InputError, match="KIT/9/b: pelvis_quaternion: is not finite"):
        collect_motions(clips, id="x")
    ik = solved(three())
    ik.pop("KIT/9/a")
    with pytest.raises(ValueError, match="lacks the clip KIT/9/a"):
        collect_motions(three(), id="x", ik={"legs": ik})
    with pytest.raises(ValueError, match="has 7 frames, not 4"):
        collect_motions(three(), id="x", ik={"legs": solved([clip(c.key, 7) for c in three()])})


def cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def edit(path: Path, change: str) -> None:
    with h5py.File(path, "r+") as file:
        if change == "foreign":
            del file.attrs["format"]
        elif change == "newer":
            file.attrs["format_version"] = 99
        elif change == "missing":
            del file["frames/pelvis_position"]
        elif change == "shorter":
            values = file["frames/pelvis_position"][:-1]
            del file["frames/pelvis_position"]
            file["frames/pelvis_position"] = values
        elif change == "edited":
            file["frames/pelvis_position"][3] = 1.0
        elif change == "table":
            file["clips/length"][0] = 9
        elif change == "ik":
            del file["ik/legs/qvel"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("foreign", "not a motion file"),
        ("newer", "newer than the 1"),
        ("missing", "damaged motion file .*pelvis_position"),
        ("shorter", r"frames/pelvis_position: has shape \(15, 3\), not \(16, 3\)"),
        ("edited", "content_sha256: does not match"),
        ("table", "clips: offsets and lengths"),
        ("ik", "damaged motion file .*qvel"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, change: str, said: str) -> None:
    path = tmp_path / "m.h5"
    write(path)
    edit(path, change)
    with pytest.raises(InputError, match=said) as error:
        read_motions(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "m.h5"
    write(path)
    cut(path, share)
    with pytest.raises(InputError, match=r"m\.h5: cannot be read as HDF5"):
        read_motions(path)


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    """No damage gives a traceback or other numbers under the same hash."""
    path = tmp_path / "m.h5"
    was = write(path)
    data = bytearray(path.read_bytes())
    refused = 0
    for place in np.random.default_rng(0).integers(0, len(data), 60):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read = read_motions(path)
        except InputError:
            refused += 1
        else:
            assert read.content_sha256 == was.content_sha256
            np.testing.assert_array_equal(read.ik["legs"].qpos, was.ik["legs"].qpos)
    assert refused > 0


def test_hash_of_the_sources_follows_them_and_not_the_last_bits() -> None:
    base = collect_motions(three(), id="x")
    nudged = [dataclasses.replace(c, keypoint_velocity=c.keypoint_velocity + 1e-5) for c in three()]
    other = collect_motions(nudged, id="x")
    assert other.content_sha256 != base.content_sha256
    assert other.sources_sha256 == base.sources_sha256
    for change in ({"source_sha256": "0" * 64}, {"splits": ("t/test",)}, {"texts": ("a person waits",)}):
        changed = [dataclasses.replace(three()[0], **change), *three()[1:]]
        assert collect_motions(changed, id="x").sources_sha256 != base.sources_sha256
    assert collect_motions(three(), id="x", time_base="kinesis").sources_sha256 != base.sources_sha256


def test_missing_file_and_body(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_motions(tmp_path / "none.h5")
    write(tmp_path / "m.h5")
    with pytest.raises(InputError, match=r"ik/legs_back: the file has no IK for this body \(it has legs\)"):
        read_motions(tmp_path / "m.h5", bodies=["legs_back"])


def test_no_space_leaves_nothing(tmp_path: Path) -> None:
    code = f"""
import resource, sys
import numpy as np
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_store import clip
from kinesis_bench.errors import InputError
from kinesis_bench.motions.store import write_motions
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_motions({str(tmp_path / "m.h5")!r}, [clip("a", 20_000)], id="x")
except InputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "m.h5: " in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []
