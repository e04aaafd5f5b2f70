"""Values of columns: instants, which `DATETIME` columns hold in UTC and without saying so."""

from datetime import UTC, datetime

BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001  # a column's value
"""What a column says that may not be NULL where a thing never happened."""

END = datetime(9999, 1, 1)  # noqa: DTZ001  # a column's value
"""What it says where a thing will never happen."""


def utc(value: datetime) -> datetime:
    """Mark a `DATETIME` column, always stored in UTC, as such."""
    return value.replace(tzinfo=UTC)


def utc_or_none(value: datetime | None) -> datetime | None:
    """As `utc`, for columns that may be NULL."""
    return None if value is None else utc(value)


def naive(value: datetime | None) -> datetime | None:
    """Turn an aware instant into what a `DATETIME` column takes."""
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None)
