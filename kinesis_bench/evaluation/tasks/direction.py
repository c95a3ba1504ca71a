"""The score of directional control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.evaluation.tasks.figures import SUCCESS, ByTrial, curve, mean, proportion
from kinesis_bench.evaluation.tasks.run import Trial, TrialRun
from kinesis_bench.evaluation.tasks.schema import Group, Mean, TaskFigures
from kinesis_bench.metrics.direction import (
    TOLERANCE_RAD,
    circular_mean,
    circular_sd,
    seconds_to_turn,
    time_of_half,
    travel_rad,
    wrapped,
)
from kinesis_bench.metrics.statistics import ratio_of_sums, resample
from kinesis_bench.tasks.direction import COMMAND_STEPS, COMMANDS

SETTLED_S = 1.0
"""The last part of a command, in which a body that turns in time has turned [s]."""

MOST_WITHOUT = 0.025
"""Share of bootstrap samples that may lack a median before its interval is left out."""

HEADLINE = (
    *("success_pct", "fell_pct", "followed_commands", "velocity_along_command_m_s", "travel_error_deg"),
    *("time_on_course_pct", "turned_pct", "standing_s", "excitation"),
)
"""Figures that are compared between results, and followed from bout to bout."""

NO_SWITCH = "no trial lasted until a direction switched"
NO_TRAVEL = "no trial had a direction of travel"
NO_LATE = "no trial lasted until the last second of a command"


@dataclass(frozen=True)
class Course:
    """What a trial did, step by step, T steps.

    Attributes:
        heading_error_rad, travel_error_rad: (T,) of the pelvis and of its travel against the command; the
            second nan where it hardly moves.
        turn_rad: (C,) of the commands that it came to: by how much each differs from the one before, or the
            first from where it looked.
        turn_s: (C,) seconds to turn into it, nan where it never did.
        settled: (T,) bool, the last SETTLED_S of a command.
    """

    heading_error_rad: np.ndarray
    travel_error_rad: np.ndarray
    turn_rad: np.ndarray
    turn_s: np.ndarray
    settled: np.ndarray


def course(trial: Trial, dt_s: float) -> Course:
    """What a trial did; a command that a fall cut short was not followed."""
    found = trial.measured
    path = np.stack([found["pelvis_x_m"], found["pelvis_y_m"]], axis=-1)
    command = found["command_rad"]
    travel = wrapped(travel_rad(np.concatenate([np.zeros((1, 2)), path]), dt_s) - command)
    begun = range(0, trial.steps, COMMAND_STEPS)
    late = COMMAND_STEPS - round(SETTLED_S / dt_s)
    times = [
        seconds_to_turn(travel[first : first + COMMAND_STEPS], dt_s)
        if first + COMMAND_STEPS <= trial.steps and (trial.whole or first + COMMAND_STEPS < trial.steps)
        else np.nan
        for first in begun
    ]
    before = np.concatenate([[trial.start.heading_rad], trial.start.commands_rad[: len(begun) - 1]])
    return Course(
        heading_error_rad=wrapped(found["heading_rad"] - command),
        travel_error_rad=travel,
        turn_rad=wrapped(trial.start.commands_rad[: len(begun)] - before),
        turn_s=np.array(times),
        settled=np.arange(trial.steps) % COMMAND_STEPS >= late,
    )


def by_trial(run: TrialRun) -> ByTrial:
    """What each trial adds to the figures; medians, biases and spreads are no sums and not among them."""
    return _by_trial(run, [course(trial, run.dt_s) for trial in run.trials])


def _by_trial(run: TrialRun, courses: Sequence[Course]) -> ByTrial:
    trials = run.trials
    progress = np.array([trial.measured["progress_m"][-1] for trial in trials])
    standing_s = np.array([run.dt_s * trial.steps for trial in trials])
    followed = np.array([np.isfinite(one.turn_s).sum() for one in courses])
    switches = [one.turn_s[1:] for one in courses]
    errors = {
        "heading": [one.heading_error_rad for one in courses],
        "travel": [one.travel_error_rad for one in courses],
    }
    sizes = {f"{name}_error_deg": _sizes(error) for name, error in errors.items()}
    late = {
        f"settled_{name}_error_deg": _sizes(
            [one[part.settled] for one, part in zip(error, courses, strict=True)]
        )
        for name, error in errors.items()
    }
    return ByTrial(
        holds={
            SUCCESS: followed == COMMANDS,
            "fell": ~np.array([trial.whole for trial in trials]),
            "fell_before_the_first_switch": standing_s < run.dt_s * (COMMAND_STEPS + 1),
        },
        numbers={
            "velocity_along_command_m_s": progress / (run.steps * run.dt_s),
            "followed_commands": followed.astype(float),
            "time_on_course_pct": 100.0 * np.array([_on_course(one) / run.steps for one in courses]),
            "switches_met": np.array([len(times) for times in switches], float),
            "standing_s": standing_s,
            "excitation": np.array([trial.measured["excitation"].mean() for trial in trials]),
        },
        ratios={
            "velocity_along_command_while_standing_m_s": (progress, standing_s),
            **sizes,
            **late,
            "turned_pct": _turned(switches),
        },
    )


def score(run: TrialRun, rng: np.random.Generator) -> TaskFigures:
    """Success, falls, speed along the command, errors of heading and travel, and how turns go.

    Who follows all commands has stood to the end: a fall in the last one leaves it unfollowed.
    """
    courses = [course(trial, run.dt_s) for trial in run.trials]
    found = _by_trial(run, courses)
    by_turn = _by_turn(courses, rng)

    def number(name: str) -> Mean:
        return mean(found.numbers[name], rng)

    def ratio(name: str, why_none: str = "") -> Mean:
        return _ratio(*found.ratios[name], rng, why_none)

    def angle(name: str, errors_rad: Sequence[np.ndarray], why_none: str = "") -> dict[str, Mean]:
        bias, spread = _circular(errors_rad, rng, why_none)
        return {
            f"{name}_error_deg": ratio(f"{name}_error_deg", why_none),
            f"settled_{name}_error_deg": ratio(f"settled_{name}_error_deg", NO_LATE),
            f"{name}_bias_deg": bias,
            f"{name}_spread_deg": spread,
        }

    while_standing = "velocity_along_command_while_standing_m_s"
    return TaskFigures(
        success=proportion(found.holds[SUCCESS]),
        proportions=found.proportions(),
        means={
            "velocity_along_command_m_s": number("velocity_along_command_m_s"),
            while_standing: ratio(while_standing),
            "followed_commands": number("followed_commands"),
            **angle("heading", [one.heading_error_rad for one in courses]),
            **angle("travel", [one.travel_error_rad for one in courses], NO_TRAVEL),
            "time_on_course_pct": number("time_on_course_pct"),
            "switches_met": number("switches_met"),
            **_turning([one.turn_s[1:] for one in courses], rng),
            "standing_s": number("standing_s"),
            "excitation": number("excitation"),
        },
        groups={"turn": by_turn} if by_turn else {},
        curves={"progress_m": curve(run, "progress_m")},
    )


def _on_course(one: Course) -> int:
    """Steps in which it travels as commanded."""
    return int((np.abs(one.travel_error_rad) <= TOLERANCE_RAD).sum())


def _by_turn(courses: Sequence[Course], rng: np.random.Generator) -> dict[str, Group]:
    """Switches by the size of the turn that they ask for."""
    made = {}
    for size in (45, 90, 135, 180):
        chosen = [one.turn_s[1:][np.isclose(np.abs(np.degrees(one.turn_rad[1:])), size)] for one in courses]
        if any(len(times) for times in chosen):
            made[f"{size} deg"] = Group({}, _turning(chosen, rng))
    return made


def _turning(times_s: Sequence[np.ndarray], rng: np.random.Generator) -> dict[str, Mean]:
    """Share of the switches that were followed, and seconds to turn; ``times_s``: of each trial's switches.

    Intervals are over trials, whose switches belong together; ``trials`` are those that had any.
    """
    hundredfold, count = _turned(times_s)
    seconds = np.array([np.nansum(times) for times in times_s])
    return {
        "turned_pct": _ratio(hundredfold, count, rng, NO_SWITCH),
        "half_turned_after_s": _median(times_s, rng),
        "mean_time_of_the_turned_s": _ratio(seconds, hundredfold / 100.0, rng, "no switch was followed"),
    }


def _median(times_s: Sequence[np.ndarray], rng: np.random.Generator) -> Mean:
    """Time by which half of all switches are followed; None where fewer than half are."""
    trial = np.repeat(np.arange(len(times_s)), [len(times) for times in times_s])
    every, met = np.concatenate(times_s), len(np.unique(trial))
    if not met:
        return Mean(None, None, None, 0, NO_SWITCH)
    drawn = resample(np.zeros(len(times_s)), rng)
    medians = time_of_half(every, drawn.weights[:, trial])
    if not np.isfinite(medians[0]):
        return Mean(None, None, None, met, "fewer than half of the switches were followed")
    samples = medians[1 + len(times_s) :]
    if np.mean(~np.isfinite(samples)) > MOST_WITHOUT:
        why = "about half of the switches were followed, too few for an interval"
        return Mean(float(medians[0]), None, None, met, why)
    interval = drawn.interval(medians)
    why = "" if interval else "resampling does not change it"
    return Mean(float(medians[0]), None, interval, met, why)


def _sizes(errors_rad: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Each trial's sum of absolute errors [deg], and the number of its steps that have one."""
    parts = [np.abs(error[np.isfinite(error)]) for error in errors_rad]
    return np.degrees([part.sum() for part in parts]), np.array([len(part) for part in parts], float)


def _turned(times_s: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Each trial's switches that were followed, times 100, and all that it met."""
    turned = np.array([np.isfinite(times).sum() for times in times_s], float)
    return 100.0 * turned, np.array([len(times) for times in times_s], float)


def _circular(errors_rad: Sequence[np.ndarray], rng: np.random.Generator, why_none: str) -> tuple[Mean, Mean]:
    """Bias and spread: circular mean and circular SD of an angle's error, over steps of all trials [deg].

    The interval of a mean is found of the differences from it, so that it may cross ±180°.
    """
    parts = [error[np.isfinite(error)] for error in errors_rad]
    sums = np.array([(np.cos(part).sum(), np.sin(part).sum(), len(part)) for part in parts])
    found = int((sums[:, 2] > 0).sum())
    drawn = resample(np.zeros(len(sums)), rng)
    cosine, sine, count = drawn.weights @ sums[:, 0], drawn.weights @ sums[:, 1], drawn.weights @ sums[:, 2]
    if not found:
        nothing = Mean(None, None, None, 0, why_none)
        return nothing, nothing
    means = circular_mean(cosine, sine)
    beside = 1.0  # not 0, beside which any rounding would seem wide
    around = drawn.interval(np.degrees(wrapped(means - means[0])) + beside)
    bias = float(np.degrees(means[0]))
    interval = None if around is None else (around[0] - beside + bias, around[1] - beside + bias)
    spreads = np.degrees(circular_sd(cosine, sine, count))
    why = "" if interval else "there is one trial, or all are the same"
    return (
        Mean(bias, None, interval, found, why),
        Mean(float(spreads[0]), None, drawn.interval(spreads), found, why),
    )


def _ratio(
    numerator: np.ndarray, denominator: np.ndarray, rng: np.random.Generator, why_none: str = ""
) -> Mean:
    """Σ numerator / Σ denominator over trials, with an interval over them; counts those that have any."""
    drawn = resample(np.zeros(len(numerator)), rng)
    values = ratio_of_sums(drawn.weights, numerator, denominator)
    if not np.isfinite(values[0]):
        return Mean(None, None, None, 0, why_none or "there are no trials")
    interval = drawn.interval(values)
    why = "" if interval else "there is one trial, or all are the same"
    return Mean(float(values[0]), None, interval, int((denominator > 0).sum()), why)
