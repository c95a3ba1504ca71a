"""``kinesis-bench push``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro


@dataclass(frozen=True)
class Push:
    """Send a policy or motions to the Hugging Face hub, with a card; what a licence forbids is refused.

    Needs huggingface_hub: pip install 'kinesis-bench[hub]'. Log in with `hf auth login` or set HF_TOKEN;
    HF_ENDPOINT names another hub. Code, pickles and hidden files are not sent.

    Args:
        path: a folder with policy.toml and its ONNX file, a motion file of prepare-data, or a folder of such.
        repository: where to; made if it is not there.
        type: policy or data; by what is there if left out.
        private: if the repository is made, only its owner sees it.
    """

    path: tyro.conf.Positional[Path]
    repository: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="OWNER/NAME")]
    type: Literal["policy", "data"] | None = None
    private: bool = False

    def run(self) -> None:
        """Check, send, and print where it is.

        Raises:
            InputError: it is no policy and no motion file, may not be passed on, or the hub refuses.
        """
        from kinesis_bench.errors import InputError
        from kinesis_bench.hub.connection import parse_repository
        from kinesis_bench.hub.names import amount
        from kinesis_bench.hub.push import pack, send
        from kinesis_bench.terminal import console

        repository = parse_repository(self.repository)
        if repository.revision:
            raise InputError(f"repository {self.repository!r}", "names a revision", "push without the @")
        parcel = pack(self.path.expanduser(), repository, self.type)
        out = console()
        for name in parcel.left_out:
            out.print(f"not sent: {name}", soft_wrap=True)
        address, commit = send(parcel, repository, private=self.private)
        size = amount(len(parcel.files), parcel.size_bytes)
        out.print(f"sent to {address} at {commit[:12]}: {parcel.kind}, {size}", soft_wrap=True)
        out.print(f"fetch it with: kinesis-bench pull {repository.id}@{commit[:12]}", soft_wrap=True)
