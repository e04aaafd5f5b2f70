"""Accounts as people look at them: one, all of them, their purchases and activity."""
