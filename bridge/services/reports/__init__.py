"""Sums over the whole site: its state, use by day, sales, what is owed."""
