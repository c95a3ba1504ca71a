"""kinesis-bench: one benchmark for muscle-driven human locomotion."""

__version__ = "0.1.0"
