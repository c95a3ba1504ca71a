"""A submission's folder: ``leaderboards/<board>/<YYYY-MM-DD>_<name>/`` and the files in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.scored_folder import Scored, read_scored
from kinesis_bench.evaluation.tasks.compare import ScoredTrials, read_scored_trials
from kinesis_bench.files import require_file, sha256_of_file, write_text
from kinesis_bench.leaderboard.submission import (
    Entry,
    Submission,
    TaskSubmission,
    Verification,
    folder_name,
    is_of_task,
    read_submission,
    read_verification,
)

SUMS = "SHA256SUMS"

TRIALS = "trials.csv"

VERIFICATION = "verification.json"

RECORD = "record.npz"

FILES = ("submission.json", "result.json", "clips.csv", "card.md", RECORD)
"""What ``SHA256SUMS`` lists, in the form of ``sha256sum``."""

TASK_FILES = ("submission.json", "result.json", TRIALS, "card.md", RECORD)
"""The same, of a downstream task."""

MOST_RECORD_MIB = 8
"""Most that a compact record may take [MiB]: a repository keeps it for ever."""

MOST_MIB = 16
"""Most that a submission's files may take together [MiB]; what is larger is not read."""

_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


@dataclass(frozen=True)
class Submitted:
    """A submission as it lies in its folder.

    Attributes:
        folder: where.
        submission: what it says of itself.
        scored: ``result.json`` and ``clips.csv``.
        verification: what the last verification of exactly these files found; None where there was none.
    """

    folder: Path
    submission: Submission
    scored: Scored
    verification: Verification | None


@dataclass(frozen=True)
class SubmittedTask:
    """The same of a downstream task; ``scored`` is ``result.json`` and ``trials.csv``."""

    folder: Path
    submission: TaskSubmission
    scored: ScoredTrials
    verification: Verification | None


def place_of(submitted: Submitted | SubmittedTask) -> str:
    """Its folder below ``leaderboards``, as ``emg/2026-11-26_mine``."""
    return f"{submitted.folder.parent.name}/{submitted.folder.name}"


def files_of(folder: Path) -> tuple[str, ...]:
    """What the ``SHA256SUMS`` of a submission lists."""
    return TASK_FILES if is_of_task(folder / FILES[0]) else FILES


def find_submissions(root: Path) -> list[Path]:
    """Folders of all submissions below ``leaderboards``, in the order of board, date and name."""
    return sorted(path.parent for path in root.glob("*/*/submission.json"))


def read_submitted(folder: Path) -> Submitted | SubmittedTask:
    """Read a submission's folder; neither its digests nor its figures are checked.

    Raises:
        InputError: there is no such folder, or a file in it is missing or cannot be used.
    """
    if not folder.is_dir():
        raise InputError(folder, "no such folder", "give a folder below leaderboards/")
    if not (folder / FILES[0]).is_file():
        raise InputError(folder, f"holds no {FILES[0]}", "give a submission, leaderboards/BOARD/DATE_NAME")
    files = files_of(folder)
    size = sum((folder / name).stat().st_size for name in files if (folder / name).is_file())
    if size > MOST_MIB << 20:
        problem = f"its files take {size / 2**20:.1f} MiB, more than {MOST_MIB}"
        raise InputError(folder, problem, "submit the result anew with this version")
    require_file(folder / files[2], "submit the result anew")
    submission, verification = read_submission(folder / FILES[0]), current_verification(folder)
    if isinstance(submission, TaskSubmission):
        return SubmittedTask(folder, submission, read_scored_trials(folder), verification)
    return Submitted(folder, submission, read_scored(folder), verification)


def current_verification(folder: Path) -> Verification | None:
    """The note of the last verification, if it is of the files that now lie here.

    The digests in ``SHA256SUMS`` are compared with the files, and its own with the note. A note that cannot
    be read, such as that of another version, is none.
    """
    if not (folder / VERIFICATION).is_file() or not (folder / SUMS).is_file():
        return None
    try:
        verification = read_verification(folder / VERIFICATION)
    except InputError:
        return None
    same = verification.sums_sha256 == sha256_of_file(folder / SUMS)
    return verification if same and not wrong_sums(folder) else None


def write_sums(folder: Path) -> None:
    """Write ``SHA256SUMS`` of its files; ``sha256sum -c SHA256SUMS`` checks it too."""
    lines = [f"{sha256_of_file(folder / name)}  {name}\n" for name in files_of(folder)]
    write_text(folder / SUMS, "".join(lines))


def wrong_sums(folder: Path) -> list[str]:
    """What does not fit between ``SHA256SUMS`` and the folder, a line each; [] if all does.

    Raises:
        InputError: there is no ``SHA256SUMS``.
    """
    path = folder / SUMS
    require_file(path, "submit the result anew")
    matches = [
        _LINE.fullmatch(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    listed = {match[2]: match[1] for match in matches if match}
    wrong = []
    files = files_of(folder)
    if len(listed) != len(matches) or set(listed) != set(files):
        wrong.append(f"{SUMS}: does not list {', '.join(files)} once each")
    for name in files:
        if (folder / name).is_symlink() or not (folder / name).is_file():
            wrong.append(f"{name}: is missing, or a link")
        elif name in listed and sha256_of_file(folder / name) != listed[name]:
            wrong.append(f"{name}: its digest is not the one in {SUMS}")
    wrong += [f"{name}: is a link" for name in (SUMS, VERIFICATION) if (folder / name).is_symlink()]
    strange = {path.name for path in folder.iterdir()} - {*files, SUMS, VERIFICATION}
    wrong += [f"{name}: does not belong into a submission" for name in sorted(strange)]
    return wrong


def same_record(folder: Path, others: Iterable[Path]) -> Path | None:
    """The first of other submissions that records the very same actions and states; None if none does."""
    own = sha256_of_file(folder / RECORD)
    return next((other for other in others if sha256_of_file(other / RECORD) == own), None)


def misplaced(folder: Path, submission: Entry) -> list[str]:
    """What does not fit between a submission and where it lies, a line each; [] if all does.

    A link could lead to files that nobody looks at when a change of the boards is reviewed.
    """
    place = Path(os.path.abspath(folder))
    wrong = [f"{path.name}: is a link, not a folder" for path in (place, place.parent) if path.is_symlink()]
    if place.name != folder_name(submission):
        wrong.append(
            f"submission.json: says {folder_name(submission)} (date_name), the folder is {place.name}"
        )
    if place.parent.name != submission.board:
        wrong.append(f"submission.json: board is {submission.board}, the folder lies in {place.parent.name}")
    return wrong
