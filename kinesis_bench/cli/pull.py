"""``kinesis-bench pull``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro


@dataclass(frozen=True)
class Pull:
    """Fetch a policy or motions from the Hugging Face hub into a new folder, whole and checked.

    Needs huggingface_hub: pip install 'kinesis-bench[hub]'. Only files that hold data are fetched (ONNX,
    TOML, JSON, Markdown, CSV, HDF5, npz, safetensors, pictures), never code or pickles, and nothing is
    executed. Each file is checked against the hash that the hub lists; pulled.json records revision and
    SHA-256.

    Args:
        repository: which, or OWNER/NAME@REVISION for a branch, tag or commit.
        out: the folder to make; NAME if left out.
        type: policy or data; a policy, else data, if left out.
        limit_mb: most that is fetched, all files together [MB].
    """

    repository: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="OWNER/NAME")]
    out: Path | None = None
    type: Literal["policy", "data"] | None = None
    limit_mb: float = 2000.0

    def run(self) -> None:
        """Look, fetch, and print what came and what did not.

        Raises:
            InputError: the hub cannot be reached or refuses, what it holds or sends cannot be trusted, or the
                folder is taken.
        """
        from kinesis_bench.errors import InputError
        from kinesis_bench.hub.connection import parse_repository
        from kinesis_bench.hub.names import amount
        from kinesis_bench.hub.pull import fetch, look, refuse_taken
        from kinesis_bench.terminal import console

        if not 0 < self.limit_mb < float("inf"):
            raise InputError("--limit-mb", f"is {self.limit_mb}", "give a number above 0")
        repository = parse_repository(self.repository)
        folder = self.out.expanduser() if self.out is not None else Path(repository.name)
        refuse_taken(folder)
        offer = look(repository, self.type, limit_bytes=int(self.limit_mb * 1e6))
        out = console()
        size = amount(len(offer.files), offer.size_bytes)
        out.print(f"{repository.id} at {offer.commit[:12]}: {offer.kind}, {size}", soft_wrap=True)
        for name in offer.left_out:
            out.print(f"refused, not a type that is fetched: {name}", soft_wrap=True)
        fetch(offer, folder)
        out.print(f"written to {folder}", soft_wrap=True)
        for option, path in _uses(offer.kind, [file.name for file in offer.files], folder):
            out.print(f"to use it: kinesis-bench score {option} {path}", soft_wrap=True)


def _uses(kind: str, names: list[str], folder: Path) -> list[tuple[str, str]]:
    """Options of ``score`` that take what was fetched."""
    if kind == "data":
        return [("--motions", str(folder / name)) for name in names if name.endswith(".h5")]
    if "policy.toml" in names:  # a bare name would be taken for a policy that ships
        return [("--policy", str(folder) if len(folder.parts) > 1 else f"./{folder}")]
    return [("--policy", str(folder / name)) for name in names if name.endswith(".onnx")]
