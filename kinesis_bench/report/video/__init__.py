"""Recorded clips to look at: pictures, videos and a window. Off screen it needs no display and no GPU."""
