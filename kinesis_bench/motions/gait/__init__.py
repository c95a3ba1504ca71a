"""The built-in data set ``normative-gait-v2``: five skills made from published gait figures."""
