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
_BEHIND = timedelta(minutes=45)
"""How far behind they are, if the worker works: a quarter of an hour that settles, another one,
and its rounds."""
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
    found = user_days.read(tx, user_id, days[0], modules, now - _BEHIND)
    until = found.kept.until
    if until < now - _BEHIND:  # the worker is late: what it has not summed is asked for anew
        if until < now - _BEHIND_MAX:
            return ()
        found = user_days.read(tx, user_id, days[0], modules, until)
    if found.kept.zone != str(calendar.zone) or found.young is None:
        return ()
    used = dict(found.days)
    for at, credits in found.young:
        if at >= found.kept.until:
            day = calendar.date_of(at)
            used[day] = Credits(used.get(day, 0) + credits)
    if not any(used.get(day, 0) > 0 for day in days):
        return ()
    return tuple(DayUse(day, used.get(day, Credits(0))) for day in days)
