"""Instants as texts."""

from datetime import UTC, datetime


def rfc3339(value: datetime) -> str:
    """Return RFC 3339 in UTC, whole seconds where there are no others."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
