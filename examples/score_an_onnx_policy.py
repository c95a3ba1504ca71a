"""Score a policy in an ONNX file from Python, and list the clips that it follows worst.

    python examples/score_an_onnx_policy.py mine.onnx
    python examples/score_an_onnx_policy.py mine.onnx --body legs_back --all

The command line does the same and writes it all down: `kinesis-bench score --policy mine.onnx`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.evaluation.evaluate import Evaluation, evaluate_rollouts, record_policy
from kinesis_bench.human.sources import human_emg
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.motions.store import read_motions
from kinesis_bench.policies.load import load_policy
from kinesis_bench.prepare import default_motions


def score(policy: str, body: str, motions: Motions, *, quick: bool = False) -> Evaluation:
    """Run a policy on the test split, and compare it with its references and with people.

    Args:
        policy: an ONNX file, or whatever else `--policy` takes.
        body: `legs`, `legs_abs` or `legs_back`.
        motions: with inverse kinematics for that body.
        quick: only ten clips; the result says so.
    """
    loaded = load_body(body)
    rollouts = record_policy(load_policy(policy, body), loaded, motions, quick=quick)
    return evaluate_rollouts(rollouts, human_emg())


def main(argv: Sequence[str] | None = None) -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description="Score a policy in an ONNX file.")
    parser.add_argument("policy", help="the ONNX file")
    parser.add_argument("--body", default="legs", help="legs, legs_abs or legs_back")
    parser.add_argument("--all", action="store_true", help="all clips of the test split instead of ten")
    given = parser.parse_args(argv)
    motions = read_motions(default_motions(), bodies=[given.body])
    evaluation = score(given.policy, given.body, motions, quick=not given.all)
    result = evaluation.result
    print(f"frame coverage {result.imitation.frame_coverage_pct.mean:.1f} %")
    print(f"success        {result.imitation.success_pct.mean:.1f} %")
    if result.imitation.mpjpe_mm.mean is not None:
        print(f"MPJPE          {result.imitation.mpjpe_mm.mean:.0f} mm")
    if result.emg.mean_r is None:
        print(f"EMG r          – ({result.emg.reasons['mean_r']})")
    else:
        print(f"EMG r          {result.emg.mean_r:.2f} at a lag of {result.emg.lag_ms:.0f} ms")
    print("followed worst:")
    for clip in sorted(evaluation.clips, key=lambda clip: (clip.coverage, -(clip.mpjpe_mm or 0.0)))[:5]:
        error = "" if clip.mpjpe_mm is None else f", at {clip.mpjpe_mm:.0f} mm"
        print(f"  {clip.coverage:4.0%} of {clip.key}{error}")


if __name__ == "__main__":
    main()
