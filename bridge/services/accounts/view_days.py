"""What a user used on each of the last days, out of sums that are kept."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bridge.domain.ids import Credits, UserId
from bridge.domain.periods import Calendar
from bridge.domain.quotas import Module
from bridge.store import user_days
from bridge.store.tx import Tx

DAYS = 30
_BEHIND_MAX = timedelta(days=1)
"""
How far behind the sums may be: what they do not know of is read in the ledger, which must stay
cheap. A site that has just begun to keep them shows none until they are there.
"""


@dataclass(frozen=True, slots=True)
class DayUse:
    """What was used on one of the site's days; below 0 where more was given back."""

    day: date
    credits: Credits


def read_days(
    tx: Tx, calendar: Calendar, user_id: UserId, modules: Collection[Module], now: datetime
) -> tuple[DayUse, ...]:
    """Return the last days with today, oldest first; empty if nobody knows, or none was used."""
    if not modules:
        return ()
    today = calendar.date_of(now)
    days = [today - timedelta(days=age) for age in reversed(range(DAYS))]
    kept, used = user_days.read(tx, user_id, days[0], modules)
    if kept.zone != str(calendar.zone) or now - kept.until > _BEHIND_MAX:
        return ()
    young = user_days.read_young(tx, user_id, kept.until, modules)
    for at, credits in young or ():
        day = calendar.date_of(at)
        used[day] = Credits(used.get(day, 0) + credits)
    if young is None or not any(used.get(day, 0) > 0 for day in days):
        return ()
    return tuple(DayUse(day, used.get(day, Credits(0))) for day in days)
