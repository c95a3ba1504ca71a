"""Folders of submissions to the leaderboards, from recordings made without a simulator."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from scored_folders import PEOPLE, write_scored

from kinesis_bench.evaluation.result import read_result, write_result
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.files import sha256_of_file
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.leaderboard.folder import SUMS, VERIFICATION, write_sums
from kinesis_bench.leaderboard.submission import (
    SCHEMA,
    VERIFICATION_SCHEMA,
    Costs,
    Status,
    Submission,
    Verification,
    board_of,
    figures_of,
    folder_name,
    write_submission,
    write_verification,
)
from kinesis_bench.rollouts.schema import Rollouts

DATE = "2026-11-26"

NO_COSTS = Costs(None, None, None, None, None)


def submitted(
    root: Path,
    name: str,
    what: Rollouts | Path,
    *,
    human: HumanEmg = PEOPLE,
    protocol: str = "kinesis-bench-1",
    status: Status | None = None,
    costs: Costs = NO_COSTS,
    code_url: str = "https://example.org/code",
    **of_result: object,
) -> Path:
    """A submission's folder below ``root``, all in it but a record that could be verified.

    Args:
        root: the leaderboards' folder.
        name: of the submission.
        what: a recording, or a folder in which one is scored already.
        human, protocol: how a recording is scored.
        status: of the note of a verification; None for none.
        costs, code_url: as submitted.
        of_result: fields of the result that differ.
    """
    scored = root.parent / f"scored-{root.name}" / name
    if isinstance(what, Path):
        shutil.copytree(what, scored)
    else:
        write_scored(scored, what, human, protocol)
    result = replace(read_result(scored / "result.json"), **of_result)  # type: ignore[arg-type]
    write_result(scored / "result.json", result)
    submission = Submission(
        schema=SCHEMA,
        name=name,
        authors=("A. Author", "B. Author"),
        code_url=code_url,
        paper_url=None,
        date=DATE,
        board=board_of(result),
        costs=costs,
        version="0.1.0",
        protocol=result.protocol,
        body=result.body,
        motions=result.motions,
        human=("emg_walk_wang2023",),
        rollouts_sha256="0" * 64,
    )
    folder = root / submission.board / folder_name(submission)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scored.rename(folder)
    write_submission(folder / "submission.json", submission)
    (folder / "card.md").write_text(f"# {name}\n")
    (folder / "record.npz").write_text(f"no record of {name}")
    write_sums(folder)
    if status is not None:
        write_verification(folder / VERIFICATION, verification(folder, result, status))
    return folder


def verification(folder: Path, result: Result, status: Status) -> Verification:
    """A note of a verification that belongs to the files in ``folder``."""
    sums = sha256_of_file(folder / SUMS)
    return Verification(VERIFICATION_SCHEMA, status, sums, 1, figures_of(result), (), (), {}, {})
