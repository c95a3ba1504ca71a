"""Time of inverse kinematics per frame and core, on walks like AMASS's. Run: python benchmarks/ik_speed.py"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik import warm_start
from kinesis_bench.motions.clip import FPS, Clip, Recording
from kinesis_bench.motions.pipeline import to_clip
from kinesis_bench.motions.retarget import smpl_rotations

SOURCE_FPS = 100.0


def arc_walk(index: int, seconds: float) -> Clip:
    """A walk along an arc on the mean skeleton, with sine angles of human size that differ by clip."""
    rng = np.random.default_rng(index)
    time_s = np.arange(0, seconds, 1 / SOURCE_FPS)
    phase = 2 * np.pi * rng.uniform(0.7, 1.1) * time_s + rng.uniform(0, 2 * np.pi)
    angles = {"pelvis_tilt": np.full(len(phase), -0.05), "pelvis_list": 0.06 * np.sin(phase)}
    for side, shift in (("r", 0.0), ("l", np.pi)):
        angles[f"hip_flexion_{side}"] = 0.15 + 0.38 * np.sin(phase + shift)
        angles[f"hip_adduction_{side}"] = 0.06 * np.sin(phase + shift + 1)
        angles[f"knee_angle_{side}"] = 0.4 + 0.4 * np.sin(phase + shift + 1.2)
        angles[f"ankle_angle_{side}"] = 0.2 * np.sin(phase + shift)
    yaw = rng.uniform(-0.6, 0.6) * time_s
    path = np.cumsum(np.stack([np.cos(yaw), np.sin(yaw), 0 * yaw], axis=1), axis=0) * 1.2 / SOURCE_FPS
    path[:, 2] = 0.92 + 0.02 * np.cos(2 * phase)
    return to_clip(Recording(f"arc/{index}", SOURCE_FPS, smpl_rotations(angles, yaw), path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    clips = [arc_walk(index, arguments.seconds) for index in range(arguments.clips)]
    print(f"{arguments.clips} clips of {clips[0].frames} frames at {FPS:g} fps, one core, processor time")
    for name in BODIES:
        body = load_body(name)
        warm_start(body, clips[0])
        per_frame_ms, residual_mm, depth_mm = [], [], []
        for clip in clips:
            begin = time.process_time()
            start = warm_start(body, clip)
            per_frame_ms.append(1000 * (time.process_time() - begin) / clip.frames)
            residual_mm.append(1000 * float(np.median(start.residual)))
            depth_mm.append(1000 * float(start.sole_depth.max()))
        print(
            f"{name:10s} {statistics.median(per_frame_ms):.2f} ms a frame "
            f"(slowest clip {max(per_frame_ms):.2f}); residual {statistics.median(residual_mm):.1f} mm; "
            f"deepest sole {max(depth_mm):.1f} mm under the floor"
        )


if __name__ == "__main__":
    main()
