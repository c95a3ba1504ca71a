"""Leaderboards: folders of submissions, and the tables made from them."""
