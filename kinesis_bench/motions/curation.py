"""Which recordings are chosen, their skills and splits: rules read from a TOML file that anybody can edit."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.files import content_dir
from kinesis_bench.motions.clip import SKILLS

_SUFFIX = re.compile(r"_(poses|stageii)(\.npz)?$")
_NUMBER = re.compile(r"[_\d]+$")
_KEYS = {
    "": {"id", "datasets", "published", "choose", "skills", "by_subject"},
    "choose": {"any_of", "none_of"},
    "skills": {"skill", "any_of"},
    "by_subject": {"held_out"},
}


@dataclass(frozen=True)
class Rules:
    """How recordings are chosen and labelled. A name is ``KIT/10/LeftTurn01``: folder, person, recording.

    Attributes:
        id: name of the data set that the rules give.
        datasets: folders of the AMASS tree to choose from.
        any_of, none_of: keywords, of which a chosen name holds at least one, and none.
        skills: (skill, keywords), the first that matches counts.
        held_out: people such as ``KIT/4``, whose clips are the test clips of ``by-subject``.
        published: name -> its splits in the published lists, in the lists' order.
    """

    id: str
    datasets: tuple[str, ...]
    any_of: tuple[str, ...]
    none_of: tuple[str, ...]
    skills: tuple[tuple[str, tuple[str, ...]], ...]
    held_out: tuple[str, ...]
    published: Mapping[str, tuple[str, ...]]

    def chooses(self, name: str) -> bool:
        """Whether a recording belongs to the data set."""
        keyword = motion_name(name).lower()
        return (
            name.split("/")[0] in self.datasets
            and any(word in keyword for word in self.any_of)
            and not any(word in keyword for word in self.none_of)
        )

    def skill(self, name: str) -> str:
        """The skill of a recording, "" if no rule gives one."""
        keyword = motion_name(name).lower()
        return next((skill for skill, words in self.skills if any(word in keyword for word in words)), "")

    def splits(self, name: str) -> tuple[str, ...]:
        """The splits that a recording is in, sorted."""
        by_subject = "test" if subject_of(name) in self.held_out else "train"
        return tuple(sorted({*self.published.get(name, ()), f"by-subject/{by_subject}"}))

    def missing(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """What of each published split is not among ``names``; splits that are whole are left out."""
        there = set(names)
        absent: dict[str, list[str]] = {}
        for name, splits in self.published.items():
            for split in splits if name not in there else ():
                absent.setdefault(split, []).append(name)
        return {split: tuple(absent[split]) for split in sorted(absent)}


def default_rules() -> Path:
    """The rules of KIT-Locomotion that ship with the package."""
    return content_dir("datasets") / "kit_locomotion" / "rules.toml"


def load_rules(path: str | Path | None = None) -> Rules:
    """Read a rules file, ``default_rules()`` if None.

    Raises:
        InputError: the file or its list is missing or not valid, a key or skill does not exist.
    """
    where = Path(path) if path is not None else default_rules()
    try:
        table = tomllib.loads(where.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(where, f"cannot be read ({error.strerror})", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(where, f"is not valid TOML ({error})", "correct the file") from error
    _check_keys(where, "", table)
    _check_keys(where, "choose", table["choose"])
    _check_keys(where, "by_subject", table["by_subject"])
    skills = []
    for rule in _of_type(where, "skills", table["skills"], list):
        _check_keys(where, "skills", rule)
        if rule["skill"] not in SKILLS:
            raise unknown_name(f"{where}: skills.skill", str(rule["skill"]), SKILLS)
        skills.append((rule["skill"], _words(where, "skills.any_of", rule["any_of"])))
    return Rules(
        id=_of_type(where, "id", table["id"], str),
        datasets=_words(where, "datasets", table["datasets"]),
        any_of=_words(where, "choose.any_of", table["choose"]["any_of"]),
        none_of=_words(where, "choose.none_of", table["choose"]["none_of"]),
        skills=tuple(skills),
        held_out=_words(where, "by_subject.held_out", table["by_subject"]["held_out"]),
        published=_read_published(where.parent / _of_type(where, "published", table["published"], str)),
    )


def recording_name(path: str | Path) -> str:
    """``KIT/10/LeftTurn01`` of ``…/KIT/10/LeftTurn01_poses.npz``, of ``…_stageii.npz``, and of clip keys."""
    parts = Path(path).parts[-3:]
    return _SUFFIX.sub("", "/".join(parts))


def motion_name(name: str) -> str:
    """What was done: the recording's name without folder, person and number (``LeftTurn``)."""
    return _NUMBER.sub("", recording_name(name).rsplit("/", 1)[-1])


def subject_of(name: str) -> str:
    """Who did it: folder and person (``KIT/10``)."""
    return recording_name(name).rsplit("/", 1)[0]


def _read_published(path: Path) -> dict[str, tuple[str, ...]]:
    """Name -> splits of the two published lists, and ``common-105/test``: tested in both."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise InputError(
            path, f"cannot be read ({error.strerror})", "check `published` in the rules"
        ) from error
    published = {}
    for row in rows:
        try:
            old, new = row["split_kinesis_2025"], row["split_kinesis_2026"]
            name = recording_name(row["amass_path"])
        except KeyError as error:
            raise InputError(
                f"{path}: {error.args[0]}", "there is no such column", "restore the file"
            ) from error
        splits = [f"kinesis-{year}/{split}" for year, split in ((2025, old), (2026, new)) if split]
        if old == new == "test":
            splits.append("common-105/test")
        published[name] = tuple(splits)
    return published


def _check_keys(where: Path, section: str, table: Any) -> None:
    _of_type(where, section or "the file", table, dict)
    for key in table:
        if key not in _KEYS[section]:
            raise unknown_name(f"{where}: {section or 'top level'}", key, _KEYS[section])
    for key in sorted(_KEYS[section] - set(table)):
        raise InputError(f"{where}: {section}.{key}".replace(": .", ": "), "is missing", "add it to the file")


def _of_type(where: Path, field: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"{where}: {field}", f"is {value!r}, not a {kind.__name__}", "correct the file")
    return value


def _words(where: Path, field: str, value: Any) -> tuple[str, ...]:
    for word in _of_type(where, field, value, list):
        _of_type(where, field, word, str)
    return tuple(value)
