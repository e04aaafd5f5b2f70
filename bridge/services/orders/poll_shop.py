"""Polling: read what changed since the cursors, apply it, move the cursors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from bridge.services.orders.decide import look_at_order
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.import_orders import ImportResult, import_orders
from bridge.services.orders.list_pages import Habits
from bridge.services.orders.look_at_orders import (
    STREAMS,
    Shop,
    look_at_due,
    look_at_one,
    remembered_habits,
)
from bridge.services.orders.read_shop import StreamReader
from bridge.services.orders.whole_orders import ImportContext
from bridge.store import orders, state
from bridge.store.db import Database
from bridge.store.tx import Tx
from bridge.woo.errors import ShopError

log = structlog.get_logger()

OVERLAP = timedelta(minutes=10)
"""Re-read on purpose: a row can appear with a time older than the cursor, since WooCommerce
stamps it before it commits."""

_HOUR_TWICE = timedelta(hours=1)
"""
How far back the date of a change can lie: with orders in tables of their own WooCommerce writes
the site's local time and reads it back, and of the hour that autumn brings twice PHP takes the
first, west of Greenwich.
"""

_LOOK_BACK_EVERY = timedelta(minutes=10)

_DAY = timedelta(days=1)

_FIRST_BACK_OFF_S = 15.0
_LAST_BACK_OFF_S = 300.0


@dataclass(frozen=True, slots=True)
class ShopHealth:
    """How the last conversation with the shop went."""

    fault: str = ""  # empty = well
    message: str = ""
    failures: int = 0  # in a row
    failed_at: datetime | None = None
    succeeded_at: datetime | None = None
    retry_at: datetime | None = None


def poll_shop(context: ImportContext, shop: Shop) -> ImportResult:
    """
    Read and apply all that existed when the poll started.

    Raises:
        ShopError: The shop could not be read; the cursors stay at the last applied page, and
            the health that the status page shows says what to do.
    """
    _notice_new_rules(context)

    def poll() -> ImportResult:
        total = ImportResult()
        with remembered_habits(context.db) as habits:
            for name, status in STREAMS:
                total = total.plus(_poll_stream(context, shop, name, status, habits))
        return total.plus(look_at_due(context, shop))

    done = _remembering_failure(context.db, poll)
    _note_success(context.db)
    return done


def _notice_new_rules(context: ImportContext) -> None:
    """After a change of `[grants]` look at every order again, and read the shop from `since`."""
    fingerprint = context.policy.fingerprint()

    def notice(tx: Tx) -> None:
        kept = state.get_json(tx, state.POLICY).get("fingerprint")
        if kept == fingerprint:
            return
        if kept is not None:
            orders.look_at_all(tx)
            state.rewind_cursors(tx)
        state.set_json(tx, state.POLICY, {"fingerprint": fingerprint})

    context.db.transaction(notice)


def look_again(context: ImportContext, shop: Shop) -> ImportResult:
    """
    Fetch the orders whose time has come: waiting, asking, hinted, or not seen for an hour.

    Raises:
        ShopError: As `poll_shop`.
    """
    return _remembering_failure(context.db, lambda: look_at_due(context, shop))


def _remembering_failure(db: Database, talk: Callable[[], ImportResult]) -> ImportResult:
    try:
        return talk()
    except ShopError as error:
        _note_failure(db, error)
        raise


def _poll_stream(
    context: ImportContext, shop: Shop, name: str, status: str, habits: Habits
) -> ImportResult:
    with context.db.reading() as tx:
        cursor = state.get_cursor(tx, name)
        started = tx.now()
        position, until = cursor or context.policy.since, started
        hour_back = _hour_back(tx, name, position, started)
    habits.grow(started)
    if cursor and position > started:
        # The database's clock was put back. Whether the shop's was too nobody can tell: what it
        # stamps now lies behind the cursor or after it.
        position, until = started, position + _DAY
    after = min(position, hour_back or position) - OVERLAP
    numbers = partial(next_fetch_number, context.db)
    reader = StreamReader(shop, status, numbers, until, habits)
    total = ImportResult()
    for page in reader.pages(after.replace(microsecond=0)):
        total = total.plus(import_orders(context, page.items, fetch_number=page.fetch_number))
        for order_id in page.lost:
            # Should this poll end here, it is looked at all the same.
            look_at_order(context.db, order_id)
            total = total.plus(look_at_one(context, shop, order_id, habits))
        if page.reached is not None:
            # A date in the future, by a wrong clock or by hand, must not skip what comes next.
            _move_cursor(context, name, min(page.reached, started))
    if hour_back is not None:
        _move_cursor(context, _looked_back(name), started)
    return total


def _hour_back(tx: Tx, name: str, position: datetime, now: datetime) -> datetime | None:
    """Return where to read from to see what is dated an hour back; None if it is not time to."""
    last = state.get_cursor(tx, _looked_back(name))
    if last and timedelta() <= now - last < _LOOK_BACK_EVERY:
        return None
    return (last or position) - _HOUR_TWICE


def _looked_back(name: str) -> str:
    return f"{name}_looked_back"


def _move_cursor(context: ImportContext, name: str, position: datetime) -> None:
    def move(tx: Tx) -> None:
        state.move_cursor(tx, name, position)
        if context.fence is not None:
            context.fence.check(tx)

    context.db.transaction(move)


def read_health(tx: Tx) -> ShopHealth:
    """Return how the last conversation with the shop went."""
    kept = state.get_json(tx, state.SHOP_HEALTH)
    instants = {
        name: datetime.fromisoformat(kept[name]) if kept.get(name) else None
        for name in ("failed_at", "succeeded_at", "retry_at")
    }
    return ShopHealth(
        fault=str(kept.get("fault", "")),
        message=str(kept.get("message", "")),
        failures=int(kept.get("failures", 0)),
        **instants,
    )


def backing_off(tx: Tx) -> bool:
    """Say whether the shop asked for, or needs, some rest."""
    retry_at = read_health(tx).retry_at
    return retry_at is not None and tx.now() < retry_at


def _note_failure(db: Database, error: ShopError) -> None:
    def note(tx: Tx) -> None:
        before, now = read_health(tx), tx.now()
        failures = before.failures + 1
        pause_s = min(_LAST_BACK_OFF_S, _FIRST_BACK_OFF_S * 2 ** min(failures - 1, 10))
        if error.retry_after_s is not None:
            pause_s = error.retry_after_s
        _write_health(
            tx,
            ShopHealth(
                fault=error.fault,
                message=str(error),
                failures=failures,
                failed_at=now,
                succeeded_at=before.succeeded_at,
                retry_at=now + timedelta(seconds=pause_s),
            ),
        )

    log.warning("shop_unavailable", fault=error.fault, seen=error.seen)
    db.transaction(note)


def _note_success(db: Database) -> None:
    db.transaction(
        lambda tx: _write_health(
            tx, ShopHealth(failed_at=read_health(tx).failed_at, succeeded_at=tx.now())
        )
    )


def _write_health(tx: Tx, health: ShopHealth) -> None:
    def text(instant: datetime | None) -> str | None:
        return instant.isoformat() if instant else None

    state.set_json(
        tx,
        state.SHOP_HEALTH,
        {
            "fault": health.fault,
            "message": health.message,
            "failures": health.failures,
            "failed_at": text(health.failed_at),
            "succeeded_at": text(health.succeeded_at),
            "retry_at": text(health.retry_at),
        },
    )
