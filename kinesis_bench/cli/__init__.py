"""The command line: one file a command, each a frozen dataclass of arguments with a ``run`` method."""
