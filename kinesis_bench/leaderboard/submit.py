"""Make a submission out of a scored folder: check, write, verify, and only then put it in place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from importlib.util import find_spec
from math import prod
from pathlib import Path

from kinesis_bench import __version__
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import read_recording
from kinesis_bench.evaluation.schema import PolicyInfo, Result
from kinesis_bench.evaluation.scored_folder import read_scored
from kinesis_bench.evaluation.tasks.compare import read_scored_trials
from kinesis_bench.evaluation.tasks.result import is_task_result
from kinesis_bench.evaluation.tasks.schema import TaskResult
from kinesis_bench.files import cannot_write, content_dir, sha256_of_file, write_text
from kinesis_bench.human.sources import HumanSource
from kinesis_bench.leaderboard.card import card
from kinesis_bench.leaderboard.folder import (
    MOST_RECORD_MIB,
    RECORD,
    VERIFICATION,
    files_of,
    find_submissions,
    same_record,
    write_sums,
)
from kinesis_bench.leaderboard.record import Recorded, Simulated, compact, write_record
from kinesis_bench.leaderboard.statements import no_score
from kinesis_bench.leaderboard.submission import (
    SCHEMA,
    TASK_SCHEMA,
    Costs,
    Entry,
    Submission,
    TaskSubmission,
    Verification,
    board_of,
    board_of_task,
    check_submission,
    folder_name,
    write_submission,
    write_verification,
)
from kinesis_bench.leaderboard.tasks.card import task_card
from kinesis_bench.leaderboard.tasks.statements import counts_that_fit, no_task_score
from kinesis_bench.leaderboard.verify import verify
from kinesis_bench.rollouts.schema import Rollouts


@dataclass(frozen=True)
class Said:
    """What only the authors know; the fields are those of ``Submission`` and of ``Costs``."""

    name: str
    authors: tuple[str, ...]
    code_url: str
    paper_url: str | None = None
    parameters: int | None = None
    training_steps: int | None = None
    device_hours: float | None = None
    device: str | None = None


def submit(
    scored: Path,
    said: Said,
    sources: Sequence[HumanSource],
    out: Path,
    *,
    rollout: Path | None = None,
    motions: Path | None = None,
    threads: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Path, Verification]:
    """Write a submission's folder, whole or not at all.

    Args:
        scored: folder that ``score`` has written.
        said: by the authors.
        sources: people that it was scored against, the headline's first; none for a task.
        out: folder of all boards.
        rollout: the recording, where it is not in the scored folder.
        motions, threads, progress: as for ``verify``.

    Returns:
        The folder, and what verifying it found.

    Raises:
        InputError: something is missing or does not fit, or the board has a submission of this name.
    """
    read = read_scored_trials(scored) if is_task_result(scored / "result.json") else read_scored(scored)
    result = read.result
    if why := no_score(result) if isinstance(result, Result) else no_task_score(result):
        problem = f"is no full score: {why}"
        remedy = "score without --quick, --timestep, --push and --fatigue"
        if isinstance(result, TaskResult):
            remedy += ", and without --trials and --seed"
        raise InputError(scored / "result.json", problem, remedy)
    recording = rollout or scored
    if rollout is None and not (scored / "rollouts.h5").is_file():
        remedy = "name the recording that was scored by --rollout, or score again"
        raise InputError(scored, "holds no rollouts.h5", remedy)
    rollouts = read_recording(recording)
    submission = _submission(result, said, sources, _digest(recording))
    check_submission(submission, Path("submission"))
    target = out / submission.board / folder_name(submission)
    _refuse_taken(out, submission)
    try:
        out.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=out, prefix=".unfinished-"))
    except OSError as error:
        raise cannot_write(out, error) from error
    try:
        folder = unfinished / submission.board / target.name
        folder.mkdir(parents=True)
        write_submission(folder / "submission.json", submission)
        for name in files_of(folder)[1:3]:
            shutil.copyfile(scored / name, folder / name)
        _write_card_and_record(folder, submission, result, rollouts)
        write_sums(folder)
        copied = same_record(folder, find_submissions(out))
        if copied:
            raise InputError(scored, f"is on a board already, as {copied}", "submit something else")
        found = verify(folder, sources, motions=motions, threads=threads, progress=progress)
        if found.verification is None:
            more = f" (and {len(found.wrong) - 1} more)" if len(found.wrong) > 1 else ""
            raise InputError(scored, f"would not verify: {found.wrong[0]}{more}", "score the policy anew")
        write_verification(folder / VERIFICATION, found.verification)
        target.parent.mkdir(exist_ok=True)
        folder.rename(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target, found.verification


def _submission(
    result: Result | TaskResult, said: Said, sources: Sequence[HumanSource], rollouts_sha256: str
) -> Submission | TaskSubmission:
    """What a submission says of itself."""
    of_task = isinstance(result, TaskResult)
    counted = said.parameters if said.parameters is not None else parameters_of(result.policy)
    entry = Entry(
        schema=TASK_SCHEMA if of_task else SCHEMA,
        name=said.name,
        authors=said.authors,
        code_url=said.code_url,
        paper_url=said.paper_url,
        date=date.today().isoformat(),
        board=board_of_task(result) if isinstance(result, TaskResult) else board_of(result),
        costs=Costs(counted, said.training_steps, said.device_hours, said.device, result.realtime_factor),
        version=__version__,
        protocol=result.protocol,
        body=result.body,
    )
    if isinstance(result, TaskResult):
        return TaskSubmission(
            **vars(entry),
            task=result.task,
            options=result.options,
            trials=result.trials,
            seed=result.seed,
            rollouts_sha256=rollouts_sha256,
        )
    human = tuple(source.name for source in sources)
    return Submission(**vars(entry), motions=result.motions, human=human, rollouts_sha256=rollouts_sha256)


def _write_card_and_record(
    folder: Path, submission: Submission | TaskSubmission, result: Result | TaskResult, rollouts: Rollouts
) -> None:
    if isinstance(submission, TaskSubmission):
        assert isinstance(result, TaskResult)
        write_text(folder / "card.md", task_card(submission, result))
        _write_trials(folder / RECORD, rollouts)
    else:
        assert isinstance(result, Result)
        write_text(folder / "card.md", card(submission, result))
        _write_record(folder / RECORD, rollouts, result.runs)


def parameters_of(policy: PolicyInfo) -> int | None:
    """Numbers in the network that acted, where its ONNX file is at hand and package onnx is installed.

    Args:
        policy: which names its file and the file's hash; another file is not counted.
    """
    source = Path(policy.source)
    if source.parts[:1] == ("reference_policies",):
        source = content_dir("reference_policies").joinpath(*source.parts[1:])
    files = sorted(source.glob("*.onnx")) if source.is_dir() else [source]
    same = [file for file in files if file.is_file() and sha256_of_file(file) == policy.sha256]
    if not policy.sha256 or not same or find_spec("onnx") is None:
        return None
    import onnx

    graph = onnx.load(same[0], load_external_data=False).graph
    floating = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    sizes = [tuple(tensor.dims) for tensor in graph.initializer if tensor.data_type in floating]
    return sum(prod(size) for size in sizes)


def _refuse_taken(out: Path, submission: Entry) -> None:
    for folder in find_submissions(out):
        if folder.parent.name == submission.board and folder.name.partition("_")[2] == submission.name:
            raise InputError("--name", f"{submission.name!r} is taken by {folder}", "choose another name")


def _write_record(path: Path, rollouts: Rollouts, runs: int) -> None:
    """All runs if the board has room for them, else the first."""
    parts = (compact(rollouts, kept) for kept in dict.fromkeys((runs, 1)))
    _write_first_that_fits(path, parts, "submit a split with fewer or shorter clips")


def _write_trials(path: Path, rollouts: Rollouts) -> None:
    """All recorded trials if the board has room for them, else the first half of them, and so on."""
    counts = counts_that_fit(len(rollouts.clips), MOST_RECORD_MIB << 20)
    parts = (compact(replace(rollouts, clips=rollouts.clips[:count]), 1) for count in counts)
    _write_first_that_fits(path, parts, "say so in an issue")


def _write_first_that_fits(path: Path, records: Iterable[Simulated | Recorded], remedy: str) -> None:
    for record in records:
        write_record(path, record)
        size = path.stat().st_size
        if size <= MOST_RECORD_MIB << 20:
            return
    problem = f"takes {size / 2**20:.1f} MiB, a board takes {MOST_RECORD_MIB}: a repository keeps it for ever"
    raise InputError("the compact record", problem, remedy)


def _digest(recording: Path) -> str:
    """SHA-256 of a recording: of its file, or of the digests and names of a folder's files."""
    file = recording / "rollouts.h5" if recording.is_dir() else recording
    if file.is_file():
        return sha256_of_file(file)
    lines = [f"{sha256_of_file(one)}  {one.name}\n" for one in sorted(recording.iterdir()) if one.is_file()]
    return sha256("".join(lines).encode()).hexdigest()
