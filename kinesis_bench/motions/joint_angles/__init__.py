"""Joint-angle recordings (OpenSim, loco-mujoco) read as motions of the mean skeleton."""

from kinesis_bench.motions.joint_angles.read import JointAngleReport, count_beyond, read_joint_angles

__all__ = ["JointAngleReport", "count_beyond", "read_joint_angles"]
