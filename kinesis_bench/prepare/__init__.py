"""From recordings to motion files: jobs, workers, resuming, quarantine, and the built-in data sets."""

from kinesis_bench.prepare.built_in import BUILT_IN, default_motions, is_current
from kinesis_bench.prepare.jobs import Job, amass_jobs, built_in_jobs, file_jobs, prompt_jobs, text_jobs
from kinesis_bench.prepare.report import print_report
from kinesis_bench.prepare.run import Outcome, prepare
from kinesis_bench.prepare.work import Settings

__all__ = [
    "BUILT_IN",
    "Job",
    "Outcome",
    "Settings",
    "amass_jobs",
    "built_in_jobs",
    "default_motions",
    "file_jobs",
    "is_current",
    "prepare",
    "print_report",
    "prompt_jobs",
    "text_jobs",
]
