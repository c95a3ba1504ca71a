"""Verify a submission: what it states must follow from what it recorded, and that from the protocol.

**Re-simulated.** Every second is simulated again from its recorded state, with the recorded actions, through
the control law and on the body that it names, and must end at the next recorded state; so is every whole clip
(``movement``). The first state must be the protocol's start. From the simulated seconds, joined, every figure
is computed anew.

This proves that the recorded movement is what these excitations do to this body from the prescribed start,
after all clips of the split, and that the figures are its figures. It does not prove that a policy found the
actions from its observation (they may have been optimised for these clips), that it saw no more than it says,
that its seed is not the best of many, what it cost, or, where the record holds the first of several runs
alone, anything of the later ones.

**Recomputed.** Where nothing was simulated (excitations prescribed for a recorded motion, recordings of other
tools), figures are computed anew from the recorded excitations and movement; these are the author's word.

Submissions of downstream tasks are verified in ``leaderboard.tasks.verify``.

Single people's recordings need not be at hand: where the figures of their group ship with us, these stand in,
and what needs each person (intervals, leave-one-out) stays as stated.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import Evaluation, Provenance, evaluate_rollouts, versions
from kinesis_bench.evaluation.people import people_besides
from kinesis_bench.evaluation.result import write_clips
from kinesis_bench.evaluation.schema import PROTOCOLS, Result
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.files import cache_dir, sha256_of_file
from kinesis_bench.human.built_in import WANG
from kinesis_bench.human.conditions import condition_name
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.human.sources import HumanSource
from kinesis_bench.leaderboard.figures import (
    Difference,
    clip_differences,
    of_the_group,
    people_differences,
    result_differences,
    table_differences,
)
from kinesis_bench.leaderboard.folder import (
    RECORD,
    SUMS,
    Submitted,
    SubmittedTask,
    misplaced,
    read_submitted,
    wrong_sums,
)
from kinesis_bench.leaderboard.found import Found, other_versions
from kinesis_bench.leaderboard.movement import Movement, move, wrong_failures, wrong_shapes
from kinesis_bench.leaderboard.record import Recorded, Simulated, read_record
from kinesis_bench.leaderboard.statements import (
    differs,
    no_score,
    wrong_motions,
    wrong_record,
    wrong_submission,
)
from kinesis_bench.leaderboard.submission import VERIFICATION_SCHEMA, Verification, figures_of
from kinesis_bench.leaderboard.tasks.verify import verify_task
from kinesis_bench.motions.gait.build import DATASET
from kinesis_bench.motions.inspect import list_files
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.prompts import DATASET as PROMPTS
from kinesis_bench.motions.prompts import by_category
from kinesis_bench.motions.store import read_motions
from kinesis_bench.prepare import default_motions
from kinesis_bench.rollouts.schema import Rollouts

STAND_INS = {"wang2023": WANG}
"""Layout of a data set of single people to the name of their group's figures, which ship with us."""


WALL_S = 1.0
"""Stands for the time that the run took, which nothing that is compared depends on [s]."""


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
        sources: data sets of people at hand, those among them that it was scored against.
        motions: file of the motions that it followed; those of this name among the prepared ones if None.
        threads: for physics, 0 for all cores.
        progress: told the control steps simulated since the last call, and the total.

    Raises:
        InputError: a file of the folder cannot be read, or what the figures need is not on this machine.
    """
    submitted = read_submitted(folder)
    if isinstance(submitted, SubmittedTask):
        return verify_task(submitted, threads=threads, progress=progress)
    result = submitted.scored.result
    wrong = [*wrong_sums(folder), *misplaced(folder, submitted.submission), *wrong_submission(submitted)]
    record = read_record(folder / RECORD)
    people, stood_in = _sources(submitted, sources)
    human = _people(result, people[0], group=stood_in)
    body = load_body(result.body.name) if result.body.name in BODIES else None
    known = _motions(result, body, motions) if result.motions.id else None
    odd = _wrong_ground(record, result, body, known)
    if odd:
        return Found((*wrong, *odd), None)
    if known is not None and result.motions.prompts:
        known = by_category(known)
    movement: Movement | None = None
    if isinstance(record, Simulated):
        assert body is not None
        assert known is not None
        movement = move(record, body, known, threads=threads, progress=progress)
        wrong += movement.wrong
        rollouts = movement.rollouts
    else:
        rollouts = record.rollouts
    evaluation = _evaluate(rollouts, result, human, people)
    if movement is not None:
        wrong += wrong_failures(record.about, evaluation)
    different = _differences(submitted, evaluation, group=stood_in)
    wrong += [str(one) for one in different if one.refused]
    if wrong:
        return Found((*dict.fromkeys(wrong), *other_versions(result.versions)), None)
    verification = _verification(submitted, record, movement, evaluation, different)
    if stood_in:
        left = f"what needs each person of {submitted.submission.human[0]}: EMG's intervals and leave-one-out"
        verification = replace(verification, self_reported=(*verification.self_reported, left))
    return Found((), verification)


def _wrong_ground(
    record: Simulated | Recorded, result: Result, body: Body | None, motions: Motions | None
) -> list[str]:
    """What makes figures of a record meaningless: it is not of the body, the motions, the runs, the law."""
    why = no_score(result)
    wrong = [f"result.json: is no full score: {why}"] if why else []
    wrong += wrong_record(record.about, result)
    if body is not None and body.sha256 != result.body.model_sha256:
        wrong.append(differs("result.json: body hash", result.body.model_sha256, body.sha256))
    if motions is not None:
        wrong += wrong_motions(motions, record.about, result)
    if isinstance(record, Recorded):
        return wrong
    if body is None or motions is None:
        return [*wrong, f"{RECORD}: holds actions, but result.json names no body and motions for them"]
    return wrong or wrong_shapes(record, body)


def _evaluate(
    rollouts: Rollouts, result: Result, human: HumanEmg, sources: Sequence[HumanSource]
) -> Evaluation:
    """Score what was recorded, by the code that scores everything."""
    if result.seed is not None:
        runs = 1 + max(clip.run for clip in rollouts.clips)
        told = Provenance(result.policy, result.motions, runs, result.seed, False, "", WALL_S)
        attributes = (rollouts.attributes or {}) | {"provenance": json.dumps(to_json(told))}
        rollouts = replace(rollouts, attributes=attributes)
    return evaluate_rollouts(
        rollouts,
        human,
        joint_angles=sources[0].joint_angles(human.activity, human.speed_m_s * 3.6),
        besides=people_besides(sources, rollouts, human),
        protocol=result.protocol,
    )


def _differences(submitted: Submitted, evaluation: Evaluation, *, group: bool) -> list[Difference]:
    """All that differs between what is stated and what was computed."""
    told, found = submitted.scored.result, evaluation.result
    of_result = result_differences(told, found, people_only=found.runs < told.runs)
    if group:
        of_result = of_the_group(of_result) + people_differences(told)
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "clips.csv"
        write_clips(table, evaluation.rollouts, evaluation.clips, evaluation.result.motions.prompts)
        anew = table.read_text(encoding="utf-8")
    stated = (submitted.folder / "clips.csv").read_text(encoding="utf-8", errors="replace")
    of_clips = clip_differences(stated, anew, told.runs)
    together = []
    if submitted.scored.clips is not None and found.runs < told.runs:
        together = table_differences(told, submitted.scored.clips)
    named = {"result.json": of_result, "clips.csv": of_clips, "result.json beside clips.csv": together}
    return [replace(one, where=f"{file}: {one.where}") for file, several in named.items() for one in several]


def _verification(
    submitted: Submitted,
    record: Simulated | Recorded,
    movement: Movement | None,
    evaluation: Evaluation,
    different: Sequence[Difference],
) -> Verification:
    result, runs = submitted.scored.result, evaluation.result.runs
    worst = dict(movement.worst) if movement else {}
    for one in different:
        name = f"figures [{one.unit}]" if one.unit else "figures"
        worst[name] = max(worst.get(name, 0.0), one.size)
    which = "" if runs == result.runs else f" of the first of {result.runs} runs"
    left = ["authors, links, costs, and the policy's name"]
    if movement:
        left.append("that the policy gave these actions, from what it says that it sees")
    else:
        left.append("the recorded excitations and movement themselves")
    if runs < result.runs:
        left.append(f"runs 2 to {result.runs}, and so every figure over all runs")
    return Verification(
        schema=VERIFICATION_SCHEMA,
        status="re-simulated" if movement else "recomputed",
        sums_sha256=sha256_of_file(submitted.folder / SUMS),
        runs=runs,
        figures=figures_of(evaluation.result),
        compared=(
            *((f"the ends of {movement.seconds} seconds, simulated again",) if movement else ()),
            f"every figure{which}, those of each clip too, computed anew",
        ),
        self_reported=tuple(left),
        worst=worst,
        versions=versions(),
    )


def _sources(submitted: Submitted, sources: Sequence[HumanSource]) -> tuple[list[HumanSource], bool]:
    """The data sets of people that a submission names, in its order, and whether a group's figures stand in.

    Raises:
        InputError: one is not at hand.
    """
    at_hand = {source.name: source for source in sources}
    named = submitted.submission.human
    for name in named:
        if name in at_hand:
            continue
        if named == (name,) and STAND_INS.get(name) in at_hand and _needs_no_person(submitted.scored.result):
            return [at_hand[STAND_INS[name]]], True
        problem = f"it was scored against {name}, which is not at hand"
        remedy = f"if you have the data set, add --human {name.partition('=')[0]}=PATH"
        raise InputError(submitted.folder, problem, remedy)
    return [at_hand[name] for name in named], False


def _needs_no_person(result: Result) -> bool:
    """Whether a group's figures are enough for all but intervals and leave-one-out."""
    angles = result.joint_angles
    own_angles = angles is not None and angles.human_source == result.emg.human_source
    return result.protocol == PROTOCOLS[0] and not result.besides and not own_angles


def _people(result: Result, source: HumanSource, *, group: bool) -> HumanEmg:
    """The people of the headline.

    Raises:
        InputError: they are not of its data set.
    """
    told = result.emg
    for activity, speed_kmh in source.conditions:
        if condition_name(activity, speed_kmh) == told.human_condition:
            human = source.emg(activity, speed_kmh)
            if (group or human.source == told.human_source) and human.people == told.human_people:
                return human
    problem = f"was scored against {told.human_condition} of {told.human_source}, not {source.name}"
    raise InputError("result.json", problem, "name its people by --human, as they were named to `score`")


def _motions(result: Result, body: Body | None, path: Path | None) -> Motions:
    """The motions that a result names.

    Raises:
        InputError: they are not on this machine.
    """
    bodies = [body.name] if body else []
    if path is None and result.motions.id in (DATASET, PROMPTS):
        path = default_motions(result.motions.id)
    for listing in list_files(cache_dir()) if path is None else ():
        same = listing.motions is not None and listing.motions.id == result.motions.id
        if same and set(bodies) <= set(listing.bodies):
            path = listing.path
    if path is not None:
        return read_motions(path, bodies=bodies)
    problem = "are not among the prepared motions of this machine"
    remedy = "prepare them, as `kinesis-bench prepare-data --amass DIR` does, or give --motions FILE"
    raise InputError(f"motions {result.motions.id}", problem, remedy)
