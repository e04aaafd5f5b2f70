"""
Finding events: in the ledger's new rows, and among the orders that wait for a person.

The ledger is what events are found in, so a booking costs nothing more for it, and none is missed
however it was made. Ids are given before rows are committed: the rows of the last minute are read
again each time, and an event's key lets it be found twice.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
    """How far the ledger is read for good, and how far it was read when; an instant as text."""

    done: int
    seen: int
    seen_at: str

    def settled(self, now: datetime) -> "_Position":
        """Return it with what was seen long enough ago done for good."""
        if datetime.fromisoformat(self.seen_at) + _COMMITTED_AFTER > now:
            return self
        return _Position(self.seen, self.seen, self.seen_at)


def is_watching(db: Database) -> bool:
    """Say whether anybody listened at the last run."""
    with db.reading() as tx:
        return _read(tx) is not None


def watch_events(db: Database, channels: Sequence[Channel]) -> int:
    """
    Keep the events that are new for those who listen; return how many rows and orders had any.

    With the first listener it begins: what was before is told to nobody. It ends with the last.

    Raises:
        SetAsideError: A defect of ours with some rows; all others are done.
    """
    if not channels:
        db.transaction(lambda tx: state.forget(tx, _STATE))
        return 0
    with db.reading() as tx:
        before, now = _read(tx), tx.now()
    if before is None:
        db.transaction(_begin)
        return 0
    failures = Failures("event_found")
    found, seen = _watch_ledger(db, channels, before.settled(now).done, failures)
    found += _watch_orders(db, channels)
    at = before.settled(now)
    if at.done == at.seen and seen > at.seen:
        at = _Position(at.done, seen, now.isoformat())
    if at != before:
        db.transaction(lambda tx: state.set_json(tx, _STATE, asdict(at)))
    failures.report()
    return found


def _read(tx: Tx) -> _Position | None:
    kept = state.get_json(tx, _STATE)
    return _Position(**kept) if kept else None


def _begin(tx: Tx) -> None:
    last = ledger.last_id(tx)
    events.pass_over_asking(tx)
    state.set_json(tx, _STATE, asdict(_Position(last, last, tx.now().isoformat())))


def _watch_ledger(
    db: Database, channels: Sequence[Channel], after: int, failures: Failures
) -> tuple[int, int]:
    """Read the rows above *after*; return how many had events, and the last id that was read."""
    found, stop_at = 0, time.monotonic() + _RUN_FOR_S
    while time.monotonic() < stop_at:
        with db.reading() as tx:
            rows = ledger.list_newer(tx, after, _ROWS)
            new = _events(tx, rows, failures)
        found += _keep(db, new, channels)
        if rows:
            after = rows[-1].row.entry_id
        if len(rows) < _ROWS:
            break
    return found, after


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
