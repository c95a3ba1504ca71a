"""Scores of the downstream tasks: trials, what is counted of them, and the result that is written."""
