"""A result in words: the sentence that comes first, key figures, and intervals."""

from __future__ import annotations

from dataclasses import dataclass

from kinesis_bench.evaluation.schema import Result
from kinesis_bench.human.references import LEGS
from kinesis_bench.metrics.imitation import Figure
from kinesis_bench.metrics.statistics import Interval
from kinesis_bench.report.tables import condition, plain


@dataclass(frozen=True)
class KeyFigure:
    """A number that stands large: what it is, its value, its 95 % interval ("" for none), and more."""

    name: str
    value: str
    interval: str
    note: str


def headline(result: Result) -> str:
    """How human, in one sentence; 95 % intervals stand in brackets."""
    parts = [_movement(result), _muscles(result), _joints(result)]
    return f"{result.policy.name} {unbroken('; '.join(parts))}."


def headline_note(result: Result) -> str:
    """What the brackets are, and why r has none where it has none."""
    of_imitation = result.imitation is not None and result.imitation.frame_coverage_pct.ci95 is not None
    emg = result.emg
    of_emg = emg.mean_r is not None and emg.ci95.human_pairs_r is not None
    told = []
    if of_imitation or of_emg:
        over = ("clips" if of_imitation else "", "people" if of_emg else "")
        told.append(f"In brackets: 95 % intervals, over {' and '.join(name for name in over if name)}.")
    if emg.mean_r is not None and emg.ci95.mean_r is None:
        told.append(f"The model's r has none: {emg.reasons['ci95.mean_r']}.")
    return " ".join(told)


def key_figures(result: Result) -> list[KeyFigure]:
    """The figures of the headline, and effort; those that cannot be had are left out."""
    found: list[KeyFigure] = []
    imitation, emg, angles = result.imitation, result.emg, result.joint_angles
    if imitation is not None:
        frames = f"of {imitation.frames} frames"
        found += _known("frames covered", imitation.frame_coverage_pct, " %", 1, frames)
        found += _known("clips to the end", imitation.success_pct, " %", 1, f"of {imitation.clips} clips")
        floor = imitation.ik_floor_mm.mean
        of_body = "" if floor is None else f"{floor:.1f} mm when posed by IK"
        found += _known("MPJPE", imitation.mpjpe_mm, " mm", 1, of_body)
    if emg.mean_r is not None:
        people = "" if emg.human_pairs_r is None else f"two people {emg.human_pairs_r:.2f}"
        found.append(KeyFigure("EMG r", f"{emg.mean_r:.2f}", interval(emg.ci95.mean_r, 2), people))
        if emg.ratio is not None:
            lag = "" if emg.lag_ms is None else f"at a lag of {emg.lag_ms:.0f} ms"
            found.append(
                KeyFigure("EMG r, of human pairs", f"{emg.ratio:.2f}", interval(emg.ci95.ratio, 2), lag)
            )
    elif emg.group_mean_r is not None:
        found.append(KeyFigure("r with people's mean EMG", f"{emg.group_mean_r:.2f}", "", condition(result)))
    if angles.mpjae_deg is not None:
        people = "" if angles.human_deg is None else f"two people {angles.human_deg:.1f}°"
        found.append(KeyFigure("joint angles, MPJAE", f"{angles.mpjae_deg:.1f}°", "", people))
    if result.effort.mean_excitation is not None:
        found.append(KeyFigure("mean excitation", f"{result.effort.mean_excitation:.3f}", "", "0 to 1"))
    return found


def interval(ci95: Interval | None, digits: int) -> str:
    """An interval in words, "" for None."""
    if ci95 is None:
        return ""
    low, high = (signed(end, digits) for end in ci95)
    return f"{low} to {high}" if ci95[0] < 0 else f"{low}–{high}"


def signed(value: float | None, digits: int) -> str:
    """As ``plain``, with a true minus sign, and none before zero."""
    return plain(None if value is None else round(value, digits) + 0.0, digits).replace("-", "−")


def brief(reason: str) -> str:
    """The reason without its details and advice, which stand behind a bracket or a semicolon."""
    return reason.split(";")[0].split(" (")[0]


def of_people(result: Result) -> str:
    """Whom the EMG is compared with."""
    emg = result.emg
    number = "1 person" if emg.human_people == 1 else f"{emg.human_people} people"
    return f"{number}, {condition(result)}, {LEGS[emg.human_side]} leg"


def _known(name: str, figure: Figure, unit: str, digits: int, note: str) -> list[KeyFigure]:
    if figure.mean is None:
        return []
    return [KeyFigure(name, f"{figure.mean:.{digits}f}{unit}", interval(figure.ci95, digits), note)]


def unbroken(words: str) -> str:
    """Numbers kept beside their units, for a line may end anywhere else."""
    for unit in ("%", "mm", "ms"):
        words = words.replace(f" {unit}", f"\u00a0{unit}")
    return words


def _with(ci95: Interval | None, digits: int) -> str:
    """The interval in brackets, to stand behind its number."""
    return "" if ci95 is None else f" [{interval(ci95, digits)}]"


def _movement(result: Result) -> str:
    imitation = result.imitation
    if imitation is None:
        return f"is not judged on movement ({brief(result.reasons['imitation'])})"
    coverage, success, error = imitation.frame_coverage_pct, imitation.success_pct, imitation.mpjpe_mm
    clips = f"of {imitation.clips} clips" if imitation.clips != 1 else "of one clip"
    told = (
        f"covers {plain(coverage.mean, 1)} %{_with(coverage.ci95, 1)} of the frames and follows "
        f"{plain(success.mean, 1)} %{_with(success.ci95, 1)} {clips} to the end"
    )
    if error.mean is None:
        return told
    return f"{told}, with a mean keypoint error of {error.mean:.1f} mm{_with(error.ci95, 1)}"


def _muscles(result: Result) -> str:
    emg = result.emg
    if emg.mean_r is None and emg.group_mean_r is not None:
        lag = "" if emg.group_mean_lag_ms is None else f" at a lag of {emg.group_mean_lag_ms:.0f} ms"
        return f"its muscles correlate with people's mean EMG by r {signed(emg.group_mean_r, 2)}{lag}"
    if emg.mean_r is None:
        other = result.emg_of_activation
        if other is None or other.mean_r is None:
            return f"its muscles cannot be compared with people's ({brief(emg.reasons['mean_r'])})"
        lag = "" if other.lag_ms is None else f" at a lag of {other.lag_ms:.0f} ms"
        r = f"{signed(other.mean_r, 2)}{_with(other.ci95.mean_r, 2)}"
        why = brief(emg.reasons["mean_r"])
        return f"its muscles' activation correlates with people's EMG by r {r}{lag} ({why})"
    lag = "" if emg.lag_ms is None else f" at a lag of {emg.lag_ms:.0f} ms"
    own = f"{signed(emg.mean_r, 2)}{_with(emg.ci95.mean_r, 2)}"
    told = f"its muscles correlate with people's EMG by r {own}{lag}"
    if emg.human_pairs_r is None:
        return told
    reach = f"the {emg.human_pairs_r:.2f}{_with(emg.ci95.human_pairs_r, 2)} that two people reach"
    if emg.ratio is None:
        return f"{told}, beside {reach}"
    return f"{told}, {signed(emg.ratio, 2)}{_with(emg.ci95.ratio, 2)} of {reach}"


def _joints(result: Result) -> str:
    angles = result.joint_angles
    if angles.mpjae_deg is None:
        why = angles.reasons["mpjae_deg"]
        if why == result.emg.reasons.get("mean_r"):
            return "nor can its joint angles"
        return f"its joint angles cannot be compared ({brief(why)})"
    two = "" if angles.human_deg is None else f", two people's from each other by {angles.human_deg:.1f}°"
    return f"its joint angles differ from people's by {angles.mpjae_deg:.1f}°{two}"
