"""Verify a submission: what it states must follow from what it recorded, and that from the protocol.

**Re-simulated.** Every second is simulated again from its recorded state, with the recorded actions, through the
control law and on the body that it names, and must end at the next recorded state. The first state must be the
protocol's start. From the simulated seconds, joined, every figure of the first run is computed anew.

What this proves: the recorded movement is what these excitations do to this body from the prescribed start, after
these clips, and the figures are its figures. What it does not prove: that a policy found the actions from its
observation (they may have been optimised for these clips), that it saw no more than it says, which seed of
several it was, what it cost, and, where a policy ran several times, anything of the later runs.

How much can be cheated within the tolerances: a recorded state may differ from the simulated one by up to 1e-5 rad
or m and 1e-4 rad/s or m/s in 95 % of the seconds, 1e-3 and 2e-2 in 4 %, and 2e-2 and 0.5 in 1 %. Such nudges can
correct a movement that goes right but for a little; they do not hold up a body that falls.

**Recomputed.** Where nothing was simulated (excitations prescribed for a recorded motion, recordings of other
tools), the figures are computed anew from the recorded excitations and movement, which stay the author's word.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kinesis_bench import __version__
from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import Evaluation, Provenance, evaluate_rollouts, versions
from kinesis_bench.evaluation.people import people_besides
from kinesis_bench.evaluation.result import write_clips
from kinesis_bench.evaluation.schema import PROTOCOLS, Result
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.files import cache_dir, sha256_of_file
from kinesis_bench.human.conditions import condition_name
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.human.sources import HumanSource
from kinesis_bench.leaderboard.card import card
from kinesis_bench.leaderboard.figures import (
    Difference,
    clip_differences,
    result_differences,
    table_differences,
)
from kinesis_bench.leaderboard.folder import (
    FILES,
    MOST_MIB,
    RECORD,
    SUMS,
    Submitted,
    misplaced,
    read_submitted,
    wrong_sums,
)
from kinesis_bench.leaderboard.record import About, Recorded, Simulated, read_record
from kinesis_bench.leaderboard.simulate import (
    DT_S,
    STATE,
    Simulation,
    joined,
    seconds_of,
    simulate,
    whole_clips,
)
from kinesis_bench.leaderboard.submission import (
    VERIFICATION_SCHEMA,
    Verification,
    board_of,
    first_run_of,
)
from kinesis_bench.metrics.imitation import FAR_M, ClipImitation, keypoint_error_m
from kinesis_bench.motions.gait.build import DATASET
from kinesis_bench.motions.inspect import list_files
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import read_motions
from kinesis_bench.policies.blocks import BLAME
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.prepare import default_motions
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.tasks.control import PRIVILEGED_CONTROLS, action_size
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.termination import FAR

SHARES = (0.95, 0.99, 1.0)
"""Shares of the seconds that must end within the tolerances, from the tightest to the widest; seconds that may
lie outside are counted upwards to whole ones."""

TOLERANCES = {"qpos": (1e-5, 1e-3, 2e-2), "qvel": (1e-4, 2e-2, 0.5), "activation": (1e-5, 1e-3, 2e-2)}
"""How far the end of a second may be from the recorded state: rad and m, rad/s and m/s, and of 1.

Measured over 410 seconds of all policies that ship: median 2e-11 or less in qpos, the 99th percentile 4e-8, the
largest 4.9e-4 (6.8e-3 in qvel, 5e-6 in activation), where the solver starts without its last solution just as a
contact changes. With an error of 1e-12 put on every state, which stands for a machine that rounds otherwise: 95 %
within 6e-7 in qpos and 7e-6 in qvel, the largest the same."""

START_TOLERANCES = {"qpos": 1e-4, "qvel": 1e-2, "activation": 0.0}
"""How far the first state may be from the protocol's: inverse kinematics of motions that another machine made
agrees to some micrometres; muscles begin at exactly no activation."""

FAR_TOLERANCE_M = 1e-3
"""By how much a clip may miss the distance at which it is said to have failed [m]: keypoints of a second that was
simulated again differ by less than 5e-4 m."""

BROKEN = "physics: "
"""Every failure of the simulation itself begins so."""

_NOT_WHOLE = "not a full score"


@dataclass(frozen=True)
class Found:
    """What a verification found.

    Attributes:
        wrong: what does not fit, a line each; () if all does.
        verification: what is then known; None where something does not fit.
    """

    wrong: tuple[str, ...]
    verification: Verification | None


def verify(
    folder: Path,
    sources: Sequence[HumanSource],
    *,
    motions: Path | None = None,
    threads: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Found:
    """Verify one submission; nothing is written.

    Args:
        folder: of the submission.
        sources: data sets of people, the headline's first, as it was scored against.
        motions: file of the motions that it followed; the one of this name among the prepared ones if None.
        threads: for physics, 0 for all cores.
        progress: told the control steps simulated since the last call, and the total.

    Raises:
        InputError: a file of the folder cannot be read, or something that the figures need is not on this machine.
    """
    submitted = read_submitted(folder)
    result = submitted.scored.result
    wrong = [*wrong_sums(folder), *misplaced(folder, submitted.submission), *_too_large(folder)]
    wrong += _of_submission(submitted)
    record = read_record(folder / RECORD)
    body = load_body(result.body.name) if result.body.name in BODIES else None
    if body is not None and body.sha256 != result.body.model_sha256:
        wrong.append(_differs("result.json: body hash", result.body.model_sha256, body.sha256))
    human = _people(result, sources)
    known = _motions(result, body, motions) if result.motions.id else None
    odd = _of_record(record.about, result)
    if known is not None:
        odd += _of_motions(known, record.about, result)
    rollouts: Rollouts | None = None
    compared: list[str] = []
    worst: dict[str, float] = {}
    if isinstance(record, Recorded):
        rollouts = record.rollouts
        if result.imitation is not None and result.motions.id:
            odd.append(f"{RECORD}: holds no actions, so that what followed motions cannot be simulated again")
    elif body is None or known is None:
        odd.append(f"{RECORD}: holds actions, but result.json names no body and motions to simulate them on")
    elif not odd and not (odd := _of_shapes(record, body)):
        done = _simulate(record, body, known, threads, progress)
        wrong += done.wrong
        compared += done.compared
        worst |= done.worst
        rollouts = done.rollouts
    wrong += odd
    evaluation = None
    if rollouts is not None:
        evaluation = _evaluate(rollouts, result, human, sources)
        wrong += _of_failures(record.about, evaluation)
        different = _of_figures(submitted, evaluation)
        wrong += [str(one) for one in different if one.refused]
        compared.append(
            f"all figures of {'the result' if result.runs == 1 else 'the first run'} and of its clips"
        )
        for one in different:
            name = f"figures{f' [{one.unit}]' if one.unit else ''}"
            worst[name] = max(worst.get(name, 0.0), one.size)
    if wrong or evaluation is None:
        return Found(tuple(dict.fromkeys(wrong)), None)
    return Found(
        (),
        Verification(
            schema=VERIFICATION_SCHEMA,
            status="re-simulated" if isinstance(record, Simulated) else "recomputed",
            sums_sha256=sha256_of_file(folder / SUMS),
            first_run=first_run_of(evaluation.result),
            compared=tuple(compared),
            self_reported=_self_reported(result, record),
            worst=worst,
            versions=versions(),
        ),
    )


@dataclass(frozen=True)
class _Done:
    wrong: list[str]
    compared: list[str]
    worst: dict[str, float]
    rollouts: Rollouts


def _simulate(
    record: Simulated,
    body: Body,
    motions: Motions,
    threads: int,
    progress: Callable[[int, int], None],
) -> _Done:
    """Simulate the seconds and the whole clips, and compare."""
    total = 2 * sum(len(action) for action in record.action)
    seconds = simulate(
        record,
        seconds_of(record),
        body,
        motions,
        threads=threads,
        progress=lambda done: progress(done, total),
    )
    whole = simulate(
        record,
        whole_clips(record),
        body,
        motions,
        threads=threads,
        progress=lambda done: progress(done, total),
    )
    wrong, worst = [], {}
    wrong += _of_start(record, body, motions)
    wrong += _of_broken(record, seconds)
    for name in STATE:
        deviation = seconds.deviation(record, name)
        worst[f"{name} after a second"] = float(np.nan_to_num(deviation, nan=math.inf).max())
        wrong += _of_seconds(record, seconds, name, deviation)
    worst["qpos at the end of whole clips"] = float(
        np.nan_to_num(whole.deviation(record, "qpos"), nan=1e9).max()
    )
    return _Done(wrong, [f"{len(seconds.spans)} seconds"], worst, joined(seconds, record, body, motions))


def _of_seconds(record: Simulated, seconds: Simulation, name: str, deviation: np.ndarray) -> list[str]:
    """Seconds that do not end at the next recorded state."""
    for share, tolerance in zip(SHARES, TOLERANCES[name], strict=True):
        outside = np.flatnonzero(~(deviation <= tolerance))
        if len(outside) > math.ceil((1.0 - share) * len(deviation) - 1e-9):
            worst = int(outside[np.argmax(np.nan_to_num(deviation[outside], nan=math.inf))])
            span = seconds.spans[worst]
            clip = record.about.clips[span.clip].key
            return [
                f"{RECORD}: {name} of {len(outside)} of {len(deviation)} seconds ends more than {tolerance:g} from the "
                f"recorded state; worst in {clip}, steps {span.first} to {span.first + span.steps}: "
                f"{deviation[worst]:.2g}"
            ]
    return []


def _of_start(record: Simulated, body: Body, motions: Motions) -> list[str]:
    """Clips that do not begin as the protocol prescribes: IK pose, the reference's velocities, muscles at rest."""
    reference = Reference.of(motions, body)
    wrong = []
    for clip, state in zip(record.about.clips, record.state, strict=True):
        at = reference.offset[motions.index(clip.key)]
        prescribed = {"qpos": reference.qpos[at], "qvel": reference.qvel[at], "activation": 0.0}
        for name, tolerance in START_TOLERANCES.items():
            off = float(np.abs(state[name][0] - prescribed[name]).max())
            if not off <= tolerance:
                wrong.append(f"{RECORD}: {clip.key} does not begin as prescribed: {name} is {off:.2g} off")
    return wrong


def _of_broken(record: Simulated, seconds: Simulation) -> list[str]:
    """Clips in which the physics breaks, or does not, against what the record says."""
    broken: dict[int, str] = {}
    for span, reason in zip(seconds.spans, seconds.broken, strict=True):
        if reason:
            broken.setdefault(span.clip, reason)
    wrong = []
    for place, clip in enumerate(record.about.clips):
        if clip.failure.startswith(BROKEN) != (place in broken):
            happened = broken.get(place, "the physics does not break")
            wrong.append(f"{RECORD}: {clip.key} ended with {clip.failure or 'success'!r}, but {happened}")
    return wrong


def _of_failures(about: About, evaluation: Evaluation) -> list[str]:
    """Clips that did not end where and why the record says."""
    wrong = []
    clips: Sequence[ClipImitation | None] = evaluation.clips or [None] * len(about.clips)
    for said, rollout, clip in zip(about.clips, evaluation.rollouts.clips, clips, strict=True):
        if said.steps < said.frames and not said.failure and clip is not None:
            wrong.append(f"{RECORD}: {said.key} has {said.steps} of {said.frames} steps but did not fail")
        if clip is None:
            continue
        covered = said.steps - 1 if said.failure else said.frames
        if clip.covered != covered:
            wrong.append(f"{RECORD}: {said.key} is said to cover {covered} frames, it covers {clip.covered}")
        if said.failure == FAR:
            last = keypoint_error_m(
                np.asarray(rollout.keypoint_position)[-1].astype(float),
                np.asarray(rollout.reference_keypoint_position)[-1].astype(float),
            ).mean()
            if not last > FAR_M - FAR_TOLERANCE_M:
                wrong.append(f"{RECORD}: {said.key} is said to fail at step {said.steps}, {last:.3f} m off")
        elif said.failure and not said.failure.startswith((BLAME, BROKEN)):
            wrong.append(f"{RECORD}: {said.key} ended for an unknown reason, {said.failure[:60]!r}")
    return wrong


def _of_figures(submitted: Submitted, evaluation: Evaluation) -> list[Difference]:
    """All that differs between what is stated and what was computed."""
    told = submitted.scored.result
    several = told.runs > 1
    different = [
        replace(one, where=f"result.json: {one.where}")
        for one in result_differences(told, evaluation.result, people_only=several)
    ]
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "clips.csv"
        write_clips(table, evaluation.rollouts, evaluation.clips)
        found = table.read_text(encoding="utf-8")
    stated = (submitted.folder / "clips.csv").read_text(encoding="utf-8")
    rows = clip_differences(stated, found, told.runs)
    if submitted.scored.clips is not None and not any(one.refused for one in rows):
        different += [
            replace(one, where=f"result.json against clips.csv: {one.where}")
            for one in table_differences(told, submitted.scored.clips)
        ]
    return [*different, *(replace(one, where=f"clips.csv: {one.where}") for one in rows)]


def _evaluate(
    rollouts: Rollouts, result: Result, human: HumanEmg, sources: Sequence[HumanSource]
) -> Evaluation:
    """Score the first run by the code that scores everything."""
    if result.seed is not None:
        provenance = Provenance(
            result.policy, result.motions, 1, result.seed, False, "", result.wall_s or 1.0
        )
        attributes = (rollouts.attributes or {}) | {"provenance": json.dumps(to_json(provenance))}
        rollouts = replace(rollouts, attributes=attributes)
    return evaluate_rollouts(
        rollouts,
        human,
        joint_angles=sources[0].joint_angles(human.activity, human.speed_m_s * 3.6),
        besides=people_besides(sources, rollouts, human),
        protocol=result.protocol,
    )


def _people(result: Result, sources: Sequence[HumanSource]) -> HumanEmg:
    """The people of the headline.

    Raises:
        InputError: they are not among the data sets at hand.
    """
    for activity, speed_kmh in sources[0].conditions:
        if condition_name(activity, speed_kmh) == result.emg.human_condition:
            human = sources[0].emg(activity, speed_kmh)
            if human.source == result.emg.human_source and human.people == result.emg.human_people:
                return human
    problem = (
        f"was scored against {result.emg.human_condition} of {result.emg.human_source}, not {sources[0].name}"
    )
    raise InputError("result.json", problem, "name these people by --human, as they were to `score`")


def _motions(result: Result, body: Body | None, path: Path | None) -> Motions:
    """The motions that a result names.

    Raises:
        InputError: they are not on this machine.
    """
    bodies = [body.name] if body else []
    if path is not None:
        return read_motions(path, bodies=bodies)
    if result.motions.id == DATASET:
        return read_motions(default_motions(), bodies=bodies)
    for listing in list_files(cache_dir()):
        if listing.motions is not None and listing.motions.id == result.motions.id:
            return read_motions(listing.path, bodies=bodies)
    problem = "are not among the prepared motions of this machine"
    remedy = "prepare them (see `kinesis-bench prepare-data --help`), or name their file by --motions"
    raise InputError(f"motions {result.motions.id}", problem, remedy)


def _too_large(folder: Path) -> list[str]:
    size = sum((folder / name).stat().st_size for name in FILES if (folder / name).is_file())
    return [f"its files take {size / 2**20:.1f} MiB, more than {MOST_MIB}"] if size > MOST_MIB << 20 else []


def _of_submission(submitted: Submitted) -> list[str]:
    """What ``submission.json``, ``card.md`` and ``result.json`` say differently, and what is no score."""
    one, result = submitted.submission, submitted.scored.result
    wrong = [
        _differs(f"submission.json: {name}", told, found)
        for name, told, found in (
            ("protocol", one.protocol, result.protocol),
            ("body", one.body, result.body),
            ("motions", one.motions, result.motions),
            ("board", one.board, board_of(result)),
            ("costs.real_time_factor", one.costs.real_time_factor, result.realtime_factor),
        )
        if told != found
    ]
    if result.quick or result.diagnostic:
        wrong.append(
            f"result.json: is {_NOT_WHOLE}: {result.diagnostic or 'only a few clips were run (quick)'}"
        )
    if result.protocol not in PROTOCOLS:
        wrong.append(f"result.json: protocol {result.protocol!r} is not one of {', '.join(PROTOCOLS)}")
    if result.runs < 1 or (result.runs > 1 and result.policy.deterministic):
        wrong.append(f"result.json: {result.runs} runs of a deterministic policy")
    stated = (submitted.folder / "card.md").read_text(encoding="utf-8", errors="replace")
    if one.version == __version__ and stated != card(one, result):
        wrong.append("card.md: is not what this version writes for the result")
    return wrong


def _of_record(about: About, result: Result) -> list[str]:
    """What the record and ``result.json`` say differently."""
    policy = result.policy
    sides = [
        ("body", about.body, result.body.name),
        ("body hash", about.model_sha256, result.body.model_sha256),
    ]
    if about.kind == "simulated" or policy.control:
        sides.append(("control law", about.control, policy.control))
    wrong = [_differs(f"{RECORD}: {name}", told, found) for name, told, found in sides if told != found]
    sees_more = bool(policy.needs) or policy.control in (*PRIVILEGED_CONTROLS, PRESCRIBED)
    if sees_more and not policy.privileged:
        wrong.append("result.json: policy.privileged is false, but control law or needs see the reference")
    keys = [clip.key for clip in about.clips]
    if len(set(keys)) != len(keys):
        wrong.append(f"{RECORD}: holds {len(keys)} clips of {len(set(keys))} names")
    if about.kind == "simulated" and any(clip.dt_s != DT_S for clip in about.clips):
        wrong.append(f"{RECORD}: a control step is not {DT_S:.6f} s")
    return wrong


def _of_motions(motions: Motions, about: About, result: Result) -> list[str]:
    """What record and result say otherwise than the motions on this machine."""
    told = result.motions
    wrong = []
    if motions.id != told.id:
        wrong.append(_differs("result.json: motions.id", told.id, motions.id))
    if motions.sources_sha256 != told.sources_sha256 and motions.content_sha256 != told.content_sha256:
        wrong.append(_differs("result.json: motions hash", told.content_sha256, motions.content_sha256))
    try:
        clips = motions.select(told.split)
    except InputError as error:
        return [*wrong, f"result.json: motions.split: {error.problem}"]
    expected = {motions.keys[i]: int(motions.length[i]) - 1 for i in clips}
    skills = {motions.keys[i]: motions.skill[i] for i in clips}
    said = {clip.key: clip.frames for clip in about.clips}
    for key in sorted({*expected, *said}):
        if key not in said:
            wrong.append(f"{RECORD}: clip {key} of the split is missing")
        elif key not in expected:
            wrong.append(f"{RECORD}: clip {key} is not of the split {told.split}")
        elif said[key] != expected[key]:
            wrong.append(
                f"{RECORD}: clip {key} has {said[key]} frames, it has {expected[key]} in the motions"
            )
    wrong += [
        f"{RECORD}: clip {clip.key} is of the skill {clip.skill!r}, in the motions it is {skills[clip.key]!r}"
        for clip in about.clips
        if clip.key in skills and clip.skill != skills[clip.key]
    ]
    if (told.clips, told.frames) != (len(expected), sum(expected.values())):
        stated, real = (
            f"{n} clips of {f} frames"
            for n, f in ((told.clips, told.frames), (len(expected), sum(expected.values())))
        )
        wrong.append(_differs("result.json: motions", stated, real))
    return wrong


def _of_shapes(record: Simulated, body: Body) -> list[str]:
    """Arrays that are not of the body, or of the control law."""
    model = body.model
    expected = {"qpos": model.nq, "qvel": model.nv, "activation": model.na}
    wrong = [
        f"{RECORD}: {name} has shape {record.state[0][name].shape}, {body.name} has {width} of them"
        for name, width in expected.items()
        if record.state[0][name].shape[1:] != (width,)
    ]
    actions = action_size(record.about.control, body)
    if record.action[0].shape[1:] != (actions,):
        wrong.append(
            f"{RECORD}: action has shape {record.action[0].shape}, {record.about.control} has {actions} of them"
        )
    return wrong


def _self_reported(result: Result, record: Simulated | Recorded) -> tuple[str, ...]:
    left = ["authors, links, costs and the policy's name"]
    if result.runs > 1:
        left.append(f"runs 2 to {result.runs}, and so all means and intervals over the runs")
    if isinstance(record, Recorded):
        left.append("the recorded excitations and movement themselves")
    else:
        left.append("that the policy gave these actions, from what it says that it sees")
    return tuple(left)


def _differs(what: str, told: object, found: object) -> str:
    return f"{what} is {str(told)[:120] or 'empty'}, not {str(found)[:120] or 'empty'}"
