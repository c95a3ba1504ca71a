"""What ``fatigue.json`` holds: the same clips again and again on muscles that tire, bout by bout.

A result of its own kind. The ``result.json`` beside it is that of the first bout, marked as no score. Every
null stands beside a reason, as in a result. The published JSON schema, ``fatigue-1.schema.json`` beside this
file, is made from these classes (a test keeps them equal).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinesis_bench.evaluation.compare import corrected, differences, values
from kinesis_bench.evaluation.comparison import Pair
from kinesis_bench.evaluation.schema import BodyInfo, FatigueSetup, MotionsInfo, PolicyInfo, Result
from kinesis_bench.evaluation.score import covered_frames, score_clips
from kinesis_bench.evaluation.scored_folder import Clips, Scored
from kinesis_bench.evaluation.typed_file import schema_text, write_typed
from kinesis_bench.files import write_text
from kinesis_bench.metrics.statistics import Interval
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts
from kinesis_bench.tasks.fatigue import JOINTS, JointFatigue, muscle_joints
from kinesis_bench.tasks.registry import IMITATION

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
        figures: name to value; in imitation those of FIGURES, else success and what the task means or counts.
        ci95: name to 95 % interval, where the figure has one.
        fatigued_before_pct, fatigued_after_pct: fatigued part of the muscles' units at the clips' starts and
            ends (or the trials'), mean over muscles, clips and runs.
        fatigued_after_by_joint_pct: the latter for the muscles of each joint of ``FatigueResult.joints``.
        most_fatigued_pct: the muscles with the largest such part at the clips' ends.
        reasons: field to why it is None.
    """

    bout: int
    figures: dict[str, float | None]
    ci95: dict[str, Interval]
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
        task: imitation, or a task of trials.
        policy, body, seed: as in ``Result``.
        motions, runs: likewise; None and 1 for a task of trials.
        trials: of such a task, None in imitation.
        joints: values of the model by joint.
        muscle_joints: each muscle's joint, whose values it has.
        bouts: in order.
        changes: of every later bout against the first; intervals and tests are paired by clip, by person, or
            by trial, as in a comparison of two results; p is corrected for the tests of one later bout.
    """

    schema: str
    task: str
    fatigue: FatigueSetup
    policy: PolicyInfo
    body: BodyInfo
    motions: MotionsInfo | None
    trials: int | None
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
        task=IMITATION,
        fatigue=fatigue,
        policy=first.policy,
        body=first.body,
        motions=first.motions,
        trials=None,
        runs=first.runs,
        seed=first.seed,
        joints=joints_of(rollouts.body),
        muscle_joints=joint_by_muscle(rollouts.body),
        bouts=tuple(
            _bout(number + 1, part, result)
            for number, (part, result) in enumerate(zip(parts, results, strict=True))
        ),
        changes=tuple(corrected([pair])[0] for pair in pairs),
    )


def joint_by_muscle(body: str) -> dict[str, str]:
    """The joint whose values each muscle of a body has."""
    found = muscle_joints(body)
    return dict(zip(found.muscles, found.joints, strict=True))


def joints_of(body: str) -> dict[str, JointFatigue]:
    """The values that a body's muscles have, by joint."""
    used = set(muscle_joints(body).joints)
    return {name: value for name, value in JOINTS.items() if name in used}


def write_fatigue(path: str | Path, result: FatigueResult) -> None:
    """Write ``fatigue.json``, whole or not at all."""
    write_typed(path, result)


def published_schema() -> str:
    """The text of SCHEMA_FILE, from the classes."""
    return schema_text(FatigueResult, SCHEMA, "Bouts of kinesis-bench on muscles that tire")


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


def bout_of(
    number: int,
    body: str,
    figures: dict[str, tuple[float | None, str]],
    ci95: dict[str, Interval | None],
    before: np.ndarray,
    after: np.ndarray,
) -> Bout:
    """A bout.

    Args:
        number: 1, 2 …
        body: its name.
        figures: name to value, and why it is None.
        ci95: name to interval.
        before, after: (n, M) fatigued parts of the muscles' units at the starts and ends of clips or trials.
    """
    joint_of = joint_by_muscle(body)
    joints, muscles = np.array(list(joint_of.values())), list(joint_of)
    of_muscle = 100.0 * after.mean(axis=0)
    most = np.argsort(-of_muscle, kind="stable")[:MOST_TIRED]
    return Bout(
        bout=number,
        figures={name: value for name, (value, _) in figures.items()},
        ci95={name: interval for name, interval in ci95.items() if interval is not None},
        fatigued_before_pct=100.0 * float(before.mean()),
        fatigued_after_pct=100.0 * float(after.mean()),
        fatigued_after_by_joint_pct={
            joint: float(of_muscle[joints == joint].mean()) for joint in joints_of(body)
        },
        most_fatigued_pct={muscles[place]: float(of_muscle[place]) for place in most},
        reasons={f"figures.{name}": why for name, (value, why) in figures.items() if value is None},
    )


def _bout(number: int, rollouts: Rollouts, result: Result) -> Bout:
    before, after = (np.stack(parts) for parts in zip(*map(_fatigued, rollouts.clips), strict=True))
    found = {name: values(result)[name] for name in FIGURES}
    imitation = result.imitation
    assert imitation is not None
    known = ("success_pct", "frame_coverage_pct", "mpjpe_mm")
    ci95 = {name: getattr(imitation, name).ci95 for name in known}
    return bout_of(number, rollouts.body, found, ci95, before, after)


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
