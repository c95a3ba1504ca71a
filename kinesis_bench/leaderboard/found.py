"""What a verification found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kinesis_bench.evaluation.evaluate import versions
from kinesis_bench.leaderboard.submission import Verification

DECIDING = ("mujoco", "kinesis-bench", "myo-sim", "numpy", "scipy")
"""Packages whose other versions may give other numbers."""


@dataclass(frozen=True)
class Found:
    """What a verification found.

    Attributes:
        wrong: what does not fit, a line each; () if all does.
        verification: what is then known; None where something does not fit.
    """

    wrong: tuple[str, ...]
    verification: Verification | None


def other_versions(told: Mapping[str, str]) -> list[str]:
    """A hint, where what does not fit may come from other versions of the software.

    Args:
        told: package to version, as a result has them.
    """
    ours = versions()
    other = [
        f"{name} {told[name]} (here {ours.get(name, 'absent')})"
        for name in DECIDING
        if name in told and told[name] != ours.get(name)
    ]
    return [f"result.json: was scored with {', '.join(other)}, which may be why"] if other else []
