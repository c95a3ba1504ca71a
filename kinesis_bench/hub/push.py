"""Send a policy or motions to a hub: one commit, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinesis_bench.errors import InputError
from kinesis_bench.hub.card import data_card, policy_card
from kinesis_bench.hub.connection import Repository, hub, hub_type, talking_about
from kinesis_bench.hub.names import CARD, PUSHED, Kind, travels, unsafe_names

LICENSED = "amass"
"""Source in a motion file's recipe whose licence lets nobody pass on the recordings or what was made of them
(https://amass.is.tue.mpg.de)."""


@dataclass(frozen=True)
class Parcel:
    """What is about to be sent.

    Attributes:
        kind: policy or data.
        files: name in the repository to file here, or to content that was made (the card).
        left_out: names in the folder that are not sent: hidden, code, pickles, other types.
    """

    kind: Kind
    files: dict[str, Path | bytes]
    left_out: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(
            len(file) if isinstance(file, bytes) else file.stat().st_size for file in self.files.values()
        )


def pack(path: Path, repository: Repository, kind: Kind | None = None) -> Parcel:
    """Choose what is sent; check that it is usable and may be passed on; make a card where there is none.

    Args:
        path: a folder with ``policy.toml``, a motion file, or a folder of motion files.
        repository: where it goes, for the card.
        kind: by what is there if None.

    Raises:
        InputError: there is no policy or motion file, it is damaged, or its licence forbids passing it on.
    """
    if not path.exists():
        raise InputError(path, "no such file or folder", "give a policy's folder or a motion file")
    if kind is None:
        kind = "policy" if (path / "policy.toml").exists() or path.suffix == ".onnx" else "data"
    if kind == "policy" and path.is_file():
        raise InputError(path, "is a file", "put it into a folder with a policy.toml that names it")
    files, left_out = _files(path, PUSHED[kind])
    unsafe = unsafe_names(files)
    if unsafe:
        raise InputError(path, f"holds {unsafe[0]}, a name that does not travel", "rename the file")
    card = _policy(path, repository) if kind == "policy" else _data(path, files, repository)
    made: dict[str, Path | bytes] = {} if CARD in files else {CARD: card.encode()}
    return Parcel(kind, made | files, left_out)


def send(parcel: Parcel, repository: Repository, *, private: bool = False) -> tuple[str, str]:
    """Make the repository if it is not there, and send the files in one commit.

    Files that are there under other names stay.

    Returns:
        The repository's address and the commit.

    Raises:
        InputError: the hub cannot be reached or refuses.
    """
    api: Any = hub()
    from huggingface_hub import CommitOperationAdd

    to = {"repo_id": repository.id, "repo_type": hub_type(parcel.kind), "token": True}
    with talking_about(repository):
        address = api.create_repo(**to, private=private or None, exist_ok=True)
        commit = api.create_commit(
            **to,
            operations=[CommitOperationAdd(name, file) for name, file in sorted(parcel.files.items())],
            commit_message=f"Push {len(parcel.files)} files with kinesis-bench",
        )
    return str(address), str(commit.oid)


def _files(path: Path, types: frozenset[str]) -> tuple[dict[str, Path | bytes], tuple[str, ...]]:
    """Files that are sent by name, and the names of the others."""
    if path.is_file():
        return {path.name: path}, ()
    found = {
        file.relative_to(path).as_posix(): file
        for file in sorted(path.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    sent = {name for name, file in found.items() if travels(name, types) and not file.is_symlink()}
    return {name: found[name] for name in sorted(sent)}, tuple(sorted(found.keys() - sent))


def _policy(path: Path, repository: Repository) -> str:
    """Card of a policy that can be opened."""
    from kinesis_bench.policies.folder import load_folder

    return policy_card(load_folder(path), repository)


def _data(path: Path, files: dict[str, Path | bytes], repository: Repository) -> str:
    """Card of the first motion file, after all of them have been found fit to be passed on."""
    from kinesis_bench.motions.store import read_motions

    card = ""
    for name, file in files.items():
        if name.endswith(".h5"):
            assert isinstance(file, Path)
            motions = read_motions(file)
            _refuse_licensed(file, motions.recipe)
            card = card or data_card(motions, name, repository)
    if not card:
        remedy = "give a motion file of `kinesis-bench prepare-data`, or a folder with policy.toml"
        raise InputError(path, "holds no motion file (.h5) and no policy", remedy)
    return card


def _refuse_licensed(file: Path, recipe: Any) -> None:
    sources = recipe.get("sources")
    if not isinstance(sources, list) or not sources or not all(isinstance(source, str) for source in sources):
        remedy = "make it with `kinesis-bench prepare-data`"
        raise InputError(f"{file}: recipe", "does not say what the motions were made of", remedy)
    if LICENSED in sources:
        problem = "was made of AMASS, whose licence does not let anyone pass it on"
        raise InputError(f"{file}: recipe", problem, "publish the command that makes it instead")
