"""Which files travel, and under which names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["policy", "data"]
"""What a repository holds; the hub calls them model and dataset."""

CARD = "README.md"

RECORD = "pulled.json"
"""Made by ``pull``: where a folder's files come from. It does not travel."""

_WORDS = {".csv", ".jpeg", ".jpg", ".json", ".md", ".png", ".toml", ".txt"}

PUSHED: dict[Kind, frozenset[str]] = {
    "policy": frozenset(_WORDS | {".onnx", ".safetensors"}),
    "data": frozenset(_WORDS | {".h5"}),
}
"""Types of the files that are sent. Archives (``.npz``) are not: nobody can tell what they were made of."""

PULLED = frozenset(_WORDS | {".h5", ".npz", ".onnx", ".safetensors"})
"""Types of the files that are fetched: data, no code, no pickles (``.py``, ``.pkl``, ``.pt``, ``.bin``)."""

_WITHOUT_TYPE = {"LICENSE", "NOTICE"}

LONGEST = 255
"""Most bytes in one part of a name; file systems take no more."""


def travels(name: str, types: Collection[str]) -> bool:
    """Whether a file of this name is of one of the types, not hidden and not our own record."""
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts)
    known = path.suffix.lower() in types or path.name in _WITHOUT_TYPE
    return known and not hidden and name != RECORD


def amount(files: int, size_bytes: int) -> str:
    """How much that is, for people."""
    from rich.filesize import decimal

    return f"{decimal(size_bytes)} in {files} {'file' if files == 1 else 'files'}"


def unsafe_names(names: Iterable[str]) -> list[str]:
    """Those that could leave the folder or take another file's place, as they may be printed."""
    given = list(names)
    taken: dict[str, int] = {}
    for name in given:
        taken[name.casefold()] = taken.get(name.casefold(), 0) + 1
    return [ascii(name) for name in given if _escapes(name) or _in_the_way(name, taken)]


def _escapes(name: str) -> bool:
    if not name.isprintable() or "\\" in name or ":" in name:
        return True
    return any(
        part in ("", ".", "..") or part != part.strip() or len(part.encode()) > LONGEST
        for part in name.split("/")
    )


def _in_the_way(name: str, taken: dict[str, int]) -> bool:
    """Whether another name is the same but for its case, or stands for a folder of this one."""
    folded = PurePosixPath(name.casefold())
    return taken[name.casefold()] > 1 or any(str(parent) in taken for parent in folded.parents)
