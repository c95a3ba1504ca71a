"""``python -m kinesis_bench.prepare FILE ID`` builds built-in motions; ``default_motions`` runs it.

An error is told to the caller, as JSON on stdout. Ctrl-C may be blocked by the caller until all is imported.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from kinesis_bench.errors import InputError
from kinesis_bench.prepare.built_in import build_default

if __name__ == "__main__":
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        build_default(Path(sys.argv[1]), sys.argv[2])
    except InputError as error:
        print(json.dumps([error.where, error.problem, error.remedy]))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
