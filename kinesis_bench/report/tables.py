"""The terminal tables of a result. Null figures show as a dash, and why is said under the table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinesis_bench.evaluation.schema import Imitation, Result
from kinesis_bench.human.references import LEGS
from kinesis_bench.metrics.imitation import Figure
from kinesis_bench.terminal import table as new_table

NOTICEABLE_R = 0.005
"""r that a lag outside the window would add before it is worth a word."""

SKILL_NAMES = {
    "walk": "walk",
    "gradual_turn": "gradual turn",
    "turn_in_place": "turn in place",
    "backward": "walk backward",
    "run": "run",
    "": "(unknown)",
}
"""Skills in words."""

JOINT_NAMES = {
    "hip_flexion": "hip flexion",
    "hip_adduction": "hip adduction",
    "knee_angle": "knee flexion",
    "ankle_angle": "ankle dorsiflexion",
}
"""Joint angles in words."""

DASH = "–"

IMITATION_NOTE = [
    "strict: every keypoint within 0.15 m; floor: error when posed by IK",
    "relative: after laying the pelvis of body and reference on each other, so a fallen pelvis shows up in "
    "the feet",
]

FEW_CLIPS = 25
FEW_CLIPS_NOTE = [f"fewer than {FEW_CLIPS} clips: intervals are too narrow (at 12, 95 % may be only 76 %)"]


def print_result(result: Result, console: Console) -> None:
    """Everything a reader wants first: imitation, EMG, joint angles, and one headline."""
    console.print()
    console.print(Text(f"{who(result)}, {what(result)}", style="bold"))
    for note in (*result.policy.notes, *warnings(result)):
        console.print(Text(note, style="yellow"))
    if result.imitation is not None:
        console.print(_imitation(result, result.imitation), crop=False)
        _print_lines(console, IMITATION_NOTE)
        if result.imitation.clips < FEW_CLIPS:
            _print_lines(console, FEW_CLIPS_NOTE)
    else:
        console.print(f"Imitation: {DASH} ({result.reasons['imitation']})")
    _print_emg(console, result)
    _print_joint_angles(console, result)
    _print_besides(console, result)
    _print_lines(console, _other_lines(result))
    console.print()
    console.print(Text(headline(result), style="bold"), soft_wrap=True)


def by_skill(result: Result) -> dict[str, Imitation]:
    """The skills' scores in the order of SKILL_NAMES, others after them."""
    order = {skill: place for place, skill in enumerate(SKILL_NAMES)}
    scores = result.imitation_by_skill or {}
    return {skill: scores[skill] for skill in sorted(scores, key=lambda name: order.get(name, len(order)))}


def grouped_by(result: Result) -> str:
    """What the clips are grouped by, in a word."""
    return "category" if result.motions.prompts else "skill"


def headline(result: Result) -> str:
    """One line that sums a result up."""
    parts = []
    imitation, emg, angles = result.imitation, result.emg, result.joint_angles
    if imitation is not None:
        parts.append(
            f"coverage {plain(imitation.frame_coverage_pct.mean, 1)} %, success "
            f"{plain(imitation.success_pct.mean, 1)} %, MPJPE {plain(imitation.mpjpe_mm.mean, 1)} mm"
        )
    if emg.mean_r is not None:
        lag = f" at a lag of {emg.lag_ms:.0f} ms" if emg.lag_ms is not None else ""
        ratio = f" = {emg.ratio:.2f} of human pairs" if emg.ratio is not None else ""
        parts.append(f"EMG r ({condition(result)}) {emg.mean_r:.3f}{lag}{ratio}")
    elif emg.group_mean_r is not None:
        parts.append(f"EMG {_with_mean_curve(result)}")
    else:
        parts.append(f"EMG r {DASH}")
        of_activation = result.emg_of_activation
        if of_activation is not None and of_activation.mean_r is not None:
            parts.append(
                f"of activation alone ({condition(result)}) {of_activation.mean_r:.3f} at a lag of "
                f"{of_activation.lag_ms:.0f} ms"
            )
    if angles.mpjae_deg is not None:
        people = "" if angles.human_deg is None else f" (people {angles.human_deg:.1f}°)"
        parts.append(f"joint angles {angles.mpjae_deg:.1f}°{people}")
    return f"{result.policy.name}: {' · '.join(parts)}"


def condition(result: Result) -> str:
    """What the people of the EMG do, and how fast."""
    return result.emg.human_condition.replace("-", " at ") + " km/h"


def _leg(result: Result) -> str:
    return LEGS[result.emg.human_side]


def _with_mean_curve(result: Result) -> str:
    emg = result.emg
    lag = "" if emg.group_mean_lag_ms is None else f" at a lag of {emg.group_mean_lag_ms:.0f} ms"
    return f"r with people's mean curve ({condition(result)}) {plain(emg.group_mean_r, 3)}{lag}"


def who(result: Result) -> str:
    """Which policy drove which body."""
    return result.policy.name + (f" on {result.body.name}" if result.body.name else "")


def what(result: Result) -> str:
    """Which motions were followed how often, and under which protocol they are scored."""
    motions = f"{result.motions.id} {result.motions.split}".rstrip() if result.motions.id else ""
    count = result.motions.clips
    runs = f" × {result.runs} runs" if result.runs > 1 else ""
    clips = f"{count} clip{'s' * (count != 1)}{runs}"
    task = "task text-to-control" if result.motions.prompts else ""
    return ", ".join(part for part in (motions, clips, task, f"protocol {result.protocol}") if part)


def warnings(result: Result) -> list[str]:
    """What a reader has to know before any figure."""
    lines = []
    if result.diagnostic:
        lines.append(result.diagnostic)
    if result.quick:
        lines.append(f"quick: only {result.motions.clips} clips, not comparable with a full score")
    if result.policy.needs:
        lines.append(f"privileged: the policy sees {', '.join(result.policy.needs)} beyond its observation")
    if result.failed_runs:
        first = result.failed_runs[0]
        count = len(result.failed_runs)
        others = f" (and {count - 1} more)" if count > 1 else ""
        lines.append(f"{count} runs broke off: {first.key}: {first.reason}{others}")
    return lines


def _imitation(result: Result, total: Imitation) -> Table:
    percents = ("covered\n[%]", "success\n[%]", "strict\n[%]")
    errors = ("MPJPE\n[mm]", "relative\n[mm]", "floor\n[mm]")
    table = new_table("Imitation", grouped_by(result), "clips", *percents, *errors)
    for skill, score in by_skill(result).items():
        table.add_row(SKILL_NAMES.get(skill, skill), *_imitation_cells(score))
    table.add_section()
    table.add_row("all", *_imitation_cells(total), style="bold")
    intervals = (total.frame_coverage_pct, total.success_pct, total.strict_success_pct, total.mpjpe_mm)
    if any(figure.ci95 for figure in intervals):
        cells = [_interval(f) for f in (*intervals, total.root_relative_mpjpe_mm, total.ik_floor_mm)]
        table.add_row("95 % CI", "", *cells, style="dim")
    if result.runs > 1:
        cells = [plain(f.sem, 2) for f in (*intervals, total.root_relative_mpjpe_mm, total.ik_floor_mm)]
        table.add_row("SEM, runs", "", *cells, style="dim")
    return table


def _imitation_cells(score: Imitation) -> list[str]:
    figures = (
        score.frame_coverage_pct,
        score.success_pct,
        score.strict_success_pct,
        score.mpjpe_mm,
        score.root_relative_mpjpe_mm,
        score.ik_floor_mm,
    )
    return [str(score.clips), *(plain(figure.mean, 1) for figure in figures)]


def _print_emg(console: Console, result: Result) -> None:
    emg = result.emg
    number = "1 person" if emg.human_people == 1 else f"{emg.human_people} people"
    people = f"{number} ({condition(result)})"
    title = f"EMG, {_leg(result)} leg, {emg.cycles} cycles, against {people}"
    reason = emg.reasons.get("mean_r", "")
    if emg.mean_r is not None:
        console.print(_emg(result, title), crop=False)
    else:
        reach = "" if emg.human_pairs_r is None else f"; people reach {emg.human_pairs_r:.3f} in pairs"
        console.print(f"{title}: {DASH} ({reason}){reach}", markup=False)
    _print_lines(console, emg_lines(result))
    left_out = emg.notes.get("lacking", "")
    if left_out:
        console.print(f"without {left_out}", markup=False)


def _print_besides(console: Console, result: Result) -> None:
    """A row for each other data set, activity and speed that the recording can be compared with."""
    made = new_table(
        "Beside other people and activities", "data set and condition", "people\n(leg)", "cycles",
        "r at\nthe lag", "lag\n[ms]", "r at\nzero lag", "people,\npairs", "one to\nothers", "within\nperson",
        "MPJAE\n[deg]", "people\n[deg]",
    )  # fmt: skip
    reasons = []
    for name, beside in result.besides.items():
        emg, angles = beside.emg, beside.joint_angles
        compared = (None if emg is None else emg.mean_r or emg.group_mean_r, angles and angles.mpjae_deg)
        if all(figure is None for figure in compared):
            known = (emg.reasons if emg else {}) | (angles.reasons if angles else {})
            reasons.append(f"{name}: {DASH} ({known.get('mean_r') or known.get('mpjae_deg')})")
            continue
        cells = [DASH] * 8
        if emg is not None:
            of_mean = emg.mean_r is None
            r, lag = (emg.group_mean_r, emg.group_mean_lag_ms) if of_mean else (emg.mean_r, emg.lag_ms)
            people = (emg.human_pairs_r, emg.leave_one_out_r, emg.within_person_r)
            cells = [
                f"{emg.human_people} ({LEGS[emg.human_side]})",
                str(emg.cycles),
                plain(r, 3) + ("*" if of_mean else ""),
                plain(lag, 0),
                *(plain(figure, 3) for figure in (emg.zero_lag_r, *people)),
            ]
        of_angles = (None, None) if angles is None else (angles.mpjae_deg, angles.human_deg)
        made.add_row(name, *cells, *(plain(figure, 1) for figure in of_angles))
    if made.row_count:
        console.print(made, crop=False)
        if any(beside.emg and beside.emg.mean_r is None for beside in result.besides.values()):
            _print_lines(console, ["*: with people's mean curve, as nothing else of them is known"])
    _print_lines(console, reasons)


def _emg(result: Result, title: str) -> Table:
    emg = result.emg
    upstream = result.protocol == "kinesis-2025"
    own, zero = ("r,\nmedian", "r,\nmean") if upstream else ("r at\nthe lag", "r at\nzero lag")
    people = ("people,\npairs", "one to\nothers", "within\nperson")
    table = new_table(title, "muscle", own, zero, *people)
    for muscle, one in emg.per_muscle.items():
        cells = (one.r, one.zero_lag_r, one.human_pairs_r, one.leave_one_out_r, one.within_person_r)
        table.add_row(muscle + (" (constant)" if one.flat else ""), *(plain(x, 3) for x in cells))
    table.add_section()
    total = (emg.mean_r, emg.zero_lag_r, emg.human_pairs_r, emg.leave_one_out_r, emg.within_person_r)
    table.add_row("mean", *(plain(x, 3) for x in total), style="bold")
    without = emg.without_flaws
    if without is not None:
        of_people = (without.human_pairs_r, without.leave_one_out_r, without.within_person_r)
        cells = (without.mean_r, without.zero_lag_r, *of_people)
        table.add_row("without flawed channels", *(plain(x, 3) for x in cells))
    return table


def emg_lines(result: Result) -> list[str]:
    """How the EMG figures came about."""
    emg = result.emg
    if emg.mean_r is None:
        return [] if emg.group_mean_r is None else [_with_mean_curve(result)]
    lines = []
    if emg.lag_ms is not None:
        lines.append(
            f"lag: {emg.lag_ms:.0f} ms ({emg.lag_pct} % of the cycle), the model later than people's EMG"
        )
        most = emg.mean_r if emg.lag_curve is None else max(emg.lag_curve.mean_r)
        if most > emg.mean_r + NOTICEABLE_R:
            lines.append(f"a lag outside the window of 0 to 120 ms would reach r {most:.3f}")
        if emg.ratio is not None and emg.zero_lag_r is not None and emg.human_pairs_r is not None:
            at_zero = emg.zero_lag_r / emg.human_pairs_r
            lines.append(
                f"of people's: r at the lag / pairs of people at zero lag = {emg.ratio:.2f}; "
                f"both at zero lag {at_zero:.2f}"
            )
    if "kinematics" in emg.notes.get("cycles", ""):
        lines.append(f"cycles {emg.notes['cycles']}, as there are no forces: r depends on it")
    lines.append(f"people's cycle begins: {emg.cycle_zero}")
    if "people" in emg.notes:
        lines.append(f"people: {emg.notes['people']}")
    if emg.ci95.mean_r is not None:
        ratio = ""
        if emg.ratio is not None and emg.ci95.ratio is not None:
            ratio = f", ratio {emg.ratio:.2f} [{emg.ci95.ratio[0]:.2f}, {emg.ci95.ratio[1]:.2f}]"
        low, high = emg.ci95.mean_r
        lines.append(f"95 % intervals over people: r {emg.mean_r:.3f} [{low:.3f}, {high:.3f}]{ratio}")
    if emg.flaws:
        flaws = "; ".join(f"{muscle}: {', '.join(found)}" for muscle, found in emg.flaws.items())
        lines.append(f"flawed channels of people, by rule: {flaws}")
    if emg.chance is not None:
        lines.append(
            f"chance: shifted muscles reach r {emg.chance.circular_shift_mean_r:.3f} "
            f"(95th percentile {emg.chance.circular_shift_p95_r:.3f}), permuted ones "
            f"{emg.chance.permuted_mean_r:.3f} ({emg.chance.permuted_p95_r:.3f})"
        )
    return lines


def _print_joint_angles(console: Console, result: Result) -> None:
    angles = result.joint_angles
    people = f"{angles.human_people} people" if angles.human_people else "people"
    title = f"Joint angles, {_leg(result)} leg: MPJAE [deg], against {people}"
    reason = angles.reasons.get("mpjae_deg", "")
    if reason == result.emg.reasons.get("mean_r"):
        reason = "likewise"
    if angles.mpjae_deg is None:
        reach = "" if angles.human_deg is None else f"; people differ by {angles.human_deg:.1f}"
        console.print(f"{title}: {DASH} ({reason}){reach}", markup=False)
        return
    console.print(_joint_angles(result, title), crop=False)
    _print_lines(console, joint_lines(result))


def _joint_angles(result: Result, title: str) -> Table:
    angles = result.joint_angles
    removed = ("model,\nmean\nremoved", "people,\nmean\nremoved")
    table = new_table(title, "joint", "model", "people", *removed, "offset")
    for joint, one in angles.per_joint.items():
        cells = (one.mpjae_deg, one.human_deg, one.mean_removed_deg, one.human_mean_removed_deg)
        offset = DASH if one.offset_deg is None else f"{one.offset_deg:+.1f}"
        table.add_row(JOINT_NAMES.get(joint, joint), *(plain(x, 1) for x in cells), offset)
    table.add_section()
    total = (angles.mpjae_deg, angles.human_deg, angles.mean_removed_deg, angles.human_mean_removed_deg)
    table.add_row("mean", *(plain(x, 1) for x in total), "", style="bold")
    return table


def joint_lines(result: Result) -> list[str]:
    """How the joint-angle figures came about."""
    angles = result.joint_angles
    lines = []
    if angles.ratio_of_mean_curve is not None and angles.ratio is not None:
        lines.append(
            f"model / people: {angles.ratio:.2f}; people's own mean curve would have "
            f"{angles.ratio_of_mean_curve:.2f}"
        )
    if "mpjae_deg" in angles.notes:
        lines.append(angles.notes["mpjae_deg"])
    if not angles.independent:
        lines.append("not independent: the motions are made from this table")
    return lines


def _other_lines(result: Result) -> list[str]:
    effort = result.effort
    lines = [
        f"Effort: mean excitation {plain(effort.mean_excitation, 3)}, "
        f"co-contraction {plain(effort.co_contraction, 3)}"
    ]
    if result.wall_s is not None and result.realtime_factor is not None:
        lines.append(f"Time: {result.wall_s:.1f} s, {result.realtime_factor:.1f} times real time")
    elif result.wall_s is not None:
        per_frame_ms = 1000 * result.wall_s / result.motions.frames
        lines.append(f"Time: {result.wall_s:.1f} s, {per_frame_ms:.2f} ms a frame")
    return lines


def _print_lines(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(Text(line, style="dim"))


def plain(value: float | None, digits: int) -> str:
    """A number with so many decimals, a dash for None."""
    return DASH if value is None else f"{value:.{digits}f}"


def _interval(figure: Figure) -> str:
    return DASH if figure.ci95 is None else f"{figure.ci95[0]:.0f}–{figure.ci95[1]:.0f}"
