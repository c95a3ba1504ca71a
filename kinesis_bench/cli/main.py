"""The entry point: parses the arguments, runs one command, and turns errors into one line and exit code 2."""

from __future__ import annotations

import errno
import sys
from typing import Annotated

import tyro

from kinesis_bench.cli.bodies import Bodies
from kinesis_bench.cli.data import Data
from kinesis_bench.cli.prepare_data import PrepareData
from kinesis_bench.cli.score import Score
from kinesis_bench.errors import InputError

Command = (
    Annotated[PrepareData, tyro.conf.subcommand("prepare-data")]
    | Annotated[Score, tyro.conf.subcommand("score")]
    | Annotated[Data, tyro.conf.subcommand("data")]
    | Annotated[Bodies, tyro.conf.subcommand("bodies")]
)

DESCRIPTION = """How human is a muscle policy? Prepare motions, score policies, compare them with people.

Add --debug to any command to see the traceback of an error."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line; exit code 0 for success, 2 for unusable input, 130 for Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    command = tyro.cli(Command, prog="kinesis-bench", description=DESCRIPTION, args=arguments)  # type: ignore[call-overload]
    try:
        command.run()
    except InputError as error:
        if debug:
            raise
        _fail(str(error))
    except KeyboardInterrupt:
        if debug:
            raise
        print("kinesis-bench: stopped", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if debug or error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT):
            raise
        _fail(f"{error.filename or 'output'}: {error.strerror}; choose another folder or free some space")


def _fail(message: str) -> None:
    print(f"kinesis-bench: {message}", file=sys.stderr)
    sys.exit(2)
