"""Scoring: policy, task and motions to rollouts, rollouts to a result."""
