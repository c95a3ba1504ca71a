"""Record a policy in MyoSuite's own environment, and score its gait without our simulator.

    pip install "kinesis-bench[myosuite]"
    python examples/record_in_myosuite.py --episodes 10
    kinesis-bench score --rollout rollouts.h5

There is no reference to follow in MyoSuite, so muscles and joint angles are scored, imitation is not. The
command line does the same with a class of yours: `kinesis-bench record --policy my_file.py:MyClass`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kinesis_bench.evaluation.evaluate import evaluate_rollouts
from kinesis_bench.evaluation.myosuite import record
from kinesis_bench.human.sources import human_emg
from kinesis_bench.policies.foreign import load_foreign
from kinesis_bench.rollouts.store import write_rollouts

MUSCLES = 80


class Tone:
    """Every muscle at 5 % of its excitation, whatever happens."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """One observation (N,) to one action (80,), here excitation from 0 to 1."""
        return np.full(MUSCLES, 0.05, np.float32)


def main(argv: Sequence[str] | None = None) -> None:
    """Record, score and print."""
    parser = argparse.ArgumentParser(description="Record a policy in MyoSuite and score its gait.")
    parser.add_argument("--env", default="myoLegWalk-v0", help="an environment of MyoSuite 3 with legs")
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("rollouts.h5"), help="the recording")
    given = parser.parse_args(argv)
    policy = load_foreign(f"{__file__}:Tone")
    rollouts = record(policy, given.env, episodes=given.episodes, seed=0)
    write_rollouts(given.out, rollouts)
    result = evaluate_rollouts(rollouts, human_emg()).result
    print(f"excitation {result.effort.mean_excitation:.2f}")
    if result.emg.mean_r is None:
        print(f"EMG r      – ({result.emg.reasons['mean_r']})")
    else:
        print(f"EMG r      {result.emg.mean_r:.2f} at a lag of {result.emg.lag_ms:.0f} ms")


if __name__ == "__main__":
    main()
