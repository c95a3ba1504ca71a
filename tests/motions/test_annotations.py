"""Small files in the exact formats of HumanML3D and KIT-ML; the index rows are HumanML3D's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.motions.annotations import read_annotations

INDEX = """source_path,start_frame,end_frame,new_name
./pose_data/KIT/3/kick_high_left02_poses.npy,0,117,000000.npy
./pose_data/humanact12/humanact12/P11G01R02F1812T1847A0402.npy,0,-1,000001.npy
./pose_data/KIT/3/jump_left02_poses.npy,0,83,000002.npy
./pose_data/KIT/3/kick_high_left02_poses.npy,117,200,000003.npy
"""
TEXTS = {
    "000000": "a man kicks  something.#a/DET man/NOUN kick/VERB something/PRON#0.0#0.0\n"
    "the person kicks high.#the/DET person/NOUN kick/VERB high/ADV#0.0#0.0\n",
    "000001": "a person bends.#a/DET person/NOUN bend/VERB#0.0#0.0\n",
    "000003": "he stands again#he/PRON stand/VERB again/ADV#nan#nan\n"
    "the person kicks high.#the/DET person/NOUN kick/VERB high/ADV#2.0#3.5\n",
}


def humanml3d(folder: Path, index: str = INDEX) -> Path:
    texts = folder / "HumanML3D" / "texts"
    texts.mkdir(parents=True)
    (folder / "index.csv").write_text(index)
    for name, text in TEXTS.items():
        (texts / f"{name}.txt").write_text(text)
    return folder


def kitml(folder: Path, captions: object = ("A person walks.", " Someone goes\nahead")) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "00001_annotations.json").write_text(json.dumps(captions))
    (folder / "00001_meta.json").write_text(json.dumps({"nb_annotations": 2}))
    (folder / "00002_annotations.json").write_text("[]")
    (folder / "00002_meta.json").write_text(json.dumps({"nb_annotations": 0}))
    return folder


def map_plain(folder: Path) -> None:
    content = {
        "00001": "KIT/3/jump_left02_poses.npz",
        "00002": "KIT/3/x_poses.npz",
        "00003": "CMU/1/y_poses.npz",
    }
    (folder / "amass-path2kitml.json").write_text(json.dumps(content))


def map_original(folder: Path) -> None:
    content = {"00001": {"path": "3/jump_left02_poses.npz", "identifier": "kit"}}
    (folder / "kitml_amass_path.json").write_text(json.dumps(content))


def test_humanml3d(tmp_path: Path) -> None:
    assert read_annotations(humanml3d(tmp_path)) == {
        "KIT/3/kick_high_left02": ("a man kicks something.", "the person kicks high.", "he stands again"),
        "humanact12/humanact12/P11G01R02F1812T1847A0402": ("a person bends.",),
    }


@pytest.mark.parametrize("write_map", [map_plain, map_original])
def test_kitml(tmp_path: Path, write_map) -> None:  # type: ignore[no-untyped-def]
    write_map(kitml(tmp_path / "kit-mocap"))
    assert read_annotations(tmp_path) == {"KIT/3/jump_left02": ("A person walks.", "Someone goes ahead")}


def test_both_together(tmp_path: Path) -> None:
    humanml3d(tmp_path / "a")
    map_plain(kitml(tmp_path / "b"))
    assert set(read_annotations(tmp_path)) == {
        "KIT/3/kick_high_left02",
        "KIT/3/jump_left02",
        "humanact12/humanact12/P11G01R02F1812T1847A0402",
    }


def test_what_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_annotations(tmp_path / "none")
    with pytest.raises(InputError, match="holds neither"):
        read_annotations(tmp_path)
    kitml(tmp_path / "k")
    with pytest.raises(InputError, match=r"put amass-path2kitml\.json or"):
        read_annotations(tmp_path)
    map_plain(tmp_path / "k")
    (tmp_path / "k" / "00001_annotations.json").write_text('["cut')
    with pytest.raises(InputError, match=r"00001_annotations\.json: is not valid JSON"):
        read_annotations(tmp_path)
    (tmp_path / "k" / "00001_annotations.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match="holds a dict, not a list"):
        read_annotations(tmp_path)


def test_bad_humanml3d(tmp_path: Path) -> None:
    humanml3d(tmp_path / "a", INDEX.replace("new_name", "name"))
    with pytest.raises(InputError, match=r"index\.csv: new_name: there is no such column"):
        read_annotations(tmp_path / "a")
    (humanml3d(tmp_path / "b") / "HumanML3D/texts/000000.txt").write_text("only a caption\n")
    with pytest.raises(InputError, match=r"000000\.txt: line 1: is not caption#tokens#start#end"):
        read_annotations(tmp_path / "b")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "index.csv").write_text(INDEX)
    with pytest.raises(InputError, match=r"unpack texts\.zip"):
        read_annotations(tmp_path / "c")
