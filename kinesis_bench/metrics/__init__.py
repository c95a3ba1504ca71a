"""Pure functions on arrays: imitation, gait events, EMG, joint angles, effort, statistics."""
