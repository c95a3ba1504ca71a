"""The built-in data set ``normative-gait-v1``: five skills made from published gait figures."""
