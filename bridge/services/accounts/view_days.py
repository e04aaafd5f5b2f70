"""What a user used on each of the last days, out of sums that are kept."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bridge.domain.ids import Credits, UserId
from bridge.domain.periods import Calendar
from bridge.domain.quotas import Module
from bridge.store import user_days
from bridge.store.tx import Query, Tx
from bridge.store.user_days import Sums

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


@dataclass(frozen=True, slots=True)
class DaysQuestion:
    """Whose last days, at which moment; what is asked goes well with other queries."""

    calendar: Calendar
    user_id: UserId
    modules: Collection[Module]
    now: datetime

    @property
    def query(self) -> Query[Sums]:
        """What is to be asked."""
        return self._since(self.now - _BEHIND)

    def read(self, tx: Tx, found: Sums) -> tuple[DayUse, ...]:
        """Return the last days with today, oldest first; empty if not known, or none was used."""
        until = found.kept.until
        if until < self.now - _BEHIND:  # the worker is late: what it has not summed is asked anew
            if until < self.now - _BEHIND_MAX:
                return ()
            found = tx.ask(self._since(until))
        if found.kept.zone != str(self.calendar.zone) or found.young is None:
            return ()
        used = dict(found.days)
        for at, credits in found.young:
            if at >= found.kept.until:
                day = self.calendar.date_of(at)
                used[day] = Credits(used.get(day, 0) + credits)
        days = self._days()
        if not any(used.get(day, 0) > 0 for day in days):
            return ()
        return tuple(DayUse(day, used.get(day, Credits(0))) for day in days)

    def _since(self, instant: datetime) -> Query[Sums]:
        return user_days.ask(self.user_id, self._days()[0], self.modules, instant)

    def _days(self) -> list[date]:
        today = self.calendar.date_of(self.now)
        return [today - timedelta(days=age) for age in reversed(range(DAYS))]
