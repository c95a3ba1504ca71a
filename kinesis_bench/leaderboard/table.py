"""What a table of the leaderboards holds: numbers, without a word of how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kinesis_bench.leaderboard.folder import Submitted, SubmittedTask
from kinesis_bench.metrics.statistics import Interval

Kind = Literal["imitation", "emg", "task"]

IMITATION = ("frame_coverage_pct", "success_pct", "strict_success_pct", "mpjpe_mm", "mean_excitation")
"""Figures of an imitation table, the headline first."""

EMG = ("emg_mean_r", "lag_ms", "emg_ratio", "emg_zero_lag_r", "chance_p95_r")
"""Figures of an EMG table, the headline first."""

EMG_OF_MEAN = ("group_mean_r", "group_mean_lag_ms")
"""Figures of an EMG table where nothing but people's mean curve is known, the headline first."""

TASK = {
    "target": ("success_pct", "reached_at_any_time_pct", "end_distance_m", "standing_s", "excitation"),
    "direction": (
        *("success_pct", "followed_commands", "velocity_along_command_m_s", "travel_error_deg"),
        "standing_s",
    ),
    "penalty_kick": ("success_pct", "in_net_pct", "ball_contact_pct", "fell_pct", "excitation"),
}
"""Figures of a task's table by the task's module, the headline first: as many as fit on a small laptop."""

TASK_RANKED = {
    "success_pct": 1,
    "reached_at_any_time_pct": 1,
    "end_distance_m": -1,
    "fell_pct": -1,
    "followed_commands": 1,
    "velocity_along_command_m_s": 1,
    "in_net_pct": 1,
    "ball_contact_pct": 1,
}
"""Figures of tasks that have ranks: 1 where more is better, else -1. They are over all trials. The error of
travel has none: it is over the time before a fall, and who falls early has the easier part."""

RANKED = ("frame_coverage_pct", "success_pct", "strict_success_pct", "emg_mean_r", "emg_zero_lag_r")
"""Figures that have ranks. MPJPE has none: it is over each policy's own covered frames, so that who falls
early has the easier ones. EMG r over that of people has that of EMG r."""


@dataclass(frozen=True)
class Cell:
    """A figure of a table.

    Attributes:
        value: None where it cannot be had.
        ci95: its 95 % interval.
        sem: standard error over runs, of published figures.
        rank: among the table's submissions; None where the figure has none, or there is nothing to test.
    """

    value: float | None
    ci95: Interval | None = None
    sem: float | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Row:
    """A submission, and the table's figures by name."""

    submitted: Submitted | SubmittedTask
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Reference:
    """A row to read the others against; it takes no part in the ranking.

    Attributes:
        name, kind: what it is.
        note: where it is from.
        cells: figures by name; others are absent.
        submitted: the submission that it is, where it is one.
    """

    name: str
    kind: Literal["people", "published"]
    note: str
    cells: dict[str, Cell]
    submitted: Submitted | None = None


@dataclass(frozen=True)
class Table:
    """Submissions that are of one thing.

    Attributes:
        kind, protocol, body, body_sha256: of all of them; the hash is "" where there is no submission yet.
        data, split: data set that was followed; for EMG the people's condition, for a task its name and
            options, and "".
        data_sha256: of its sources; "" but for imitation.
        source, cycle_zero: whose EMG it is, and where these people's cycle begins; "" but for EMG.
        units: clips, people or trials that the figures are over; 0 where there is no submission yet.
        figures: of IMITATION, EMG, EMG_OF_MEAN or TASK.
        rows: from the best headline figure to the least, then by folder.
        references: to read them against.
    """

    kind: Kind
    protocol: str
    body: str
    body_sha256: str
    data: str
    split: str
    data_sha256: str
    source: str
    cycle_zero: str
    units: int
    figures: tuple[str, ...]
    rows: tuple[Row, ...]
    references: tuple[Reference, ...]
