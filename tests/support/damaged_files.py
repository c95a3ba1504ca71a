"""Files with some bytes changed, as a bad disk or a cut download leaves them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError


def refusals(path: Path, read: Callable[[], object], times: int = 60, seed: int = 0) -> list[str]:
    """Damage a file that often, each time anew, and read it: what the InputErrors say.

    Each time one to three bytes change, and every fifth time the end is lost too. Some damage does not
    matter (the times in a zip's directory); any other exception than InputError comes through.
    """
    whole, rng, said = path.read_bytes(), np.random.default_rng(seed), []
    for count in range(times):
        damaged = np.frombuffer(whole, np.uint8).copy()
        places = rng.integers(len(damaged), size=rng.integers(1, 4))
        damaged[places] ^= rng.integers(1, 256, size=len(places), dtype=np.uint8)
        path.write_bytes(damaged.tobytes()[: rng.integers(len(whole)) if count % 5 == 4 else None])
        try:
            read()
        except InputError as error:
            said.append(str(error))
    path.write_bytes(whole)
    return said
