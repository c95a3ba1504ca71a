"""The tables of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kinesis_bench.evaluation.details import Failure, Ground
from kinesis_bench.evaluation.schema import Imitation, Result
from kinesis_bench.human.references import LEGS
from kinesis_bench.metrics.ground_contact import Humps, humps
from kinesis_bench.metrics.imitation import ClipImitation, Figure
from kinesis_bench.report.page.words import interval, signed
from kinesis_bench.report.tables import DASH, JOINT_NAMES, SKILL_NAMES, by_skill, grouped_by

MOST_FAILURES = 40
"""More than these are not listed; all are in clips.csv."""


@dataclass(frozen=True)
class Cell:
    """A cell and, smaller, its interval or SEM."""

    text: str
    interval: str = ""


@dataclass(frozen=True)
class Row:
    """A row: its head, its cells, whether it sums the others up, and what it is of in words."""

    head: str
    cells: Sequence[Cell]
    total: bool = False
    said: str = ""


@dataclass(frozen=True)
class Table:
    """A table; all cells but each row's head are numbers, unless the column is among ``words``."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Row]
    words: Sequence[int] = ()


def imitation_table(result: Result, total: Imitation) -> Table:
    """Imitation by skill, with 95 % intervals over clips and, for several runs, the SEM over them."""
    group = grouped_by(result)
    head = (group, "clips", "covered [%]", "success [%]", "strict [%]", "MPJPE [mm]", "relative [mm]")
    rows = [_imitation_row(SKILL_NAMES.get(skill, skill), score) for skill, score in by_skill(result).items()]
    caption = f"Imitation by {group}, with 95 % intervals over clips"
    if total.runs > 1:
        caption += f", mean over {total.runs} runs ± SEM"
    return Table(caption, (*head, "floor [mm]"), [*rows, _imitation_row("all", total, total=True)])


def emg_table(result: Result) -> Table:
    """r of each muscle beside people's."""
    upstream = result.protocol == "kinesis-2025"
    own = ("r, median over people", "r, mean") if upstream else ("r at the lag", "r at zero lag")
    head = ("muscle", *own, "people, pairs", "one to others", "within person")
    emg = result.emg
    rows = [
        Row(
            muscle + (" (constant)" if one.flat else ""),
            _numbers(2, one.r, one.zero_lag_r, one.human_pairs_r, one.leave_one_out_r, one.within_person_r),
        )
        for muscle, one in emg.per_muscle.items()
    ]
    ends = [interval(ci, 2) for ci in (emg.ci95.mean_r, None, emg.ci95.human_pairs_r, None, None)]
    figures = (emg.mean_r, emg.zero_lag_r, emg.human_pairs_r, emg.leave_one_out_r, emg.within_person_r)
    mean = [Cell(signed(figure, 2), end) for figure, end in zip(figures, ends, strict=True)]
    rows.append(Row("mean", mean, total=True))
    without = emg.without_flaws
    if without is not None:
        people = (without.human_pairs_r, without.leave_one_out_r, without.within_person_r)
        rows.append(Row("without flawed channels", _numbers(2, without.mean_r, without.zero_lag_r, *people)))
    return Table("Correlation of excitation with people's EMG over the gait cycle", head, rows)


def joint_table(result: Result) -> Table:
    """MPJAE of each joint beside people's."""
    head = ("joint", "model [°]", "two people [°]", "model, mean removed [°]", "people, mean removed [°]")
    angles = result.joint_angles
    rows = [
        Row(
            JOINT_NAMES.get(joint, joint),
            [
                *_numbers(1, one.mpjae_deg, one.human_deg, one.mean_removed_deg, one.human_mean_removed_deg),
                Cell(DASH if one.offset_deg is None else f"{one.offset_deg:+.1f}".replace("-", "−")),
            ],
        )
        for joint, one in angles.per_joint.items()
    ]
    total = (angles.mpjae_deg, angles.human_deg, angles.mean_removed_deg, angles.human_mean_removed_deg)
    mean = Row("mean", [*_numbers(1, *total), Cell("")], total=True)
    return Table("Mean absolute difference of joint angles (MPJAE)", (*head, "offset [°]"), [*rows, mean])


def besides_table(result: Result) -> tuple[Table | None, list[str]]:
    """A row for each other group of people; and why there is none for some."""
    head = (
        *("data set and condition", "people (leg)", "cycles", "r at the lag", "lag [ms]", "r at zero lag"),
        *("people, pairs", "MPJAE [°]", "two people [°]"),
    )
    rows, reasons = [], []
    for name, beside in result.besides.items():
        emg, angles = beside.emg, beside.joint_angles
        r = None if emg is None else emg.group_mean_r if emg.mean_r is None else emg.mean_r
        if r is None and (angles is None or angles.mpjae_deg is None):
            known = (emg.reasons if emg else {}) | (angles.reasons if angles else {})
            reasons.append(f"{name}: {known.get('mean_r') or known.get('mpjae_deg')}")
            continue
        cells = [Cell(DASH)] * 6
        if emg is not None:
            of_mean = emg.mean_r is None
            lag = emg.group_mean_lag_ms if of_mean else emg.lag_ms
            cells = [
                Cell(f"{emg.human_people} ({LEGS[emg.human_side]})"),
                Cell(str(emg.cycles)),
                Cell(signed(r, 2) + ("*" if of_mean and r is not None else "")),
                *_numbers(0, lag),
                *_numbers(2, emg.zero_lag_r, emg.human_pairs_r),
            ]
        pair = (None, None) if angles is None else (angles.mpjae_deg, angles.human_deg)
        rows.append(Row(name, [*cells, *_numbers(1, *pair)]))
    if any("*" in cell.text for row in rows for cell in row.cells):
        reasons.insert(0, "*: with people's mean curve, as nothing else of them is known")
    return (Table("Beside other people and activities", head, rows) if rows else None), reasons


def ground_table(ground: Ground) -> Table | None:
    """Contact times and peaks of vertical force, of the model and of people."""
    contact, times, force = ground.contact, ground.times, ground.force
    if contact is None:
        return None
    side, other = LEGS[ground.side], LEGS[{"l": "r", "r": "l"}[ground.side]]
    stance = [
        Cell(f"{share:.1f}", f"± {sd:.1f}")
        for share, sd in zip(contact.stance_pct, contact.stance_sd_pct, strict=True)
    ]
    of_people = [None] * 3 if times is None else [times.stance_pct, times.double_support_pct, times.cycle_s]
    rows = [
        Row(f"stance, {side} foot [% of the cycle]", [stance[0], *_numbers(1, of_people[0])]),
        Row(f"stance, {other} foot [% of the cycle]", [stance[1], *_numbers(1, of_people[0])]),
        Row("both feet bear [% of the cycle]", _numbers(1, contact.double_support_pct, of_people[1])),
        Row(
            "no foot bears [% of the cycle]",
            _numbers(1, contact.flight_pct, None if times is None else 0.0),
        ),
        Row("duration of the cycle [s]", _numbers(2, contact.cycle_s, of_people[2])),
    ]
    both = (contact.humps, None if force is None else humps(force.mean_bw))
    for name in ("first", "valley", "second"):
        words = {"first": "first peak", "valley": "valley after it", "second": "second peak"}[name]
        rows.append(Row(f"vertical force, {words} [body weights]", [_hump(one, name) for one in both]))
    caption = f"Means over {contact.cycles} cycles (± SD)"
    if times is None and force is None:
        return Table(caption, ("figure", "model"), [Row(row.head, row.cells[:1]) for row in rows])
    return Table(caption, ("figure", "model", "people"), rows)


def failure_table(result: Result, failures: Sequence[Failure], runs: int) -> Table | None:
    """What failed, when and why."""
    if not failures:
        return None
    head = ("clip", grouped_by(result), *(("run",) if runs > 1 else ()), "after [s]", "of [s]", "why")
    rows = []
    for one in failures[:MOST_FAILURES]:
        run = [Cell(str(one.run))] if runs > 1 else []
        cells = [Cell(SKILL_NAMES.get(one.skill, one.skill)), *run, *_numbers(2, one.at_s, one.of_s)]
        prompt = result.motions.prompts.get(one.key, "")
        rows.append(Row(one.key, [*cells, Cell(_why(one))], said=prompt))
    caption = "Runs that ended before their clip did"
    if len(failures) > len(rows):
        caption += f": {len(rows)} of {len(failures)}, the others are in clips.csv"
    return Table(caption, head, rows, words=(0, len(head) - 2))


def clip_table(result: Result, clips: Sequence[ClipImitation], order: Sequence[int]) -> Table:
    """All clips, the worst first."""
    runs = len({clip.run for clip in clips})
    run_head = ("run",) if runs > 1 else ()
    head = ("clip", grouped_by(result), *run_head, "covered [%]", "MPJPE [mm]", "strict")
    rows = []
    for place in reversed(order):
        clip = clips[place]
        run = [Cell(str(clip.run))] if runs > 1 else []
        cells = [Cell(SKILL_NAMES.get(clip.skill, clip.skill)), *run]
        cells += _numbers(1, 100.0 * clip.coverage, clip.mpjpe_mm)
        strict = Cell("yes" if clip.strict_success else "no")
        rows.append(Row(clip.key, [*cells, strict], said=result.motions.prompts.get(clip.key, "")))
    return Table("Clips, the worst first", head, rows, words=(0,))


def _imitation_row(name: str, score: Imitation, *, total: bool = False) -> Row:
    figures = (
        *(score.frame_coverage_pct, score.success_pct, score.strict_success_pct, score.mpjpe_mm),
        *(score.root_relative_mpjpe_mm, score.ik_floor_mm),
    )
    return Row(name, [Cell(str(score.clips)), *(_figure(figure) for figure in figures)], total)


def _figure(figure: Figure) -> Cell:
    text = signed(figure.mean, 1)
    if figure.sem is not None:
        text += f" ± {figure.sem:.1f}"
    return Cell(text, interval(figure.ci95, 1))


def _numbers(digits: int, *values: float | None) -> list[Cell]:
    return [Cell(signed(value, digits)) for value in values]


def _hump(one: Humps | None, name: str) -> Cell:
    if one is None:
        return Cell(DASH)
    return Cell(f"{getattr(one, f'{name}_bw'):.2f}", f"at {getattr(one, f'{name}_pct')} %")


def _why(failure: Failure) -> str:
    if not failure.by_distance or failure.below_m is None or failure.away_m is None:
        return failure.reason
    height = f"{abs(failure.below_m):.2f} m {'below' if failure.below_m > 0 else 'above'}"
    return f"{failure.reason}: the pelvis was {height} it and {failure.away_m:.2f} m away over the ground"
