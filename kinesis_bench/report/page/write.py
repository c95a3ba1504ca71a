"""``report.html`` from an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Template
from markupsafe import Markup

from kinesis_bench.evaluation.details import find_details
from kinesis_bench.evaluation.evaluate import Evaluation
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.files import sha256_of_file, write_text
from kinesis_bench.human.references import LEGS, HumanEmg, HumanJointAngles
from kinesis_bench.metrics.imitation import from_best_to_worst
from kinesis_bench.report.page import panels, rows
from kinesis_bench.report.page.bouts import bouts_section
from kinesis_bench.report.page.words import brief, headline, headline_note, key_figures, of_people
from kinesis_bench.report.tables import (
    FEW_CLIPS,
    FEW_CLIPS_NOTE,
    IMITATION_NOTE,
    emg_lines,
    grouped_by,
    joint_lines,
    warnings,
    what,
    who,
)
from kinesis_bench.report.templates import template

HERE = Path(__file__).parent
STYLE = HERE.parent / "style.css"
"""The look that all pages share."""


@dataclass(frozen=True)
class Fact:
    """A line of what it takes to reproduce a result."""

    name: str
    value: str


def write_report(
    path: Path,
    evaluation: Evaluation,
    human: HumanEmg,
    *,
    joint_angles: HumanJointAngles | None = None,
    command: str = "",
    files: Sequence[Path] = (),
) -> None:
    """Write a result as one HTML page that needs no network.

    Args:
        path: of the page.
        evaluation: what is shown.
        human: people's EMG of the headline; single people are drawn where it has their curves.
        joint_angles: the same for joint angles; None where the built-in table was used.
        command: that made the result.
        files: whose SHA-256 the page states, by name; those that are not there are left out.

    Raises:
        InputError: it cannot be written.
    """
    hashes = {file.name: sha256_of_file(file) for file in files if file.is_file()}
    write_text(path, report_html(evaluation, human, joint_angles, command, hashes))


def report_html(
    evaluation: Evaluation,
    human: HumanEmg,
    joint_angles: HumanJointAngles | None = None,
    command: str = "",
    hashes: Mapping[str, str] | None = None,
) -> str:
    """The page. Arguments as for ``write_report``; ``hashes`` are SHA-256 by file name."""
    result, clips = evaluation.result, evaluation.clips
    details = find_details(evaluation, human)
    muscles = panels.muscle_panels(result, human)
    order = [] if clips is None else from_best_to_worst(clips)
    runs = [] if clips is None else sorted({clip.run for clip in clips})
    besides, without = rows.besides_table(result)
    return _template().render(
        style=Markup(STYLE.read_text(encoding="utf-8")),
        result=result,
        who=who(result),
        what=what(result),
        grouped_by=grouped_by(result),
        headline=headline(result),
        headline_note=headline_note(result),
        warnings=[*result.policy.notes, *warnings(result)],
        key_figures=key_figures(result),
        imitation_table=result.imitation and rows.imitation_table(result, result.imitation),
        imitation_panels=[] if clips is None else [panels.coverage_panel(result)],
        imitation_notes=_imitation_notes(result),
        error_panels=[
            panels.error_panel(trace, which)
            for trace, which in ((details.worst, "Worst clip"), (details.median, "Median clip"))
            if trace is not None
        ],
        people=of_people(result),
        single_people=human.curves is not None and bool(muscles),
        muscle_panels=muscles,
        lag_panel=None if result.emg.lag_curve is None else panels.lag_panel(result),
        emg_table=rows.emg_table(result) if result.emg.mean_r is not None else None,
        emg_notes=[*emg_lines(result), *_left_out(result)],
        joint_panels=panels.joint_panels(result, joint_angles) if result.joint_angles.cycles else [],
        joint_table=rows.joint_table(result) if result.joint_angles.mpjae_deg is not None else None,
        joint_notes=joint_lines(result),
        single_angles=joint_angles is not None and joint_angles.curves_deg is not None,
        agreement=panels.agreement_panel(result),
        no_agreement=_no_agreement(result),
        besides=besides,
        besides_notes=without,
        ground=details.ground,
        ground_panels=[]
        if details.ground.contact is None
        else [panels.force_panel(details.ground), panels.contact_panel(details.ground)],
        ground_table=rows.ground_table(details.ground),
        clip_panels=[] if clips is None else panels.clip_panels(result, clips),
        clip_table=None if clips is None else rows.clip_table(result, clips, order),
        failures=details.failures,
        failure_table=rows.failure_table(result, details.failures, len(runs)),
        recorded=len(evaluation.rollouts.clips),
        bouts=None if evaluation.fatigue is None else bouts_section(evaluation.fatigue),
        command=command,
        facts=_facts(result, hashes or {}),
        leg=LEGS[result.emg.human_side],
        told=lambda reason: brief(reason) if reason == result.emg.reasons.get("mean_r") else reason,
    )


@cache
def _template() -> Template:
    return template(HERE / "template.html")


def _imitation_notes(result: Result) -> list[str]:
    if result.imitation is None:
        return []
    return [*IMITATION_NOTE, *(FEW_CLIPS_NOTE if result.imitation.clips < FEW_CLIPS else [])]


def _left_out(result: Result) -> list[str]:
    lacking = result.emg.notes.get("lacking", "")
    return [f"without {lacking}"] if lacking else []


def _no_agreement(result: Result) -> str:
    emg, angles = result.emg.reasons.get("mean_r", ""), result.joint_angles.reasons.get("mpjae_deg", "")
    if emg == angles:
        return brief(emg)
    told = {"r with each person": brief(emg), "joint angles": brief(angles)}
    return "; ".join(f"{what}: {why}" for what, why in told.items() if why)


def _facts(result: Result, hashes: Mapping[str, str]) -> list[Fact]:
    policy, body, motions = result.policy, result.body, result.motions
    seed = "not stated" if result.seed is None else str(result.seed)
    found = {
        "protocol": result.protocol,
        "policy": policy.name,
        "policy's source": policy.source,
        "policy's SHA-256": policy.sha256,
        "control": policy.control,
        "body": body.name,
        "body's model, SHA-256": body.model_sha256,
        "motions": f"{motions.id} {motions.split}".strip(),
        "motions' sources, SHA-256": motions.sources_sha256,
        "motions' content, SHA-256": motions.content_sha256,
        "clips, frames, runs": f"{motions.clips}, {motions.frames}, {result.runs}",
        "seed": seed,
        "people, EMG": result.emg.human_source,
        "people, joint angles": result.joint_angles.human_source,
        "versions": ", ".join(f"{name} {version}" for name, version in result.versions.items()),
        **{f"{name}, SHA-256": digest for name, digest in hashes.items()},
    }
    if result.wall_s is not None:
        found["time"] = f"{result.wall_s:.1f} s"
        if result.realtime_factor is not None:
            found["time"] += f", {result.realtime_factor:.1f} times real time"
    return [Fact(name, value) for name, value in found.items() if value]
