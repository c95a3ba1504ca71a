"""``kinesis-bench doctor``."""

from __future__ import annotations

from dataclasses import dataclass

STYLES = {"ok": "green", "missing": "yellow", "broken": "bold red"}
"""How marks look."""


@dataclass(frozen=True)
class Doctor:
    """Look at what works here and what is missing or broken, each with the next command to type.

    Nothing is changed. Paste all of the output into a report of a bug. Exit code 0 when all that scoring
    needs works, 2 when something of it does not.

    Args:
        human: data of people that you have, to see whether they can be read: LAYOUT=PATH, as for `score`.
    """

    human: tuple[str, ...] = ()

    def run(self) -> None:
        """Print a line or two a check.

        Raises:
            InputError: something that scoring needs does not work.
        """
        from rich.text import Text

        from kinesis_bench.doctor.examine import examine
        from kinesis_bench.doctor.text import INDENT, lines
        from kinesis_bench.errors import InputError
        from kinesis_bench.terminal import console

        out, amiss = console(), []
        with console(stderr=True).status("looking"):
            for heading, checks in examine(self.human):
                out.print(heading, style="bold")
                for check in checks:
                    for line in lines(check, out.width):
                        text = Text(line)
                        text.stylize(STYLES[check.mark], 0, INDENT)
                        out.print(text, soft_wrap=True)
                amiss += [check.name for check in checks if check.needed and check.mark != "ok"]
        if amiss:
            raise InputError("doctor", f"scoring needs {', '.join(amiss)}", "do what stands beside them")
        out.print("All that scoring needs works.")
