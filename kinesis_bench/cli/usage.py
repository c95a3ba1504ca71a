"""Parses the arguments; what tyro says of wrong ones, in a panel of many lines, becomes one line."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tyro

from kinesis_bench.errors import InputError, unknown_name


def parse(
    commands: dict[str, Callable[..., Any]],
    arguments: Sequence[str],
    prog: str,
    description: str,
    actions: Mapping[str, Sequence[str]],
) -> Any:
    """The command that the arguments name, an instance of its class; no arguments ask for help.

    Args:
        commands: name to class.
        arguments: without the program's name.
        prog, description: for the help.
        actions: of the commands that have some, their names.

    Raises:
        InputError: the arguments fit no command.
        SystemExit: help was asked for and printed.
    """
    if arguments and not arguments[0].startswith("-") and arguments[0] not in commands:
        raise unknown_name("command", arguments[0], commands)
    named = actions.get(arguments[0], ()) if len(arguments) > 1 else ()
    if named and not arguments[1].startswith("-") and arguments[1] not in named:
        raise unknown_name(f"{arguments[0]}: action", arguments[1], named)
    _refuse_empty(arguments)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.extras.subcommand_cli_from_dict(
                commands, args=arguments or ["--help"], prog=prog, description=description
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise _one_line(said.getvalue()) from None


def _refuse_empty(arguments: Sequence[str]) -> None:
    """An empty value would mean something else, or nothing: a path that is empty is the current folder."""
    flag = "arguments"
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if argument.startswith("--"):
            flag = name
        if not (value if argument.startswith("--") and equals else argument).strip():
            raise InputError(flag, "is empty", "give a value")


def _one_line(panel: str) -> InputError:
    """The first paragraph of a panel, and the flag or the help that it points to."""
    lines = [line.strip("│|╭╮╰╯─ ") for line in panel.splitlines()]
    lines = [line if line.strip("+-") else "" for line in lines]  # rules, where boxes are drawn in ASCII
    paragraphs = "\n".join(lines).strip().partition("\n")[2].strip().split("\n\n")
    message = " ".join(paragraphs[0].split()).rstrip(".").replace("'action.", "'")
    near = re.search(r"Perhaps you meant:\s+(--[\w.-]+)", re.sub(r"[│|\n]", " ", panel))
    helps = re.findall(r"(?:run|see):? (kinesis-bench(?: [\w-]+)* --help)", " ".join(" ".join(lines).split()))
    where = max(helps, key=len, default="kinesis-bench --help")
    other = near and near[1] not in message.split()  # the flag itself is another command's
    return InputError("arguments", message, f"did you mean {near[1]}?" if near and other else f"see {where}")
