"""What works on this machine, what is missing or broken, and the next command to type."""
