"""The plots of a page, each with its finding in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from kinesis_bench.evaluation.details import ErrorTrace, Ground
from kinesis_bench.evaluation.schema import Imitation, Result
from kinesis_bench.human.references import LEGS, HumanEmg, HumanJointAngles
from kinesis_bench.metrics.curves import PHASE
from kinesis_bench.metrics.imitation import FAR_M, ClipImitation
from kinesis_bench.report.figures import TOP as HIGHEST
from kinesis_bench.report.figures import closed, of_own_peak
from kinesis_bench.report.page.plots import Axis, Plot, spread
from kinesis_bench.report.page.words import interval, signed
from kinesis_bench.report.tables import JOINT_NAMES, SKILL_NAMES, by_skill, grouped_by

CYCLE = Axis(0, 100, (0, 25, 50, 75, 100), "gait cycle [%]")
ERROR_MM = (5.0, 1000.0)
"""Ends of the logarithmic axes of errors [mm]; MPJPE of a body posed by IK is about 20, the limit 500."""

ERROR_TICKS = (5, 10, 20, 50, 100, 200, 500, 1000)
ROW = 36
"""Height of a row of bars or dots."""

LANES, LANE = 5, 2.6
"""Dots of a row that would hide each other go to so many lanes, so far apart."""

WINDOW_MS = (0.0, 120.0)
"""From where the protocol takes the lag (``metrics.emg_lag``)."""


@dataclass(frozen=True)
class Panel:
    """A plot, its title, and what is said beside it."""

    title: str
    said: str
    svg: Markup


def coverage_panel(result: Result) -> Panel:
    """Frame coverage by skill, with intervals."""
    assert result.imitation is not None
    scores = {SKILL_NAMES.get(skill, skill): score for skill, score in by_skill(result).items()}
    scores["all"] = result.imitation
    plot = _rows_plot(len(scores), Axis(0, 100, (0, 25, 50, 75, 100), "frames covered [%]"))
    told = []
    for place, (name, score) in enumerate(scores.items()):
        figure = score.frame_coverage_pct
        value = signed(figure.mean, 1)
        ends = interval(figure.ci95, 1)
        plot.bar(0, figure.mean or 0.0, place + 0.2, 8, "model" if name == "all" else "part")
        if figure.ci95 is not None:
            plot.line(figure.ci95, [place + 0.2] * 2, "interval")
        plot.text(0, place - 0.1, _count(name, score), "strong")
        plot.text(100, place - 0.1, f"{value} %" + (f"  ({ends})" if ends else ""), "strong", "end")
        told.append(f"{name} {value} %" + (f" ({ends})" if ends else ""))
    title = f"Frames covered, by {grouped_by(result)}"
    return Panel(
        title, "bar: figure, line: 95 % interval", plot.svg("coverage", title, "; ".join(told) + ".")
    )


def error_panel(trace: ErrorTrace, which: str) -> Panel:
    """Mean keypoint error of a clip over time."""
    clip = trace.clip
    seconds = Axis(0, trace.length_s, spread(0, trace.length_s, 5), "time [s]")
    plot = Plot(seconds, Axis(*ERROR_MM, ERROR_TICKS, "mean keypoint error [mm]", log=True))
    if trace.floor_mm is not None:
        plot.line(trace.time_s, np.maximum(trace.floor_mm, ERROR_MM[0]), "floor")
    plot.level(1000 * FAR_M, "limit")
    plot.line(trace.time_s, np.clip(trace.error_mm, *ERROR_MM), "model")
    if clip.failing_frame is not None and len(trace.time_s):
        at = min(clip.failing_frame, len(trace.time_s)) - 1
        plot.crosses([trace.time_s[at]], [min(trace.error_mm[at], ERROR_MM[1])], "failed")
    skill = SKILL_NAMES.get(clip.skill, clip.skill)
    fate = "followed to its end"
    if clip.failing_frame is not None:
        fate = f"failed after {clip.failing_frame * trace.length_s / clip.frames:.1f} s"
    error = "" if clip.mpjpe_mm is None else f", MPJPE {clip.mpjpe_mm:.0f} mm"
    run = f", run {clip.run}" if clip.run else ""
    said = f"{clip.key}{run} ({skill}): {fate} of {trace.length_s:.1f} s{error}"
    finding = said
    known = trace.error_mm[np.isfinite(trace.error_mm)]
    if len(known):
        finding += (
            f". The error begins at {known[0]:.0f} mm, has a median of {np.median(known):.0f} mm and reaches "
            f"{known.max():.0f} mm; "
            f"a clip fails above {1000 * FAR_M:.0f} mm."
        )
    return Panel(
        which, said, plot.svg(f"error-{which.split()[0].lower()}", f"{which}: error over time", finding)
    )


def muscle_panels(result: Result, human: HumanEmg) -> list[Panel]:
    """Each muscle's excitation over the cycle beside people: mean ± SD, and single people where known."""
    emg, panels = result.emg, []
    lag = emg.lag_pct or 0
    own_phase, people_phase = result.curves.model_phase, result.curves.human_phase
    for number, (name, curve) in enumerate(result.curves.muscles.items()):
        if curve.excitation is None:
            continue
        peak = max(curve.human_mean)
        percent, mean = closed(people_phase, np.asarray(curve.human_mean) / peak)
        _, sd = closed(people_phase, np.asarray(curve.human_sd) / peak)
        plot = Plot(CYCLE, Axis(0, HIGHEST, (0, 0.5, 1, 1.5), "part of the mean curve's peak"))
        plot.band(percent, mean - sd, mean + sd, "people")
        if human.curves is not None and name in human.muscles:
            for person in human.curves[:, human.muscles.index(name)]:
                if np.isfinite(person).all():
                    plot.line(*closed(human.phase, person / peak), "one")
        plot.line(percent, mean, "people")
        own = of_own_peak(curve)
        if lag:
            plot.line(*closed(own_phase, own), "zero")
        plot.line(*closed(own_phase, np.roll(own, -lag)), "model")
        one = emg.per_muscle[name]
        highest = float((mean + sd).max())
        words = {
            f"r {signed(one.r, 2)}": one.r is not None,
            f"two people {signed(one.human_pairs_r, 2)}": one.human_pairs_r is not None,
            "constant": one.flat,
            f"band cut, up to {highest:.1f}": highest > HIGHEST,
        }
        said = ", ".join(word for word, holds in words.items() if holds)
        shifted = f" {emg.lag_ms:.0f} ms earlier" if lag and emg.lag_ms is not None else ""
        finding = f"Correlation: {said}. " if said else ""
        finding += (
            f"The model's excitation{shifted} is highest at "
            f"{_peak_pct(own_phase, np.roll(own, -lag))} % of the cycle, people's mean at "
            f"{_peak_pct(people_phase, np.asarray(curve.human_mean))} %."
        )
        title = f"{name}: excitation and EMG over the gait cycle"
        panels.append(Panel(name, said, plot.svg(f"emg-{number}", title, finding)))
    return panels


def lag_panel(result: Result) -> Panel:
    """Mean r against lag, people's level, and chance."""
    emg = result.emg
    assert emg.lag_curve is not None
    lags, r = np.array(emg.lag_curve.lag_ms), np.array(emg.lag_curve.mean_r)
    levels = [emg.human_pairs_r or 0.0, emg.chance.circular_shift_p95_r if emg.chance else 0.0]
    low, high = min(-0.25, float(r.min()) - 0.05), max(1.0, float(r.max()), *levels)
    x = Axis(
        float(lags[0]), float(lags[-1]), spread(float(lags[0]), float(lags[-1])), "model earlier by [ms]"
    )
    plot = Plot(x, Axis(low, high, spread(low, high), "mean r"))
    plot.span(*WINDOW_MS, "window")
    told = []
    if emg.human_pairs_r is not None:
        plot.level(emg.human_pairs_r, "people")
        told.append(f"two people reach {emg.human_pairs_r:.2f} at zero lag")
    if emg.chance is not None:
        plot.level(emg.chance.circular_shift_p95_r, "chance")
        told.append(f"95 % of shifted muscles stay below {emg.chance.circular_shift_p95_r:.2f}")
    plot.line(lags, r, "model")
    if emg.lag_ms is not None and emg.mean_r is not None:
        plot.dots([emg.lag_ms], [emg.mean_r], "model")
        plot.text(emg.lag_ms, emg.mean_r, f"{emg.mean_r:.2f}", "model", "middle", up=9)
        told.insert(0, f"r is {signed(emg.mean_r, 2)} at the best lag of 0 to 120 ms, {emg.lag_ms:.0f} ms")
    best = int(np.argmax(r))
    told.append(
        f"over all lags it is highest at {signed(float(lags[best]), 0)} ms, {signed(float(r[best]), 2)}"
    )
    title = "EMG correlation against lag"
    return Panel(title, "shaded: the lag is chosen here", plot.svg("lag", title, "; ".join(told) + "."))


def joint_panels(result: Result, human: HumanJointAngles | None) -> list[Panel]:
    """Each joint angle over the cycle beside people: mean ± SD, and single people where known."""
    angles, panels = result.joint_angles, []
    for number, (name, curve) in enumerate(result.curves.joints.items()):
        if curve.model_deg is None or name not in angles.per_joint:
            continue
        percent, mean = closed(PHASE, curve.human_mean_deg)
        _, sd = closed(PHASE, curve.human_sd_deg)
        _, own = closed(PHASE, curve.model_deg)
        people = np.zeros((0, len(percent)))
        if human is not None and human.curves_deg is not None and name in human.joints:
            single = human.curves_deg[:, human.joints.index(name)]
            people = np.stack([closed(PHASE, person)[1] for person in single])
        low = float(min((mean - sd).min(), own.min(), people.min(initial=np.inf)))
        high = float(max((mean + sd).max(), own.max(), people.max(initial=-np.inf)))
        low = 10 * np.floor(low / 10)
        high = max(10 * np.ceil(high / 10), low + 10)
        plot = Plot(CYCLE, Axis(low, high, spread(low, high), "angle [°]"))
        plot.band(percent, mean - sd, mean + sd, "people")
        for person in people:
            plot.line(percent, person, "one")
        plot.line(percent, mean, "people")
        plot.line(percent, own, "model")
        one = angles.per_joint[name]
        said = f"differs by {one.mpjae_deg:.1f}°" if one.mpjae_deg is not None else "–"
        if one.human_deg is not None:
            said += f", two people by {one.human_deg:.1f}°"
        finding = (
            f"The model {said}. It ranges from {signed(own.min(), 0)} to {signed(own.max(), 0)}°, "
            f"people's mean from {signed(mean.min(), 0)} to {signed(mean.max(), 0)}°."
        )
        words = JOINT_NAMES.get(name, name)
        panels.append(
            Panel(words, said, plot.svg(f"joint-{number}", f"{words} over the gait cycle", finding))
        )
    return panels


def agreement_panel(result: Result) -> Panel | None:
    """MPJAE against EMG r: the model, and two people; None where the model lacks one of the two."""
    emg, angles = result.emg, result.joint_angles
    if emg.mean_r is None or angles.mpjae_deg is None:
        return None
    far = max(1.25 * max(angles.mpjae_deg, angles.human_deg or 0.0), 1.0)
    low = min(-0.25, emg.mean_r - 0.1)
    plot = Plot(Axis(0, far, spread(0, far), "MPJAE [°]"), Axis(low, 1, spread(low, 1), "EMG r"))
    told = [f"The model has r {signed(emg.mean_r, 2)} and {angles.mpjae_deg:.1f}°"]
    if emg.human_pairs_r is not None:
        plot.level(emg.human_pairs_r, "people")
        told.append(f"two people have r {emg.human_pairs_r:.2f}")
        if emg.ci95.human_pairs_r is not None and angles.human_deg is not None:
            plot.line([angles.human_deg] * 2, emg.ci95.human_pairs_r, "people")
    if angles.human_deg is not None:
        plot.upright(angles.human_deg, "people")
        told.append(f"two people differ by {angles.human_deg:.1f}°")
    if emg.human_pairs_r is not None and angles.human_deg is not None:
        plot.dots([angles.human_deg], [emg.human_pairs_r], "people")
        plot.text(angles.human_deg, emg.human_pairs_r, " two people", "people", "end", up=8)
    if emg.chance is not None:
        plot.level(emg.chance.circular_shift_p95_r, "chance")
        told.append(f"chance stays below {emg.chance.circular_shift_p95_r:.2f} in 95 %")
    if emg.ci95.mean_r is not None:
        plot.line([angles.mpjae_deg] * 2, emg.ci95.mean_r, "model")
        told.append(f"the 95 % interval of the model's r is {interval(emg.ci95.mean_r, 2)}")
    plot.dots([angles.mpjae_deg], [emg.mean_r], "model", 4.5)
    plot.text(angles.mpjae_deg, emg.mean_r, "model", "model", "middle", up=-18)
    title = "Joint angles against EMG"
    return Panel(title, "", plot.svg("agreement", title, "; ".join(told) + "."))


def force_panel(ground: Ground) -> Panel:
    """Vertical force under the compared foot beside people's."""
    contact, people = ground.contact, ground.force
    assert contact is not None
    percent, own = closed(PHASE, contact.force_bw[0])
    _, sd = closed(PHASE, contact.force_sd_bw[0])
    high = max(1.5, float((own + sd).max()) + 0.05)
    plot = Plot(CYCLE, Axis(0, high, spread(0, high), "vertical force [body weights]"))
    said = f"highest {own.max():.2f} body weights at {int(percent[np.argmax(own)])} % of the cycle"
    finding = f"The model's force is {said}"
    if people is not None:
        _, mean = closed(PHASE, people.mean_bw)
        _, human_sd = closed(PHASE, people.sd_bw)
        plot.band(percent, mean - human_sd, mean + human_sd, "people")
        plot.line(percent, mean, "people")
        peak = f"{mean.max():.2f} at {int(percent[np.argmax(mean)])} %"
        said += f", people {peak}"
        finding += f"; people's mean is highest with {peak}"
    plot.band(percent, own - sd, own + sd, "own")
    plot.line(percent, own, "model")
    foot = LEGS[ground.side]
    title = f"Vertical force under the {foot} foot"
    return Panel(title, said, plot.svg("force", title, f"{finding}."))


def contact_panel(ground: Ground) -> Panel:
    """When each foot bears load in the cycle, beside people."""
    contact, times = ground.contact, ground.times
    assert contact is not None
    side, other = LEGS[ground.side], LEGS[{"l": "r", "r": "l"}[ground.side]]
    rows: list[tuple[str, str, list[tuple[float, float]]]] = [
        (f"model, {side} foot: stance {contact.stance_pct[0]:.0f} %", "model", _spans(contact.loaded[0])),
        (f"model, {other} foot: stance {contact.stance_pct[1]:.0f} %", "model", _spans(contact.loaded[1])),
    ]
    if times is not None:
        swing = [(0.0, times.other_off_pct), (times.other_contact_pct, 100.0)]
        rows.insert(
            1, (f"people, same foot: stance {times.stance_pct:.0f} %", "people", [(0.0, times.stance_pct)])
        )
        rows.append((f"people, other foot: stance {times.stance_pct:.0f} %", "people", swing))
    plot = _rows_plot(len(rows), CYCLE)
    for place, (name, kind, spans) in enumerate(rows):
        plot.text(0, place - 0.1, name, "strong")
        for low, high in spans:
            plot.bar(low, high, place + 0.2, 10, kind)
    words = [
        f"{name}, on the ground from {' and from '.join(f'{low:.0f} to {high:.0f} %' for low, high in spans)}"
        for name, _, spans in rows
    ]
    both = f"both feet bear for {contact.double_support_pct:.0f} % of the cycle"
    if times is not None:
        both += f", people's for {times.double_support_pct:.0f} %"
    title = "When the feet are on the ground"
    return Panel(title, both, plot.svg("contact", title, f"{'; '.join(words)}; {both}."))


def clip_panels(result: Result, clips: Sequence[ClipImitation]) -> list[Panel]:
    """How clips are distributed: MPJPE by skill, and how many were covered how far."""
    order = {skill: place for place, skill in enumerate(SKILL_NAMES)}
    skills = sorted({clip.skill for clip in clips}, key=lambda skill: order.get(skill, len(order)))
    plot = _rows_plot(len(skills), Axis(*ERROR_MM, ERROR_TICKS, "MPJPE [mm]", log=True))
    told = []
    for place, skill in enumerate(skills):
        name = SKILL_NAMES.get(skill, skill)
        own = [clip for clip in clips if clip.skill == skill]
        plot.text(ERROR_MM[0], place - 0.1, name, "strong")
        for failed in (False, True):
            some = sorted(c.mpjpe_mm for c in own if c.success != failed and c.mpjpe_mm is not None)
            draw = plot.crosses if failed else plot.dots
            draw(np.clip(some, *ERROR_MM), _lanes(some, place + 0.16), "failed" if failed else "model", 3)
        errors = [clip.mpjpe_mm for clip in own if clip.mpjpe_mm is not None]
        lost = sum(not clip.success for clip in own)
        if errors:
            told.append(
                f"{name}: median {np.median(errors):.0f} mm, {min(errors):.0f} to {max(errors):.0f} mm, "
                f"{lost} of {len(own)} failed"
            )
    title = f"MPJPE of each clip, by {grouped_by(result)}"
    said = "dot: followed to its end, cross: failed; over the frames covered"
    by_error = Panel(title, said, plot.svg("mpjpe", title, "; ".join(told) + "."))
    share = 100.0 * np.sort([clip.coverage for clip in clips])
    staying = Plot(
        Axis(0, 100, (0, 25, 50, 75, 100), "part of the clip [%]"),
        Axis(0, 103, (0, 25, 50, 75, 100), "clips still followed [%]"),
    )
    ends = np.concatenate([[0.0], np.repeat(share, 2), [100.0]])
    left = 100.0 * (1.0 - np.repeat(np.arange(len(share) + 1), 2) / len(share))
    lost_late = ends < 100.0
    staying.line(np.append(ends[lost_late], 100.0), np.append(left[lost_late], left[lost_late][-1]), "model")
    half = float((share >= 50.0).mean()) * 100.0
    whole = float(np.mean([clip.success for clip in clips])) * 100.0
    title = "How long clips are followed"
    finding = (
        f"{half:.0f} % of the runs are followed for half of their clip or more, {whole:.0f} % to the end"
    )
    return [by_error, Panel(title, finding, staying.svg("staying", title, f"{finding}."))]


def _rows_plot(rows: int, x: Axis) -> Plot:
    """A plot of rows one under the other: row i lies around y = i, its name over it."""
    y = Axis(rows - 0.45, -0.5, (), "")
    return Plot(x, y, height=ROW * rows + 62, left=8)


def _count(name: str, score: Imitation) -> str:
    return f"{name} ({score.clips} clip{'s' * (score.clips != 1)})"


def _lanes(values: Sequence[float], row: float) -> list[float]:
    """Heights of dots around a row, so that neighbours lie in different lanes."""
    return [row + LANE / ROW * ((place * 2) % LANES - LANES // 2) for place in range(len(values))]


def _peak_pct(phase: Sequence[float], curve: np.ndarray) -> int:
    return round(100.0 * phase[int(np.argmax(curve))]) % 100


def _spans(loaded: np.ndarray) -> list[tuple[float, float]]:
    """Where more than half of the cycles have the foot on the ground [% of the cycle]."""
    on = np.concatenate([[0], (loaded > 0.5).astype(int), [0]])
    edges = np.flatnonzero(np.diff(on))
    return [(float(start), float(end)) for start, end in edges.reshape(-1, 2) * 100 / len(loaded)]
