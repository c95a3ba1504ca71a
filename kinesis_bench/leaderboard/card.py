"""``card.md``: a submission in words and one table, written from its result."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from kinesis_bench.evaluation.schema import PROTOCOLS, PolicyInfo, Result
from kinesis_bench.evaluation.tasks.schema import Mean
from kinesis_bench.human.built_in import BUILT_IN
from kinesis_bench.leaderboard.submission import Entry, Submission, TaskSubmission, code_link, folder_name
from kinesis_bench.metrics.imitation import Figure
from kinesis_bench.motions.gait.build import DATASET
from kinesis_bench.motions.prompts import DATASET as PROMPTS
from kinesis_bench.tasks.registry import TEXT_TO_CONTROL

DASH = "–"
OF_COSTS = "By the authors; the real-time factor is simulated time over wall time of the scored run."

PEOPLE = "DIR"
"""Stands for where a reader has single people's recordings."""


def card(submission: Submission, result: Result) -> str:
    """The text of a submission's card.

    Args:
        submission: what it says of itself.
        result: its figures.
    """
    parts = [
        f"# {plain(submission.name)}",
        _who(submission, result),
        "## Figures",
        rows_table(_figures(result)),
        _notes(result),
        "## Costs",
        rows_table(cost_rows(submission)),
        OF_COSTS,
        "## How to reproduce",
        how(submission, result.policy, result.seed, result.versions, _options(submission, result)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _who(submission: Submission, result: Result) -> str:
    where = f"Board `{submission.board}`, protocol `{submission.protocol}`"
    if result.body.name:
        where += f", body {as_code(result.body.name)}"
    if result.motions.id:
        where += f", {result.motions.clips} clips of {as_code(result.motions.split)}"
    return f"{by_whom(submission)}\n\n{where}."


def by_whom(submission: Entry) -> str:
    """Authors, date and links in a sentence."""
    links = [f"[code](<{code_link(submission, up=3)}>)"]
    if submission.paper_url:
        links.append(f"[paper](<{submission.paper_url}>)")
    people = ", ".join(plain(author) for author in submission.authors)
    return f"{people}, {submission.date}; {', '.join(links)}."


def _figures(result: Result) -> list[tuple[str, str]]:
    rows = []
    if result.imitation is not None:
        one = result.imitation
        rows += [
            ("frame coverage", with_interval(one.frame_coverage_pct, 1, " %")),
            ("success", with_interval(one.success_pct, 1, " %")),
            ("strict success", with_interval(one.strict_success_pct, 1, " %")),
            ("MPJPE", with_interval(one.mpjpe_mm, 1, " mm")),
        ]
    emg, angles, effort = result.emg, result.joint_angles, result.effort
    interval = "" if emg.ci95.mean_r is None else f" [{emg.ci95.mean_r[0]:.3f}, {emg.ci95.mean_r[1]:.3f}]"
    lag = "" if emg.lag_ms is None else f" at a lag of {emg.lag_ms:.0f} ms"
    rows += [
        (
            f"EMG r ({emg.human_condition}, {emg.human_people} people)",
            number(emg.mean_r, 3) + interval + lag,
        ),
        ("… without a lag", number(emg.zero_lag_r, 3)),
        ("… over r between people", number(emg.ratio, 2)),
        ("MPJAE", number(angles.mpjae_deg, 1, "°")),
        ("mean excitation", number(effort.mean_excitation, 3)),
    ]
    return rows


def _notes(result: Result) -> str:
    runs = "one run (deterministic)" if result.runs == 1 else f"mean of {result.runs} runs"
    notes = [f"{runs}; in brackets 95 % intervals, of EMG over people, else over clips."]
    if result.policy.privileged:
        notes.append("Privileged: it saw more than its observation.")
    if result.emg.mean_r is None:
        notes.append(f"No EMG r: {plain(result.emg.reasons.get('mean_r', 'none was computed'))}.")
    notes += [f"{plain(note)}." for note in result.policy.notes]
    return "\n".join(note[0].upper() + note[1:] for note in notes)


def cost_rows(submission: Entry) -> list[tuple[str, str]]:
    """What a policy cost, in words."""
    costs = submission.costs
    return [
        ("parameters", DASH if costs.parameters is None else f"{costs.parameters:,}"),
        ("control steps of training", DASH if costs.training_steps is None else f"{costs.training_steps:,}"),
        ("device hours", number(costs.device_hours, 2)),
        ("device", DASH if costs.device is None else plain(costs.device)),
        ("real-time factor", number(costs.real_time_factor, 1)),
    ]


def how(
    submission: Submission | TaskSubmission,
    policy: PolicyInfo,
    seed: int | None,
    versions: Mapping[str, str],
    options: str,
) -> str:
    """How a result is made and verified again.

    Args:
        submission: what it says of itself.
        policy, seed, versions: as in its result.
        options: to give to ``score``.
    """
    control = f", control law {as_code(policy.control)}" if policy.control else ""
    shown = f"Policy {as_code(policy.name)}{control}"
    if policy.sha256:
        shown += f", SHA-256 {as_code(policy.sha256)}"
    seeded = "" if seed is None else f" Seed {seed}."
    folder = f"leaderboards/{submission.board}/{folder_name(submission)}"
    used = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{shown}.{seeded} Scored with {plain(used)}.\n\n"
        f"    kinesis-bench score {options}\n"
        f"    kinesis-bench leaderboard verify {folder}\n\n"
        f"Recording: SHA-256 `{submission.rollouts_sha256}`."
    )


def policy_option(policy: PolicyInfo) -> str:
    """What to give to ``--policy``; POLICY where it is the authors' own file."""
    ships = not policy.source or policy.source.startswith(("baselines/", "reference_policies/"))
    return policy.source.rpartition("/")[2] or policy.name if ships else "POLICY"


def _options(submission: Submission, result: Result) -> str:
    """What to give to ``score``."""
    policy, motions = result.policy, result.motions
    if not policy.control and not motions.id:
        return f"--rollout RECORDING --protocol {result.protocol}"
    given = {
        "--task": TEXT_TO_CONTROL if motions.prompts else "",
        "--policy": policy_option(policy),
        "--body": result.body.name,
        "--motions": "" if motions.id in (DATASET, PROMPTS) else f"{motions.id}.h5",
        "--split": motions.split,
        "--runs": str(result.runs) if result.runs > 1 else "",
        "--seed": str(result.seed) if result.seed else "",
        "--protocol": result.protocol if result.protocol != PROTOCOLS[0] else "",
    }
    options = [f"{option} {option_word(value)}" for option, value in given.items() if value]
    if submission.human != BUILT_IN:
        people = (
            name if name in BUILT_IN else f"{name.partition('=')[0]}={PEOPLE}" for name in submission.human
        )
        options.append(f"--human {' '.join(map(option_word, people))}")
    return " ".join(options)


def option_word(text: str) -> str:
    """A word of a command, without line breaks."""
    return shlex.quote(" ".join(text.split()))


def with_interval(figure: Figure | Mean, digits: int, unit: str) -> str:
    """A mean with its interval, or a dash."""
    if figure.mean is None or figure.ci95 is None:
        return number(figure.mean, digits, unit)
    low, high = (f"{bound:.{digits}f}" for bound in figure.ci95)
    return f"{figure.mean:.{digits}f}{unit} [{low}, {high}]"


def number(value: float | None, digits: int, unit: str = "") -> str:
    """A number with its unit, or a dash."""
    return DASH if value is None else f"{value:.{digits}f}{unit}"


def plain(text: str) -> str:
    """A stranger's text on one line, without what Markdown or HTML would act on."""
    return "".join(f"\\{c}" if c in "\\`*[]<>|#&" else c for c in " ".join(text.split()))


def as_code(text: str) -> str:
    """A stranger's text as code on one line."""
    return f"`{' '.join(text.split()).replace('`', '´')}`"


def rows_table(rows: list[tuple[str, str]]) -> str:
    """Names and values as a Markdown table."""
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines)
