"""``submission.json``: what a submission says of itself; ``verification.json``: what verifying it found."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, TypeVar

from kinesis_bench.archives import json_object
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.schema import BodyInfo, MotionsInfo, Result
from kinesis_bench.evaluation.tasks.schema import TaskResult
from kinesis_bench.evaluation.typed_file import write_typed
from kinesis_bench.evaluation.typed_json import from_json, to_json
from kinesis_bench.files import require_file
from kinesis_bench.tasks.registry import IMITATION, TEXT_TO_CONTROL

SCHEMA = "kinesis-bench-submission-1"

TASK_SCHEMA = "kinesis-bench-task-submission-1"
"""Of a submission of a downstream task."""

VERIFICATION_SCHEMA = "kinesis-bench-verification-1"

Status = Literal["self-reported", "recomputed", "re-simulated"]
"""What is known of a submission's figures, from the least to the most.

``self-reported``: nothing beyond what its author says. ``recomputed``: they follow from the excitations and
movements that it records. ``re-simulated``: these follow, second by second, from the actions that it records,
through the control law on the named body, and begin where the protocol says.
"""

STATUSES: tuple[Status, ...] = ("self-reported", "recomputed", "re-simulated")

EMG_BOARD = "emg"
"""Board of the results that followed no motion but have figures of EMG."""

NAME = re.compile(r"[a-z0-9]+([-.][a-z0-9]+)*")
"""Names of submissions: they are parts of folders' names and of links."""

LONGEST_NAME = 64

MOST_BYTES = 1 << 16
"""Size of ``submission.json`` or ``verification.json`` above which it is not read [B]; ours have 1 kB."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Costs:
    """What a policy cost and costs, by its authors; None where unknown.

    Attributes:
        parameters: numbers in the network that acts.
        training_steps: control steps of simulation that it learned from, all stages together.
        device_hours: time of training on ``device``, all devices together [h].
        device: on what, in words.
        real_time_factor: simulated time over wall time of the scored run, all clips side by side.
    """

    parameters: int | None
    training_steps: int | None
    device_hours: float | None
    device: str | None
    real_time_factor: float | None


OWN_FOLDER = re.compile(r"(baselines|reference_policies)(/[a-z0-9][\w.-]*)?", re.ASCII)
"""Folders of this project that the code of a submission may be in."""


@dataclass(frozen=True)
class Entry:
    """What every entry of a board says of itself.

    Attributes:
        schema: SCHEMA or TASK_SCHEMA.
        name: by which tables call it; see ``check_name``.
        authors: one name each.
        code_url, paper_url: where policy and training are to be found; code may be a folder of this project,
            such as baselines/dep; paper None where there is none.
        date: of the submission, YYYY-MM-DD.
        board: that it is on, see ``board_of``.
        costs: by its authors.
        version: of kinesis-bench, that wrote it.
        protocol, body: as in its ``result.json``.
    """

    schema: str
    name: str
    authors: tuple[str, ...]
    code_url: str
    paper_url: str | None
    date: str
    board: str
    costs: Costs
    version: str
    protocol: str
    body: BodyInfo


@dataclass(frozen=True)
class Submission(Entry):
    """An entry of a board of imitation or of EMG.

    Attributes:
        motions: as in its ``result.json``.
        human: data sets of people that it was scored against, the headline's first, without paths.
        rollouts_sha256: digest of the recording that the result and the compact record were made from.
    """

    motions: MotionsInfo
    human: tuple[str, ...]
    rollouts_sha256: str


@dataclass(frozen=True)
class TaskSubmission(Entry):
    """An entry of a board of a downstream task.

    Attributes:
        task, options, trials, seed: as in its ``result.json``.
        rollouts_sha256: digest of the recording that the compact record was made from.
    """

    task: str
    options: dict[str, str]
    trials: int
    seed: int
    rollouts_sha256: str


@dataclass(frozen=True)
class Figures:
    """Figures that the verification itself computed; None where there are none.

    Attributes:
        success_pct, strict_success_pct, frame_coverage_pct, mpjpe_mm: of imitation, micro means; the first
            of a task, too.
        emg_mean_r, emg_lag_ms, emg_zero_lag_r, emg_ratio: of excitation, as in ``EmgFigures``.
        mpjae_deg: of joint angles.
        mean_excitation: over the covered frames, of a task over trials, 0 to 1.
    """

    success_pct: float | None
    strict_success_pct: float | None
    frame_coverage_pct: float | None
    mpjpe_mm: float | None
    emg_mean_r: float | None
    emg_lag_ms: float | None
    emg_zero_lag_r: float | None
    emg_ratio: float | None
    mpjae_deg: float | None
    mean_excitation: float | None


@dataclass(frozen=True)
class Verification:
    """What ``verify`` found in a submission that it accepted.

    It is a note of the machine that ran it, not a proof: whoever can write the folder can write this file. A
    board is to be built where ``verify --all`` has just been run, as continuous integration does.

    Attributes:
        schema: VERIFICATION_SCHEMA.
        status: what is now known of these runs; a figure over more of them stays self-reported.
        sums_sha256: digest of the ``SHA256SUMS`` of the files that were verified.
        runs: that were verified: all of the result's, or the first alone; of a task, trials.
        figures: computed anew, of these runs: those of ``result.json`` where they are all.
        compared: what was compared, in words.
        self_reported: what was not, in words; () where there is nothing left.
        worst: name of a comparison to the largest deviation that was found.
        versions: of the software and the platform that verified.
    """

    schema: str
    status: Status
    sums_sha256: str
    runs: int
    figures: Figures
    compared: tuple[str, ...]
    self_reported: tuple[str, ...]
    worst: dict[str, float]
    versions: dict[str, str]


def figures_of(result: Result) -> Figures:
    """The headline figures of a result."""
    imitation, emg = result.imitation, result.emg
    return Figures(
        success_pct=imitation.success_pct.mean if imitation else None,
        strict_success_pct=imitation.strict_success_pct.mean if imitation else None,
        frame_coverage_pct=imitation.frame_coverage_pct.mean if imitation else None,
        mpjpe_mm=imitation.mpjpe_mm.mean if imitation else None,
        emg_mean_r=emg.mean_r,
        emg_lag_ms=emg.lag_ms,
        emg_zero_lag_r=emg.zero_lag_r,
        emg_ratio=emg.ratio,
        mpjae_deg=result.joint_angles.mpjae_deg,
        mean_excitation=result.effort.mean_excitation,
    )


def board_of(result: Result) -> str:
    """The board that a result belongs to: ``<task>_<data set>_<split>``, or ``emg``.

    The task is imitation, or text-to-control where the clips are scored by their prompts' categories.

    Raises:
        InputError: it neither followed motions nor has figures of EMG.
    """
    if result.imitation is not None and result.motions.id:
        task = TEXT_TO_CONTROL if result.motions.prompts else IMITATION
        board = f"{task}_{result.motions.id}_{result.motions.split.replace('/', '-')}"
        if not re.fullmatch(r"[\w.-]+", board, re.ASCII):
            problem = (
                f"data set {result.motions.id!r} and split {result.motions.split!r} are no folder's name"
            )
            raise InputError("result.json: motions", problem, "use A-Z, a-z, 0-9, . - and _ in their names")
        return board
    if result.emg.mean_r is None and result.emg.group_mean_r is None:
        why = result.emg.reasons.get("mean_r", "none was computed")
        problem = f"there is no board for it: it followed no motions and has no figure of EMG ({why})"
        raise InputError("result.json", problem, "score a policy, or a recording with steady gait cycles")
    return EMG_BOARD


def board_of_task(result: TaskResult) -> str:
    """The board that a task's result belongs to: its name, and with an option that differs ``_<value>``."""
    return "_".join((result.task, *(result.options[name] for name in sorted(result.options))))


def folder_name(submission: Entry) -> str:
    """``<date>_<name>``: the submission's folder within its board's."""
    return f"{submission.date}_{submission.name}"


def code_link(submission: Entry, up: int) -> str:
    """Address of a submission's code, from a file that lies so many folders below the project's own."""
    url = submission.code_url
    return "../" * up + url if OWN_FOLDER.fullmatch(url) else url


def check_name(name: str, where: str = "--name") -> None:
    """Refuse a name that cannot be a folder's.

    Raises:
        InputError: it has other characters than a-z, 0-9, and single - or . between them, or is too long.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        remedy = f"use a-z and 0-9, with single - or . between them, at most {LONGEST_NAME} characters"
        raise InputError(where, f"is {name!r}", remedy)


def check_url(url: str, where: str) -> None:
    """Refuse what is no address of the web: tables link to it.

    Raises:
        InputError: it does not begin with http(s), or has characters that no address has.
    """
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?(/[\w.~:/?#@!$&'()*+,;=%-]*)?", url, re.ASCII):
        raise InputError(where, f"is {url!r}", "give an address such as https://example.org/code")


def check_submission(submission: Entry, where: Path) -> None:
    """Refuse fields that the types do not.

    Raises:
        InputError: one is not usable; the message names it.
    """
    check_name(submission.name, f"{where}: name")
    if not OWN_FOLDER.fullmatch(submission.code_url):
        check_url(submission.code_url, f"{where}: code_url")
    if submission.paper_url is not None:
        check_url(submission.paper_url, f"{where}: paper_url")
    if isinstance(submission, Submission) and not submission.human:
        raise InputError(f"{where}: human", "names nobody", "name the data sets of people")
    if not submission.authors or not all(_is_line(author) for author in submission.authors):
        raise InputError(f"{where}: authors", "has none, or an empty or odd one", "give a name an author")
    try:
        known = date.fromisoformat(submission.date).isoformat() == submission.date
    except ValueError:
        known = False
    if not known:
        raise InputError(f"{where}: date", f"is {submission.date!r}", "give it as YYYY-MM-DD")
    costs = submission.costs
    numbers = (costs.parameters, costs.training_steps, costs.device_hours, costs.real_time_factor)
    if any(number is not None and not 0 <= number < math.inf for number in numbers):
        problem = "has a number below 0, or one that is not finite"
        raise InputError(f"{where}: costs", problem, "correct it, or leave it out")
    if costs.device is not None and not _is_line(costs.device):
        raise InputError(f"{where}: costs.device", "is no single line of text", "correct it, or leave it out")


def write_submission(path: Path, submission: Entry) -> None:
    """Write ``submission.json``, whole or not at all."""
    write_typed(path, submission)


def is_of_task(path: Path) -> bool:
    """Whether a ``submission.json`` says that it is of a downstream task; whatever else it says."""
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return False
    try:
        return json_object(str(path), path.read_bytes(), "").get("schema") == TASK_SCHEMA
    except InputError:
        return False


def read_submission(path: Path) -> Submission | TaskSubmission:
    """Read and check ``submission.json``.

    Raises:
        InputError: it is missing, of another schema, or has a wrong, missing or unknown field.
    """
    remedy = "submit the result anew with this version"
    submission: Submission | TaskSubmission
    if is_of_task(path):
        submission = _read(path, TaskSubmission, TASK_SCHEMA, remedy)
    else:
        submission = _read(path, Submission, SCHEMA, remedy)
    check_submission(submission, path)
    return submission


def write_verification(path: Path, verification: Verification) -> None:
    """Write ``verification.json``, whole or not at all."""
    write_typed(path, verification)


def read_verification(path: Path) -> Verification:
    """Read ``verification.json``; whether it belongs to the files beside it is not told here.

    Raises:
        InputError: it is missing, of another schema, or has a wrong, missing or unknown field.
    """
    return _read(path, Verification, VERIFICATION_SCHEMA, "run `kinesis-bench leaderboard verify` again")


def _is_line(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= 200


def _read(path: Path, kind: type[_T], schema: str, remedy: str) -> _T:
    require_file(path, remedy)
    if path.stat().st_size > MOST_BYTES:
        raise InputError(path, f"has more than {MOST_BYTES} bytes", remedy)
    content = json_object(str(path), path.read_bytes(), remedy)
    if content.get("schema") != schema:
        problem = f"is {content.get('schema')!r}, this version reads {schema!r}"
        raise InputError(f"{path}: schema", problem, remedy)
    try:
        found = from_json(kind, content)
        to_json(found)  # refuses numbers that are not finite
    except ValueError as error:
        raise InputError(path, str(error), remedy) from error
    return found
