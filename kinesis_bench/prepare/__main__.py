"""``python -m kinesis_bench.prepare FILE`` builds the built-in motions; ``default_motions`` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from kinesis_bench.errors import InputError
from kinesis_bench.prepare.built_in import build_default

if __name__ == "__main__":
    try:
        build_default(Path(sys.argv[1]))
    except InputError as error:
        print(f"kinesis-bench: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
