"""Inverse kinematics: the pose in which a body best follows a clip, at every frame."""
