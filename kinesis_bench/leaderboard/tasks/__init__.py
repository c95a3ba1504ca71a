"""Leaderboards of the downstream tasks: their trials, verified, and what their tables hold."""
