"""``python -m kinesis_bench``: the command line."""

from kinesis_bench.cli.main import main

if __name__ == "__main__":
    main()
