"""``python -m kinesis_bench.doctor SUBJECT``: looks at one subject and prints the checks as JSON."""

from __future__ import annotations

import importlib
import sys

from kinesis_bench.doctor.check import guarded
from kinesis_bench.doctor.child import answer

SUBJECTS = {"bodies": "bodies", "rendering": "a frame", "gpu": "the GPU engine"}
"""Module of this room, each with a function ``look``, and what it looks at."""

if __name__ == "__main__":
    subject = sys.argv[1]
    made = guarded(
        SUBJECTS[subject], lambda: importlib.import_module(f"kinesis_bench.doctor.{subject}").look()
    )
    print(f"\n{answer(made)}", flush=True)
