"""How the leaderboards look: the same tables in Markdown and in one HTML page."""
