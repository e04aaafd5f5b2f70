"""Keeps what each user used on each of the site's days."""

import time
from datetime import datetime, timedelta

from bridge.domain.periods import Calendar
from bridge.services.reports.usage_by_day import slot_of
from bridge.store import usage_slots, user_days
from bridge.store.db import Database
from bridge.store.usage_slots import SETTLES_AFTER
from bridge.store.user_days import Kept
from bridge.store.wp_options import read_zone

_STEP = timedelta(days=1)
_RUN_FOR_S = 10.0


def keep_user_days(db: Database, *, run_for_s: float = _RUN_FOR_S) -> int:
    """
    Sum the quarters of an hour that are over; return how many sums changed.

    Should the site's zone change, its days are other ones, and all is summed anew.
    """
    stop_at, changed = time.monotonic() + run_for_s, 0
    with db.reading() as tx:
        calendar, end = Calendar(read_zone(tx)), slot_of(tx.now() - SETTLES_AFTER)
        kept = user_days.kept(tx)
    zone = str(calendar.zone)
    while (kept.zone != zone or kept.until < end) and time.monotonic() < stop_at:
        if kept.zone != zone:
            _begin_anew(db, kept, zone)
        else:
            changed += _add_day(db, calendar, kept, end)
        with db.reading() as tx:
            kept = user_days.kept(tx)
    return changed


def _begin_anew(db: Database, kept: Kept, zone: str) -> None:
    db.transaction(lambda tx: user_days.begin_anew(tx, kept, zone))


def _add_day(db: Database, calendar: Calendar, kept: Kept, end: datetime) -> int:
    """Add what is left of the first day of which the ledger has anything."""
    with db.reading() as tx:
        first = usage_slots.first_entry_since(tx, kept.until)
    day = calendar.date_of(first or end)
    until = min(calendar.begin_of(day + _STEP), end) if first else end
    return db.transaction(lambda tx: user_days.add(tx, kept, until, day))
