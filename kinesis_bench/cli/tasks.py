"""``kinesis-bench tasks``."""

from __future__ import annotations

from dataclasses import dataclass

HOW = (
    "score one with: kinesis-bench score --task NAME --policy POLICY",
    "in any of them muscles may tire: add --fatigue",
)
"""What stands below the table."""

LEAST_WHAT, LEAST_BODIES = 20, 10
"""Characters of the columns that fold where the terminal is narrow."""


@dataclass(frozen=True)
class Tasks:
    """List the tasks: what each asks of a policy, for which bodies, and how many trials make a score."""

    def run(self) -> None:
        """Print a row a task."""
        from kinesis_bench.cli.score import PROTOCOL
        from kinesis_bench.tasks.registry import ALL_BODIES, CLIP_TASKS, TASKS
        from kinesis_bench.terminal import console, table

        made = table("", "task", "what is asked", "bodies", "protocol", "trials")
        made.columns[1].justify = made.columns[2].justify = made.columns[3].justify = "left"
        for name, what in CLIP_TASKS.items():
            made.add_row(name, what, ", ".join(ALL_BODIES), PROTOCOL, "clips")
        for info in TASKS.values():
            made.add_row(info.name, info.what, ", ".join(info.bodies), info.protocol, str(info.trials))
        for column, least in ((made.columns[1], LEAST_WHAT), (made.columns[2], LEAST_BODIES)):
            column.no_wrap, column.min_width = False, least
        console().print(made, crop=False)
        for line in HOW:
            console().print(line, soft_wrap=True)
