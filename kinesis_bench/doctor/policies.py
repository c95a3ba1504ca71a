"""The trained policies that ship: whether they are the published files, and fit their bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from kinesis_bench.bodies.contract import PUBLISHED_SHA256
from kinesis_bench.doctor.check import REINSTALL, Check, guarded
from kinesis_bench.policies.load import load_policy, reference_policies

EXPECTED = "expected.json"
"""What is known of a policy that ships, with the hash of its file."""


def references() -> Iterator[Check]:
    """A check a policy."""
    found = reference_policies()
    if not found:
        yield Check("reference policies", "broken", "none is here", REINSTALL, needed=True)
    for name, folder in found.items():
        yield from guarded(f"policy {name}", partial(_policy, name, folder), needed=True)


def _policy(name: str, folder: Path) -> Iterator[Check]:
    title = f"policy {name}"
    published = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))["policy_sha256"]
    policy = load_policy(name)
    made_for = policy.contract
    if policy.sha256 != published:
        says = f"hash {policy.sha256[:12]}, not {published[:12]}"
        yield Check(title, "broken", says, REINSTALL, needed=True)
    elif made_for is not None and PUBLISHED_SHA256.get(made_for.body) != made_for.model_sha256:
        says = f"was made for another version of body {made_for.body}"
        yield Check(title, "broken", says, REINSTALL, needed=True)
    else:
        yield Check(title, "ok", f"{policy.name}, hash {policy.sha256[:12]} as published", needed=True)
