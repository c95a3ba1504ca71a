"""Fetch a policy or motions from a hub into a new folder: checked, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinesis_bench import __version__
from kinesis_bench.errors import InputError
from kinesis_bench.files import whole_new_folder
from kinesis_bench.hub.connection import (
    LIBRARY,
    TIMEOUT_S,
    NotThere,
    Repository,
    hub,
    hub_type,
    talking_about,
)
from kinesis_bench.hub.names import PULLED, RECORD, Kind, amount, travels, unsafe_names

LIMIT_BYTES = 2_000_000_000
"""Most that is fetched unless the user allows more."""

MOST_FILES = 1000

_CHUNK = 1 << 20
_COMMIT, _SHA256, _SHA1 = (re.compile(rf"[0-9a-f]{{{n}}}") for n in (40, 64, 40))


@dataclass(frozen=True)
class Offered:
    """One file as the hub lists it.

    Attributes:
        name: its path in the repository.
        size_bytes: how long it is.
        sha256: of its content, where the hub keeps it as a large file; else "".
        git_sha1: git's hash of its content, where it is kept in git; else "".
    """

    name: str
    size_bytes: int
    sha256: str = ""
    git_sha1: str = ""


@dataclass(frozen=True)
class Offer:
    """A repository at one commit, found fit to be fetched.

    Attributes:
        repository, kind: which.
        commit: 40 hexadecimal digits.
        files: what is fetched.
        left_out: names of what is not: code, pickles, hidden files, other types.
    """

    repository: Repository
    kind: Kind
    commit: str
    files: tuple[Offered, ...]
    left_out: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size_bytes for file in self.files)


def look(repository: Repository, kind: Kind | None = None, *, limit_bytes: int = LIMIT_BYTES) -> Offer:
    """What a repository holds; nothing is fetched.

    Args:
        repository: which, and at which revision.
        kind: policy or data; a policy, else data, if None.
        limit_bytes: most that may be fetched.

    Raises:
        InputError: the hub cannot be reached or refuses; a name leads out of the folder; a file has no hash;
            nothing is of a type that is fetched; it is too large.
    """
    if kind is None:
        try:
            return look(repository, "policy", limit_bytes=limit_bytes)
        except NotThere:
            return look(repository, "data", limit_bytes=limit_bytes)
    api: Any = hub()
    with talking_about(repository):
        info = api.repo_info(
            repository.id,
            repo_type=hub_type(kind),
            revision=repository.revision or None,
            files_metadata=True,
            timeout=TIMEOUT_S,
        )
        listed = [_offered(sibling) for sibling in info.siblings]
        if not _COMMIT.fullmatch(info.sha):
            raise ValueError("it names no commit")
    where = f"{repository.id} at {info.sha[:12]}"
    unsafe = unsafe_names(file.name for file in listed)
    if unsafe:
        problem = f"holds names that lead out of a folder or hide one another: {_some(unsafe)}"
        raise InputError(where, problem, "do not use this repository")
    files = tuple(file for file in listed if travels(file.name, PULLED))
    left_out = tuple(file.name for file in listed if file not in files and file.name != ".gitattributes")
    if not files:
        problem = f"holds nothing of a type that is fetched ({', '.join(sorted(PULLED))})"
        raise InputError(
            where, f"{problem}, only {_some(left_out)}" if left_out else problem, "ask its owner"
        )
    offer = Offer(repository, kind, info.sha, files, left_out)
    if kind == "policy" and not any(file.name.endswith(("policy.toml", ".onnx")) for file in files):
        raise InputError(
            where, "holds no policy (policy.toml or .onnx)", "for motions, pull with --type data"
        )
    if len(files) > MOST_FILES:
        problem = f"holds {len(files)} files, more than {MOST_FILES}"
        raise InputError(where, problem, "no policy and no motions need so many: check the name")
    if offer.size_bytes > limit_bytes:
        problem = f"holds {amount(len(files), offer.size_bytes)}, more than {limit_bytes / 1e6:g} MB"
        raise InputError(where, problem, "allow more with --limit-mb, if you trust it")
    return offer


def refuse_taken(folder: Path) -> None:
    """Refuse a folder in which something is.

    Raises:
        InputError: ``folder`` is there and not empty, or a file.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(folder, "is there already", "remove it, or choose another folder with --out")


def fetch(offer: Offer, folder: Path) -> None:
    """Fetch the files of an offer into a new folder and record where they come from (``pulled.json``).

    Raises:
        InputError: the hub cannot be reached or refuses, sends something else than it lists, or the folder is
            taken or cannot be written; ``folder`` is then left as it was.
    """
    refuse_taken(folder)
    hashes = {}
    with whole_new_folder(folder) as temporary:
        for file in offer.files:
            target = temporary / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            hashes[file.name] = _download(offer, file, target)
        record = {
            "repository": offer.repository.id,
            "kind": offer.kind,
            "asked": offer.repository.revision,
            "revision": offer.commit,
            "files": {
                file.name: {"bytes": file.size_bytes, "sha256": hashes[file.name]} for file in offer.files
            },
            "left_out": list(offer.left_out),
            "version": __version__,
        }
        (temporary / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _offered(sibling: Any) -> Offered:
    """A line of the hub's listing.

    Raises:
        ValueError: it lacks a name, a size or a hash.
    """
    lfs = sibling.lfs
    size = sibling.size if lfs is None else lfs.size
    sha256, git_sha1 = ("", sibling.blob_id) if lfs is None else (lfs.sha256, "")
    if not isinstance(sibling.rfilename, str) or not isinstance(size, int) or size < 0:
        raise ValueError("a file in its listing has no name or no size")
    if not (_SHA1.fullmatch(git_sha1) if lfs is None else _SHA256.fullmatch(sha256)):
        raise ValueError(f"{sibling.rfilename!a} has no hash in its listing")
    return Offered(sibling.rfilename, size, sha256, git_sha1)


def _download(offer: Offer, file: Offered, target: Path) -> str:
    """Write one file and return its SHA-256; never more bytes than listed are taken."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    where = f"{offer.repository.id}: {file.name}"
    remedy = "the hub or the way to it is damaged or hostile; nothing was kept"
    url = hf_hub_url(offer.repository.id, file.name, repo_type=hub_type(offer.kind), revision=offer.commit)
    sha256 = hashlib.sha256()
    git_sha1 = hashlib.sha1(b"blob %d\0" % file.size_bytes, usedforsecurity=False)
    taken = 0
    with talking_about(offer.repository):
        headers = {**build_hf_headers(**LIBRARY), "Accept-Encoding": "identity"}
        with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_S) as answer:
            hf_raise_for_status(answer)
            announced = answer.headers.get("Content-Length", str(file.size_bytes))
            if announced != str(file.size_bytes):
                problem = f"is announced with {announced!a} bytes, not the {file.size_bytes} listed"
                raise InputError(where, problem, remedy)
            with target.open("wb") as out:
                for chunk in answer.iter_bytes(_CHUNK):
                    taken += len(chunk)
                    if taken > file.size_bytes:
                        break
                    sha256.update(chunk)
                    git_sha1.update(chunk)
                    out.write(chunk)
    if taken != file.size_bytes:
        came = "more bytes than" if taken > file.size_bytes else f"{taken} bytes instead of"
        raise InputError(where, f"came with {came} the {file.size_bytes} listed", remedy)
    ours, listed = (sha256.hexdigest(), file.sha256) if file.sha256 else (git_sha1.hexdigest(), file.git_sha1)
    if ours != listed:
        raise InputError(where, f"has hash {ours[:12]}…, not the {listed[:12]}… listed", remedy)
    return sha256.hexdigest()


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
