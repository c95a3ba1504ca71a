"""The figures of tasks of trials in words: what each means, its unit, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass

UNITS = {"_m_s": "m/s", "_deg": "deg", "_rad": "rad", "_pct": "%", "_m": "m", "_s": "s"}
"""Ends of names, longer ones first, and the units that they stand for."""

SUCCESS = {
    "target": "is within 0.1 m of the goal after 5 s, still standing,",
    "target-far": "is within 0.1 m of the goal after 5 s, still standing,",
    "direction": "follows all five commands and stands to the end",
    "penalty-kick": "scores, still standing when the ball crosses the line,",
}
"""What success is, to go on with "in so many of the trials"."""

SUCCESS_IS = {
    "target": "trials that last the whole 5 s and end with the pelvis within 0.1 m of the goal",
    "target-far": "trials that last the whole 5 s and end with the pelvis within 0.1 m of the goal",
    "direction": "trials that stand to the end and follow all five commands",
    "penalty-kick": "goals: the whole ball over the line between the posts, the body still standing",
}

MEANING = {
    "fell": "trials that ended early, for whatever reason",
    "reached_at_any_time": "trials with the pelvis within 0.1 m of the goal after any step",
    "start_distance_m": "from the pelvis to the goal when the trial begins",
    "end_distance_m": "from the pelvis to the goal when the time is up; who fell stays where it fell",
    "least_distance_m": "the least in a trial",
    "mean_distance_m": "the mean over the time of a trial; who fell stays where it fell",
    "arrival_s": "time of the first step within 0.1 m of the goal, of the trials that have one",
    "standing_s": "time until the trial ended, early or not",
    "excitation": "mean over muscles and steps, 0 to 1",
    "fell_before_the_first_switch": "trials that ended before the second command",
    "velocity_along_command_m_s": "covered in the commanded directions, over the whole time of a trial",
    "velocity_along_command_while_standing_m_s": "the same over the time that the body stood: "
    "a body that dives looks fast",
    "followed_commands": "commands that were turned into and kept, of five",
    "heading_error_deg": "where the pelvis looks against the command, mean size; 90 by chance",
    "settled_heading_error_deg": "the same in the last second of each command",
    "heading_bias_deg": "its circular mean; means something only where the spread is well below 100",
    "heading_spread_deg": "its circular standard deviation",
    "travel_error_deg": "the direction of travel against the command, mean size; 90 by chance",
    "settled_travel_error_deg": "the same in the last second of each command",
    "travel_bias_deg": "its circular mean; means something only where the spread is well below 100",
    "travel_spread_deg": "its circular standard deviation",
    "time_on_course_pct": "steps in which it travels within 22.5° of the command, of all",
    "switches_met": "changes of the command that the body met standing, of four",
    "turned_pct": "switches that were turned into, of those that were met standing",
    "half_turned_after_s": "time after a switch by which half of all that were met had been turned into",
    "mean_time_of_the_turned_s": "time to turn, of the switches that were turned into",
    "on_target": "in the net, or the keeper touched the ball",
    "in_net": "balls in the net, whether or not the body stands",
    "ball_contact": "the body moved the ball by more than 5 mm",
    "ball_speed_m_s": "the fastest, of the trials with contact",
    "contact_s": "time until the body touches the ball, of the trials with contact",
    "trial_s": "time until the trial ended",
    "goal": "as success",
}
"""What a figure is, where its task does not say otherwise."""

MEANING_IN = {
    ("penalty-kick", "fell"): "trials in which the pelvis was below 0.7 m at some time",
    ("penalty-kick", "least_distance_m"): "from the pelvis to the ball, the least in a trial",
}

BETTER = {
    **dict.fromkeys(
        (
            *("success_pct", "reached_at_any_time_pct", "standing_s", "followed_commands", "turned_pct"),
            *("velocity_along_command_m_s", "time_on_course_pct", "on_target_pct", "in_net_pct"),
            *("ball_contact_pct", "ball_speed_m_s"),
        ),
        "more",
    ),
    **dict.fromkeys(
        ("fell_pct", "end_distance_m", "mean_distance_m", "least_distance_m", "travel_error_deg"), "less"
    ),
}
"""Which way is better, of the figures that are compared; the others have none."""


@dataclass(frozen=True)
class Shown:
    """How a figure is shown: in words, unit, digits, and which way is better ("" for neither)."""

    label: str
    unit: str
    digits: int
    better: str


def shown(name: str) -> Shown:
    """How a figure of a task is shown."""
    end = next((end for end in UNITS if name.endswith(end)), "")
    label = name.removesuffix(end).replace("_", " ")
    return Shown(label, UNITS.get(end, ""), 1 if end in ("_pct", "_deg") else 3, BETTER.get(name, ""))


def words(name: str) -> str:
    """A figure's name in words, its unit in brackets: ``end_distance_m`` is ``end distance [m]``."""
    found = shown(name)
    return f"{found.label} [{found.unit}]" if found.unit else found.label


def meaning(task: str, name: str) -> str:
    """What a figure is, "" where that is not known here."""
    if name == "success":
        return SUCCESS_IS.get(task, "")
    return MEANING_IN.get((task, name), MEANING.get(name, ""))
