"""The recording of an evaluation: its schema, its file, and readers of other tools' recordings."""
