"""The policy interface and its loaders. Nothing is ever unpickled from a policy."""
