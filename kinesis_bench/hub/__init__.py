"""Policies and motions on the Hugging Face hub: sent there with a card, fetched from there whole and checked.

What comes from a hub is a stranger's. Only file types that hold data are fetched, under names that stay
inside the folder, up to a size, each against the hash that the hub lists; nothing is executed or unpickled.
"""
