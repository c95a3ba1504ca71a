"""Files that ship with the project, motions that were prepared, and data of people that were fetched."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import h5py

from kinesis_bench.bodies.contract import PUBLISHED_SHA256
from kinesis_bench.doctor.check import REINSTALL, Check, guarded, one_line
from kinesis_bench.files import cache_dir, content_dir, sha256_of_file
from kinesis_bench.human.built_in import BUILT_IN, WANG
from kinesis_bench.human.sources import LAYOUTS, human_source
from kinesis_bench.motions.curation import default_rules, load_rules
from kinesis_bench.motions.gait.build import DATASET
from kinesis_bench.prepare import is_current

SHARED = "KINESIS_BENCH_SHARED"
"""Variable that names a folder of real recordings; its folder ``data`` holds data sets by these names."""

SHARED_FOLDERS = {"emg_wang2023": "wang2023", **{layout: layout for layout in LAYOUTS}}
"""Name of a folder there to the layout in which it is read."""

PREPARE, PREPARE_AMASS = "kinesis-bench prepare-data", "kinesis-bench prepare-data --amass DIR"


def shipped() -> Iterator[Check]:
    """Whether the figures in ``datasets/`` are those that their descriptions name."""
    stated = {
        path.parent / file["contentUrl"]: file["sha256"]
        for path in sorted(content_dir("datasets").glob("*/croissant.json"))
        for file in json.loads(path.read_text(encoding="utf-8"))["distribution"]
        if "://" not in file["contentUrl"]
    }
    wrong = [
        f"{path.parent.name}/{path.name}"
        for path, sha256 in stated.items()
        if not path.is_file() or sha256_of_file(path) != sha256
    ]
    if wrong or not stated:
        says = f"changed or gone: {', '.join(wrong) or 'all descriptions'}"
        yield Check("figures", "broken", says, REINSTALL, needed=True)
        return
    people = ", ".join(human_source(name).name for name in BUILT_IN)
    yield Check("figures", "ok", f"{len(stated)} files as published; people: {people}", needed=True)


def motions() -> Iterator[Check]:
    """The built-in motions, KIT-Locomotion, and what else was prepared."""
    yield from guarded("built-in motions", _built_in)
    kit = load_rules(default_rules()).id
    paths = sorted(cache_dir().glob("*.h5")) if cache_dir().is_dir() else []
    others = [path for path in paths if path.stem != DATASET]
    if not any(path.stem.startswith(kit) for path in others):
        says = f"not prepared; how to get AMASS: {_card('kit_locomotion')}"
        yield Check("KIT-Locomotion", "missing", says, PREPARE_AMASS)
    for path in others:
        title = "KIT-Locomotion" if path.stem.startswith(kit) else "motions"
        yield from guarded(title, partial(_motion_file, title, path))


def people(given: Sequence[str]) -> Iterator[Check]:
    """Each person's data: those that are named, as for ``--human``, and those in the shared folder.

    Args:
        given: LAYOUT=PATH.
    """
    texts = dict.fromkeys([*given, *_in_shared_folder()])
    for text in texts:
        yield from guarded("people", partial(_of_people, text))
    if not texts:
        says = f"no data of single people named; how to get some: {_card(WANG)}"
        yield Check("people", "missing", says, "kinesis-bench doctor --human wang2023=DIR")


def _built_in() -> Iterator[Check]:
    path, name = cache_dir() / f"{DATASET}.h5", "built-in motions"
    make = f"{PREPARE}  (or score, which does it)"
    if is_current(path):
        yield Check(name, "ok", str(path))
    elif path.exists():
        yield Check(name, "missing", f"{path} was made by another version, or not to its end", make)
    else:
        yield Check(name, "missing", f"{DATASET} is not prepared yet", make)


def _motion_file(title: str, path: Path) -> Iterator[Check]:
    """A motion file by its attributes; ``data verify`` recomputes its hashes."""
    again = "prepare it again, or delete it"
    try:
        with h5py.File(path, "r") as file:
            name, clips = str(file.attrs["id"]), len(file["clips/key"])
            sha256 = str(file.attrs["content_sha256"])
            made_for = {body: str(group.attrs["model_sha256"]) for body, group in _bodies(file).items()}
    except (OSError, KeyError, ValueError, TypeError) as error:
        yield Check(title, "broken", f"{path} cannot be read ({one_line(error)})", again)
        return
    stale = [body for body, found in made_for.items() if PUBLISHED_SHA256.get(body, found) != found]
    says = f"{name}, {clips} clips, content {sha256[:12]}, {path}"
    if stale:
        yield Check(title, "broken", f"{says}: posed on other versions of {', '.join(stale)}", again)
    else:
        yield Check(title, "ok", says)


def _bodies(file: Any) -> dict[str, Any]:
    return dict(file["ik"].items()) if "ik" in file else {}


def _of_people(text: str) -> Iterator[Check]:
    held = ", ".join(human_source(text).all_activities)
    yield Check("people", "ok", f"{text}: {held}", f"kinesis-bench score --human {text}")


def _in_shared_folder() -> list[str]:
    shared = os.environ.get(SHARED)
    if not shared:
        return []
    folder = Path(shared).expanduser() / "data"
    there = {name: layout for name, layout in SHARED_FOLDERS.items() if (folder / name).is_dir()}
    return [f"{layout}={folder / name}" for name, layout in there.items()]


def _card(name: str) -> str:
    """The card of a data set, by its path from here where it lies below."""
    path = content_dir("datasets") / name / "README.md"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
