"""Small files in the exact formats of HumanML3D and KIT-ML; the index rows are HumanML3D's own."""

from __future__ import annotations

import json
from pathlib import Path

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
