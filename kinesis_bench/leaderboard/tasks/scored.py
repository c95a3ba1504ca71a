"""The folder that ``score --task`` writes, read again: ``result.json`` and ``trials.csv``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.result import read_task_result
from kinesis_bench.evaluation.tasks.schema import SCHEMA, TaskResult
from kinesis_bench.files import sha256_of_file
from kinesis_bench.leaderboard.tasks.by_trial import figures_by_trial
from kinesis_bench.leaderboard.tasks.trial_table import TrialTable, read_trials
from kinesis_bench.metrics.paired import Sums
from kinesis_bench.tasks.registry import TaskInfo, task_info

TRIALS = "trials.csv"


@dataclass(frozen=True)
class ScoredTask:
    """A task's result and its trials.

    Attributes:
        folder: where both were.
        result, trials: of the files.
        by_trial: figures that follow from the trials, see ``figures_by_trial``.
        sha256: of ``result.json``.
    """

    folder: Path
    result: TaskResult
    trials: TrialTable
    by_trial: dict[str, Sums]
    sha256: str

    @property
    def info(self) -> TaskInfo:
        """The task."""
        return task_info(self.result.task)


def is_task_result(path: Path) -> bool:
    """Whether a ``result.json`` says that it is of a downstream task; whatever else it says."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("schema") == SCHEMA


def read_scored_task(folder: Path) -> ScoredTask:
    """Read a folder that ``score --task`` has written.

    Raises:
        InputError: it holds no result of a task, or its files do not belong together.
    """
    file, table = folder / "result.json", folder / TRIALS
    result = read_task_result(file)
    info = task_info(result.task)
    trials = read_trials(table, info)
    if trials.trials != result.trials:
        problem = f"holds {trials.trials} trials, result.json beside it tells of {result.trials}"
        raise InputError(table, problem, "put the files of one score together, or score anew")
    try:
        by_trial = figures_by_trial(info.module, trials)
    except ValueError as error:
        raise InputError(table, str(error), "score the policy anew with this version") from error
    return ScoredTask(folder, result, trials, by_trial, sha256_of_file(file))
