"""Descriptions in words for AMASS recordings, from HumanML3D and from the KIT Motion-Language data set.

HumanML3D (Guo et al., CVPR 2022): ``index.csv`` with ``source_path,start_frame,end_frame,new_name`` and a
folder ``texts`` of ``<new_name>.txt``, whose lines are ``caption#tokens#start#end``.
KIT-ML (Plappert et al., Big Data 4:236, 2016): ``NNNNN_annotations.json``, a list of captions. Its metadata
name no AMASS file; which recording a number is, is told by ``kitml_amass_path.json`` or
``amass-path2kitml.json`` of the AMASS-Annotation-Unifier (Petrovich, Black, Varol, TMR, ICCV 2023), to be put
into the same folder.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from kinesis_bench.errors import InputError
from kinesis_bench.motions.curation import recording_name

KITML_MAPS = ("amass-path2kitml.json", "kitml_amass_path.json")
"""Files that say which AMASS recording a KIT-ML number is; the first that exists is used."""

_INDEX_COLUMNS = ("source_path", "new_name")
_FRAME_COLUMNS = ("start_frame", "end_frame")


def read_annotations(folder: str | Path) -> dict[str, tuple[str, ...]]:
    """Captions of AMASS recordings, from whatever of HumanML3D and KIT-ML lies under a folder.

    Returns:
        recording name (``KIT/10/LeftTurn01``) -> its captions without repeats, HumanML3D's first. A caption
        may describe a part of the recording only.

    Raises:
        InputError: the folder does not exist or holds neither, a file is damaged, KIT-ML lies there without
            a file that maps it to AMASS.
    """
    where = Path(folder)
    if not where.is_dir():
        raise InputError(where, "no such folder", "give the folder with HumanML3D or KIT-ML")
    indices = sorted(where.rglob("index.csv"))
    kitml = sorted({path.parent for path in where.rglob("*_annotations.json")})
    if not indices and not kitml:
        raise InputError(
            where,
            "holds neither HumanML3D (index.csv) nor KIT-ML (*_annotations.json)",
            "unpack one of them there",
        )
    texts: dict[str, list[str]] = {}
    for index in indices:
        _read_humanml3d(index, texts)
    for part in kitml:
        _read_kitml(where, part, texts)
    return {name: tuple(dict.fromkeys(captions)) for name, captions in sorted(texts.items())}


def _read_humanml3d(index: Path, texts: dict[str, list[str]]) -> None:
    folders = [path for path in sorted(index.parent.rglob("texts")) if path.is_dir()]
    if not folders:
        raise InputError(index.parent / "texts", "no such folder", "unpack texts.zip of HumanML3D beside it")
    with index.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for column in _INDEX_COLUMNS:
            if column not in (reader.fieldnames or ()):
                raise InputError(
                    f"{index}: {column}", "there is no such column", "copy index.csv of HumanML3D again"
                )
        rows = list(reader)
    for number, row in enumerate(rows, 2):
        _check_row(index, number, row)
        path = folders[0] / f"{Path(row['new_name']).stem}.txt"
        if path.is_file():
            texts.setdefault(recording_name(Path(row["source_path"]).with_suffix("")), []).extend(
                _captions(path)
            )


def _check_row(index: Path, number: int, row: dict[str, str | None]) -> None:
    for column in _INDEX_COLUMNS:
        if not row[column]:
            raise InputError(f"{index}: line {number}: {column}", "is empty", "copy index.csv again")
    for column in _FRAME_COLUMNS:
        try:
            int(row.get(column, "0") or "")
        except ValueError as error:
            raise InputError(
                f"{index}: line {number}: {column}",
                f"is {row[column]!r}, not a number of a frame",
                "copy index.csv of HumanML3D again",
            ) from error


def _captions(path: Path) -> list[str]:
    captions = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        parts = line.split("#")
        if len(parts) < 4:
            raise InputError(
                f"{path}: line {number}",
                "is not caption#tokens#start#end",
                "copy the file again from HumanML3D",
            )
        captions.append(" ".join(parts[0].split()))
    return [caption for caption in captions if caption]


def _read_kitml(root: Path, folder: Path, texts: dict[str, list[str]]) -> None:
    maps = [path for name in KITML_MAPS for path in sorted(root.rglob(name))]
    if not maps:
        raise InputError(
            folder,
            "holds KIT-ML, whose files do not say which AMASS recording they are",
            f"put {' or '.join(KITML_MAPS)} of the AMASS-Annotation-Unifier into it",
        )
    for number, entry in _load_json(maps[0], dict).items():
        path = folder / f"{number}_annotations.json"
        if not path.is_file():
            continue
        captions = _load_json(path, list)
        if not all(isinstance(caption, str) for caption in captions):
            raise InputError(path, "is not a list of captions", "copy the file again from KIT-ML")
        kept = [" ".join(caption.split()) for caption in captions if caption.strip()]
        if kept:
            texts.setdefault(_kitml_name(maps[0], number, entry), []).extend(kept)


def _kitml_name(where: Path, number: str, entry: Any) -> str:
    """Recording of ``"KIT/3/x_poses.npz"`` or of ``{"path": "3/x_poses.npz", "identifier": "kit"}``."""
    if isinstance(entry, dict) and {"path", "identifier"} <= set(entry):
        entry = f"{str(entry['identifier']).upper()}/{entry['path']}"
    if not isinstance(entry, str):
        raise InputError(f"{where}: {number}", "does not name an AMASS file", "copy the file again")
    return recording_name(entry)


def _load_json(path: Path, kind: type) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(path, f"is not valid JSON ({error})", "copy the file again") from error
    if not isinstance(content, kind):
        raise InputError(
            path, f"holds a {type(content).__name__}, not a {kind.__name__}", "copy the file again"
        )
    return content
