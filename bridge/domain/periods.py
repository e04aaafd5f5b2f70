"""Periods of free limits: when they turn, in the site's own calendar (R17)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo


class Period(StrEnum):
    """How often a free limit starts anew; the peer's words."""

    NEVER = "never"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The site's zone and the weekday its weeks start on (0 = Sunday ... 6, as WordPress)."""

    zone: tzinfo
    week_start: int = 1

    def date_of(self, instant: datetime) -> date:
        """Return the site's date at *instant*."""
        return instant.astimezone(self.zone).date()

    def begin_of(self, day: date) -> datetime:
        """Return the first instant of a day of the site."""
        return _midnight(day, self.zone)


def site_zone(timezone_string: str, gmt_offset: str) -> tzinfo:
    """
    Return the zone WordPress uses: option `timezone_string`, else hours of `gmt_offset`.

    An unknown name or a garbled offset falls back to the next, at last to UTC, as PHP does;
    offsets may be fractions (`5.75`).
    """
    if timezone_string:
        try:
            return ZoneInfo(timezone_string)
        except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
            pass
    try:
        return timezone(timedelta(hours=float(gmt_offset or 0)))
    except (ValueError, OverflowError):
        return UTC


def next_turn(after: datetime, period: Period, calendar: Calendar) -> datetime | None:
    """
    Return the first instant > *after* at which the period turns; None if it never does.

    Turns are local midnights. Where daylight saving skips midnight, the turn is the first
    instant of the day; where midnight comes twice, it is the first of the two.
    """
    if period is Period.NEVER:
        return None
    start, turn = _turns_around(calendar.date_of(after), period, calendar)
    # A zone that jumps at midnight can put today's first instant after *after*.
    return start if start > after else turn


@lru_cache(256)
def _turns_around(day: date, period: Period, calendar: Calendar) -> tuple[datetime, datetime]:
    """Return the instants at which the period of *day* begins and ends."""
    start = _start_date(day, period, calendar.week_start)
    end = _next_date(day, period, calendar.week_start)
    return _midnight(start, calendar.zone), _midnight(end, calendar.zone)


def is_due(last_reset: int, now: datetime, period: Period, calendar: Calendar) -> bool:
    """
    Say whether a period that was last reset at *last_reset* has turned since.

    Args:
        last_reset: Unix seconds; 0 or less: never stamped, so not due. In the future: as now.
        now: Aware; the database's clock.
        period: `never` is never due.
        calendar: The site's.
    """
    if last_reset <= 0 or last_reset >= now.timestamp():
        return False
    turn = next_turn(datetime.fromtimestamp(last_reset, UTC), period, calendar)
    return turn is not None and turn <= now


def is_same_period(one: datetime, other: datetime, period: Period, calendar: Calendar) -> bool:
    """Say whether no turn lies between two instants, of which *other* is the later."""
    turn = next_turn(one, period, calendar)
    return turn is None or turn > other


def _start_date(day: date, period: Period, week_start: int) -> date:
    if period is Period.MONTHLY:
        return day.replace(day=1)
    if period is Period.WEEKLY:
        return day - timedelta(days=(day.isoweekday() - week_start) % 7)
    return day


def _next_date(day: date, period: Period, week_start: int) -> date:
    start = _start_date(day, period, week_start)
    if period is Period.MONTHLY:
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if period is Period.WEEKLY else 1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def offsets_between(zone: tzinfo, first: datetime, last: datetime) -> list[tuple[datetime, int]]:
    """
    Return how many seconds a zone's clock is ahead of UTC, each with until when; the last is open.

    Clocks are put forward or back once a day at most.
    """
    found: list[tuple[datetime, int]] = []
    at, shift = first, _ahead(zone, first)
    while at < last:
        later = min(at + timedelta(days=1), last)
        if _ahead(zone, later) != shift:
            found.append((_change_between(zone, at, later), shift))
            shift = _ahead(zone, later)
        at = later
    return [*found, (last, shift)]


def _ahead(zone: tzinfo, instant: datetime) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _change_between(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """Return the first whole second at which the zone's clock is as it is *after*."""
    low, high = int(before.timestamp()), int(after.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        is_changed = _ahead(zone, datetime.fromtimestamp(middle, UTC)) == _ahead(zone, after)
        low, high = (low, middle) if is_changed else (middle, high)
    return datetime.fromtimestamp(high, UTC)
