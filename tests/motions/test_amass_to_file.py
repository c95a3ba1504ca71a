"""From an AMASS tree to a motion file, with one damaged recording in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from amass_files import smplh, write_amass
from annotation_files import map_plain

from kinesis_bench.errors import InputError
from kinesis_bench.motions.amass import find_amass, read_amass
from kinesis_bench.motions.annotations import read_annotations
from kinesis_bench.motions.curation import load_rules
from kinesis_bench.motions.inspect import require, summarise, verify
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.pipeline import TimeBase, to_clip
from kinesis_bench.motions.store import read_motions, write_motions


def build(
    tree: Path, out: Path, texts: dict[str, tuple[str, ...]], time_base: TimeBase, backwards: bool
) -> Motions:
    rules, clips, quarantine = load_rules(), [], {}
    files = [file for file in find_amass(tree) if rules.chooses(file.name)]
    for file in reversed(files) if backwards else files:
        try:
            clip = to_clip(read_amass(file.path), time_base=time_base, min_seconds=1.0)
        except InputError as error:
            quarantine[file.name] = str(error)
            continue
        labels = {"skill": rules.skill(file.name), "splits": rules.splits(file.name)}
        clips.append(dataclasses.replace(clip, **labels, texts=texts.get(file.name, ())))
    write_motions(out, clips, id=rules.id, time_base=time_base, quarantine=quarantine)
    return read_motions(out)


def test_tree_to_file(tmp_path: Path) -> None:
    tree = tmp_path / "amass"
    for name in ("KIT/10/LeftTurn01", "KIT/4/LeftTurn01", "KIT/3/walking_run01", "KIT/3/kick_high_left02"):
        write_amass(tree / f"{name}_poses.npz")
    write_amass(tree / "KIT/10/LeftTurn09_poses.npz", smplh() | {"poses": np.full((201, 156), np.nan)})
    write_amass(tree / "KIT/3/turn_left01_poses.npz", smplh(50))
    notes = tmp_path / "notes"
    notes.mkdir()
    map_plain(notes)
    (notes / "amass-path2kitml.json").write_text('{"00001": "KIT/3/walking_run01_poses.npz"}')
    (notes / "00001_annotations.json").write_text('["A person runs."]')
    texts = read_annotations(notes)

    one = build(tree, tmp_path / "one.h5", texts, "true", backwards=False)
    assert one.keys == ("KIT/10/LeftTurn01_poses", "KIT/3/walking_run01_poses", "KIT/4/LeftTurn01_poses")
    assert one.skill == ("gradual_turn", "run", "gradual_turn")
    assert one.texts == ((), ("A person runs.",), ())
    assert one.splits[0] == ("by-subject/train", "kinesis-2025/train", "kinesis-2026/train")
    assert one.splits[2][0] == "by-subject/test"
    assert set(one.quarantine) == {"KIT/10/LeftTurn09", "KIT/3/turn_left01"}
    assert "poses: is NaN" in one.quarantine["KIT/10/LeftTurn09"]
    assert "lasts 0.49 s" in one.quarantine["KIT/3/turn_left01"]
    require(verify(tmp_path / "one.h5"), tmp_path / "one.h5")
    assert summarise(tmp_path / "one.h5").counts["by-subject/test"]["gradual_turn"].clips == 1

    again = build(tree, tmp_path / "again.h5", texts, "true", backwards=True)
    assert again.content_sha256 == one.content_sha256

    slow = build(tree, tmp_path / "slow.h5", texts, "kinesis", backwards=False)
    assert (slow.time_base, slow.length.tolist(), one.length.tolist()) == ("kinesis", [67] * 3, [61] * 3)
    speed = [motions.frames["pelvis_linear_velocity"][:, 0].mean() for motions in (one, slow)]
    assert np.isclose(speed[0] / speed[1], 100 / 90, rtol=1e-6)
