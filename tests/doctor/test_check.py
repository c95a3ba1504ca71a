from __future__ import annotations

import pytest

from kinesis_bench.doctor.check import INSTALL, Check, guarded
from kinesis_bench.doctor.text import INDENT, lines
from kinesis_bench.errors import InputError


def raising(error):
    def look():
        yield Check("first", "ok", "seen")
        raise error

    return look


@pytest.mark.parametrize(
    ("error", "says", "remedy"),
    [
        (InputError("a.csv", "is empty", "fill it"), "a.csv: is empty", "fill it"),
        (ModuleNotFoundError("No module named 'x'", name="x"), "x cannot be imported", INSTALL),
        (RuntimeError("two\nlines"), "RuntimeError: two lines", "report"),
        (SystemExit(3), "SystemExit: 3", "report"),
        (KeyError("k" * 999), "KeyError: 'kkk", "report"),
    ],
)
def test_whatever_is_raised_is_one_broken_check(error, says, remedy):
    (check,) = guarded("thing", raising(error), needed=True)
    assert (check.name, check.mark, check.needed) == ("thing", "broken", True)
    assert check.says.startswith(says)
    assert len(check.says) < 200
    assert check.remedy.startswith(remedy)


def test_an_interrupt_is_none():
    with pytest.raises(KeyboardInterrupt):
        guarded("thing", raising(KeyboardInterrupt()))


CHECK = Check(
    "thing", "missing", "words " * 40 + "/a/path/that/is/longer/than/a/narrow/terminal/is/wide", "cmd " * 50
)


@pytest.mark.parametrize("width", [200, 80, 40, 10])
def test_lines_fold_at_blanks_and_commands_never_do(width):
    *folded, command = lines(CHECK, width)
    assert command == f"{'':<{INDENT}}-> {CHECK.remedy}"
    assert folded[0].startswith("missing  thing: words")
    assert all(line.startswith(" " * INDENT) for line in folded[1:])
    assert all(len(line) <= max(width, 30) or " " not in line.strip() for line in folded)
    assert " ".join(" ".join(folded).split()) == f"missing {CHECK.name}: {CHECK.says}"
