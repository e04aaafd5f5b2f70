"""What the whole site used, by day and module, in the site's zone."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Credits
from bridge.domain.periods import Calendar
from bridge.domain.quotas import Module
from bridge.store import usage_slots
from bridge.store.db import Database
from bridge.store.tx import Tx
from bridge.store.usage_slots import SETTLES_AFTER, SLOT_S, SlotMoves, SlotUsage

MAX_DAYS = 366
DEFAULT_DAYS = 30
_STEP = timedelta(days=1)
_RUN_FOR_S = 10.0


@dataclass(frozen=True, slots=True)
class DayUsage:
    """What one module used on one of the site's days."""

    day: date
    module: Module
    credits: Credits


def keep_usage_slots(db: Database, *, run_for_s: float = _RUN_FOR_S) -> int:
    """Sum the quarters of an hour that are over; return how many were kept."""
    stop_at, kept = time.monotonic() + run_for_s, 0
    with db.reading() as tx:
        until, end = usage_slots.kept_until(tx), slot_of(tx.now() - SETTLES_AFTER)
    while until < end and time.monotonic() < stop_at:
        with db.reading() as tx:
            first = usage_slots.first_entry_since(tx, until)
            start = min(slot_of(first), end) if first else end
            until = min(start + _STEP, end)
            found = usage_slots.sum_up(tx, start, until)
            moves = usage_slots.sum_up_moves(tx, start, until)
        _keep(db, found, moves, until)
        kept += len(found)
    return kept


def _keep(
    db: Database, found: Collection[SlotUsage], moves: Collection[SlotMoves], until: datetime
) -> None:
    db.transaction(lambda tx: usage_slots.keep(tx, found, moves, until))


def slot_of(instant: datetime) -> datetime:
    """Return when the quarter of an hour of *instant* began."""
    return datetime.fromtimestamp(int(instant.timestamp()) // SLOT_S * SLOT_S, UTC)


def usage_by_day(
    db: Database,
    calendar: Calendar,
    modules: Collection[Module],
    *,
    first: date | None = None,
    last: date | None = None,
) -> list[DayUsage]:
    """
    Return each day's use of each module, zeros among them, oldest first.

    Args:
        db: The site's database.
        calendar: The site's.
        modules: Which, in this order.
        first: The first day; None: 30 days, with the last.
        last: The last day; None: today.

    Raises:
        InvalidInputError: The days are no span of at most 366.
    """
    with db.reading() as tx:
        last = last or calendar.date_of(tx.now())
        first = first or last - timedelta(days=DEFAULT_DAYS - 1)
        if not 0 <= (last - first).days < MAX_DAYS:
            raise InvalidInputError(f"from: a day up to {MAX_DAYS - 1} days before to.")
        until = calendar.begin_of(last + _STEP)
        found = _slots(tx, calendar.begin_of(first), until, modules)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    sums = {(day, module): 0 for day in days for module in modules}
    for slot in found:
        place = (calendar.date_of(slot.at), Module(slot.module))
        sums[place] += slot.credits
    return [DayUsage(day, module, Credits(credits)) for (day, module), credits in sums.items()]


def _slots(
    tx: Tx, since: datetime, until: datetime, modules: Collection[Module]
) -> list[SlotUsage]:
    """Return the kept quarters, and the ledger's sums of those that are not kept yet."""
    kept_until = usage_slots.kept_until(tx)
    found = usage_slots.read(tx, since, min(until, kept_until), modules)
    if until > kept_until:
        young = usage_slots.sum_up(tx, max(since, kept_until), until)
        found += [slot for slot in young if slot.module in modules]
    return found
