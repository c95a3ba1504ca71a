"""Result folders as ``score`` writes them, from recordings made without a simulator."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from walking_rollouts import MUSCLES, cyclic, ring, walking, walking_clip

from kinesis_bench.evaluation.evaluate import Provenance, evaluate_rollouts
from kinesis_bench.evaluation.result import write_clips, write_result
from kinesis_bench.evaluation.schema import MotionsInfo, PolicyInfo
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.human.references import HumanEmg, from_people
from kinesis_bench.human.sources import human_emg
from kinesis_bench.rollouts.schema import Rollouts

GROUP = human_emg()
NAMES = tuple(f"{place:02d}" for place in range(4, 10))


def six_people() -> HumanEmg:
    """Who differ around the group's mean curves."""
    rng = np.random.default_rng(5)
    phase = 2 * np.pi * np.asarray(GROUP.phase)
    waves = sum(
        rng.normal(0, 0.35, (6, 9, 1)) * np.sin(k * phase + rng.uniform(0, 6, (6, 9, 1))) for k in (1, 2)
    )
    curves = 2.0 + np.asarray(GROUP.mean_of_standardised) + waves
    return from_people(
        curves,
        GROUP.muscles,
        condition=GROUP.condition,
        speed_m_s=GROUP.speed_m_s,
        phase=GROUP.phase,
        names=NAMES,
        source="six people",
    )


PEOPLE = six_people()

MOTIONS = MotionsInfo("some-motions", "c" * 64, "5" * 64, "some/test", 6, 1440)
POLICY = PolicyInfo("mine", control="direct", deterministic=True)


def recording(
    *,
    error_m: float = 0.03,
    fails: tuple[int, ...] = (),
    fails_at: int = 120,
    noise: float = 0.0,
    lag_pct: int = 4,
    told: dict[str, object] | None = None,
    runs: int = 1,
) -> Rollouts:
    """Six clips in two skills; those of the places ``fails`` fail.

    Args:
        error_m: of the first clip; that of clip i is (1 + i/10) times as large.
        fails, fails_at: places of the clips that fail, and at which row.
        noise: how much the muscles' curves differ from people's mean.
        lag_pct: how late they are.
        told: fields of the provenance that differ.
        runs: the same, so often.
    """
    rng = np.random.default_rng(3)
    curves = np.zeros((len(MUSCLES), 100))
    z = np.asarray(GROUP.mean_of_standardised) + noise * rng.normal(size=(9, 100))
    curves[:9] = 0.5 + 0.1 * np.roll(ring(GROUP, z), lag_pct, axis=1)
    clips = [
        walking_clip(
            key=f"clip{i}",
            run=run,
            skill="walk" if i < 4 else "run",
            frames=240 + 10 * i,
            error_m=error_m * (1 + i / 10),
            fails_at=fails_at if i in fails else None,
            muscles=cyclic(curves),
        )
        for i in range(6)
        for run in range(runs)
    ]
    provenance = replace(Provenance(POLICY, MOTIONS, runs, 0, False, "", 2.0), **(told or {}))
    return walking(*clips, provenance=json.dumps(to_json(provenance)))


def write_scored(
    folder: Path, rollouts: Rollouts, human: HumanEmg = PEOPLE, protocol: str = "kinesis-bench-1"
) -> Path:
    """Score a recording into a folder."""
    folder.mkdir(parents=True)
    evaluation = evaluate_rollouts(rollouts, human, protocol=protocol)
    write_result(folder / "result.json", evaluation.result)
    write_clips(folder / "clips.csv", rollouts, evaluation.clips)
    return folder
