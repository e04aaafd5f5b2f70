"""Fetched orders into bookings: each order in one transaction, exactly once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bridge.domain.errors import (
    BalanceTooLargeError,
    BridgeError,
    DatabaseUnavailableError,
    LeaseLostError,
    LedgerConflictError,
    NotMigratedError,
)
from bridge.domain.grants import GrantPolicy
from bridge.domain.ids import OrderId
from bridge.domain.orders import Order
from bridge.domain.verdicts import RETRY_AFTER, OrderState, Reason
from bridge.services.book_order import BookingContext, Catalogue, book_order
from bridge.store import findings, ledger, orders, wp_products
from bridge.store.db import Tx
from bridge.woo.errors import OrderVanishedError, ShopError, ShopFault, UnreadableOrderError
from bridge.woo.parse import order_id_of, parse_order

log = structlog.get_logger()

Json = Mapping[str, Any]

_ASKING = frozenset({OrderState.WAITING, OrderState.ATTENTION, OrderState.UNCLAIMED})
_OF_THE_WHOLE_SHOP = frozenset(
    {
        ShopFault.UNAUTHORIZED,
        ShopFault.CLOCK,
        ShopFault.RATE_LIMITED,
        ShopFault.TIMEOUT,
        ShopFault.UNREACHABLE,
    }
)
"""Faults that speak of the shop, not of the one order whose refunds were asked for."""

_VANISHED_RETRY_S = 24 * 3600
_RETRY_S = int(RETRY_AFTER.total_seconds())


class RefundLister(Protocol):
    """The part of the shop that an order with refunds needs."""

    def list_refunds(self, order_id: OrderId, *, fetch_number: int) -> Sequence[Json]:
        """Return all refunds of an order, with their lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportContext(BookingContext):
    """What every import needs."""

    shop: RefundLister


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a page of orders."""

    fetched: int = 0
    applied: int = 0
    booked: int = 0

    def plus(self, other: "Imported") -> "Imported":
        """Return the sum."""
        return Imported(
            self.fetched + other.fetched,
            self.applied + other.applied,
            self.booked + other.booked,
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What one page of orders needs from the database, read at once."""

    seen: Mapping[OrderId, orders.Seen]
    purchased: frozenset[OrderId]
    catalogue: Catalogue


def import_orders(context: ImportContext, items: Sequence[Json], *, fetch_number: int) -> Imported:
    """
    Apply the orders of one fetch; what is unchanged costs nothing.

    An order that cannot be judged is listed with its reason and stops nothing else.

    Args:
        context: Where and by which rules.
        items: Orders as the shop sent them.
        fetch_number: Taken from the database before the fetch; an order to which a later
            fetch was applied already is left alone.

    Raises:
        ShopError: Refunds could not be read, for a reason that concerns the whole shop.
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
        context.db.transaction(lambda tx: orders.put_off(tx, due, fetch_number))
    booked = applied = 0
    for order in changed:
        if _concerns_us(order, known, context.policy):
            applied += 1
            booked += _apply_or_list(context, order, parsed[order], known, fetch_number)
    return Imported(len(items), applied, booked)


def _parse(context: ImportContext, items: Sequence[Json], fetch_number: int) -> dict[Order, Json]:
    """Return the orders that can be read, each with what the shop sent; list the others."""
    parsed: dict[Order, Json] = {}
    for item in items:
        try:
            parsed[parse_order(item, ())] = item
        except UnreadableOrderError as error:
            _list_unreadable(context, error, fetch_number)
        except Exception as error:  # noqa: BLE001  # one order's defect must not stop the others
            _list_defect(context, order_id_of(item), error, fetch_number)
    return parsed


def _with_refunds(context: ImportContext, order: Order, item: Json, fetch_number: int) -> Order:
    """Return the order with its refunds' lines, which must be fetched apart."""
    if not order.refund_heads:
        return order
    refunds = context.shop.list_refunds(order.order_id, fetch_number=fetch_number)
    whole = parse_order(item, refunds)
    fetched = {refund.refund_id for refund in whole.refunds}
    if not {refund_id for refund_id, _ in order.refund_heads} <= fetched:
        # A cache, or a key that may not see them: to book without them would be too much.
        raise UnreadableOrderError(order.order_id, "refunds")
    return whole


def _list_unreadable(
    context: ImportContext, error: UnreadableOrderError, fetch_number: int
) -> None:
    log.warning("order_unreadable", order_id=error.order_id, reason=str(error))
    if error.order_id:
        _list(context, OrderId(error.order_id), Reason.UNREADABLE, error, fetch_number)


def _list(
    context: ImportContext, order_id: OrderId, code: str, error: BridgeError, fetch_number: int
) -> None:
    """List an order for people; what is booked for it stays."""
    orders.make_order(context.db, order_id)
    context.db.transaction(
        lambda tx: orders.list_for_attention(
            tx, order_id, code, str(error), fetch_number=fetch_number, retry_s=_RETRY_S
        )
    )


def _unchanged(order: Order, seen: Mapping[OrderId, orders.Seen], policy: GrantPolicy) -> bool:
    kept = seen.get(order.order_id)
    if kept is None or kept.digest != policy.digest_with(order.digest()):
        return False
    return not (kept.state in _ASKING and kept.look_due)


def _unchanged_but_due(
    parsed: Collection[Order], changed: Sequence[Order], seen: Mapping[OrderId, orders.Seen]
) -> list[OrderId]:
    rest = {order.order_id for order in parsed} - {order.order_id for order in changed}
    return [order_id for order_id in rest if seen[order_id].look_due]


def _read_known(tx: Tx, changed: Sequence[Order], seen: Mapping[OrderId, orders.Seen]) -> _Known:
    lost = wp_products.resolve_lost_lines(tx, changed)
    ids = wp_products.product_ids(changed) | {i for pair in lost.values() for i in pair} - {0}
    return _Known(
        seen=seen,
        purchased=ledger.list_purchased(tx, [order.order_id for order in changed]),
        catalogue=Catalogue(wp_products.read_products(tx, ids), lost),
    )


def _concerns_us(order: Order, known: _Known, policy: GrantPolicy) -> bool:
    """Say whether the order has, or may have, to do with credits; others leave no trace."""
    if order.order_id in known.seen or order.order_id in known.purchased or order.marker:
        return True
    judged = known.catalogue.judge(order, {})
    if any(j.unit_amount is not None for j in judged):
        return True
    to_judge = order.status in policy.statuses and order.finished_at >= policy.since
    return to_judge and any(j.problem is not None for j in judged)


def _apply_or_list(
    context: ImportContext, order: Order, item: Json, known: _Known, fetch_number: int
) -> bool:
    """Apply one order; return whether anything was booked. Only what stops all is raised."""
    try:
        whole = _with_refunds(context, order, item, fetch_number)
        return book_order(context, whole, known.catalogue, fetch_number=fetch_number)
    except OrderVanishedError:
        list_vanished(context, order.order_id, fetch_number)
    except (DatabaseUnavailableError, NotMigratedError, LeaseLostError):
        raise
    except BridgeError as error:
        if isinstance(error, ShopError) and error.fault in _OF_THE_WHOLE_SHOP:
            raise
        _list_fault(context, order, error, fetch_number)
    except Exception as error:  # noqa: BLE001  # one order's defect must not stop the others
        _list_defect(context, order.order_id, error, fetch_number)
    return False


def _list_defect(
    context: ImportContext, order_id: OrderId, error: Exception, fetch_number: int
) -> None:
    log.error("order_defect", order_id=order_id, exc_info=error)
    _list(context, order_id, Reason.DEFECT, OrderDefectError(order_id, error), fetch_number)


def _list_fault(
    context: ImportContext, order: Order, error: BridgeError, fetch_number: int
) -> None:
    """List an order under what stands in its way."""
    reason = Reason.UNREADABLE
    if isinstance(error, BalanceTooLargeError):
        reason = Reason.BALANCE_TOO_LARGE
    elif isinstance(error, LedgerConflictError):
        reason = Reason.LEDGER_CONFLICT
        _keep_conflict(context, order, error)
    _list(context, order.order_id, reason, error, fetch_number)


class OrderDefectError(BridgeError):
    """The bridge met a defect of its own with one order."""

    def __init__(self, order_id: OrderId, error: Exception) -> None:
        super().__init__(
            f"The bridge met a defect with order {order_id} ({type(error).__name__}); its log "
            "says more. Please report it; the order is tried again by itself."
        )


def _keep_conflict(context: ImportContext, order: Order, error: LedgerConflictError) -> None:
    context.db.transaction(
        lambda tx: findings.record(
            tx,
            once=True,
            kind="ledger_conflict",
            order_id=order.order_id,
            summary=str(error),
            evidence={},
        )
    )


def list_vanished(context: ImportContext, order_id: OrderId, fetch_number: int) -> None:
    """Keep the booking of an order that the shop deleted, and list it; forget it without one."""
    context.db.transaction(lambda tx: orders.forget_order(tx, order_id, fetch_number))
    detail = "It was deleted in the shop; its credits stay. Take them back by hand if you must."
    context.db.transaction(
        lambda tx: orders.list_for_attention(
            tx,
            order_id,
            Reason.VANISHED,
            detail,
            fetch_number=fetch_number,
            retry_s=_VANISHED_RETRY_S,
        )
    )


def ids_of(items: Sequence[Json]) -> set[OrderId]:
    """Return the ids of fetched orders, as far as they can be read."""
    ids = set()
    for item in items:
        try:
            ids.add(order_id_of(item))
        except UnreadableOrderError:
            continue
    return ids
