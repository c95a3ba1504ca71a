"""Whether the files of a submission say the same of what was run, and what the motions say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.schema import PROTOCOLS, PolicyInfo, Result
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.leaderboard.card import card
from kinesis_bench.leaderboard.folder import RECORD, Submitted
from kinesis_bench.leaderboard.record import About
from kinesis_bench.leaderboard.simulate import DT_S
from kinesis_bench.leaderboard.submission import board_of
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.prompts import by_category, prompt_of
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.tasks.control import PRIVILEGED_CONTROLS

MOST_RUNS = 1000
"""Most runs that ``score`` makes of a clip."""


def no_score(result: Result) -> str:
    """Why a result is no score that belongs on a board, "" if it is one."""
    if result.diagnostic or result.quick:
        return result.diagnostic or "only a few clips were run (quick)"
    try:
        to_json(result)
    except ValueError as error:
        return str(error)
    if result.protocol not in PROTOCOLS:
        return f"protocol {result.protocol!r} is not one of {', '.join(PROTOCOLS)}"
    if not 1 <= result.runs <= MOST_RUNS or (result.seed or 0) < 0:
        return f"{result.runs} runs with seed {result.seed}"
    if result.runs > 1 and result.policy.deterministic:
        return f"{result.runs} runs of a policy that says it is deterministic"
    return hides_privilege(result.policy)


def hides_privilege(policy: PolicyInfo) -> str:
    """That a policy's needs or control law say that it sees more than it says; else ""."""
    sees_more = bool(policy.needs) or policy.control in (*PRIVILEGED_CONTROLS, PRESCRIBED)
    if sees_more and not policy.privileged:
        return "policy.privileged is false, but its needs or control law say that it sees more"
    return ""


def wrong_submission(submitted: Submitted) -> list[str]:
    """What ``submission.json``, ``card.md`` and ``result.json`` say differently, a line each."""
    one, result = submitted.submission, submitted.scored.result
    sides = (
        ("protocol", one.protocol, result.protocol),
        ("body", one.body, result.body),
        ("motions", one.motions, result.motions),
        ("board", one.board, board_of(result)),
        ("costs.real_time_factor", one.costs.real_time_factor, result.realtime_factor),
    )
    return told_otherwise(submitted.folder, sides, card(one, result))


def told_otherwise(folder: Path, sides: Iterable[tuple[str, object, object]], card_text: str) -> list[str]:
    """What a submission's own words say otherwise than its result, a line each.

    Args:
        folder: of the submission.
        sides: name, what ``submission.json`` tells, what ``result.json`` has.
        card_text: what ``card.md`` must be.
    """
    wrong = [differs(f"submission.json: {name}", told, found) for name, told, found in sides if told != found]
    path = folder / "card.md"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if text != card_text:
        wrong.append("card.md: is not what submission.json and result.json say")
    return wrong


def wrong_record(about: About, result: Result) -> list[str]:
    """What the record and ``result.json`` say differently, a line each."""
    policy = result.policy
    sides = [
        ("body", about.body, result.body.name),
        ("body hash", about.model_sha256, result.body.model_sha256),
    ]
    if about.kind == "simulated" or policy.control:
        sides.append(("control law", about.control, policy.control))
    wrong = [differs(f"{RECORD}: {name}", told, found) for name, told, found in sides if told != found]
    runs = {clip.run for clip in about.clips}
    if runs not in ({0}, set(range(result.runs))):
        wrong.append(f"{RECORD}: holds runs {sorted(runs)[:5]}, not the first or all of {result.runs}")
    places = {(clip.key, clip.run) for clip in about.clips}
    keys = {clip.key for clip in about.clips}
    if not len(places) == len(about.clips) == len(keys) * len(runs):
        wrong.append(f"{RECORD}: does not hold every run of every clip once")
    if about.kind == "simulated" and any(clip.dt_s != DT_S for clip in about.clips):
        wrong.append(f"{RECORD}: a control step is not {DT_S:.6f} s")
    if about.kind == "recorded" and result.imitation is not None and result.motions.id:
        wrong.append(f"{RECORD}: holds no actions, though motions were followed")
    return wrong


def wrong_motions(motions: Motions, about: About, result: Result) -> list[str]:
    """What record and result say otherwise than the motions on this machine, a line each."""
    told = result.motions
    wrong = []
    if motions.id != told.id:
        wrong.append(differs("result.json: motions.id", told.id, motions.id))
    if motions.sources_sha256 != told.sources_sha256:  # the content hash is another where IK rounds otherwise
        wrong.append(differs("result.json: motions hash", told.sources_sha256, motions.sources_sha256))
    prompts = {key: prompt_of(motions, motions.index(key)) for key in told.prompts if key in motions.keys}
    if prompts != told.prompts or (told.prompts and len(prompts) != told.clips):
        wrong.append("result.json: motions.prompts are not those of its clips")
    try:
        clips = motions.select(told.split)
    except InputError as error:
        return [*wrong, f"result.json: motions.split: {error.problem}"]
    skill = by_category(motions).skill if told.prompts else motions.skill
    expected = {motions.keys[i]: (int(motions.length[i]) - 1, skill[i]) for i in clips}
    said = {clip.key: (clip.frames, clip.skill) for clip in about.clips}
    for key in sorted({*expected, *said}):
        if key not in said:
            wrong.append(f"{RECORD}: clip {key} of the split is missing")
        elif key not in expected:
            wrong.append(f"{RECORD}: clip {key} is not of the split {told.split}")
        elif said[key] != expected[key]:
            both = ("{} frames of the skill {!r}".format(*one) for one in (said[key], expected[key]))
            wrong.append(differs(f"{RECORD}: clip {key}", *both))
    frames = sum(length for length, _ in expected.values())
    if (told.clips, told.frames) != (len(expected), frames):
        stated = f"{told.clips} clips of {told.frames} frames"
        wrong.append(differs("result.json: motions", stated, f"{len(expected)} of {frames}"))
    return wrong


def differs(what: str, told: object, found: object) -> str:
    """A line that says what is stated and what is so."""
    return f"{what} is {str(told)[:120] or 'empty'}, not {str(found)[:120] or 'empty'}"
