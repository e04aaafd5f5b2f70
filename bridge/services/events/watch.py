"""
Finding events: in the ledger's new rows, and among the orders that wait for a person.

The ledger is what events are found in, so a booking costs nothing more for it, and none is missed
however it was made. Ids are given before rows are committed: the rows of the last minute are read
again each time, and an event's key lets it be found twice.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from bridge.domain.events import Channel, Event, UsersRow, attention_of, events_of
from bridge.domain.ids import Credits, OrderId
from bridge.domain.ledger import entry_name
from bridge.services.failures import Failures
from bridge.store import events, ledger, orders, purchases, state
from bridge.store.db import Database
from bridge.store.tx import Tx

_STATE = "events"
_ROWS = 2000
_ORDERS = 200
_RUN_FOR_S = 4.0
_COMMITTED_AFTER = timedelta(minutes=1)
"""No transaction that writes a ledger row is open for so long: the server ends its waiting."""


@dataclass(frozen=True, slots=True)
class _Position:
    """How far the ledger is read for good, how far it was read when, and who listened then."""

    done: int
    seen: int
    seen_at: str  # an instant
    channels: tuple[str, ...] | None  # None: a version before knew only all

    def settled(self, now: datetime) -> "_Position":
        """Return it with what was seen long enough ago done for good."""
        if datetime.fromisoformat(self.seen_at) + _COMMITTED_AFTER > now:
            return self
        return replace(self, done=self.seen)

    def listeners(self, channels: Sequence[Channel]) -> Sequence[Channel]:
        """Return who listened already; the others begin when all that was before is read."""
        known = self.channels
        return [one for one in channels if known is None or one.name in known]


def is_watching(db: Database) -> bool:
    """Say whether anybody listened at the last run."""
    with db.reading() as tx:
        return _read(tx) is not None


def watch_events(db: Database, channels: Sequence[Channel]) -> int:
    """
    Keep the events that are new for those who listen; return how many rows and orders had any.

    With the first listener it begins: what was before is told to nobody. It ends with the last.
    Who begins to listen later is told from the next run on, of what was not found before.

    Raises:
        SetAsideError: A defect of ours with some rows; all others are done.
    """
    if not channels:
        db.transaction(lambda tx: state.forget(tx, _STATE))
        return 0
    with db.reading() as tx:
        before, now = _read(tx), tx.now()
    if before is None:
        db.transaction(lambda tx: _begin(tx, channels))
        return 0
    failures, listeners = Failures("event_found"), before.listeners(channels)
    at = before.settled(now)
    of_ledger = _watch_ledger(db, listeners, at.done, failures)
    asking = _watch_orders(db, listeners)
    if at.done == at.seen and of_ledger.last_id > at.seen:
        at = replace(at, seen=of_ledger.last_id, seen_at=now.isoformat())
    if of_ledger.is_all and asking < _ORDERS:
        at = replace(at, channels=_names(channels))
    if at != before:
        db.transaction(lambda tx: _write(tx, at))
    failures.report()
    return of_ledger.found + asking


def _read(tx: Tx) -> _Position | None:
    kept = state.get_json(tx, _STATE)
    if not kept:
        return None
    names = kept.get("channels")
    channels = None if names is None else tuple(names)
    return _Position(kept["done"], kept["seen"], kept["seen_at"], channels)


def _write(tx: Tx, position: _Position) -> None:
    state.set_json(tx, _STATE, asdict(position))


def _begin(tx: Tx, channels: Sequence[Channel]) -> None:
    last = ledger.last_id(tx)
    events.pass_over_asking(tx)
    _write(tx, _Position(last, last, tx.now().isoformat(), _names(channels)))


def _names(channels: Sequence[Channel]) -> tuple[str, ...]:
    return tuple(sorted(one.name for one in channels))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a run read of the ledger."""

    found: int  # rows with events
    last_id: int
    is_all: bool  # there was no more


def _watch_ledger(
    db: Database, channels: Sequence[Channel], after: int, failures: Failures
) -> _Reading:
    """Read the rows above *after*."""
    found, stop_at = 0, time.monotonic() + _RUN_FOR_S
    while time.monotonic() < stop_at:
        with db.reading() as tx:
            rows = ledger.list_newer(tx, after, _ROWS)
            new = _events(tx, rows, failures)
        found += _keep(db, new, channels)
        if rows:
            after = rows[-1].row.entry_id
        if len(rows) < _ROWS:
            return _Reading(found, after, is_all=True)
    return _Reading(found, after, is_all=False)


def _events(tx: Tx, rows: Sequence[UsersRow], failures: Failures) -> list[Event]:
    falling = {one.user_id for one in rows if one.row.credits_delta < 0}
    packages = purchases.last_packages(tx, falling)
    of_orders = {OrderId(one.order_id) for one in rows if one.order_id}
    past = orders.find_backfilled(tx, of_orders)
    found: list[Event] = []
    for one in rows:
        if one.order_id in past and one.row.credits_delta > 0:
            continue  # its customers are thousands, and no purchase of today is told
        with failures.guard(entry_name(one.row.entry_id)):
            found += events_of(one, packages.get(one.user_id, Credits(0)))
    return found


def _watch_orders(db: Database, channels: Sequence[Channel]) -> int:
    with db.reading() as tx:
        untold, now = orders.list_untold(tx, _ORDERS), tx.now()
    return _keep(db, [attention_of(order, now) for order in untold], channels)


def _keep(db: Database, found: Sequence[Event], channels: Sequence[Channel]) -> int:
    if found:
        db.transaction(lambda tx: events.add(tx, found, channels))
    return len(found)
