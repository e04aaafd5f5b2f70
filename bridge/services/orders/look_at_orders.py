"""Looking at single orders by their ids: waiting, asking, hinted, or not seen for a while."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from bridge.domain.ids import OrderId
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.import_orders import ImportResult, ids_of, import_orders
from bridge.services.orders.list_pages import Habits, OrderLister, OrderPages, Window
from bridge.services.orders.record_trouble import (
    OrderNotSentError,
    record_unreadable,
    record_vanished,
)
from bridge.services.orders.whole_orders import ImportContext, OrderShop
from bridge.store import orders, state
from bridge.store.db import Database
from bridge.woo.errors import OrderVanishedError, ShopError, UnreadableOrderError

STREAMS = (("orders", "any"), ("trash", "trash"))
"""Cursor name and REST status: `any` leaves the trash out."""

_BATCH = 100


class Shop(OrderLister, OrderShop, Protocol):
    """The part of the shop that polling needs."""

    def get_orders(
        self, ids: Sequence[OrderId], *, status: str, fetch_number: int
    ) -> Sequence[Any]:
        """Return those orders that the shop lists under *status*."""


@contextmanager
def remembered_habits(db: Database) -> Iterator[Habits]:
    """Lend what is known of the abilities of the shop; save it if it changed."""
    with db.reading() as tx:
        kept = state.get_json(tx, state.SHOP_HABITS)
    at = kept.get("try_more_at")
    lent = Habits(**{**kept, "try_more_at": datetime.fromisoformat(at) if at else None})
    before = asdict(lent)
    try:
        yield lent
    finally:
        now = asdict(lent)
        if now != before:
            later = lent.try_more_at
            text = {**now, "try_more_at": later.isoformat() if later else None}
            db.transaction(lambda tx: state.set_json(tx, state.SHOP_HABITS, text))


def look_at_due(context: ImportContext, shop: Shop) -> ImportResult:
    """Fetch the orders whose time has come."""
    total = ImportResult()
    looked: set[OrderId] = set()
    while True:
        with context.db.reading() as tx:
            due = [i for i in orders.list_due(tx, _BATCH) if i not in looked]
        if not due:
            return total
        looked.update(due)
        with remembered_habits(context.db) as habits:
            total = total.plus(_look_at(context, shop, due, habits))


def _look_at(
    context: ImportContext, shop: Shop, due: Sequence[OrderId], habits: Habits
) -> ImportResult:
    """Look at some orders at once; at those that break every page one by one."""
    total = ImportResult()
    missing = set(due)
    for _, status in STREAMS:
        wanted = sorted(missing - set(habits.left_out))
        for items, number in _get(context, shop, wanted, status):
            total = total.plus(import_orders(context, items, fetch_number=number))
            missing -= ids_of(items)
    for order_id in sorted(missing):
        total = total.plus(look_at_one(context, shop, order_id, habits))
    return total


def _get(
    context: ImportContext, shop: Shop, ids: Sequence[OrderId], status: str
) -> Iterator[tuple[Sequence[Any], int]]:
    """Yield the orders that come, with their fetch number, without those that break requests."""
    if not ids:
        return
    number = next_fetch_number(context.db)
    try:
        items = shop.get_orders(ids, status=status, fetch_number=number)
    except ShopError as error:
        _raise_if_shop_fails(context, shop, error)
        middle = len(ids) // 2
        if middle:
            yield from _get(context, shop, ids[:middle], status)
            yield from _get(context, shop, ids[middle:], status)
        return
    yield items, number


def look_at_one(
    context: ImportContext, shop: Shop, order_id: OrderId, habits: Habits
) -> ImportResult:
    """Ask for one order by its id: only that tells a deleted order from one not listed."""
    number = next_fetch_number(context.db)
    try:
        item = shop.get_order(order_id, fetch_number=number)
    except OrderVanishedError:
        habits.let_in(order_id)
        record_vanished(context, order_id, number)
        return ImportResult(fetched=1)
    except ShopError as error:
        _raise_if_shop_fails(context, shop, error)
        record_unreadable(context, order_id, OrderNotSentError(error), number)
        return ImportResult(fetched=1)
    if order_id not in ids_of([item]):
        record_unreadable(context, order_id, UnreadableOrderError(order_id, "id"), number)
        return ImportResult(fetched=1)
    habits.let_in(order_id)
    return import_orders(context, [item], fetch_number=number)


def _raise_if_shop_fails(context: ImportContext, shop: Shop, error: ShopError) -> None:
    """Raise *error* if the shop is at fault, and not an order."""
    with context.db.reading() as tx:
        now = tx.now()
    numbers = partial(next_fetch_number, context.db)
    OrderPages(shop, "any", numbers, Habits()).raise_if_shop_fails(error, Window(after=now))
