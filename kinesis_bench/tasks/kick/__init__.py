"""The field of the penalty kick: ball, goal and keeper."""
