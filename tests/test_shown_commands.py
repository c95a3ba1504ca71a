"""Every command that the documentation shows is one that the program takes."""

from __future__ import annotations

import pytest
from shown_commands import CHECKOUT, pages, shown_commands

from kinesis_bench.cli.main import ACTIONS, COMMANDS, DESCRIPTION
from kinesis_bench.cli.train_reference import TrainReference
from kinesis_bench.cli.usage import parse
from kinesis_bench.errors import InputError

SHOWING = {
    path.relative_to(CHECKOUT).as_posix(): commands
    for path in pages()
    if (commands := shown_commands(path.read_text(encoding="utf-8")))
}


NUMBER = {"N": "2"}
"""What stands for a number."""


def parsed(shown: list[str]) -> object:
    """The command that arguments name, not run; a run to go on with need not be there.

    A sentence may name a command without what it needs, such as ``data show``.
    """
    if shown[1:] and shown[1:] == [word for word in ACTIONS.get(shown[0], ()) if word == shown[1]]:
        return None
    arguments = [NUMBER.get(argument, argument) for argument in shown]
    commands = dict(COMMANDS)
    if arguments[:1] == ["train-reference"] and "--resume" not in arguments:
        commands["train-reference"] = TrainReference.with_defaults(arguments)
    return parse(commands, arguments, "kinesis-bench", DESCRIPTION, ACTIONS)


@pytest.mark.parametrize("page", SHOWING)
def test_commands_that_are_shown_can_be_typed(page):
    wrong = []
    for arguments in SHOWING[page]:
        try:
            parsed(arguments)
        except InputError as error:
            wrong.append(f"kinesis-bench {' '.join(arguments)}: {error}")
    assert not wrong


def test_commands_are_found_where_they_are_shown():
    some = {"README.md", "docs/start.md", "docs/policies.md", "docs/training.md", "examples/my_policy.py"}
    assert some <= set(SHOWING)
    text = (
        "Type `kinesis-bench bodies`, or\n\n```toml\na = 1\n```\n"
        "kinesis-bench is a program:\n\n```\nkinesis-bench score --quick  # ten clips\n```\n\n"
        "    kinesis-bench data show FILE\n\nor `kinesis-bench data ls | show`; kinesis-bench is a program."
    )
    assert sorted(shown_commands(text)) == [["bodies"], ["data", "show", "FILE"], ["score", "--quick"]]


def test_a_flag_that_is_not_there_is_noticed():
    with pytest.raises(InputError, match="--polcy"):
        parsed(["score", "--polcy", "mine.onnx"])
