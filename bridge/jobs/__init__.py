"""What runs by the clock, in one process at a time."""
