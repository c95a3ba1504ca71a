"""Rows to read a board against: people, and what KINESIS published."""

from __future__ import annotations

from collections.abc import Iterable

from kinesis_bench.evaluation.published import reported
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.leaderboard.folder import Submitted
from kinesis_bench.leaderboard.table import Cell, Reference
from kinesis_bench.policies.interface import PRESCRIBED

MEAN_HUMAN = ("mean-human", "baselines/mean-human")
"""Name and source of the baseline that is people's own mean EMG: a reference, not a competitor."""

PAPER = ("kit-locomotion-v1", "kinesis-2026/test")
"""Data set and split of the paper's test figures."""

PAPER_SPLIT = "test"
"""The split in the published table's words."""

PAPERS = {"legs": ("Legs-Direct", "Legs-PD"), "legs_abs": ("Legs+Abs",), "legs_back": ("Legs+Back",)}
"""Body to the names of its policies in the published table."""

RECORDING = ("KINESIS 2025 Legs", "walk 4.5 km/h")
"""Policy and condition of KINESIS's own recording in the published table."""

OF_RECORDING = ("legs", "walk-4.5")
"""Its body and condition in our words."""


def is_mean_human(submitted: Submitted) -> bool:
    """Whether a submission is people's own mean EMG: nothing simulated, and the code that ships."""
    policy = submitted.scored.result.policy
    name, source = MEAN_HUMAN
    prescribed = (policy.name, policy.source, policy.control) == (name, source, PRESCRIBED)
    return prescribed and submitted.submission.code_url == source


def of_the_paper(body: str) -> tuple[Reference, ...]:
    """What the paper says of a body's policies on KIT-Locomotion's test split."""
    return tuple(
        Reference(
            f"KINESIS {policy}",
            "published",
            "Table I of the paper, by its own definitions",
            {
                row["metric"]: Cell(float(row["value"]), sem=float(row["sem_or_note"]))
                for row in reported()
                if (row["policy"], row["dataset"]) == (policy, PAPER_SPLIT)
            },
        )
        for policy in PAPERS.get(body, ())
    )


def of_people(result: Result) -> Iterable[Reference]:
    """What the people of a result's EMG score against one another, at zero lag."""
    emg = result.emg
    pairs, one_out = emg.human_pairs_r, emg.leave_one_out_r
    if pairs:
        r = Cell(pairs, emg.ci95.human_pairs_r)
        cells = {"emg_mean_r": r, "emg_ratio": Cell(1.0), "emg_zero_lag_r": r}
        yield Reference("people, pairs", "people", "one person against another", cells)
    if pairs and one_out:
        r = Cell(one_out)
        cells = {"emg_mean_r": r, "emg_ratio": Cell(one_out / pairs), "emg_zero_lag_r": r}
        yield Reference("people, leave-one-out", "people", "one person against the mean of the others", cells)


def of_recording(result: Result) -> Iterable[Reference]:
    """KINESIS's own recording, where a result is of its body and of the people that it was compared with."""
    if (result.body.name, result.emg.human_condition) == OF_RECORDING:
        for row in reported():
            if (row["policy"], row["dataset"], row["metric"]) == (*RECORDING, "emg_r_mean"):
                note = "recomputed by the definitions of its code: protocol kinesis-2025, not this table's"
                cells = {"emg_zero_lag_r": Cell(float(row["value"]))}
                yield Reference("KINESIS's recording of 2025", "published", note, cells)
