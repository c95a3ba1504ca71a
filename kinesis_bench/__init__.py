"""kinesis-bench: one benchmark for muscle-driven human locomotion."""

from kinesis_bench.registration import register_environments

__version__ = "0.1.0"

register_environments()
