"""The rules, pure: standard library only; no clock, SQL, HTTP or logging."""
