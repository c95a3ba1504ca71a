"""What ``result.json`` of a downstream task holds: one schema for all of them.

A task says what it has as proportions, means, curves and maps by name; a figure that cannot be had is null
beside a reason. The published JSON schema, ``task-1.schema.json`` beside this file, is made from these
classes (a test keeps them equal).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kinesis_bench.evaluation.schema import BodyInfo, PolicyInfo
from kinesis_bench.metrics.statistics import Interval

SCHEMA = "kinesis-bench-task-1"


@dataclass(frozen=True)
class Proportion:
    """How many of some trials.

    Attributes:
        count, trials: how many, of how many.
        pct: the same [%]; None without trials.
        ci95: Wilson's 95 % interval [%]; None without trials.
    """

    count: int
    trials: int
    pct: float | None
    ci95: Interval | None


@dataclass(frozen=True)
class Mean:
    """The mean of a number that each of some trials has.

    Attributes:
        mean: None where no trial has the number.
        sd: standard deviation between trials (n - 1).
        ci95: 95 % interval of the mean, by resampling trials.
        trials: that have the number.
        reason: why something is None, "" where nothing is.
    """

    mean: float | None
    sd: float | None
    ci95: Interval | None
    trials: int
    reason: str = ""


@dataclass(frozen=True)
class Curve:
    """A measured quantity over the time of the trials, over all trials.

    A trial that ended early keeps its last value to the end, so that every sample is over the same trials.

    Attributes:
        time_s: (T,).
        mean, lower_quartile, upper_quartile: (T,) over the trials.
    """

    time_s: tuple[float, ...]
    mean: tuple[float, ...]
    lower_quartile: tuple[float, ...]
    upper_quartile: tuple[float, ...]


@dataclass(frozen=True)
class CellMap:
    """Trials and successes by square cells of a plane.

    Attributes:
        cell_m: side of a cell [m].
        x_m, y_m: (X + 1,), (Y + 1,) edges of the cells [m].
        trials, successes: (X, Y) counts.
        axes: what x and y are.
    """

    cell_m: float
    x_m: tuple[float, ...]
    y_m: tuple[float, ...]
    trials: tuple[tuple[int, ...], ...]
    successes: tuple[tuple[int, ...], ...]
    axes: tuple[str, str]


@dataclass(frozen=True)
class Group:
    """Figures of some of the trials, such as those of one keeper or one prompt category."""

    proportions: dict[str, Proportion]
    means: dict[str, Mean]


@dataclass(frozen=True)
class TaskFigures:
    """What a task counts; names have their unit in them.

    Attributes:
        success: by the task's rule; the headline.
        proportions, means: more of them.
        groups: kind of group, such as ``keeper``, to the groups by name.
        curves: over the time of a trial.
        maps: over the plane.
    """

    success: Proportion
    proportions: dict[str, Proportion] = field(default_factory=dict)
    means: dict[str, Mean] = field(default_factory=dict)
    groups: dict[str, dict[str, Group]] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    maps: dict[str, CellMap] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskResult:
    """One policy on one task.

    Attributes:
        schema: SCHEMA.
        task, protocol: name of the task, and name and version of its rules.
        options: of the task, where they differ from its own, such as a keeper; name to value.
        policy, body: who drove what.
        policy_task: what the policy was made for, "" where it does not say.
        trials, seed: of the score.
        quick: whether there were fewer trials than a score has: not comparable.
        diagnostic: "" for a score; else what makes this no score.
        versions: of the software.
        figures: of the task.
        endings: how many trials ended how: ``whole``, the task's own failure, or a reason.
        recorded: trials that rollouts.h5 holds, the first ones.
        wall_s: time that simulation and policy took [s].
        control_steps: that were simulated.
        realtime_factor: simulated time / wall_s.
    """

    schema: str
    task: str
    protocol: str
    options: dict[str, str]
    policy: PolicyInfo
    body: BodyInfo
    policy_task: str
    trials: int
    seed: int
    quick: bool
    diagnostic: str
    versions: dict[str, str]
    figures: TaskFigures
    endings: dict[str, int]
    recorded: int
    wall_s: float
    control_steps: int
    realtime_factor: float
