"""Stepping many copies of a body: one small interface and its engines."""
