"""The card of a repository that has none: what it holds and how it is used, in the hub's front matter too."""

from __future__ import annotations

import json
from collections.abc import Mapping

from kinesis_bench.hub.connection import Repository
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.policies.loaded import LoadedPolicy

_POLICY = """---
library_name: kinesis-bench
pipeline_tag: reinforcement-learning
tags: [kinesis-bench, musculoskeletal, locomotion]
---
# {name}

A policy that drives a musculoskeletal body by its muscles.

| | |
|---|---|
{rows}

    pip install "kinesis-bench[hub]"
    kinesis-bench pull {repository}
    kinesis-bench score --policy {folder}

No licence is named here: add `license: …` at the top.
"""

_DATA = """---
pretty_name: {quoted}
tags: [kinesis-bench, musculoskeletal, locomotion, motion-capture]
---
# {name}

Motions for kinesis-bench: clips at 30 fps, keypoints, splits, and a pose of each body at every frame.

| | |
|---|---|
{rows}

    pip install "kinesis-bench[hub]"
    kinesis-bench pull {repository}
    kinesis-bench score --motions {folder}/{file}

No licence is named here: add `license: …` at the top.
"""


def policy_card(policy: LoadedPolicy, repository: Repository) -> str:
    """Card of a policy, from what its file says of itself."""
    made_for = policy.contract
    rows = {
        "body": made_for.body if made_for else "",
        "model SHA-256": made_for.model_sha256 if made_for else "",
        "control": policy.control,
        "observation": policy.observation_size,
        "actions": policy.action_size,
        "network SHA-256": policy.sha256,
    }
    return _POLICY.format(
        name=_plain(policy.name), rows=_table(rows), repository=repository.id, folder=repository.name
    )


def data_card(motions: Motions, file: str, repository: Repository) -> str:
    """Card of a motion file, from its attributes."""
    rows = {
        "made of": ", ".join(motions.recipe["sources"]),
        "clips": len(motions),
        "minutes": f"{motions.minutes:.1f}",
        "skills": ", ".join(sorted(set(motions.skill) - {""})),
        "splits": ", ".join(motions.split_names),
        "time base": motions.time_base,
        "bodies": ", ".join(motions.ik),
        "content SHA-256": motions.content_sha256,
        "kinesis-bench": motions.version,
    }
    return _DATA.format(
        name=_plain(motions.id),
        quoted=json.dumps(motions.id),
        rows=_table(rows),
        repository=repository.id,
        folder=repository.name,
        file=file,
    )


def _table(rows: Mapping[str, object]) -> str:
    return "\n".join(f"| {name} | {_plain(value)} |" for name, value in rows.items() if value)


def _plain(value: object) -> str:
    """On one line and not the end of a cell."""
    return " ".join(str(value).replace("|", "/").split())
