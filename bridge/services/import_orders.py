"""Fetched orders into bookings: each order in one transaction, exactly once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog

from bridge.domain.errors import BalanceTooLargeError, BridgeError, LedgerConflictError
from bridge.domain.grants import Booked, Booking, BookingKind, GrantPolicy, plan_booking
from bridge.domain.ids import Credits, LineId, OrderId, UserId
from bridge.domain.ledger import LedgerEntry, apply_delta
from bridge.domain.orders import Order
from bridge.domain.packages import JudgedLine, amounts_of, judge_line
from bridge.domain.verdicts import (
    RETRY_AFTER,
    OrderState,
    Reason,
    Surroundings,
    Verdict,
    judge_order,
)
from bridge.store import (
    accounts,
    annotations,
    findings,
    ledger,
    orders,
    state,
    wp_options,
    wp_products,
    wp_users,
)
from bridge.store.db import Database, Tx
from bridge.store.leases import Fence
from bridge.store.wp_products import Products
from bridge.woo.errors import OrderVanishedError, UnreadableOrderError
from bridge.woo.parse import order_id_of, parse_order

log = structlog.get_logger()

Json = Mapping[str, Any]

_ASKING = frozenset({OrderState.WAITING, OrderState.ATTENTION, OrderState.UNCLAIMED})
_RETRY_S = int(RETRY_AFTER.total_seconds())


class RefundLister(Protocol):
    """The part of the shop that an order with refunds needs."""

    def list_refunds(self, order_id: OrderId, *, fetch_number: int) -> Sequence[Json]:
        """Return all refunds of an order, with their lines."""


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What every import needs."""

    db: Database
    shop: RefundLister
    policy: GrantPolicy
    annotate: bool
    fence: Fence | None = None  # None: exactly-once needs no lease, it only saves work


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
    products: Products
    lost: Mapping[int, tuple[int, int]]


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
        ShopError: An order's refunds could not be read.
        DatabaseUnavailableError: Orders before the failing one are applied.
        LeaseLostError: Another process does this work now.
    """
    parsed = _parse(context, items, fetch_number)
    with context.db.reading() as tx:
        seen = orders.read_seen(tx, [order.order_id for order in parsed])
        changed = [order for order in parsed if not _unchanged(order, seen)]
        known = _read_known(tx, changed, seen)
    due = _unchanged_but_due(parsed, changed, seen)
    if due:
        context.db.transaction(lambda tx: orders.put_off(tx, due))
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
    return parsed


def _with_refunds(context: ImportContext, order: Order, item: Json, fetch_number: int) -> Order:
    """Return the order with its refunds' lines, which must be fetched apart."""
    if not order.refund_heads:
        return order
    refunds = context.shop.list_refunds(order.order_id, fetch_number=fetch_number)
    return parse_order(item, refunds)


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


def _unchanged(order: Order, seen: Mapping[OrderId, orders.Seen]) -> bool:
    kept = seen.get(order.order_id)
    if kept is None or kept.digest != order.digest():
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
        products=wp_products.read_products(tx, ids),
        lost=lost,
    )


def _concerns_us(order: Order, known: _Known, policy: GrantPolicy) -> bool:
    """Say whether the order has, or may have, to do with credits; others leave no trace."""
    if order.order_id in known.seen or order.order_id in known.purchased or order.marker:
        return True
    judged = _judge_lines(order, known, {})
    if any(j.unit_amount is not None for j in judged):
        return True
    to_judge = order.status in policy.statuses and order.finished_at >= policy.since
    return to_judge and any(j.problem is not None for j in judged)


def _judge_lines(
    order: Order, known: _Known, frozen: Mapping[LineId, Credits]
) -> tuple[JudgedLine, ...]:
    judged = []
    for line in order.lines:
        product, variation = wp_products.metas_of_line(line, known.products, known.lost)
        judged.append(
            judge_line(line, frozen=frozen.get(line.line_id), product=product, variation=variation)
        )
    return tuple(judged)


def _apply_or_list(
    context: ImportContext, order: Order, item: Json, known: _Known, fetch_number: int
) -> bool:
    """Apply one order; return whether anything was booked."""
    try:
        whole = _with_refunds(context, order, item, fetch_number)
        return _apply(context, whole, known, fetch_number)
    except UnreadableOrderError as error:
        _list_unreadable(context, error, fetch_number)
    except OrderVanishedError:
        list_vanished(context, order.order_id, fetch_number)
    except BalanceTooLargeError as error:
        _list(context, order.order_id, Reason.BALANCE_TOO_LARGE, error, fetch_number)
    except LedgerConflictError as error:
        _keep_conflict(context, order, error)
        _list(context, order.order_id, Reason.LEDGER_CONFLICT, error, fetch_number)
    return False


def _keep_conflict(context: ImportContext, order: Order, error: LedgerConflictError) -> None:
    context.db.transaction(
        lambda tx: findings.record_once(
            tx, kind="ledger_conflict", order_id=order.order_id, summary=str(error)
        )
    )


def _apply(context: ImportContext, order: Order, known: _Known, fetch_number: int) -> bool:
    """Run the order's transaction, after making the rows that it must find to lock."""
    orders.make_order(context.db, order.order_id)
    conflicts = 0
    while True:
        try:
            return context.db.transaction(
                lambda tx: _apply_locked(tx, context, order, known, fetch_number)
            )
        except accounts.AccountMissingError as missing:
            accounts.open_account(context.db, missing.user_id)
        except LedgerConflictError:
            # The peer may have granted between our look at the ledger and our row: then the
            # second look finds its row, and adopts it.
            conflicts += 1
            if conflicts > 1:
                raise


def _apply_locked(
    tx: Tx, context: ImportContext, order: Order, known: _Known, fetch_number: int
) -> bool:
    locked = orders.lock_order(tx, order.order_id)
    if locked is None or fetch_number < locked.applied_number:
        return False
    judged = _judge_lines(order, known, locked.frozen)
    around = _look_around(tx, order, locked, context.policy)
    verdict = judge_order(order, judged, locked.record, around, context.policy)
    booked = locked.record.booked
    if verdict.adopt is not None:
        booked = Booked(granted=verdict.adopt.credits)
    booking = _book(tx, context, order, judged, verdict, booked, locked)
    if booking is not None:
        booked = booking.after
        locked = _count_up(locked, booking)
    orders.freeze_lines(tx, order, judged)
    orders.save_order(tx, order, locked, verdict, booked, fetch_number=fetch_number)
    if context.fence is not None:
        context.fence.check(tx)
    return booking is not None and booking.delta != 0


def _look_around(
    tx: Tx, order: Order, locked: orders.LockedOrder, policy: GrantPolicy
) -> Surroundings:
    """Read, under the order's lock, what else decides about it."""
    record = locked.record
    first = record.account_id is None
    customer = record.assigned_to or UserId(order.customer_id) or None
    may_claim = first and policy.claim_by_email and customer is None
    return Surroundings(
        now=locked.now,
        ledger_epoch=state.get_instant(tx, state.LEDGER_EPOCH),
        foreign_purchase=ledger.find_foreign_purchase(tx, order.order_id) if first else None,
        marker=max(order.marker, wp_options.order_marker(tx, order.order_id)) if first else 0,
        peer_may_grant=first and wp_options.peer_may_grant(tx),
        customer_exists=customer is not None and wp_users.user_exists(tx, customer),
        email_owner=(
            wp_users.find_older_account(tx, order.email, order.created_at) if may_claim else None
        ),
    )


def _book(
    tx: Tx,
    context: ImportContext,
    order: Order,
    judged: Sequence[JudgedLine],
    verdict: Verdict,
    booked: Booked,
    locked: orders.LockedOrder,
) -> Booking | None:
    """Book what the verdict asks for: balance, ledger row and outbox together."""
    if verdict.due is None or verdict.account_id is None or verdict.due == booked.due_before:
        return None
    if _is_nobodys(tx, context, verdict.account_id, verdict.due < booked.due_before):
        nothing = Credits(0)
        return plan_booking(verdict.due, booked, stored_balance=nothing, allow_negative=False)
    account = accounts.lock_account(tx, verdict.account_id)
    booking = plan_booking(
        verdict.due,
        booked,
        stored_balance=account.funds.stored,
        allow_negative=context.policy.allow_negative,
    )
    assert booking is not None, order.order_id  # due differs from what is booked
    if booking.kind is None:
        return booking
    funds = apply_delta(account.funds, booking.delta)
    meta: dict[str, object] = {
        "tokens_granted": booking.after.net,
        "balance_before": account.funds.balance,
        "balance_after": funds.balance,
        "lines": {str(k): v for k, v in amounts_of(tuple(judged)).items()},
        "order_status": order.status,
    }
    if verdict.claimed_as:
        meta["claimed_as"] = verdict.claimed_as
    entry = _entry(order, verdict.account_id, booking, meta, locked)
    entry_id = accounts.book(tx, account, funds, entry)
    if context.annotate:
        annotations.add(
            tx,
            entry_id=entry_id,
            order_id=order.order_id,
            delta=booking.delta,
            balance_after=funds.balance,
            marker=booking.after.net,
            marker_before=booked.net,
        )
    return booking


def _is_nobodys(tx: Tx, context: ImportContext, user_id: UserId, takes: bool) -> bool:
    """Say whether a clawback meets a deleted user: nothing is made for nobody."""
    may_owe = context.policy.allow_negative
    return takes and not may_owe and not wp_users.user_exists(tx, user_id)


def _entry(
    order: Order,
    user_id: UserId,
    booking: Booking,
    meta: Mapping[str, object],
    locked: orders.LockedOrder,
) -> LedgerEntry:
    """Return the row in the peer's shape (CONTRACT section 2, *Ledger rows*)."""
    assert booking.kind is not None
    numbered = _count_up(locked, booking)
    keys = {
        BookingKind.PURCHASE: ledger.purchase_key(order.order_id),
        BookingKind.REGRANT: ledger.order_key(order.order_id, "regrant", numbered.regrants),
        BookingKind.CLAWBACK: ledger.order_key(order.order_id, "clawback", numbered.clawbacks),
    }
    return LedgerEntry(
        user_id=user_id,
        entry_type="refund" if booking.kind is BookingKind.CLAWBACK else "purchase",
        operation=booking.kind,
        module="woocommerce",
        context_type="order",
        context_id=order.order_id,
        credits_delta=booking.delta,
        usage_total_units=abs(booking.delta),
        reference_type="woocommerce_order",
        reference_id=str(order.order_id),
        idempotency_key=keys[booking.kind],
        meta=meta,
    )


def _count_up(locked: orders.LockedOrder, booking: Booking) -> orders.LockedOrder:
    return replace(
        locked,
        regrants=locked.regrants + (booking.kind is BookingKind.REGRANT),
        clawbacks=locked.clawbacks + (booking.kind is BookingKind.CLAWBACK),
    )


def list_vanished(context: ImportContext, order_id: OrderId, fetch_number: int) -> None:
    """Keep the booking of an order that the shop deleted, and list it; forget it without one."""
    context.db.transaction(lambda tx: orders.forget_order(tx, order_id, fetch_number))
    detail = "It was deleted in the shop; its credits stay. Take them back by hand if you must."
    context.db.transaction(
        lambda tx: orders.list_for_attention(
            tx, order_id, Reason.VANISHED, detail, fetch_number=fetch_number, retry_s=_RETRY_S
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
