"""The musculoskeletal bodies: how they are built, their contract, and inverse kinematics."""
