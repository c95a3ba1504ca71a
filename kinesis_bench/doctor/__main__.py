"""``python -m kinesis_bench.doctor``: the checks as plain text, where ``kinesis-bench`` does not start.

It needs nothing but Python. With the name of a subject it looks at that alone and prints JSON, for ``child``.
"""

from __future__ import annotations

import importlib
import shutil
import sys

from kinesis_bench.doctor.check import guarded
from kinesis_bench.doctor.child import answer
from kinesis_bench.doctor.examine import examine
from kinesis_bench.doctor.text import lines

SUBJECTS = {"bodies": "bodies", "rendering": "a frame", "gpu": "the GPU engine"}
"""Module of this room, each with a function ``look``, and what it looks at."""


def main(arguments: list[str]) -> None:
    """Look at one subject, or at all."""
    if arguments:
        (subject,) = arguments
        module = f"kinesis_bench.doctor.{subject}"
        made = guarded(SUBJECTS[subject], lambda: importlib.import_module(module).look())
        print(f"\n{answer(made)}", flush=True)
        return
    for heading, checks in examine():
        print(heading)
        for check in checks:
            print("\n".join(lines(check, shutil.get_terminal_size().columns)))


if __name__ == "__main__":
    main(sys.argv[1:])
