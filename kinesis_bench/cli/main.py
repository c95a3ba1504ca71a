"""The entry point: parses the arguments, runs one command, and turns errors into one line and exit code 2."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from kinesis_bench.cli.bench import Bench
from kinesis_bench.cli.bodies import Bodies
from kinesis_bench.cli.compare import Compare
from kinesis_bench.cli.data import Data
from kinesis_bench.cli.doctor import Doctor
from kinesis_bench.cli.human import Human
from kinesis_bench.cli.leaderboard import Leaderboard
from kinesis_bench.cli.play import Play
from kinesis_bench.cli.prepare_data import PrepareData
from kinesis_bench.cli.pull import Pull
from kinesis_bench.cli.push import Push
from kinesis_bench.cli.record import Record
from kinesis_bench.cli.replay import Replay
from kinesis_bench.cli.rollouts import RolloutsCommand
from kinesis_bench.cli.score import Score
from kinesis_bench.cli.tasks import Tasks
from kinesis_bench.cli.train_reference import TrainReference
from kinesis_bench.cli.usage import parse
from kinesis_bench.errors import InputError

COMMANDS: dict[str, Callable[..., Any]] = {
    "prepare-data": PrepareData,
    "score": Score,
    "record": Record,
    "compare": Compare,
    "replay": Replay,
    "leaderboard": Leaderboard,
    "train-reference": TrainReference,
    "data": Data,
    "rollouts": RolloutsCommand,
    "human": Human,
    "push": Push,
    "pull": Pull,
    "tasks": Tasks,
    "play": Play,
    "bodies": Bodies,
    "bench": Bench,
    "doctor": Doctor,
}
"""Name on the command line to its class."""

ACTIONS = {
    "data": ("ls", "show", "verify", "diff"),
    "rollouts": ("show", "convert"),
    "leaderboard": ("submit", "verify", "build"),
}
"""Of the commands that have some, what stands behind their name."""

DESCRIPTION = """How human is a muscle policy? Prepare motions, score policies, compare them with people.

Add --debug to any command to see the traceback of an error; --version alone prints the version."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line; exit code 0 for success, 2 for unusable input, 130 for Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    if arguments == ["--version"]:
        print(f"kinesis-bench {version('kinesis-bench')}")
        return
    try:
        commands = dict(COMMANDS)
        if arguments[:1] == ["train-reference"]:
            commands["train-reference"] = TrainReference.with_defaults(arguments)
        parse(commands, arguments, "kinesis-bench", DESCRIPTION, ACTIONS).run()
    except InputError as error:
        if debug:
            raise
        _fail(str(error))
    except KeyboardInterrupt:
        if debug:
            raise
        print("kinesis-bench: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if debug or error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT):
            raise
        _fail(f"{error.filename or 'output'}: {error.strerror}; choose another folder or free some space")


def _fail(message: str) -> None:
    print(f"kinesis-bench: {message}", file=sys.stderr)
    sys.exit(2)
