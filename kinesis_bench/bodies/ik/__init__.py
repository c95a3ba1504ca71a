"""Inverse kinematics: the pose in which a body best follows a clip, at every frame."""

from kinesis_bench.bodies.ik.solve import WarmStart, warm_start

__all__ = ["WarmStart", "warm_start"]
