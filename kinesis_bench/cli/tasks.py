"""``kinesis-bench tasks``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tasks:
    """List the tasks: what each asks of a policy, for which bodies, and how many trials make a score."""

    def run(self) -> None:
        """Print a row a task."""
        from kinesis_bench.cli.score import PROTOCOL
        from kinesis_bench.tasks.registry import ALL_BODIES, IMITATION, TASKS
        from kinesis_bench.terminal import console, table

        made = table("", "task", "what is asked", "bodies", "protocol", "trials")
        made.columns[1].justify = made.columns[2].justify = made.columns[3].justify = "left"
        made.columns[1].no_wrap = made.columns[2].no_wrap = False
        made.add_row(IMITATION, "follow clips of motions", ", ".join(ALL_BODIES), PROTOCOL, "clips")
        for info in TASKS.values():
            made.add_row(info.name, info.what, ", ".join(info.bodies), info.protocol, str(info.trials))
        console().print(made, crop=False)
        console().print("score one with: kinesis-bench score --task NAME --policy POLICY", soft_wrap=True)
