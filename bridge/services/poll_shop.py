"""Polling: read what changed since the cursors, apply it, move the cursors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from bridge.domain.ids import OrderId
from bridge.services.import_orders import (
    ImportContext,
    Imported,
    RefundLister,
    ids_of,
    import_orders,
    list_vanished,
)
from bridge.services.read_shop import OrderLister, StreamReader
from bridge.store import orders, state
from bridge.store.db import Database, Tx
from bridge.woo.errors import OrderVanishedError, ShopError

log = structlog.get_logger()

OVERLAP = timedelta(minutes=10)
"""Re-read on purpose: a row can appear with a time older than the cursor, since WooCommerce
stamps it before it commits."""

STREAMS = (("orders", "any"), ("trash", "trash"))
"""Cursor name and REST status: `any` leaves the trash out."""

_BATCH = 100
_FIRST_BACK_OFF_S = 15.0
_LAST_BACK_OFF_S = 300.0

Json = dict[str, Any]


class Shop(OrderLister, RefundLister, Protocol):
    """The part of the shop that polling needs."""

    def get_orders(
        self, ids: Sequence[OrderId], *, status: str, fetch_number: int
    ) -> Sequence[Json]:
        """Return those orders that the shop lists under *status*."""

    def get_order(self, order_id: OrderId, *, fetch_number: int) -> Json:
        """Return one order, whatever its status."""


@dataclass(frozen=True, slots=True)
class ShopHealth:
    """How the last conversation with the shop went."""

    fault: str = ""  # empty = well
    message: str = ""
    failures: int = 0  # in a row
    failed_at: datetime | None = None
    succeeded_at: datetime | None = None
    retry_at: datetime | None = None


def poll_shop(context: ImportContext, shop: Shop) -> Imported:
    """
    Read and apply all that existed when the poll started.

    Raises:
        ShopError: The shop could not be read; the cursors stay at the last applied page, and
            the health that the status page shows says what to do.
    """
    _notice_new_rules(context)

    def poll() -> Imported:
        total = Imported()
        for name, status in STREAMS:
            total = total.plus(_poll_stream(context, shop, name, status))
        return total.plus(_look_at_due(context, shop))

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


def look_again(context: ImportContext, shop: Shop) -> Imported:
    """
    Fetch the orders whose time has come: waiting, asking, hinted, or not seen for an hour.

    Raises:
        ShopError: As `poll_shop`.
    """
    return _remembering_failure(context.db, lambda: _look_at_due(context, shop))


def _remembering_failure(db: Database, talk: Callable[[], Imported]) -> Imported:
    try:
        return talk()
    except ShopError as error:
        _note_failure(db, error)
        raise


def _poll_stream(context: ImportContext, shop: Shop, name: str, status: str) -> Imported:
    with context.db.reading() as tx:
        cursor = state.get_cursor(tx, name)
        started = tx.now()
    after = (cursor.position if cursor else context.policy.since) - OVERLAP
    reader = StreamReader(shop, status, lambda: state.next_fetch_number(context.db), started)
    total = Imported()
    for page in reader.pages(after.replace(microsecond=0)):
        total = total.plus(import_orders(context, page.items, fetch_number=page.fetch_number))
        if page.reached is not None:
            # A date in the future, by a wrong clock or by hand, must not skip what comes next.
            _move_cursor(context, name, min(page.reached, started))
    return total


def _move_cursor(context: ImportContext, name: str, position: datetime) -> None:
    def move(tx: Tx) -> None:
        state.move_cursor(tx, name, position)
        if context.fence is not None:
            context.fence.check(tx)

    context.db.transaction(move)


def _look_at_due(context: ImportContext, shop: Shop) -> Imported:
    total = Imported()
    looked: set[OrderId] = set()
    while True:
        with context.db.reading() as tx:
            due = [i for i in orders.list_due(tx, _BATCH) if i not in looked]
        if not due:
            return total
        looked.update(due)
        total = total.plus(_look_at(context, shop, due))


def _look_at(context: ImportContext, shop: Shop, due: Sequence[OrderId]) -> Imported:
    total, missing = Imported(), set(due)
    for _, status in STREAMS:
        if missing:
            number = state.next_fetch_number(context.db)
            items = shop.get_orders(sorted(missing), status=status, fetch_number=number)
            total = total.plus(import_orders(context, items, fetch_number=number))
            missing -= ids_of(items)
    for order_id in sorted(missing):
        total = total.plus(_look_at_one(context, shop, order_id))
    return total


def _look_at_one(context: ImportContext, shop: Shop, order_id: OrderId) -> Imported:
    """Ask for one order by its id: only that tells a deleted order from one not listed."""
    number = state.next_fetch_number(context.db)
    try:
        item = shop.get_order(order_id, fetch_number=number)
    except OrderVanishedError:
        list_vanished(context, order_id, number)
        return Imported(fetched=1)
    return import_orders(context, [item], fetch_number=number)


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
