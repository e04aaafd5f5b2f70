"""Importing fetched orders: each is booked in one transaction, exactly once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bridge.domain.errors import (
    BridgeError,
    DatabaseBusyError,
    DatabaseUnavailableError,
    LeaseLostError,
    NotMigratedError,
)
from bridge.domain.grants import GrantPolicy
from bridge.domain.ids import OrderId
from bridge.domain.orders import Order
from bridge.domain.verdicts import OrderState
from bridge.services.orders.book import BookingContext, Catalogue, book_order
from bridge.services.orders.record_trouble import (
    ParentUnreadableError,
    RefundsUnreadableError,
    record_defect,
    record_fault,
    record_unreadable,
    record_vanished,
)
from bridge.store import ledger, orders, wp_products
from bridge.store.db import Tx
from bridge.woo.errors import OrderVanishedError, ShopError, UnreadableOrderError
from bridge.woo.parse import order_id_of, parse_order

log = structlog.get_logger()

Json = Mapping[str, Any]

_PUT_OFF_S = 60
_ASKING = frozenset({OrderState.WAITING, OrderState.ATTENTION, OrderState.UNCLAIMED})


class OrderShop(Protocol):
    """The part of the shop that one order may need besides its own page."""

    def get_order(self, order_id: OrderId, *, fetch_number: int) -> Json:
        """Return one order, whatever its status."""

    def list_refunds(self, order_id: OrderId, *, fetch_number: int) -> Sequence[Json]:
        """Return all refunds of an order, with their lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportContext(BookingContext):
    """What every import needs."""

    shop: OrderShop


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a page of orders."""

    fetched: int = 0
    applied: int = 0
    booked: int = 0

    def plus(self, other: "ImportResult") -> "ImportResult":
        """Return the sum."""
        return ImportResult(
            self.fetched + other.fetched,
            self.applied + other.applied,
            self.booked + other.booked,
        )


@dataclass(frozen=True, slots=True)
class _KnownOrders:
    """What one page of orders needs from the database, read at once."""

    seen: Mapping[OrderId, orders.KnownOrder]
    purchased: frozenset[OrderId]
    catalogue: Catalogue


def import_orders(
    context: ImportContext, items: Sequence[Any], *, fetch_number: int
) -> ImportResult:
    """
    Apply the orders of one fetch; what is unchanged costs nothing.

    An order that cannot be judged is listed with its reason and stops nothing else. Those that
    need further requests come last.

    Args:
        context: Where and by which rules.
        items: Orders as the shop sent them.
        fetch_number: Taken from the database before the fetch; an order to which a later
            fetch was applied already is left alone.

    Raises:
        DatabaseUnavailableError: Orders before the failing one are applied.
        LeaseLostError: Another process does this work now.
    """
    parsed = _parse(context, items, fetch_number)
    with context.db.reading() as tx:
        seen = orders.read_seen(tx, [order.order_id for order in parsed])
        changed = [order for order in parsed if not _unchanged(order, seen, context.policy)]
        known = _read_known(tx, changed, seen)
    due = _unchanged_but_due(parsed, changed, seen)
    if due:
        final = context.policy.statuses | context.policy.reverse_on
        context.db.transaction(lambda tx: orders.put_off(tx, due, fetch_number, final=final))
    booked = applied = 0
    for order in sorted(changed, key=_needs_requests):
        if _concerns_us(order, known, context.policy):
            applied += 1
            booked += _apply_or_record(context, order, parsed[order], known, fetch_number)
    return ImportResult(len(items), applied, booked)


def _needs_requests(order: Order) -> bool:
    return bool(order.refund_heads or order.may_be_part_of_another)


def _parse(context: ImportContext, items: Sequence[Any], fetch_number: int) -> dict[Order, Json]:
    """Return the orders that can be read, each with what the shop sent; record the others."""
    parsed: dict[Order, Json] = {}
    for item in items:
        try:
            parsed[parse_order(item, ())] = item
        except UnreadableOrderError as error:
            record_unreadable(context, error.order_id, error, fetch_number)
        except Exception as error:  # noqa: BLE001  # one order's defect must not stop the others
            record_defect(context, order_id_of(item), error, fetch_number)
    return parsed


def _with_refunds(context: ImportContext, order: Order, item: Json, fetch_number: int) -> Order:
    """Return the order with its refunds' lines, which must be fetched apart."""
    if not order.refund_heads:
        return order
    try:
        refunds = context.shop.list_refunds(order.order_id, fetch_number=fetch_number)
    except ShopError as error:
        raise RefundsUnreadableError(error) from None
    whole = parse_order(item, refunds)
    fetched = {refund.refund_id for refund in whole.refunds}
    if not {refund_id for refund_id, _ in order.refund_heads} <= fetched:
        # A cache, or a key that may not see them: to book without them would be too much.
        raise UnreadableOrderError(order.order_id, "refunds")
    return whole


def _unchanged(
    order: Order, seen: Mapping[OrderId, orders.KnownOrder], policy: GrantPolicy
) -> bool:
    kept = seen.get(order.order_id)
    if kept is None or kept.digest != policy.digest_with(order.digest()):
        return False
    return not (kept.state in _ASKING and kept.look_due)


def _unchanged_but_due(
    parsed: Collection[Order], changed: Sequence[Order], seen: Mapping[OrderId, orders.KnownOrder]
) -> list[OrderId]:
    rest = {order.order_id for order in parsed} - {order.order_id for order in changed}
    return [order_id for order_id in rest if seen[order_id].look_due]


def _read_known(
    tx: Tx, changed: Sequence[Order], seen: Mapping[OrderId, orders.KnownOrder]
) -> _KnownOrders:
    return _KnownOrders(
        seen=seen,
        purchased=ledger.find_purchased_orders(tx, [order.order_id for order in changed]),
        catalogue=_read_catalogue(tx, changed),
    )


def _read_catalogue(tx: Tx, changed: Sequence[Order]) -> Catalogue:
    items = wp_products.read_items(tx, changed)
    ids = wp_products.product_ids(changed) | {i for pair in items.values() for i in pair} - {0}
    return Catalogue(wp_products.read_products(tx, ids), items)


def _concerns_us(order: Order, known: _KnownOrders, policy: GrantPolicy) -> bool:
    """Say whether the order has, or may have, to do with credits; others leave no trace."""
    if order.order_id in known.seen or order.order_id in known.purchased or order.marker:
        return True
    judged = known.catalogue.judge(order, {})
    if any(j.unit_amount is not None for j in judged):
        return True
    to_judge = order.status in policy.statuses and order.finished_at >= policy.since
    return to_judge and any(j.problem is not None for j in judged)


def _apply_or_record(
    context: ImportContext, order: Order, item: Json, known: _KnownOrders, fetch_number: int
) -> bool:
    """Apply one order; return whether anything was booked. Only what stops all is raised."""
    try:
        whole = _with_refunds(context, order, item, fetch_number)
        return book_order(
            context,
            whole,
            known.catalogue,
            fetch_number=fetch_number,
            parent_has_packages=_parent_has_packages(context, order, known, fetch_number),
        )
    except OrderVanishedError:
        record_vanished(context, order.order_id, fetch_number)
    except DatabaseBusyError as error:
        # Another program keeps the customer's rows: this order waits, not all of them.
        log.info("order_put_off", order_id=order.order_id, reason=str(error))
        context.db.transaction(lambda tx: orders.hint(tx, order.order_id, in_s=_PUT_OFF_S))
    except (DatabaseUnavailableError, NotMigratedError, LeaseLostError):
        raise
    except BridgeError as error:
        record_fault(context, order, error, fetch_number)
    except Exception as error:  # noqa: BLE001  # one order's defect must not stop the others
        record_defect(context, order.order_id, error, fetch_number)
    return False


def _parent_has_packages(
    context: ImportContext, order: Order, known: _KnownOrders, fetch_number: int
) -> bool:
    """
    Say whether a marketplace split the order off one that is granted itself.

    Raises:
        UnreadableOrderError: The parent cannot be read: to grant both would be too much.
    """
    judged = known.catalogue.judge(order, {})
    if not order.may_be_part_of_another or not any(j.unit_amount for j in judged):
        return False
    parent_id = OrderId(order.parent_id)
    with context.db.reading() as tx:
        if orders.has_packages(tx, parent_id):
            return True
    try:
        item = context.shop.get_order(parent_id, fetch_number=fetch_number)
        parent = parse_order(item, ())
    except OrderVanishedError:
        return False  # it names no order, or one that grants nothing any more
    except (ShopError, UnreadableOrderError) as error:
        raise ParentUnreadableError(order, error) from None
    with context.db.reading() as tx:
        judged = _read_catalogue(tx, [parent]).judge(parent, {})
    return any(j.unit_amount is not None for j in judged)


def ids_of(items: Sequence[Any]) -> set[OrderId]:
    """Return the ids of fetched orders, as far as they can be read."""
    ids = set()
    for item in items:
        try:
            ids.add(order_id_of(item))
        except UnreadableOrderError:
            continue
    return ids
