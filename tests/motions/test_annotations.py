from __future__ import annotations

import json
from pathlib import Path

import pytest
from annotation_files import INDEX, humanml3d, kitml, map_plain

from kinesis_bench.errors import InputError
from kinesis_bench.motions.annotations import read_annotations


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


@pytest.mark.parametrize(("damaged", "said"), [("0,l83", "end_frame: is 'l83'"), ("", "new_name: is empty")])
def test_a_damaged_row_of_humanml3d_is_named(tmp_path: Path, damaged: str, said: str) -> None:
    humanml3d(tmp_path, INDEX.replace("0,83", damaged))
    with pytest.raises(InputError, match=rf"index\.csv: line 4: {said}"):
        read_annotations(tmp_path)
