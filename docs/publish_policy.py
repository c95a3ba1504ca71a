"""Put a run's policy into reference_policies/, with its card and what a score of it is to find.

    python docs/publish_policy.py RUN NAME [--also TITLE=RESULT_DIR …] [--note TEXT]

RUN is a finished run of train-reference; NAME the folder, such as legs. The card states the run's own score,
and of each further result (pushes, other motions) one line.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

from kinesis_bench.evaluation.result import read_result
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.evaluation.tasks.result import read_task_result
from kinesis_bench.evaluation.tasks.schema import TaskResult
from kinesis_bench.evaluation.tasks.target import ARRIVED_M
from kinesis_bench.files import content_dir, write_text
from kinesis_bench.motions.store import read_motions
from kinesis_bench.policies.load import load_policy
from kinesis_bench.report.training_curve import CURVE, FIGURE
from kinesis_bench.tasks.registry import IMITATION
from kinesis_bench.training.run_folder import POLICY, read_config, write_config

EXPECTED = "expected.json"
"""What a score of the policy is to find, within a tolerance; a test holds the policy to it."""

RESULT = "result.json"

TASK_TOLERANCE_PCT = 8.0
"""Of the success on a task; chaos of single trials nearly cancels over a thousand."""

FIRST = 64
"""Trials that a test runs again."""

TOLERANCE = {"frame_coverage_pct": 3.0, "success_pct": 5.0, "mpjpe_mm": 3.0}
"""Other processors round otherwise, and a body that is about to fall decides on the last bits."""

SCORE_COLUMNS = (
    *("scored on", "clips", "coverage", "success", "strict"),
    *("MPJPE [mm]", "excitation", "EMG r (lag)", "EMG r, zero lag"),
)


def main() -> None:
    """Parse the arguments and write the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--policy", default=POLICY, help="folder in the run")
    parser.add_argument("--score", default="score", help="folder of its result in the run")
    parser.add_argument("--also", action="append", default=[], metavar="TITLE=RESULT_DIR")
    parser.add_argument("--note", action="append", default=[], help="a paragraph for the card")
    given = parser.parse_args()
    folder = content_dir("reference_policies") / given.name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(given.run / given.policy, folder)
    config = read_config(given.run)
    write_config(
        folder, replace(config, start_from=Path(config.start_from).name, motions=Path(config.motions).name)
    )
    for name in (CURVE, FIGURE):
        shutil.copy(given.run / POLICY / name, folder)
    score, also = given.run / given.score, dict(other.split("=", 1) for other in given.also)
    if config.task == IMITATION:
        result = read_result(score / RESULT)
        results = {"test split": result}
        results |= {title: read_result(Path(at) / RESULT) for title, at in also.items()}
        known, text = expected(score, result), card(given.run, given.policy, given.name, results, given.note)
    else:
        of_task = read_task_result(score / RESULT)
        tasks = {f"`{config.task}`": of_task}
        tasks |= {title: read_task_result(Path(at) / RESULT) for title, at in also.items()}
        known, text = expected_of_task(score, of_task), task_card(given.run, given.name, tasks, given.note)
    known = {"policy_sha256": load_policy(str(folder)).sha256} | known
    write_text(folder / EXPECTED, json.dumps(known, indent=1) + "\n")
    write_text(folder / "README.md", text)
    print(f"written to {folder}")


def expected_of_task(score: Path, result: TaskResult) -> dict:
    """Success of all trials, and how many of the first succeed."""
    with (score / "trials.csv").open(encoding="utf-8", newline="") as file:
        first = list(csv.DictReader(file))[:FIRST]
    arrived = sum(not row["ending"] and float(row["last_distance_m"]) < ARRIVED_M for row in first)
    assert result.figures.success.pct is not None
    return {
        "task": result.task,
        "trials": result.trials,
        "success_pct": round(result.figures.success.pct, 1),
        "tolerance_pct": TASK_TOLERANCE_PCT,
        "successes_of_first": [arrived, FIRST],
    }


def task_card(run: Path, name: str, results: dict[str, TaskResult], notes: list[str]) -> str:
    """The card in Markdown of a policy that learned a task of trials."""
    config = read_config(run)
    stages = json.loads((run / "chain.json").read_text())["stages"]
    return "\n\n".join(
        [
            f"# Reference policy `{name}`",
            f"Body `{config.body}`, control `{config.control}`, task `{config.task}`, method\n"
            f"`{config.method}` (see `docs/training.md`). Every setting is in `config.json`.",
            *notes,
            "## Training",
            table(
                ("stage", "control steps", "hours", "success"),
                [
                    (stage, *cost(found), f"{100 * found['figures']['success']:.1f} %")
                    for stage, found in stages.items()
                    if found.get("figures")
                ],
            ),
            "Figures of the stages are the trainer's own: a teacher's on the demonstrations that it\n"
            "learned, the others' on 128 trials that are none of a score's.",
            "## Score",
            table(
                ("scored on", "trials", "success", "95 %", "reached at any time", "fell", "end distance [m]"),
                [task_row(title, scored) for title, scored in results.items()],
            ),
            f"Success is held to ±{TASK_TOLERANCE_PCT:g} % across machines, by a test (`{EXPECTED}`).",
            "No human EMG was used in training.",
            "Licence: Apache-2.0, as the project. The body is myo-sim's (Apache-2.0).\n",
        ]
    )


def task_row(title: str, scored: TaskResult) -> tuple[str, ...]:
    """The main figures of a score of target reaching."""
    figures = scored.figures
    success, interval = figures.success, figures.success.ci95
    assert interval is not None
    shares = (figures.proportions[name].pct for name in ("reached_at_any_time", "fell"))
    return (
        *(title, f"{scored.trials:,}", f"{success.pct:.1f} %", f"{interval[0]:.1f} to {interval[1]:.1f}"),
        *(f"{share:.1f} %" for share in shares),
        f"{figures.means['end_distance_m'].mean:.2f}",
    )


def expected(score: Path, result: Result) -> dict:
    """Figures of the whole split, and of the clips that are followed to their end."""
    found = {name: round(getattr(result.imitation, name).mean, 2) for name in TOLERANCE}
    with (score / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["strict_success"] == "1"]
    return {
        "motions": result.motions.id,
        "split": result.motions.split,
        "figures": found,
        "tolerance": TOLERANCE,
        "mpjpe_mm_of_clips": {row["key"]: float(row["mpjpe_mm"]) for row in rows},
    }


def card(run: Path, policy: str, name: str, results: dict[str, Result], notes: list[str]) -> str:
    """The card in Markdown; of a teacher, which has a stage of its own, only that stage is told."""
    config = read_config(run)
    stages = json.loads((run / "chain.json").read_text())["stages"]
    result = next(iter(results.values()))
    learned = read_motions(config.motions).id if config.motions else result.motions.id
    teacher = policy.removeprefix(f"{POLICY}-")
    made = stages if policy == POLICY else {teacher: stages[teacher]}
    within = ", ".join(f"{figure.replace('_', ' ')} ±{by:g}" for figure, by in TOLERANCE.items())
    return "\n\n".join(
        [
            f"# Reference policy `{name}`",
            f"Body `{config.body}`, control `{result.policy.control}`, method `{config.method}` (see\n"
            f"`docs/training.md`), trained on {learned}, split `{config.split}`. Every setting\n"
            "is in `config.json`.",
            *notes,
            "## Training",
            table(
                ("stage", "control steps", "hours", "success", "coverage", "MPJPE [mm]", "excitation"),
                [stage_row(stage, found) for stage, found in made.items() if found.get("figures")],
            ),
            "Figures of the stages are the trainer's own, on the clips that the stage learned.",
            "## Score",
            table(
                SCORE_COLUMNS,
                [score_row(title, scored) for title, scored in results.items()],
            ),
            f"Tolerance across machines: {within} (`{EXPECTED}`, held by a test).",
            "No human EMG was used in training.",
            "Licence: Apache-2.0, as the project. The body is myo-sim's (Apache-2.0).\n",
        ]
    )


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def stage_row(stage: str, found: dict) -> tuple[str, ...]:
    """What a stage cost and reached."""
    figures = found["figures"]
    shares = (f"{100 * figures[name]:.1f} %" for name in ("success", "coverage"))
    return (stage, *cost(found), *shares, f"{figures['mpjpe_mm']:.1f}", f"{figures['excitation']:.3f}")


def cost(found: dict) -> tuple[str, str]:
    """Control steps and hours of a stage."""
    return f"{found['steps']:,}", f"{found['wall_s'] / 3600:.2f}"


def score_row(title: str, scored: Result) -> tuple[str, ...]:
    """The main figures of a score."""
    i, e = scored.imitation, scored.emg
    assert i is not None
    shares = (i.frame_coverage_pct, i.success_pct, i.strict_success_pct)
    r, zero = ("–" if value is None else f"{value:.2f}" for value in (e.mean_r, e.zero_lag_r))
    lag = "" if e.lag_ms is None else f" ({e.lag_ms:.0f} ms)"
    return (
        *(title, str(i.clips)),
        *(f"{share.mean:.1f} %" for share in shares),
        *(f"{i.mpjpe_mm.mean:.1f}", f"{scored.effort.mean_excitation:.3f}", r + lag, zero),
    )


if __name__ == "__main__":
    main()
