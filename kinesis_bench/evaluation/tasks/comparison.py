"""What ``comparison.json`` of results of one task of trials holds. Every null stands beside a reason.

The published JSON schema, ``task-comparison-1.schema.json`` beside this file, is made from these classes (a
test keeps them equal).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kinesis_bench.evaluation.comparison import Pair
from kinesis_bench.evaluation.typed_file import schema_text
from kinesis_bench.metrics.statistics import Interval

SCHEMA = "kinesis-bench-task-comparison-1"

SCHEMA_FILE = Path(__file__).with_name("task-comparison-1.schema.json")
"""The published JSON schema of a comparison."""


@dataclass(frozen=True)
class ComparedTask:
    """One of the results.

    Attributes:
        name: how it is called here: its folder's name, or its path where two folders are called alike.
        folder, result_sha256: where the result was, and the hash of its result.json.
        policy, policy_task, privileged, body: as in the result.
    """

    name: str
    folder: str
    result_sha256: str
    policy: str
    policy_task: str
    privileged: bool
    body: str


@dataclass(frozen=True)
class OverBodies:
    """A figure of one task on several bodies.

    Attributes:
        figure: its name.
        values: of each result, in their order.
        ci95: intervals of these, as in the results.
        mean: over the bodies.
        mean_ci95: 95 % interval of the mean; a trial is resampled on all bodies at once. Where all trials of
            a proportion are alike it is Clopper and Pearson's, of as many trials as one body has.
        reasons: field to why it is None.
    """

    figure: str
    values: tuple[float | None, ...]
    ci95: tuple[Interval | None, ...]
    mean: float | None
    mean_ci95: Interval | None
    reasons: dict[str, str]


@dataclass(frozen=True)
class TaskComparison:
    """Results of the same trials beside one another: every other against the first, or their mean.

    Attributes:
        schema: SCHEMA.
        task, protocol, options, trials, trial_seed, quick, diagnostic: of all results.
        seed: of bootstrap and drawn swaps.
        results: as given.
        pairs: the first with each other; () where bodies are averaged.
        tests: number of tests that ``p_holm`` corrects for: all of all pairs.
        over_bodies: () where results are compared.
    """

    schema: str
    task: str
    protocol: str
    options: dict[str, str]
    trials: int
    trial_seed: int
    quick: bool
    diagnostic: str
    seed: int
    results: tuple[ComparedTask, ...]
    pairs: tuple[Pair, ...]
    tests: int
    over_bodies: tuple[OverBodies, ...]


def published_schema() -> str:
    """The text of SCHEMA_FILE, from the classes."""
    return schema_text(TaskComparison, SCHEMA, "A comparison of results of a downstream task")
