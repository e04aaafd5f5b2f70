"""
Free allowances and their periods, a second time: written from the rules (R16, R17).

It shares nothing with `bridge.domain` on purpose. Periods are told apart by the local day on which
they began, not by the instants at which they turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

Json = Mapping[str, Any]


def limit_of(settings: Json, roles: Sequence[str] | None) -> int | None:
    """Return the free allowance of a user with these roles, or of a guest; None is unlimited."""
    if roles is None:
        return _number(settings.get("token_guest_limit"))
    if settings.get("token_limit_mode") != "role_based":
        return _number(settings.get("token_user_limit"))
    by_role = settings.get("token_role_limits") or {}
    texts = [str(by_role[role]) for role in roles if by_role.get(role) is not None]
    limits = [int(text) for text in texts if text.isdigit()]
    return None if "" in texts or not limits else max(limits)


def _number(value: object) -> int | None:
    return None if value in (None, "") else int(str(value))


@dataclass(frozen=True)
class Calendar:
    """The site's days, weeks and months."""

    zone: tzinfo
    week_start: int  # 0 is Sunday

    def began_on(self, period: str, at: datetime) -> date | None:
        """Return the local day on which the period began that holds this instant."""
        day = at.astimezone(self.zone).date()
        if period == "daily":
            return day
        if period == "weekly":
            return day - timedelta(days=(day.isoweekday() - self.week_start) % 7)
        return day.replace(day=1) if period == "monthly" else None

    def next_turn(self, period: str, at: datetime) -> datetime | None:
        """Return when the next period begins."""
        began = self.began_on(period, at)
        if began is None:
            return None
        following = began + timedelta(days={"daily": 1, "weekly": 7, "monthly": 31}[period])
        if period == "monthly":
            following = following.replace(day=1)
        return datetime.combine(following, time(), self.zone).astimezone(UTC)


@dataclass
class Allowance:
    """What an account may use for nothing in one chatbot or module, and its counter as stored."""

    calendar: Calendar
    limit: int | None
    period: str
    counter: int = 0
    stamp: int = 0  # Unix seconds; 0: none

    def used(self, now: datetime) -> int:
        """Return what counts: nothing of a period that is over."""
        return 0 if self.turned(self._since(now), now) else self.counter

    def next_turn(self, now: datetime) -> datetime | None:
        return self.calendar.next_turn(self.period, now)

    def turned(self, before: datetime, after: datetime) -> bool:
        """Return whether the later instant is in a later period."""
        began = [self.calendar.began_on(self.period, at) for at in (before, after)]
        return began[0] != began[1] and before < after

    def is_of_a_later_period(self, at: datetime, now: datetime) -> bool:
        """Return whether somebody has begun a new period since an earlier instant."""
        return self.stamp > 0 and self.turned(at, self._since(now))

    def count(self, credits: int, now: datetime) -> None:
        """Count, or below 0 take back; where the limit is 0 nothing is counted."""
        if self.turned(self._since(now), now):
            self.counter, self.stamp = 0, int(now.timestamp())
        if not 0 < self.stamp <= now.timestamp():
            self.stamp = int(now.timestamp())
        if self.limit != 0:
            self.counter = max(0, self.counter + credits)

    def _since(self, now: datetime) -> datetime:
        """Return when it was last reset: without a stamp, or with one of the future, now."""
        return min(now, datetime.fromtimestamp(self.stamp, UTC)) if self.stamp > 0 else now
