"""Spending: uses and holds are booked, balances changed, allowances counted and reset."""
