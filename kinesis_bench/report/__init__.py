"""Terminal tables and figures of a result."""
