"""The commands that the project shows its readers: in code blocks and between backticks, wherever it does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

PAGES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md", "leaderboards/*.md"),
    *("datasets/*/README.md", "baselines/**/README.md", "reference_policies/*/README.md"),
    *("examples/*.py", "docs/*.py"),
)
"""Where commands are shown."""

NAME = "kinesis-bench "

FENCED = re.compile(r"^([ \t]*)```([^\n`]*)\n(.*?)^\1```", re.M | re.S)
"""A code block: its indent, what is said of its language, and its lines."""

SHELL = ("", "text")
"""Languages of the blocks that show what is typed."""

INDENTED = re.compile(rf"^ {{4,}}({NAME}.*)$", re.M)
"""A line of an indented code block, or of a docstring's."""

FIRST = re.compile(rf"^[ \t]*({NAME}.*)$", re.M)
"""A line that begins with a command."""

INLINE = re.compile(rf"`({NAME.strip()}\s[^`]+)`")
"""A command within a sentence, which may go on in the next line."""


def pages() -> list[Path]:
    """Files that may show commands."""
    return sorted({path for pattern in PAGES for path in CHECKOUT.glob(pattern)})


def shown_commands(text: str) -> list[list[str]]:
    """The arguments of every command in a text, each once, without the program's name.

    Left out are lists of alternatives (``data ls | show``), which are no commands.
    """
    text = text.replace("\\\n", " ")  # a command that goes on in the next line
    blocks = [block for _, language, block in FENCED.findall(text) if language.strip() in SHELL]
    lines = [line for block in blocks for line in FIRST.findall(block)]
    typed = [line.partition("  #")[0] for line in (*lines, *INDENTED.findall(text))]
    found = dict.fromkeys(command.strip() for command in (*typed, *INLINE.findall(text)))
    return [shlex.split(command)[1:] for command in found if " | " not in command]
