"""Parses the arguments; what tyro says of wrong ones, in a panel of many lines, becomes one line."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import tyro

from kinesis_bench.errors import InputError, unknown_name


def parse(
    commands: dict[str, Callable[..., Any]], arguments: Sequence[str], prog: str, description: str
) -> Any:
    """The command that the arguments name, an instance of its class.

    Raises:
        InputError: the arguments fit no command.
        SystemExit: help was asked for and printed.
    """
    if arguments and not arguments[0].startswith("-") and arguments[0] not in commands:
        raise unknown_name("command", arguments[0], commands)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.extras.subcommand_cli_from_dict(
                commands, args=arguments, prog=prog, description=description
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise _one_line(said.getvalue()) from None


def _one_line(panel: str) -> InputError:
    """The first paragraph of a panel, and the flag or the help that it points to."""
    lines = [line.strip("│|╭╮╰╯─- ") for line in panel.splitlines()]
    paragraphs = "\n".join(lines).strip().partition("\n")[2].strip().split("\n\n")
    message = " ".join(paragraphs[0].split()).rstrip(".")
    near = re.search(r"Perhaps you meant:\s+(--[\w-]+)", re.sub(r"[│|\n]", " ", panel))
    where = re.findall(r"(?:run|see) (kinesis-bench.*--help)", panel)
    return InputError("arguments", message, f"did you mean {near[1]}?" if near else f"see {where[-1]}")
