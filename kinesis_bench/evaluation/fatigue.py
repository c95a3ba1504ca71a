"""What ``fatigue.json`` holds: the same clips again and again on muscles that tire, bout by bout.

A result of its own kind. The ``result.json`` beside it is that of the first bout, marked as no score. Every
null stands beside a reason, as in a result. The published JSON schema, ``fatigue-1.schema.json`` beside this
file, is made from these classes (a test keeps them equal).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.evaluation.compare import corrected, differences, values
from kinesis_bench.evaluation.comparison import Pair
from kinesis_bench.evaluation.schema import BodyInfo, FatigueSetup, MotionsInfo, PolicyInfo, Result
from kinesis_bench.evaluation.score import covered_frames, score_clips
from kinesis_bench.evaluation.scored_folder import Clips, Scored
from kinesis_bench.evaluation.typed_json import json_schema, to_json
from kinesis_bench.files import write_text
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.tasks.fatigue import JOINTS, JointFatigue, muscle_joints

SCHEMA = "kinesis-bench-fatigue-1"

SCHEMA_FILE = Path(__file__).with_name("fatigue-1.schema.json")
"""The published JSON schema."""

FIGURES = (
    *("success_pct", "frame_coverage_pct", "mpjpe_mm", "mean_excitation"),
    *("emg_mean_r", "emg_zero_lag_r"),
)
"""Figures that are followed from bout to bout, as in ``result.json``."""

MOST_TIRED = 5
"""Muscles that a bout names."""


@dataclass(frozen=True)
class Bout:
    """All clips once.

    Attributes:
        bout: 1, 2 …
        figures: name in FIGURES to its value.
        fatigued_before_pct, fatigued_after_pct: fatigued part of the muscles' units at the clips' starts and
            ends, mean over muscles, clips and runs.
        fatigued_after_by_joint_pct: the latter for the muscles of each joint of ``FatigueResult.joints``.
        most_fatigued_pct: the muscles with the largest such part at the clips' ends.
        reasons: field to why it is None.
    """

    bout: int
    figures: dict[str, float | None]
    fatigued_before_pct: float
    fatigued_after_pct: float
    fatigued_after_by_joint_pct: dict[str, float]
    most_fatigued_pct: dict[str, float]
    reasons: dict[str, str]


@dataclass(frozen=True)
class FatigueResult:
    """Bouts and what they change.

    Attributes:
        schema: SCHEMA.
        fatigue: what was run, and by which version of the model.
        policy, body, motions, runs, seed: as in ``Result``.
        joints: values of the model by joint.
        muscle_joints: each muscle's joint, whose values it has.
        bouts: in order.
        changes: of every later bout against the first; intervals and tests are paired by clip, or by person,
            as in a comparison of two results.
    """

    schema: str
    fatigue: FatigueSetup
    policy: PolicyInfo
    body: BodyInfo
    motions: MotionsInfo
    runs: int
    seed: int | None
    joints: dict[str, JointFatigue]
    muscle_joints: dict[str, str]
    bouts: tuple[Bout, ...]
    changes: tuple[Pair, ...]


def fatigue_result(rollouts: Rollouts, fatigue: FatigueSetup, results: Sequence[Result]) -> FatigueResult:
    """Bouts beside one another.

    Args:
        rollouts: the recording of all bouts.
        fatigue: what was run.
        results: of each bout.
    """
    joint_of = muscle_joints(rollouts.body)
    by_muscle = dict(zip(joint_of.muscles, joint_of.joints, strict=True))
    parts = [rollouts.of_bout(number + 1) for number in range(len(results))]
    scored = [
        Scored(Path(f"bout {number + 1}"), result, _tables(part), "")
        for number, (part, result) in enumerate(zip(parts, results, strict=True))
    ]
    pairs = [
        Pair(
            "bout 1", str(one.folder), tuple(differences(scored[0], one, "bout 1", str(one.folder), FIGURES))
        )
        for one in scored[1:]
    ]
    first = results[0]
    return FatigueResult(
        schema=SCHEMA,
        fatigue=fatigue,
        policy=first.policy,
        body=first.body,
        motions=first.motions,
        runs=first.runs,
        seed=first.seed,
        joints={name: value for name, value in JOINTS.items() if name in by_muscle.values()},
        muscle_joints=by_muscle,
        bouts=tuple(
            _bout(number + 1, part, result, by_muscle)
            for number, (part, result) in enumerate(zip(parts, results, strict=True))
        ),
        changes=corrected(pairs),
    )


def write_fatigue(path: str | Path, result: FatigueResult) -> None:
    """Write ``fatigue.json``, whole or not at all."""
    write_text(path, json.dumps(to_json(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def published_schema() -> str:
    """The text of SCHEMA_FILE, from the classes."""
    title = "Bouts of kinesis-bench on muscles that tire"
    return json.dumps({"$id": SCHEMA, "title": title, **json_schema(FatigueResult)}, indent=1) + "\n"


def write_bouts(path: str | Path, rollouts: Rollouts) -> None:
    """``bouts.csv``: a line a bout, clip and run; fatigued parts are means over the muscles, 0 to 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ("frames", "covered", "success", "mpjpe_mm", "mean_excitation")
    writer.writerow(("bout", "key", "run", "skill", *columns, "fatigued_before", "fatigued_after", "failure"))
    clips = score_clips(rollouts)
    assert clips is not None
    for rollout, clip in zip(rollouts.clips, clips, strict=True):
        error = "" if clip.mpjpe_mm is None else f"{clip.mpjpe_mm:.3f}"
        effort = f"{_effort(rollout, clip.covered):.6f}" if clip.covered else ""
        before, after = (float(part.mean()) for part in _fatigued(rollout))
        row = (rollout.bout, rollout.key, rollout.run, rollout.skill, rollout.frames, clip.covered)
        more = (int(clip.success), error, effort, f"{before:.6f}", f"{after:.6f}", rollout.failure)
        writer.writerow((*row, *more))
    write_text(path, text.getvalue())


def _bout(number: int, rollouts: Rollouts, result: Result, joint_of: dict[str, str]) -> Bout:
    before, after = (
        100.0 * np.mean(parts, axis=0) for parts in zip(*map(_fatigued, rollouts.clips), strict=True)
    )
    joints = np.array([joint_of[muscle] for muscle in rollouts.muscle_names])
    most = np.argsort(-after, kind="stable")[:MOST_TIRED]
    found = {name: values(result)[name] for name in FIGURES}
    return Bout(
        bout=number,
        figures={name: value for name, (value, _) in found.items()},
        fatigued_before_pct=float(before.mean()),
        fatigued_after_pct=float(after.mean()),
        fatigued_after_by_joint_pct={
            joint: float(after[joints == joint].mean()) for joint in JOINTS if joint in joints
        },
        most_fatigued_pct={rollouts.muscle_names[place]: float(after[place]) for place in most},
        reasons={f"figures.{name}": why for name, (value, why) in found.items() if value is None},
    )


def _fatigued(clip: ClipRollout) -> tuple[np.ndarray, np.ndarray]:
    """Fatigued parts (M,) at a clip's start and end."""
    assert clip.fatigued is not None
    assert clip.start_fatigued is not None
    return clip.start_fatigued, clip.fatigued[-1]


def _effort(clip: ClipRollout, covered: int) -> float:
    assert clip.excitation is not None
    return float(np.mean(clip.excitation[:covered], dtype=float))


def _tables(rollouts: Rollouts) -> Clips:
    """Clips × runs of one bout."""
    scored = score_clips(rollouts)
    assert scored is not None
    places = {(clip.key, clip.run): place for place, clip in enumerate(scored)}
    keys, runs = sorted({key for key, _ in places}), sorted({run for _, run in places})
    grid = np.array([[places[key, run] for run in runs] for key in keys])
    covered = np.array(covered_frames(rollouts, scored), float)
    effort = [_effort(clip, int(n)) if n else np.nan for clip, n in zip(rollouts.clips, covered, strict=True)]
    error = [np.nan if clip.mpjpe_mm is None else clip.mpjpe_mm for clip in scored]
    return Clips(
        keys=tuple(keys),
        skills=tuple(scored[place].skill for place in grid[:, 0]),
        frames=np.array([clip.frames for clip in scored], float)[grid],
        covered=covered[grid],
        success=np.array([clip.success for clip in scored], float)[grid],
        strict_success=np.array([clip.strict_success for clip in scored], float)[grid],
        mpjpe_mm=np.array(error, float)[grid],
        mean_excitation=np.array(effort, float)[grid],
    )
