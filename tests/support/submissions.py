"""Small submissions that come from real runs, and ways to tamper with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.evaluate import evaluate_rollouts, record_policy
from kinesis_bench.evaluation.people import people_besides
from kinesis_bench.evaluation.result import write_clips, write_result
from kinesis_bench.human.sources import human_sources
from kinesis_bench.leaderboard.folder import write_sums
from kinesis_bench.leaderboard.submit import Said, submit
from kinesis_bench.motions.motion_set import ClipIk, Motions
from kinesis_bench.motions.store import write_motions
from kinesis_bench.policies.load import load_policy

SOURCES = human_sources(("emg_walk_wang2023", "emg_run_santuz2020"))

SAID = Said("mine", ("A. Author", "B. Author"), "https://example.org/mine", training_steps=1000)


def two_clips(path: Path) -> Motions:
    """Two short clips for body ``legs``, also written to a file."""
    body = load_body("legs")
    motions = synthetic_motions(body, clips=2, frames=20)
    ik = motions.ik[body.name]
    spans = {key: motions.span(place) for place, key in enumerate(motions.keys)}
    of_clips = {key: ClipIk(ik.qpos[s], ik.qvel[s], ik.residual[s]) for key, s in spans.items()}
    return write_motions(
        path,
        [motions.clip(place) for place in range(len(motions))],
        id=motions.id,
        ik={body.name: of_clips},
        model_sha256={body.name: body.sha256},
    )


def scored(folder: Path, motions: Motions, policy: str, runs: int | None = None, **changed: Any) -> Path:
    """Run and score a policy as ``kinesis-bench score`` does; ``changed`` makes it a diagnostic."""
    from kinesis_bench.rollouts.store import write_rollouts

    human = SOURCES[0].emg("walk", 4.5)
    rollouts = record_policy(
        load_policy(policy), load_body("legs"), motions, split="all", runs=runs, **changed
    )
    evaluation = evaluate_rollouts(rollouts, human, besides=people_besides(SOURCES, rollouts, human))
    folder.mkdir(parents=True)
    write_rollouts(folder / "rollouts.h5", rollouts)
    write_clips(folder / "clips.csv", rollouts, evaluation.clips)
    write_result(folder / "result.json", evaluation.result)
    return folder


def submitted(place: Path, policy: str, runs: int | None = None) -> tuple[Path, Path]:
    """Folder of a submission that verifies, and its motions' file."""
    path = place / "motions.h5"
    motions = two_clips(path)
    result = scored(place / "scored", motions, policy, runs)
    folder, _ = submit(result, SAID, SOURCES, place / "leaderboards", motions=path)
    return folder, path


def in_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def in_record(folder: Path, change: Callable[[dict[str, np.ndarray], dict[str, Any]], None]) -> None:
    """Change arrays and text of a submission's record, and make the digests fit again."""
    path = folder / "record.npz"
    with np.load(path) as archive:
        arrays = dict(archive)
    about = json.loads(arrays.pop("about").tobytes())
    change(arrays, about)
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez_compressed(path, **arrays)
    write_sums(folder)
